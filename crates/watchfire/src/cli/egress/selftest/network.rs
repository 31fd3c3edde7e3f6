//! This machine's own network, as a hook would try to reach it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use model::attempt::Outcome;
use model::egress::{AddressClass, Policy, UrlRefusal};
use pipeline::egress::{Answers, Egress, JudgedAddress, ResolveError, Resolver};

use super::super::LOOK_UP_SECONDS;
use super::guard::Guard;
use super::machine::Machine;
use super::report::{Check, Row, Verdict};
use crate::wiring::StartError;

/// Where clouds tell a machine its secrets.
const METADATA: [&str; 6] =
    ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254"];

const METADATA_NAMES: [&str; 2] = ["metadata.google.internal", "metadata.goog"];

/// Of a longer hosts file the rest is said to be left out.
const HOSTS_FILE_NAMES_MAX: usize = 64;

/// The variables in which other programs look for a proxy.
const PROXY_VARIABLES: [&str; 6] = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// A name that never exists (RFC 2606, RFC 6761).
const NO_NAME: &str = "watchfire-selftest.invalid";

/// Tries each address of the network under the policy: as a literal, and as what a name leads to.
pub(super) async fn addresses(
    machine: &Machine,
    name_servers: &[IpAddr],
    policy: &Policy,
) -> Result<Vec<Row>, StartError> {
    let guard = Guard::new(policy.clone())?;
    let metadata: Vec<IpAddr> = METADATA.iter().filter_map(|text| text.parse().ok()).collect();
    let mut rows = Vec::new();
    for (check, addresses) in [
        (Check::Metadata, metadata.as_slice()),
        (Check::OwnAddress, &machine.addresses),
        (Check::Gateway, &machine.gateways),
        (Check::NameServer, name_servers),
    ] {
        for address in addresses {
            let (verdict, detail) = judge_address(&guard, *address).await;
            rows.push(Row::new(check, address.to_string(), verdict, detail));
        }
    }
    rows.extend(
        machine.unread.iter().map(|file| Row::new(check_of(file), *file, Verdict::NotChecked, "cannot be read")),
    );
    rows.push(proxy(&guard).await);
    Ok(rows)
}

/// Tries the names that this machine knows by itself.
pub(super) async fn names(machine: &Machine, egress: &Egress) -> Vec<Row> {
    let shown = machine.hosts_file.iter().take(HOSTS_FILE_NAMES_MAX).map(String::as_str);
    let mut names: Vec<&str> = METADATA_NAMES.into_iter().chain(["localhost", &machine.host_name]).collect();
    names.extend(shown.filter(|name| !matches!(*name, "localhost") && *name != machine.host_name));
    let mut rows = Vec::new();
    for name in names {
        let (verdict, detail) = judge_name(egress, name).await;
        rows.push(Row::new(Check::Name, name, verdict, detail));
    }
    let left_out = machine.hosts_file.len().saturating_sub(HOSTS_FILE_NAMES_MAX);
    if left_out > 0 {
        let subject = format!("{left_out} more of the hosts file");
        rows.push(Row::new(
            Check::Name,
            subject,
            Verdict::NotChecked,
            "too many: try them with `watchfire egress explain`",
        ));
    }
    rows
}

/// Asks the name servers for a name that does not exist.
pub(super) async fn dns(resolver: &dyn Resolver) -> Row {
    let asking = resolver.resolve(Arc::from(NO_NAME));
    let answer = tokio::time::timeout(Duration::from_secs(LOOK_UP_SECONDS), asking).await;
    let (verdict, detail) = match answer {
        Ok(Err(ResolveError::NoSuchName)) => (Verdict::Held, "the DNS says that it does not exist".to_owned()),
        Ok(Err(ResolveError::Failed)) => {
            (Verdict::Failed, "the DNS could not be asked: no hook with a name is reached".to_owned())
        }
        Ok(Ok(Answers { addresses, .. })) => {
            let found = addresses.first().map(ToString::to_string).unwrap_or_default();
            (Verdict::Failed, format!("the DNS gives {found} for it: a misspelt hook would be sent there"))
        }
        Err(_) => (Verdict::Failed, format!("the DNS did not answer within {LOOK_UP_SECONDS} s")),
    };
    Row::new(Check::Dns, NO_NAME, verdict, detail)
}

