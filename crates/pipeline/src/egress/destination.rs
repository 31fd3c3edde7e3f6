//! A hook's URL, ready for sending.
//!
//! Responsible for everything about a target that does not change between deliveries: request line, `Host`, the name that
//! TLS verifies. Refuses URLs that the policy refuses. Made by [`Egress::destination`](super::Egress::destination) when a
//! hook is loaded, and kept beside its lane.

use std::sync::Arc;

use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};
use model::egress::{Host, Scheme, Target, UrlRefusal};
use rustls::pki_types::ServerName;

/// Where a hook's deliveries go.
#[derive(Debug, Clone)]
pub struct Destination {
    target: Target,
    /// Scheme, host and port in one text: connections are reused for the same one only.
    origin: Arc<str>,
    /// The host as the resolver is asked for it; empty for an address.
    name: Arc<str>,
    request_line: Uri,
    host_header: HeaderValue,
    server_name: Option<ServerName<'static>>,
}

impl Destination {
    /// The URL that was judged.
    pub fn target(&self) -> &Target {
        &self.target
    }

    pub(super) fn new(target: Target) -> Result<Self, UrlRefusal> {
        // The verdict allows nothing that these could refuse; were it to, the URL is one that we cannot ask for.
        let path: PathAndQuery = target.path_and_query().parse().map_err(|_| UrlRefusal::Malformed)?;
        let host_header = HeaderValue::from_str(target.authority()).map_err(|_| UrlRefusal::Malformed)?;
        let server_name = match (target.scheme(), target.host()) {
            (Scheme::Http, _) => None,
            (Scheme::Https, Host::Address(address)) => Some(ServerName::from(*address)),
            (Scheme::Https, Host::Name(name)) => {
                Some(ServerName::try_from(name.clone()).map_err(|_| UrlRefusal::MalformedName)?)
            }
        };
        let origin = format!("{}://{}", target.scheme().as_str(), target.authority()).into();
        let name = match target.host() {
            Host::Name(name) => Arc::from(name.as_str()),
            Host::Address(_) => Arc::default(),
        };
        Ok(Destination { origin, name, request_line: Uri::from(path), host_header, server_name, target })
    }

    pub(super) fn origin(&self) -> &Arc<str> {
        &self.origin
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub(super) fn request_line(&self) -> &Uri {
        &self.request_line
    }

    pub(super) fn host_header(&self) -> &HeaderValue {
        &self.host_header
    }

    pub(super) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use model::egress::{Policy, judge_url};

    use super::*;

    fn destination(url: &str) -> Destination {
        Destination::new(judge_url(url, &Policy::default()).unwrap()).unwrap()
    }

    #[test]
    fn the_request_line_and_host_are_those_of_the_url() {
        let plain = destination("https://Hooks.Example.com./a%20b?c={d}|e'f");
        assert_eq!(plain.request_line().to_string(), "/a%20b?c={d}|e%27f");
        assert_eq!(plain.host_header(), "hooks.example.com");
        let with_port = destination("https://[2606:4700::1111]:8443");
        assert_eq!(with_port.request_line().to_string(), "/");
        assert_eq!(with_port.host_header(), "[2606:4700::1111]:8443");
    }

    #[test]
    fn every_printable_character_that_a_url_may_hold_can_be_asked_for() {
        for character in ('!'..='~').filter(|character| !matches!(character, '#' | '\\')) {
            for url in [format!("https://example.com/{character}"), format!("https://example.com/?{character}")] {
                let target = judge_url(&url, &Policy::default()).unwrap();
                assert!(Destination::new(target).is_ok(), "{url}");
            }
        }
    }
}
