//! A verdict about a URL in its steps, each with what it rests on and with the flag that would change it.

use model::egress::{AddressClass, AddressRefusal, Host, Policy, Target, UrlRefusal, judge_url};
use pipeline::egress::JudgedAddress;
use serde::Serialize;

use crate::cli::failure::EgressError;
use crate::cli::report::{columns, tame};

/// The object of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    url: String,
    verdict: Conclusion,
    /// Why it is not `allowed`.
    reason: Option<String>,
    steps: Vec<Step>,
    #[serde(skip)]
    own_url: String,
}

/// What comes of all steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Conclusion {
    Allowed,
    Refused,
    Unresolved,
}

#[derive(Debug, Serialize)]
struct Step {
    step: Name,
    verdict: Verdict,
    detail: String,
}

/// The steps, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Text,
    Scheme,
    Port,
    Host,
    OwnOrigin,
    Address,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Passed,
    Refused,
    NotJudged,
}

impl Explanation {
    /// Of a URL of which nothing is known yet.
    pub(super) fn of(url: &str, own_url: &str) -> Explanation {
        Explanation {
            url: url.to_owned(),
            verdict: Conclusion::Allowed,
            reason: None,
            steps: Vec::new(),
            own_url: own_url.to_owned(),
        }
    }

    /// The text passed all its steps.
    pub(super) fn pass_url(&mut self, target: &Target) {
        self.add(Name::Text, Verdict::Passed, format!("understood as {}", target.url()));
        self.add(Name::Scheme, Verdict::Passed, target.scheme().as_str().to_owned());
        self.add(Name::Port, Verdict::Passed, target.port().to_string());
        let host = match target.host() {
            Host::Name(name) => name_passes(name),
            Host::Address(address) => format!("{address} is a literal address"),
        };
        self.add(Name::Host, Verdict::Passed, host);
        self.add(Name::OwnOrigin, Verdict::Passed, format!("another server than {}", self.own_url));
    }

    /// The text fails at one step: what was looked at before has passed, the rest is not judged.
    pub(super) fn refuse_url(&mut self, refusal: UrlRefusal) {
        let (at, detail) = (step_of(refusal), why(refusal, &self.own_url));
        for name in [Name::Text, Name::Scheme, Name::Port, Name::Host, Name::OwnOrigin, Name::Address] {
            // The scheme is looked at while the text is: of a refused one nothing else is known.
            let is_passed = name < at && at != Name::Scheme;
            match (name == at, is_passed) {
                (true, _) => self.add(name, Verdict::Refused, detail.clone()),
                (false, true) => self.add(name, Verdict::Passed, String::new()),
                (false, false) => self.add(name, Verdict::NotJudged, String::new()),
            }
        }
    }

    /// The addresses of the host, each by itself.
    pub(super) fn judge_addresses(&mut self, judged: &[JudgedAddress]) {
        for JudgedAddress { address, verdict } in judged {
            match verdict {
                Ok(()) => {
                    let class = match AddressClass::of(*address) {
                        AddressClass::Public => "public".to_owned(),
                        special => format!("{special}, allowed by the settings"),
                    };
                    self.add(Name::Address, Verdict::Passed, format!("{address}: {class}"));
                }
                Err(refusal) => {
                    let detail = format!("{address}: {}", class_and_way_out(*refusal));
                    self.add(Name::Address, Verdict::Refused, detail);
                }
            }
        }
    }

    /// Says what comes of it.
    pub(super) fn conclude(&mut self, refusal: Option<&EgressError>) {
        self.verdict = match refusal {
            None => Conclusion::Allowed,
            Some(EgressError::Url(_) | EgressError::Address | EgressError::DoesNotHold { .. }) => Conclusion::Refused,
            Some(EgressError::Resolve(_) | EgressError::TimedOut { .. } | EgressError::Table(_)) => {
                Conclusion::Unresolved
            }
        };
        self.reason = refusal.map(ToString::to_string);
        if self.verdict == Conclusion::Unresolved {
            self.add(Name::Address, Verdict::NotJudged, String::new());
        }
    }

    /// The steps for people.
    pub(super) fn table(&self) -> String {
        let mut rows = vec![["STEP", "VERDICT", "WHY"].map(str::to_owned)];
        let row =
            |step: &Step| [step.step.in_words().to_owned(), step.verdict.in_words().to_owned(), tame(&step.detail)];
        rows.extend(self.steps.iter().map(row));
        columns(&rows)
    }

    fn add(&mut self, step: Name, verdict: Verdict, detail: String) {
        self.steps.push(Step { step, verdict, detail });
    }
}

impl Name {
    fn in_words(self) -> &'static str {
        match self {
            Name::Text => "text",
            Name::Scheme => "scheme",
            Name::Port => "port",
            Name::Host => "host",
            Name::OwnOrigin => "own origin",
            Name::Address => "address",
        }
    }
}

impl Verdict {
    fn in_words(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Refused => "refused",
            Verdict::NotJudged => "not judged",
        }
    }
}