async fn judge_address(guard: &Guard, address: IpAddr) -> (Verdict, String) {
    let class = AddressClass::of(address);
    let url = match address {
        IpAddr::V4(address) => format!("https://{address}/"),
        IpAddr::V6(address) => format!("https://[{address}]/"),
    };
    let literal = match guard.try_url(&url).await {
        Ok(tried) => tried.outcome == Outcome::RefusedAddress && tried.dialled.is_empty(),
        Err(UrlRefusal::OwnOrigin) => return (Verdict::Held, format!("{class}; the server's own origin")),
        Err(_) => true,
    };
    let answer = match guard.try_answer(address).await {
        Ok(tried) => tried.outcome == Outcome::RefusedAddress && tried.dialled.is_empty(),
        Err(_) => true,
    };
    match (literal, answer, class) {
        (true, true, _) => (Verdict::Held, format!("{class}; refused")),
        (false, false, AddressClass::Public) => (Verdict::Public, "webhooks may go there, as anybody may".to_owned()),
        (false, false, _) => (Verdict::Open, format!("{class}; allowed by the settings")),
        (true, false, _) => (Verdict::Failed, format!("{class}; refused in a URL, and reached through a name")),
        (false, true, _) => (Verdict::Failed, format!("{class}; refused through a name, and reached in a URL")),
    }
}

async fn judge_name(egress: &Egress, name: &str) -> (Verdict, String) {
    let destination = match egress.destination(&format!("https://{name}/")) {
        Ok(destination) => destination,
        Err(refusal) => return (Verdict::Held, format!("the URL {refusal}")),
    };
    let looking_up = egress.judge_addresses(&destination);
    match tokio::time::timeout(Duration::from_secs(LOOK_UP_SECONDS), looking_up).await {
        Ok(Ok(judged)) => judge_answers(&judged),
        Ok(Err(ResolveError::NoSuchName)) => (Verdict::Held, "leads nowhere".to_owned()),
        Ok(Err(ResolveError::Failed)) | Err(_) => {
            (Verdict::NotChecked, "the DNS does not say where it leads".to_owned())
        }
    }
}

/// One refused address refuses the connection, as in an attempt.
fn judge_answers(judged: &[JudgedAddress]) -> (Verdict, String) {
    let listed: Vec<String> =
        judged.iter().map(|judged| format!("{} ({})", judged.address, AddressClass::of(judged.address))).collect();
    let listed = listed.join(", ");
    if judged.iter().any(|judged| judged.verdict.is_err()) {
        (Verdict::Held, format!("refused: leads to {listed}"))
    } else if judged.iter().all(|judged| AddressClass::of(judged.address) == AddressClass::Public) {
        (Verdict::Public, format!("leads to {listed}"))
    } else {
        (Verdict::Open, format!("leads to {listed}, allowed by the settings"))
    }
}

/// That a connection goes where the URL says, whatever the environment says.
async fn proxy(guard: &Guard) -> Row {
    let set: Vec<&str> = PROXY_VARIABLES.into_iter().filter(|name| std::env::var_os(name).is_some()).collect();
    let subject = if set.is_empty() { "none in the environment".to_owned() } else { set.join(", ") };
    let direct = "1.1.1.1:443";
    let dialled = guard.try_url(&format!("https://{direct}/")).await.map(|tried| tried.dialled);
    let (verdict, detail) = match dialled {
        Ok(dialled) if dialled.len() == 1 && dialled[0].to_string() == direct => {
            (Verdict::Held, "ignored: connections go straight to the judged address".to_owned())
        }
        Ok(dialled) => (Verdict::Failed, format!("{dialled:?} would be connected to for {direct}")),
        Err(refusal) => (Verdict::Failed, format!("the URL {refusal}")),
    };
    Row::new(Check::Proxy, subject, verdict, detail)
}

