//! The system's own resolver configuration, asked without the system's resolver.
//!
//! Responsible for the order in which names are known: `localhost` by itself, the hosts file, then the DNS, both
//! families at once. Refuses search lists, and does not keep answers: the names' keeper does. Made in `wiring`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TokioResolver};

use super::resolver::{Answers, ResolveError, Resolver};

/// Resolves names as this machine is configured to: its hosts file and its name servers, read once at start.
pub struct SystemResolver {
    hosts: Hosts,
    dns: TokioResolver,
    name_servers: Vec<IpAddr>,
}

/// The configuration of another machine than this, for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine<'a> {
    /// The text of its hosts file.
    pub hosts_file: &'a str,
    /// Its name servers, asked over UDP.
    pub name_servers: &'a [SocketAddr],
    /// The domains that the C library would try behind a name.
    pub search: &'a [&'a str],
}

/// The resolver could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the name resolver could not be set up")]
pub struct ResolverSetupError(#[from] NetError);

/// For how long an entry of the hosts file holds.
const HOSTS_TIME_TO_LIVE: Duration = Duration::from_secs(60);

impl SystemResolver {
    /// Reads the hosts file and the name servers. Where no servers are configured it asks this machine, as the C library
    /// does.
    ///
    /// # Errors
    ///
    /// [`ResolverSetupError`] if the resolver refuses its configuration.
    pub fn new() -> Result<Self, ResolverSetupError> {
        let (config, options) = read_system_conf().unwrap_or_else(|error| {
            tracing::warn!(error = %error, "no name servers are configured: asking this machine");
            let this_machine = NameServerConfig::udp_and_tcp(IpAddr::V4(Ipv4Addr::LOCALHOST));
            (ResolverConfig::from_parts(None, Vec::new(), vec![this_machine]), ResolverOpts::default())
        });
        let hosts = Hosts::from_system().unwrap_or_else(|error| {
            tracing::warn!(error = %error, "the hosts file cannot be read: going on without it");
            Hosts::default()
        });
        Self::with(config, options, hosts)
    }

    /// Resolves as another machine would.
    ///
    /// # Errors
    ///
    /// [`ResolverSetupError`] if the resolver refuses the configuration.
    pub fn of(machine: Machine<'_>) -> Result<Self, ResolverSetupError> {
        let server = |address: &SocketAddr| {
            let mut connection = ConnectionConfig::udp();
            connection.port = address.port();
            NameServerConfig::new(address.ip(), true, vec![connection])
        };
        let search: Vec<Name> = machine.search.iter().filter_map(|domain| Name::from_ascii(domain).ok()).collect();
        let servers = machine.name_servers.iter().map(server).collect();
        let mut hosts = Hosts::default();
        hosts.read_hosts_conf(machine.hosts_file.as_bytes()).map_err(NetError::from)?;
        Self::with(ResolverConfig::from_parts(search.first().cloned(), search, servers), ResolverOpts::default(), hosts)
    }

    /// The name servers that are asked.
    pub fn name_servers(&self) -> &[IpAddr] {
        &self.name_servers
    }

    fn with(config: ResolverConfig, mut options: ResolverOpts, hosts: Hosts) -> Result<Self, ResolverSetupError> {
        // Both families, always: a private address must not hide behind a public one of the other family.
        options.ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
        options.use_hosts_file = ResolveHosts::Never;
        options.cache_size = 0;
        let name_servers = config.name_servers().iter().map(|server| server.ip).collect();
        let builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        Ok(SystemResolver { hosts, dns: builder.with_options(options).build()?, name_servers })
    }

    fn in_hosts_file(&self, name: &Name) -> Option<Answers> {
        let of_type = |record_type| self.hosts.lookup_static_host(&Query::query(name.clone(), record_type));
        let found = [of_type(RecordType::AAAA), of_type(RecordType::A)];
        let addresses: Vec<IpAddr> = found
            .iter()
            .flatten()
            .flat_map(|lookup| lookup.answers().iter())
            .filter_map(|record| record.data.ip_addr())
            .collect();
        // Once the file names a host, the DNS is not asked for its other family: that may be somebody else's.
        (!addresses.is_empty()).then(|| Answers { addresses: addresses.into(), time_to_live: HOSTS_TIME_TO_LIVE })
    }
}

impl Resolver for SystemResolver {
    fn resolve(&self, name: Arc<str>) -> BoxFuture<'static, Result<Answers, ResolveError>> {
        // RFC 6761, 6.3: these names are this machine's and are never asked for.
        if name.rsplit('.').next() == Some("localhost") {
            let addresses: Arc<[IpAddr]> = Arc::new([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
            return std::future::ready(Ok(Answers { addresses, time_to_live: HOSTS_TIME_TO_LIVE })).boxed();
        }
        let Ok(mut absolute) = Name::from_ascii(&*name) else {
            return std::future::ready(Err(ResolveError::NoSuchName)).boxed();
        };
        absolute.set_fqdn(true);
        if let Some(answers) = self.in_hosts_file(&absolute) {
            return std::future::ready(Ok(answers)).boxed();
        }
        let dns = self.dns.clone();
        async move {
            let found = dns.lookup_ip(absolute).await.map_err(|error| {
                tracing::debug!(host.name = %name, error = %error, "a name could not be resolved");
                if error.is_no_records_found() { ResolveError::NoSuchName } else { ResolveError::Failed }
            })?;
            let time_to_live = found.valid_until().saturating_duration_since(Instant::now());
            Ok(Answers { addresses: found.iter().collect(), time_to_live })
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_hosts(text: &str) -> SystemResolver {
        SystemResolver::of(Machine { hosts_file: text, ..Machine::default() }).unwrap()
    }

    async fn addresses(resolver: &SystemResolver, name: &str) -> Vec<IpAddr> {
        resolver.resolve(Arc::from(name)).await.unwrap().addresses.to_vec()
    }

    #[tokio::test]
    async fn localhost_and_the_names_under_it_are_this_machine_without_asking() {
        let resolver = with_hosts("10.9.9.9 localhost\n");
        let this_machine: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        assert_eq!(addresses(&resolver, "localhost").await, this_machine);
        assert_eq!(addresses(&resolver, "app.localhost").await, this_machine);
    }

    #[tokio::test]
    async fn a_name_of_the_hosts_file_is_answered_from_the_file_alone() {
        let resolver = with_hosts("10.1.2.3 hooks.example short\nfd00::1 hooks.example\n10.1.2.4 other.example\n");
        let both: [IpAddr; 2] = ["fd00::1".parse().unwrap(), "10.1.2.3".parse().unwrap()];
        assert_eq!(addresses(&resolver, "hooks.example").await, both);
        assert_eq!(addresses(&resolver, "other.example").await, ["10.1.2.4".parse::<IpAddr>().unwrap()]);
    }

    #[tokio::test]
    async fn a_text_that_is_no_name_is_not_asked_for() {
        let long = format!("{}.example", "a".repeat(64));
        let answer = with_hosts("").resolve(Arc::from(long.as_str())).await;
        assert_eq!(answer.map(|_| ()), Err(ResolveError::NoSuchName));
    }
}
