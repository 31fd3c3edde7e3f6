//! The known ways around a guard, each with what must come of it.
//!
//! Responsible for reading the table that is built in, and for saying whether a verdict over a text is the expected one.
//! Refuses to resolve and to connect: what must be seen on the wire is proved by the tests of the guarded client, one for
//! each line. Called by those tests, and by `watchfire egress selftest`.

use super::{Host, Policy, Target, UrlRefusal, judge_url};

const TABLE: &str = include_str!("ssrf-cases.tsv");

/// The table.
#[derive(Debug, Clone)]
pub struct Cases {
    /// What the text of a URL decides, the addresses of its name included.
    pub text: Vec<TextCase>,
    /// What the client must do on the wire.
    pub conduct: Vec<ConductCase>,
}

/// A URL and what must come of it.
#[derive(Debug, Clone)]
pub struct TextCase {
    /// `U001`
    pub id: &'static str,
    /// The text, control characters and all.
    pub url: String,
    /// What must come of it.
    pub expected: Expected,
    /// What the case is about.
    pub why: &'static str,
}

/// What the client must do on the wire; a test of the client is named for each.
#[derive(Debug, Clone, Copy)]
pub struct ConductCase {
    /// `B001`
    pub id: &'static str,
    /// What happens.
    pub input: &'static str,
    /// What must come of it.
    pub expected: &'static str,
}

/// What must come of a text, with http allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A hook may have it.
    Allowed,
    /// The text is refused, whatever its host's address is.
    Rejected,
    /// Its host is an address that is refused.
    Blocked,
    /// As [`Blocked`](Self::Blocked), unless the policy allows NAT64.
    BlockedUnlessNat64,
    /// A hook may have it, and the first connection finds that its name leads to this address.
    BlockedWhenResolved,
}

/// A line of the table is not as the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the table of cases cannot be read")]
pub struct BadCase {
    line: usize,
}

impl Cases {
    /// Reads the table.
    ///
    /// # Errors
    ///
    /// [`BadCase`] for a line that does not have five columns, or names a layer or a verdict that does not exist.
    pub fn built_in() -> Result<Self, BadCase> {
        let mut cases = Cases { text: Vec::new(), conduct: Vec::new() };
        for (index, text) in TABLE.lines().enumerate().skip(1) {
            cases.read(text).ok_or(BadCase { line: index + 1 })?;
        }
        Ok(cases)
    }

    fn read(&mut self, line: &'static str) -> Option<()> {
        let columns: Vec<&'static str> = line.split('\t').collect();
        let [id, layer, input, expected, why] = columns.try_into().ok()?;
        match layer {
            "url" | "name" | "ipv4" | "ipv6" => {
                let expected = match expected {
                    "ALLOW" => Expected::Allowed,
                    "REJECT" => Expected::Rejected,
                    "BLOCK" => Expected::Blocked,
                    "BLOCK_UNLESS_NAT64" => Expected::BlockedUnlessNat64,
                    "RESOLVE_THEN_BLOCK" => Expected::BlockedWhenResolved,
                    _ => return None,
                };
                let url = input.replace("\\t", "\t").replace("\\n", "\n");
                self.text.push(TextCase { id, url, expected, why });
            }
            "dns" | "redirect" | "connect" | "tls" | "response" | "request" | "oracle" | "surface" => {
                self.conduct.push(ConductCase { id, input, expected });
            }
            _ => return None,
        }
        Some(())
    }
}

impl TextCase {
    /// Judges the text under a policy, http allowed whatever it says.
    pub fn judge(&self, policy: &Policy) -> Result<Target, UrlRefusal> {
        let mut policy = policy.clone();
        policy.allow_http();
        judge_url(&self.url, &policy)
    }

    /// Whether the verdict under this policy is the expected one, as far as the text tells.
    pub fn is_met(&self, verdict: &Result<Target, UrlRefusal>, policy: &Policy) -> bool {
        let is_blocked = matches!(verdict, Err(UrlRefusal::Address(_)));
        match self.expected {
            Expected::Allowed => verdict.is_ok(),
            Expected::Rejected => verdict.is_err() && !is_blocked,
            Expected::Blocked => is_blocked,
            Expected::BlockedUnlessNat64 => is_blocked != policy.allows_nat64(),
            Expected::BlockedWhenResolved => {
                verdict.as_ref().is_ok_and(|target| matches!(target.host(), Host::Name(_)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_whole_and_its_ids_are_all_different() {
        let cases = Cases::built_in().unwrap();
        let mut ids: Vec<&str> = cases.text.iter().map(|case| case.id).collect();
        assert_eq!(ids.len(), 135, "lines that text decides");
        ids.extend(cases.conduct.iter().map(|case| case.id));
        assert_eq!(ids.len(), TABLE.lines().count() - 1);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), TABLE.lines().count() - 1);
    }

    #[test]
    fn a_line_that_cannot_be_understood_is_none_of_the_table() {
        let mut cases = Cases { text: Vec::new(), conduct: Vec::new() };
        for line in ["U1\turl\thttps://a.b/\tALLOW", "U1\turl\tx\tMAYBE\twhy", "U1\tsmell\tx\tALLOW\twhy", ""] {
            assert_eq!(cases.read(line), None, "{line}");
        }
        assert!(cases.text.is_empty() && cases.conduct.is_empty());
    }

    #[test]
    fn every_text_of_the_table_gets_its_verdict() {
        let strict = Policy::default();
        let mut nat64 = Policy::default();
        nat64.allow_nat64();
        for case in Cases::built_in().unwrap().text {
            for policy in [&strict, &nat64] {
                let verdict = case.judge(policy);
                assert!(case.is_met(&verdict, policy), "{} {}: {verdict:?}", case.id, case.url);
            }
        }
    }

    #[test]
    fn a_verdict_that_is_another_one_is_noticed() {
        let policy = Policy::default();
        let mut open = Policy::default();
        open.allow("0.0.0.0/0").unwrap();
        open.allow("::/0").unwrap();
        open.allow_nat64();
        let allowed = judge_url("https://example.com/", &policy);
        let rejected = judge_url("ftp://example.com/", &policy);
        let (mut blocked, mut let_through) = (0, 0);
        for case in Cases::built_in().unwrap().text {
            let is_met = |verdict| case.is_met(verdict, &policy);
            match case.expected {
                Expected::Allowed | Expected::BlockedWhenResolved => assert!(!is_met(&rejected), "{}", case.id),
                Expected::Rejected => assert!(!is_met(&allowed), "{}", case.id),
                Expected::Blocked | Expected::BlockedUnlessNat64 => {
                    assert!(!is_met(&allowed) && !is_met(&rejected), "{}", case.id);
                    blocked += 1;
                    let_through += usize::from(case.judge(&open).is_ok());
                }
            }
        }
        assert_eq!((blocked, let_through), (67, 67), "what refuses these lines is the address alone");
    }
}
