//! The values of settings: from text to types, with errors that say what is expected.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use model::egress::Policy;
use model::limits::RETENTION_LEAST_DAYS;

use super::error::{BadBaseUrl, BadValue};

/// The URL under which people and SDKs reach this Watchfire: what DSNs and the links in payloads begin with. Without a slash
/// at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

impl BaseUrl {
    /// The URL of a listener, for who gave none: of a listener on every address, the loopback one.
    pub fn of_listener(address: SocketAddr) -> Self {
        let reachable = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        BaseUrl(format!("http://{}", SocketAddr::new(reachable, address.port())))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = BadBaseUrl;

    fn from_str(text: &str) -> Result<Self, BadBaseUrl> {
        let url = url::Url::parse(text).map_err(|_| BadBaseUrl::Scheme)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(BadBaseUrl::Scheme);
        }
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.query().is_some() || url.fragment().is_some() {
            return Err(BadBaseUrl::TooMuch);
        }
        Ok(BaseUrl(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        })
    }
}

/// `--url`.
pub(crate) fn base_url(text: &str) -> Result<BaseUrl, BadValue> {
    Ok(text.parse()?)
}

/// `--listen` and its like.
pub(crate) fn socket_address(text: &str) -> Result<SocketAddr, BadValue> {
    text.parse().map_err(|_| BadValue::SocketAddress)
}

/// `--trusted-proxy`: a network, or one address as a network of its own.
pub(super) fn network(text: &str) -> Result<IpNet, BadValue> {
    text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| BadValue::Network)
}

/// `--retention-days`.
pub(super) fn retention_days(text: &str) -> Result<u32, BadValue> {
    let refused = BadValue::RetentionDays { least_days: RETENTION_LEAST_DAYS };
    text.parse().ok().filter(|days| *days >= RETENTION_LEAST_DAYS).ok_or(refused)
}

/// `--egress-allow`: judged here, so that a bad entry is an error of its own place.
pub(super) fn egress_allow(text: &str) -> Result<String, BadValue> {
    Policy::default().allow(text)?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_loses_its_last_slash_and_keeps_its_path() {
        for (text, expected) in [
            ("https://watch.example.com", "https://watch.example.com"),
            ("https://watch.example.com/", "https://watch.example.com"),
            ("http://127.0.0.1:9000/", "http://127.0.0.1:9000"),
            ("https://example.com/watch/", "https://example.com/watch"),
            ("HTTPS://Example.COM:443", "https://example.com"),
        ] {
            assert_eq!(text.parse::<BaseUrl>().unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_url_that_no_dsn_could_begin_with_is_refused() {
        for (text, error) in [
            ("watch.example.com", BadBaseUrl::Scheme),
            ("ftp://example.com", BadBaseUrl::Scheme),
            ("https://user@example.com", BadBaseUrl::TooMuch),
            ("https://example.com/?a", BadBaseUrl::TooMuch),
            ("https://example.com/#a", BadBaseUrl::TooMuch),
        ] {
            assert_eq!(text.parse::<BaseUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_listener_on_every_address_is_reached_on_loopback() {
        for (listen, url) in [
            ("127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("0.0.0.0:9000", "http://127.0.0.1:9000"),
            ("[::]:80", "http://[::1]:80"),
            ("192.168.1.7:9000", "http://192.168.1.7:9000"),
        ] {
            assert_eq!(BaseUrl::of_listener(listen.parse().unwrap()).as_str(), url);
        }
    }

    #[test]
    fn retention_is_three_days_at_least() {
        assert_eq!(retention_days("3"), Ok(3));
        for text in ["2", "0", "-1", "", "a month", "99999999999"] {
            assert_eq!(retention_days(text), Err(BadValue::RetentionDays { least_days: 3 }), "{text}");
        }
    }

    #[test]
    fn one_address_is_a_network_of_its_own() {
        assert_eq!(network("10.0.0.1"), Ok("10.0.0.1/32".parse().unwrap()));
        assert_eq!(network("10.0.0.0/8"), Ok("10.0.0.0/8".parse().unwrap()));
        assert_eq!(network("proxy"), Err(BadValue::Network));
    }
}
