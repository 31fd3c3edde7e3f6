//! A span of time that a query string asks for: `statsPeriod`, or `start` and `end`.
//!
//! Responsible for bounds, so that no answer grows without end. Called by the handlers that count over time.

use http::Uri;
use model::ids::Millis;

use super::page::query_value;
use super::time::{DAY_MILLIS, moment, period};

/// What is meant where the query does not say, in days.
const DAYS_DEFAULT: i64 = 14;
/// The longest span, in days.
const DAYS_MAX: i64 = 90;

/// From a moment to before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// From here on.
    pub(super) since: Millis,
    /// To before here.
    pub(super) until: Millis,
}

/// Why there is no such span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadSpan {
    /// `statsPeriod` is no number with a unit.
    #[error("Invalid statsPeriod: a number with one of the units s, m, h, d, w is expected.")]
    Period,
    /// `statsPeriod` is none of the two that there are.
    #[error("Invalid statsPeriod: 24h or 30d is expected.")]
    DayOrMonth,
    /// `start` or `end` is no time, or one of them is missing.
    #[error("start and end are required together, as ISO 8601 dates.")]
    Times,
    /// It ends before it begins.
    #[error("start must be before end")]
    Order,
    /// It is too long.
    #[error("Invalid date range: at most {DAYS_MAX} days.")]
    TooLong,
}

impl Span {
    /// Reads the span that ends now where the query does not say.
    ///
    /// # Errors
    /// Any of [`BadSpan`].
    pub(super) fn of(uri: &Uri, now: Millis) -> Result<Span, BadSpan> {
        let asked = |name| query_value(uri, name).filter(|text| !text.is_empty());
        let span = match (asked("start"), asked("end"), asked("statsPeriod")) {
            (None, None, None) => Span::before(now, DAYS_DEFAULT * DAY_MILLIS),
            (None, None, Some(text)) => Span::before(now, period(&text).ok_or(BadSpan::Period)?),
            (Some(start), Some(end), _) => {
                let time = |text: &str| moment(text).ok_or(BadSpan::Times);
                Span { since: time(&start)?, until: time(&end)? }
            }
            _ => return Err(BadSpan::Times),
        };
        if span.since >= span.until {
            return Err(BadSpan::Order);
        }
        if span.until.0.saturating_sub(span.since.0) > DAYS_MAX * DAY_MILLIS {
            return Err(BadSpan::TooLong);
        }
        Ok(span)
    }

    /// The end itself belongs to it: what happened this millisecond has happened.
    fn before(now: Millis, millis: i64) -> Span {
        Span { since: Millis(now.0.saturating_sub(millis)), until: Millis(now.0.saturating_add(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = Millis(1_541_539_208_143);

    fn span(query: &str) -> Result<Span, BadSpan> {
        Span::of(&format!("/x?{query}").parse().unwrap(), NOW)
    }

    #[test]
    fn a_span_ends_now_unless_it_says_otherwise() {
        let before = |millis| Ok(Span { since: Millis(NOW.0 - millis), until: Millis(NOW.0 + 1) });
        assert_eq!(span(""), before(14 * DAY_MILLIS));
        assert_eq!(span("statsPeriod=24h"), before(DAY_MILLIS));
        assert_eq!(span("statsPeriod=1w&start="), before(7 * DAY_MILLIS));
        let both = span("start=2018-11-06T00:00:00Z&end=2018-11-07T00:00:00");
        assert_eq!(both, Ok(Span { since: Millis(1_541_462_400_000), until: Millis(1_541_548_800_000) }));
    }

    #[test]
    fn what_is_no_span_says_why() {
        for (query, why) in [
            ("statsPeriod=x", BadSpan::Period),
            ("statsPeriod=d", BadSpan::Period),
            ("statsPeriod=1%C3%BC", BadSpan::Period),
            ("statsPeriod=99999999999999999999d", BadSpan::Period),
            ("start=2018-11-06T00:00:00Z", BadSpan::Times),
            ("start=x&end=y", BadSpan::Times),
            ("start=2018-11-07T00:00:00Z&end=2018-11-06T00:00:00Z", BadSpan::Order),
            ("statsPeriod=91d", BadSpan::TooLong),
        ] {
            assert_eq!(span(query), Err(why), "{query}");
        }
    }
}
