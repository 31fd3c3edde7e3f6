//! How one try of a delivery ended.
//!
//! Responsible for the outcomes, their causes, their names and their stored numbers. Refuses to say what follows from an
//! outcome for the delivery or the lane. Called by the guarded client, which decides outcomes, by the store, which keeps
//! them, and by API and pages, which show them.

use std::fmt;

/// How an attempt ended, with the cause where one outcome has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// A 2xx answer whose body ended, or that we cut at its limit.
    Succeeded,
    /// Any other status; a redirect too, for redirects are never followed.
    HttpError,
    /// The deadline passed, at any point from the DNS question to the last body byte.
    TimedOut,
    /// No answer could be had.
    Unreachable(Unreachable),
    /// What came back is no answer to the request.
    BadResponse(BadResponse),
    /// The egress policy refused the URL, or an address of its host.
    RefusedAddress,
    /// The end was never seen: the request may have been sent.
    Interrupted(Interrupted),
}

/// Why no answer could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unreachable {
    /// The name could not be resolved.
    Dns,
    /// No connection was accepted.
    Connect,
    /// The certificate does not vouch for the host.
    TlsCertificate,
    /// TLS failed for another reason, such as no version in common.
    TlsHandshake,
    /// The connection broke before the first byte of an answer.
    Reset,
}

/// Why what came back is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BadResponse {
    /// It is not HTTP/1.
    NotHttp,
    /// Its head has too many headers or bytes.
    OversizedHead,
    /// It switches to another protocol.
    Upgrade,
    /// The connection broke after an answer had begun.
    BrokenOff,
}

/// Why the end was never seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interrupted {
    /// The process died, or lost its lease, before the outcome was written.
    Lost,
    /// The attempt's own code panicked.
    Panicked,
}

/// The pair of numbers stands for no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no outcome has the code {outcome} with the cause {cause}")]
pub struct UnknownOutcome {
    outcome: u8,
    cause: u8,
}

/// The stored cause of an outcome that has only one.
const NO_CAUSE: u8 = 0;

impl Outcome {
    /// Every outcome, with each of its causes.
    pub const ALL: [Outcome; 15] = [
        Outcome::Succeeded,
        Outcome::HttpError,
        Outcome::TimedOut,
        Outcome::Unreachable(Unreachable::Dns),
        Outcome::Unreachable(Unreachable::Connect),
        Outcome::Unreachable(Unreachable::TlsCertificate),
        Outcome::Unreachable(Unreachable::TlsHandshake),
        Outcome::Unreachable(Unreachable::Reset),
        Outcome::BadResponse(BadResponse::NotHttp),
        Outcome::BadResponse(BadResponse::OversizedHead),
        Outcome::BadResponse(BadResponse::Upgrade),
        Outcome::BadResponse(BadResponse::BrokenOff),
        Outcome::RefusedAddress,
        Outcome::Interrupted(Interrupted::Lost),
        Outcome::Interrupted(Interrupted::Panicked),
    ];