fn step_of(refusal: UrlRefusal) -> Name {
    match refusal {
        UrlRefusal::TooLong
        | UrlRefusal::Malformed
        | UrlRefusal::ForbiddenCharacter
        | UrlRefusal::UserInfo
        | UrlRefusal::Fragment => Name::Text,
        UrlRefusal::Scheme | UrlRefusal::PlainHttp => Name::Scheme,
        UrlRefusal::Port(_) => Name::Port,
        UrlRefusal::MalformedName | UrlRefusal::PrivateName | UrlRefusal::Address(_) => Name::Host,
        UrlRefusal::OwnOrigin => Name::OwnOrigin,
    }
}

/// The refusal in its own words, with what the operator may know and do beyond them.
fn why(refusal: UrlRefusal, own_url: &str) -> String {
    let more = match refusal {
        UrlRefusal::PlainHttp => "--egress-allow-http allows it, --dev too".to_owned(),
        UrlRefusal::PrivateName => {
            "--egress-allow with the name skips this rule; its addresses are judged all the same".to_owned()
        }
        UrlRefusal::Address(refusal) => class_and_way_out(refusal),
        UrlRefusal::Port(_) => "no flag allows it".to_owned(),
        UrlRefusal::OwnOrigin => format!("{own_url}; no flag allows it"),
        UrlRefusal::TooLong
        | UrlRefusal::Malformed
        | UrlRefusal::ForbiddenCharacter
        | UrlRefusal::Scheme
        | UrlRefusal::UserInfo
        | UrlRefusal::Fragment
        | UrlRefusal::MalformedName => return refusal.to_string(),
    };
    format!("{refusal} ({more})")
}

fn class_and_way_out(refusal: AddressRefusal) -> String {
    let class = refusal.class();
    format!("{class}; {}", way_out(class))
}

/// The flag that would let such an address through.
fn way_out(class: AddressClass) -> &'static str {
    match class {
        AddressClass::Loopback => "--dev allows it, or --egress-allow with a network around it",
        AddressClass::Nat64 => "--egress-nat64 allows it where the IPv4 address inside is allowed",
        AddressClass::Public
        | AddressClass::Private
        | AddressClass::LinkLocal
        | AddressClass::ThisNetwork
        | AddressClass::CarrierShared
        | AddressClass::Multicast
        | AddressClass::Documentation
        | AddressClass::Benchmarking
        | AddressClass::ProtocolAssignment
        | AddressClass::Reserved
        | AddressClass::CloudPlatform
        | AddressClass::Tunnel
        | AddressClass::Ipv4Mapped
        | AddressClass::Unassigned => "--egress-allow with a network around it allows it",
    }
}

fn name_passes(name: &str) -> String {
    match judge_url(&format!("https://{name}/"), &Policy::default()) {
        Ok(_) => format!("{name} is a public name"),
        Err(_) => format!("{name} is not a public name, allowed by the settings"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(url: &str) -> Vec<(Verdict, String)> {
        let mut explanation = Explanation::of(url, "http://127.0.0.1:9000");
        match judge_url(url, &Policy::default()) {
            Ok(target) => explanation.pass_url(&target),
            Err(refusal) => explanation.refuse_url(refusal),
        }
        explanation.steps.into_iter().map(|step| (step.verdict, step.detail)).collect()
    }

    #[test]
    fn each_refusal_is_told_at_its_step_with_the_flag_that_would_change_it() {
        for (url, at, part) in [
            ("https://a b/", 0, "contains a control character"),
            ("ftp://example.com/", 1, "does not start with https://"),
            ("http://example.com/", 1, "--egress-allow-http"),
            ("https://example.com:22/", 2, "names port 22, which is not allowed (no flag"),
            ("https://intranet/", 3, "--egress-allow with the name"),
            ("https://10.0.0.1/", 3, "private; --egress-allow with a network"),
            ("https://[::1]/", 3, "loopback; --dev"),
            ("https://[64:ff9b::a00:1]/", 3, "nat64; --egress-nat64"),
        ] {
            let steps = steps(url);
            let (verdict, detail) = &steps[at];
            assert!(*verdict == Verdict::Refused && detail.contains(part), "{url}: {steps:?}");
            let refused = steps.iter().filter(|(verdict, _)| *verdict == Verdict::Refused).count();
            assert_eq!(refused, 1, "{url}");
            assert!(steps[at + 1..].iter().all(|(verdict, _)| *verdict == Verdict::NotJudged), "{url}");
        }
    }

    #[test]
    fn a_step_is_said_to_have_passed_only_where_it_was_judged() {
        let verdicts = |url| steps(url).into_iter().map(|(verdict, _)| verdict).collect::<Vec<_>>();
        use Verdict::{NotJudged, Passed, Refused};
        assert_eq!(verdicts("ftp://user@example.com/")[..3], [NotJudged, Refused, NotJudged]);
        assert_eq!(verdicts("https://example.com:22/")[..3], [Passed, Passed, Refused]);
        assert_eq!(verdicts("https://example.com/"), [Passed; 5]);
    }
}
