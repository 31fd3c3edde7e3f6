//! The built-in table, judged under the settings, with an eye on the sockets.

use model::attempt::Outcome;
use model::egress::{Cases, Expected, Host, Policy, TextCase, UrlRefusal};

use super::guard::Guard;
use super::report::{Check, Row, Verdict};
use crate::cli::failure::EgressError;
use crate::cli::failure::Failure;

/// Judges every URL of the table. Gives their number, and a row for all of them and for each that is not as the table says.
pub(super) async fn check(policy: &Policy) -> Result<(usize, Vec<Row>), Failure> {
    let cases = Cases::built_in().map_err(EgressError::Table)?.text;
    let mut policy = policy.clone();
    policy.allow_http();
    let guard = Guard::new(policy.clone())?;
    let mut others = Vec::new();
    for case in &cases {
        let (verdict, detail) = judge(case, &policy, &guard).await;
        if verdict != Verdict::Held {
            others.push(Row::new(Check::Table, format!("{} {}", case.id, case.url), verdict, detail));
        }
    }
    let failed = others.iter().filter(|row| row.verdict == Verdict::Failed).count();
    let allowed = others.len() - failed;
    let verdict = if failed == 0 { Verdict::Held } else { Verdict::Failed };
    let detail =
        format!("{} as they must be, {allowed} allowed by the settings, {failed} failed", cases.len() - others.len());
    others.insert(0, Row::new(Check::Table, format!("{} URLs", cases.len()), verdict, detail));
    Ok((cases.len(), others))
}

async fn judge(case: &TextCase, policy: &Policy, guard: &Guard) -> (Verdict, String) {
    let strict = Policy::default();
    if !case.is_met(&case.judge(&strict), &strict) {
        return (Verdict::Failed, format!("without any setting it is not judged as it must be: {}", case.why));
    }
    let verdict = case.judge(policy);
    if !case.is_met(&verdict, policy) {
        return match verdict {
            Ok(_) => (Verdict::Allowed, format!("refused without these settings: {}", case.why)),
            Err(refusal) => (Verdict::Failed, format!("the URL {refusal}")),
        };
    }
    match case.expected {
        Expected::Rejected => (Verdict::Held, String::new()),
        Expected::Allowed => dialled_once(guard.try_url(&case.url).await.map(|tried| tried.dialled.len())),
        Expected::BlockedWhenResolved => refused_unseen(guard.try_url(&case.url).await, Verdict::Allowed),
        Expected::Blocked | Expected::BlockedUnlessNat64 => {
            // The text was judged above; now as the address of a name.
            let Ok(Host::Address(address)) = case.judge(&wide_open()).map(|target| target.host().clone()) else {
                return (Verdict::Failed, "its host is not read as an address".to_owned());
            };
            // An address of NAT64 that the settings allow is held by being reached.
            match verdict {
                Ok(_) => dialled_once(guard.try_answer(address).await.map(|tried| tried.dialled.len())),
                Err(_) => refused_unseen(guard.try_answer(address).await, Verdict::Failed),
            }
        }
    }
}

fn dialled_once(sockets: Result<usize, UrlRefusal>) -> (Verdict, String) {
    match sockets {
        Ok(1) => (Verdict::Held, String::new()),
        Ok(sockets) => (Verdict::Failed, format!("{sockets} sockets would have been opened, not one")),
        Err(refusal) => (Verdict::Failed, format!("the URL {refusal}")),
    }
}

/// Refused, and no socket was asked for; otherwise the second verdict, as far as one was.
fn refused_unseen(tried: Result<super::guard::Tried, UrlRefusal>, reached: Verdict) -> (Verdict, String) {
    match tried {
        Ok(tried) if tried.outcome == Outcome::RefusedAddress && tried.dialled.is_empty() => {
            (Verdict::Held, String::new())
        }
        Ok(_) => (reached, "its address would be connected to".to_owned()),
        Err(refusal) => (Verdict::Failed, format!("the URL {refusal}")),
    }
}

/// Everything that a policy can allow, to read an address out of a URL.
fn wide_open() -> Policy {
    let mut policy = Policy::default();
    policy.allow_nat64();
    for all in ["0.0.0.0/0", "::/0"] {
        // Both are networks.
        let _read = policy.allow(all);
    }
    policy
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rows(policy: &Policy) -> Vec<Row> {
        check(policy).await.unwrap().1
    }

    #[tokio::test]
    async fn the_whole_table_holds_without_settings() {
        let (cases, rows) = check(&Policy::default()).await.unwrap();
        assert_eq!((cases, rows.len()), (135, 1), "{rows:?}");
        assert_eq!(rows[0].detail, "135 as they must be, 0 allowed by the settings, 0 failed");
    }

    #[tokio::test]
    async fn what_the_settings_let_through_is_listed_and_no_failure() {
        let mut private = Policy::default();
        private.allow("10.0.0.0/8").unwrap();
        let found = rows(&private).await;
        let ids: Vec<&str> = found[1..].iter().map(|row| &row.subject[..4]).collect();
        // The literal, and the name that leads there.
        assert_eq!(ids, ["U082", "U113"], "{found:?}");
        assert!(found[1..].iter().all(|row| row.verdict == Verdict::Allowed) && found[0].verdict == Verdict::Held);

        let found = rows(&Policy::dev()).await;
        assert!(found.len() > 10 && found.iter().all(|row| row.verdict != Verdict::Failed), "{found:?}");
    }

    #[tokio::test]
    async fn addresses_of_nat64_hold_either_way() {
        let mut nat64 = Policy::default();
        nat64.allow_nat64();
        assert_eq!(rows(&nat64).await.len(), 1);
    }
}