    /// The outcome's name, without the cause.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Succeeded => "succeeded",
            Outcome::HttpError => "http_error",
            Outcome::TimedOut => "timed_out",
            Outcome::Unreachable(_) => "unreachable",
            Outcome::BadResponse(_) => "bad_response",
            Outcome::RefusedAddress => "refused_address",
            Outcome::Interrupted(_) => "interrupted",
        }
    }

    /// The cause's name, where the outcome has several causes.
    pub const fn cause(self) -> Option<&'static str> {
        match self {
            Outcome::Succeeded | Outcome::HttpError | Outcome::TimedOut | Outcome::RefusedAddress => None,
            Outcome::Unreachable(cause) => Some(match cause {
                Unreachable::Dns => "dns",
                Unreachable::Connect => "connect",
                Unreachable::TlsCertificate => "tls_certificate",
                Unreachable::TlsHandshake => "tls_handshake",
                Unreachable::Reset => "reset",
            }),
            Outcome::BadResponse(cause) => Some(match cause {
                BadResponse::NotHttp => "not_http",
                BadResponse::OversizedHead => "oversized_head",
                BadResponse::Upgrade => "upgrade",
                BadResponse::BrokenOff => "broken_off",
            }),
            Outcome::Interrupted(cause) => Some(match cause {
                Interrupted::Lost => "lost",
                Interrupted::Panicked => "panicked",
            }),
        }
    }

    /// The number that stands for the outcome in tables; it never changes.
    pub const fn code(self) -> u8 {
        match self {
            Outcome::Succeeded => 1,
            Outcome::HttpError => 2,
            Outcome::TimedOut => 3,
            Outcome::Unreachable(_) => 4,
            Outcome::BadResponse(_) => 5,
            Outcome::RefusedAddress => 6,
            Outcome::Interrupted(_) => 7,
        }
    }

    /// The number that stands for the cause in tables, zero where the outcome has only one; it never changes.
    pub const fn cause_code(self) -> u8 {
        match self {
            Outcome::Succeeded | Outcome::HttpError | Outcome::TimedOut | Outcome::RefusedAddress => NO_CAUSE,
            Outcome::Unreachable(cause) => match cause {
                Unreachable::Dns => 1,
                Unreachable::Connect => 2,
                Unreachable::TlsCertificate => 3,
                Unreachable::TlsHandshake => 4,
                Unreachable::Reset => 5,
            },
            Outcome::BadResponse(cause) => match cause {
                BadResponse::NotHttp => 1,
                BadResponse::OversizedHead => 2,
                BadResponse::Upgrade => 3,
                BadResponse::BrokenOff => 4,
            },
            Outcome::Interrupted(cause) => match cause {
                Interrupted::Lost => 1,
                Interrupted::Panicked => 2,
            },
        }
    }

    /// The outcome that two stored numbers stand for.
    ///
    /// # Errors
    ///
    /// [`UnknownOutcome`] for a pair that [`code`](Self::code) and [`cause_code`](Self::cause_code) do not give.
    pub fn from_codes(outcome: u8, cause: u8) -> Result<Outcome, UnknownOutcome> {
        Outcome::ALL
            .into_iter()
            .find(|known| known.code() == outcome && known.cause_code() == cause)
            .ok_or(UnknownOutcome { outcome, cause })
    }

    /// Whether the delivery is done with this attempt.
    pub const fn is_success(self) -> bool {
        matches!(self, Outcome::Succeeded)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())?;
        match self.cause() {
            Some(cause) => write!(out, " ({cause})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_lead_back_to_their_outcome_and_to_no_other() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_codes(outcome.code(), outcome.cause_code()), Ok(outcome));
        }
        let known = (0..=u8::MAX).flat_map(|code| (0..=u8::MAX).map(move |cause| Outcome::from_codes(code, cause)));
        assert_eq!(known.filter(Result::is_ok).count(), Outcome::ALL.len());
    }

    #[test]
    fn no_two_outcomes_read_alike() {
        for (index, outcome) in Outcome::ALL.iter().enumerate() {
            let text = outcome.to_string();
            assert!(Outcome::ALL[..index].iter().all(|other| other.to_string() != text), "{text}");
        }
    }

    #[test]
    fn the_stored_numbers_are_those_of_the_first_release() {
        let codes: Vec<(u8, u8)> = Outcome::ALL.iter().map(|outcome| (outcome.code(), outcome.cause_code())).collect();
        let first_release = [
            (1, 0),
            (2, 0),
            (3, 0),
            (4, 1),
            (4, 2),
            (4, 3),
            (4, 4),
            (4, 5),
            (5, 1),
            (5, 2),
            (5, 3),
            (5, 4),
            (6, 0),
            (7, 1),
            (7, 2),
        ];
        assert_eq!(codes, first_release);
    }
}