fn check_of(file: &str) -> Check {
    match file {
        "/etc/hosts" => Check::Name,
        "/proc/net/route" | "/proc/net/ipv6_route" => Check::Gateway,
        _ => Check::OwnAddress,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(addresses: &[&str], gateways: &[&str]) -> Machine {
        let parsed = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Machine { addresses: parsed(addresses), gateways: parsed(gateways), ..Machine::default() }
    }

    async fn verdicts(policy: &Policy, machine: &Machine) -> Vec<(String, Verdict)> {
        let rows = addresses(machine, &["10.0.0.2".parse().unwrap()], policy).await.unwrap();
        rows.into_iter().map(|row| (row.subject, row.verdict)).collect()
    }

    fn of(verdicts: &[(String, Verdict)], subject: &str) -> Verdict {
        verdicts.iter().find(|(found, _)| found == subject).unwrap().1
    }

    #[tokio::test]
    async fn nothing_of_the_network_is_reached_without_settings() {
        let machine = machine(&["127.0.0.1", "10.0.0.7", "fe80::1", "8.8.8.8"], &["10.0.0.1"]);
        let verdicts = verdicts(&Policy::default(), &machine).await;
        for (subject, verdict) in &verdicts {
            let expected = if subject == "8.8.8.8" { Verdict::Public } else { Verdict::Held };
            assert_eq!(*verdict, expected, "{subject}");
        }
        assert_eq!(verdicts.len(), METADATA.len() + 4 + 1 + 1 + 1);
    }

    #[tokio::test]
    async fn what_the_settings_open_of_the_network_is_said() {
        let mut policy = Policy::default();
        policy.allow("10.0.0.0/30").unwrap();
        let verdicts = verdicts(&policy, &machine(&["10.0.0.7"], &["10.0.0.1"])).await;
        assert_eq!(of(&verdicts, "10.0.0.1"), Verdict::Open);
        assert_eq!(of(&verdicts, "10.0.0.2"), Verdict::Open);
        assert_eq!(of(&verdicts, "10.0.0.7"), Verdict::Held);
        assert_eq!(of(&verdicts, "169.254.169.254"), Verdict::Held);
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_not_passed_over_in_silence() {
        let machine = Machine { unread: vec!["/proc/net/route"], ..Machine::default() };
        let rows = addresses(&machine, &[], &Policy::default()).await.unwrap();
        assert!(rows.iter().any(|row| row.check == Check::Gateway && row.verdict == Verdict::NotChecked));
    }

    /// A DNS that always says the same.
    struct Same(Result<&'static str, ResolveError>);

    impl Resolver for Same {
        fn resolve(
            &self,
            _name: Arc<str>,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<Answers, ResolveError>> + Send>> {
            let answer = self.0.map(|address| {
                let addresses: Arc<[IpAddr]> = Arc::new([address.parse().unwrap()]);
                Answers { addresses, time_to_live: Duration::ZERO }
            });
            Box::pin(std::future::ready(answer))
        }
    }

    #[tokio::test]
    async fn a_dns_that_makes_names_up_or_keeps_still_is_told_from_one_that_works() {
        assert_eq!(dns(&Same(Err(ResolveError::NoSuchName))).await.verdict, Verdict::Held);
        let lost = dns(&Same(Err(ResolveError::Failed))).await;
        assert_eq!(lost.verdict, Verdict::Failed);
        let made_up = dns(&Same(Ok("198.105.244.11"))).await;
        assert!(made_up.verdict == Verdict::Failed && made_up.detail.contains("198.105.244.11"), "{made_up:?}");
    }

    #[test]
    fn a_name_is_open_only_where_every_address_of_it_is() {
        let judged = |text: &str, policy: &Policy| {
            let address = text.parse().unwrap();
            JudgedAddress { address, verdict: model::egress::judge_address(address, policy) }
        };
        let mut policy = Policy::default();
        policy.allow("10.0.0.0/8").unwrap();
        for (addresses, verdict) in [
            (&["10.0.0.1"][..], Verdict::Open),
            (&["10.0.0.1", "1.1.1.1"], Verdict::Open),
            (&["10.0.0.1", "192.168.0.1"], Verdict::Held),
            (&["1.1.1.1", "8.8.8.8"], Verdict::Public),
        ] {
            let judged: Vec<JudgedAddress> = addresses.iter().map(|text| judged(text, &policy)).collect();
            assert_eq!(judge_answers(&judged).0, verdict, "{addresses:?}");
        }
    }
}
