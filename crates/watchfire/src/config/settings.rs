//! The settings: the flags of `serve` as written, and what they mean together.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Args};
use ipnet::IpNet;
use model::egress::Policy;
use store::secret_key::SECRET_KEY_FILE;

use super::error::ConfigError;
use super::origin::{Origin, Origins};
use super::values::{self, BaseUrl, LogFormat};

/// Where the store is.
#[derive(Debug, Clone, Args)]
pub struct StoreFlags {
    /// Folder that holds everything: the store, its lock, the secret key, the first login
    #[arg(long, value_name = "DIR", default_value = "watchfire-data")]
    pub data: PathBuf,
}

/// Where the key is that the store's secrets are sealed with.
#[derive(Debug, Clone, Args)]
pub struct SecretKeyFlags {
    /// File with the key that hooks' secrets are sealed with, made where the store has none yet; else secret-key in --data
    #[arg(long, value_name = "FILE")]
    secret_key_file: Option<PathBuf>,
}

impl SecretKeyFlags {
    /// The file, for a store in this folder.
    pub fn file(&self, data: &Path) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| data.join(SECRET_KEY_FILE))
    }
}

/// The settings as written.
#[derive(Debug, Clone, Args)]
pub struct SettingFlags {
    #[command(flatten)]
    store: StoreFlags,
    #[command(flatten)]
    secret_key: SecretKeyFlags,
    /// Address and port that SDKs, the API and browsers connect to
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000", value_parser = values::socket_address)]
    listen: SocketAddr,
    /// URL under which people and SDKs reach this Watchfire; else the one that `init` stored, else http:// and --listen
    #[arg(long, value_name = "URL", value_parser = values::base_url)]
    url: Option<BaseUrl>,
    /// Address and port that serves GET /metrics, and nothing else, for Prometheus; none by default, and with --dev also on --listen
    #[arg(long, value_name = "ADDR", value_parser = values::socket_address)]
    metrics_listen: Option<SocketAddr>,
    /// Network of proxies whose X-Forwarded-For counts; none by default
    #[arg(long, value_name = "CIDR", action = ArgAction::Append, value_parser = values::network)]
    trusted_proxy: Vec<IpNet>,
    /// For your own machine: hooks may go to loopback addresses, to localhost and to http
    #[arg(long)]
    dev: bool,
    /// Network or host name that hooks may go to although it is not public, such as 10.0.0.0/8 or hooks.corp.internal
    #[arg(long, value_name = "CIDR|HOST", action = ArgAction::Append, value_parser = values::egress_allow)]
    egress_allow: Vec<String>,
    /// Allow hooks on http beside https
    #[arg(long)]
    egress_allow_http: bool,
    /// PEM file with certificate authorities that hooks may have beside the public ones
    #[arg(long, value_name = "FILE")]
    egress_ca: Option<PathBuf>,
    /// Allow 64:ff9b::/96 where the IPv4 address inside is allowed, for networks with DNS64
    #[arg(long)]
    egress_nat64: bool,
    /// Days for which events and deliveries are kept, at least 3
    #[arg(long, value_name = "DAYS", default_value = "30", value_parser = values::retention_days)]
    retention_days: u32,
    /// How log lines look
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

/// The settings as meant.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The data folder; it need not exist.
    pub data: PathBuf,
    /// The file of the secret key; it need not exist.
    pub secret_key_file: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The URL for DSNs and links, if it is not to be the stored one.
    pub url: Option<BaseUrl>,
    /// Where else to listen, for metrics.
    pub metrics_listen: Option<SocketAddr>,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether this is somebody's own machine.
    pub dev: bool,
    /// The way out.
    pub egress: EgressSettings,
    /// How long events and deliveries are kept.
    pub retention: Duration,
    /// How log lines look.
    pub log_format: LogFormat,
    origins: Origins,
}

/// Where hooks may go.
#[derive(Debug, Clone)]
pub struct EgressSettings {
    /// The policy, without the server's own origin: that one is known when its URL is.
    pub policy: Policy,
    /// The entries of `--egress-allow` as written.
    pub allowed: Vec<String>,
    /// Whether http is allowed.
    pub http: bool,
    /// Whether addresses of DNS64 are allowed.
    pub nat64: bool,
    /// A PEM file with more certificate authorities.
    pub ca_file: Option<PathBuf>,
}

impl Settings {
    /// What the flags mean.
    ///
    /// # Errors
    /// An entry of `--egress-allow` that is none.
    pub fn meant(flags: SettingFlags, origins: Origins) -> Result<Settings, ConfigError> {
        let mut policy = if flags.dev { Policy::dev() } else { Policy::default() };
        for entry in &flags.egress_allow {
            policy.allow(entry).map_err(|error| ConfigError::Refused {
                origin: origins.of("egress-allow").clone(),
                key: "egress-allow".to_owned(),
                value: entry.clone(),
                reason: error.to_string(),
            })?;
        }
        if flags.egress_allow_http {
            policy.allow_http();
        }
        if flags.egress_nat64 {
            policy.allow_nat64();
        }
        Ok(Settings {
            secret_key_file: flags.secret_key.file(&flags.store.data),
            data: flags.store.data,
            listen: flags.listen,
            url: flags.url,
            metrics_listen: flags.metrics_listen,
            trusted_proxies: flags.trusted_proxy,
            dev: flags.dev,
            egress: EgressSettings {
                policy,
                allowed: flags.egress_allow,
                http: flags.egress_allow_http,
                nat64: flags.egress_nat64,
                ca_file: flags.egress_ca,
            },
            retention: Duration::from_secs(u64::from(flags.retention_days) * 24 * 3600),
            log_format: flags.log_format,
            origins,
        })
    }

    /// Where the value of a flag (`egress-allow`) comes from.
    pub fn origin(&self, flag: &str) -> &Origin {
        self.origins.of(flag)
    }

    /// The URL for DSNs and links: the one that was set, else the one that is stored, else that of the listener.
    pub fn base_url(&self, stored: Option<BaseUrl>, listening: SocketAddr) -> BaseUrl {
        self.url.clone().or(stored).unwrap_or_else(|| BaseUrl::of_listener(listening))
    }
}
