//! Who may reach what: the architecture's invariants that a path in the source betrays.
//!
//! Only the store knows a database, only egress connects to an address that a user chose, and the crates of pure functions
//! do no I/O and read no clock. Aliases are seen through; what a macro or a type's own methods do is not.

use super::{Finding, test_code::TestCode};
use crate::{rust::NamedPath, workspace::Workspace};

/// Something that only some of the code may name.
struct Reach {
    /// Paths, or parts of paths, whose use counts.
    what: &'static [&'static str],
    /// Paths of files, or of folders (with their final slash), that the rule speaks of; everything when empty.
    within: &'static [&'static str],
    /// Of these, the ones that may.
    allowed: &'static [&'static str],
    /// Whether test code is held to it too.
    tests: Tests,
    /// The invariant, for the message.
    why: &'static str,
}

/// Whether a rule speaks of test code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tests {
    Held,
    Free,
}

/// The crates of pure functions.
const PURE: &[&str] = &["crates/webhook/", "crates/protocol/", "crates/model/"];

/// What opens a connection.
const SOCKETS: &[&str] = &[
    "TcpStream::connect",
    "TcpStream::connect_timeout",
    "TcpStream::connect_std",
    "TcpSocket::connect",
    "TcpSocket::new_v4",
    "TcpSocket::new_v6",
];

const REACHES: [Reach; 5] = [
    Reach {
        what: &["rusqlite", "libsqlite3_sys", "tokio_postgres", "deadpool_postgres"],
        within: &[],
        allowed: &["crates/store/", "bench/"],
        tests: Tests::Held,
        why: "only `store` knows SQL",
    },
    Reach {
        what: SOCKETS,
        within: &["crates/pipeline/src/"],
        allowed: &["crates/pipeline/src/egress/dial.rs"],
        tests: Tests::Free,
        why: "sockets are opened in `egress/dial.rs` alone, to addresses that were judged",
    },
    Reach {
        what: &[
            "TcpStream::connect",
            "TcpStream::connect_timeout",
            "TcpStream::connect_std",
            "TcpSocket::connect",
            "TcpSocket::new_v4",
            "TcpSocket::new_v6",
            "hyper::client",
            "hyper_util::client",
            "reqwest",
            "ureq",
            "hickory_resolver",
        ],
        within: &[],
        allowed: &[
            "crates/pipeline/src/egress/",
            "crates/pipeline/src/egress.rs",
            "crates/watchfire/src/cli/",
            "crates/testkit/",
            "bench/",
        ],
        tests: Tests::Free,
        why: "only `egress` connects to an address that a user chose",
    },
    Reach {
        what: &[
            "std::fs",
            "std::env",
            "std::process",
            "std::thread",
            "TcpStream",
            "TcpListener",
            "UdpSocket",
            "tokio",
            "hyper",
        ],
        within: PURE,
        allowed: &[],
        tests: Tests::Free,
        why: "`webhook`, `protocol` and `model` do no I/O",
    },
    Reach {
        what: &[
            "SystemTime::now",
            "Instant::now",
            "Timestamp::now",
            "Zoned::now",
            "SystemTime::elapsed",
            "getrandom",
            "rand",
        ],
        within: PURE,
        allowed: &[],
        tests: Tests::Free,
        why: "`webhook`, `protocol` and `model` read no clock and draw no random numbers: time and chance are passed in",
    },
];

/// Paths named where they may not be.
pub(crate) fn check(workspace: &Workspace) -> Vec<Finding> {
    let tests = TestCode::of(workspace);
    let mut findings = Vec::new();
    for (path, file) in &workspace.rust {
        for reach in REACHES.iter().filter(|reach| speaks_of(reach, path)) {
            for named in &file.paths {
                if reach.tests == Tests::Free && tests.is_line(path, named.line) {
                    continue;
                }
                if let Some(what) = reach.what.iter().find(|what| names(named, what)) {
                    findings.push(Finding::at(
                        path,
                        named.line,
                        format!("`{what}` is out of reach here: {}", reach.why),
                    ));
                }
            }
        }
    }
    findings
}

fn speaks_of(reach: &Reach, path: &str) -> bool {
    let is_below = |places: &[&str]| {
        places.iter().any(|place| if place.ends_with('/') { path.starts_with(place) } else { path == *place })
    };
    (reach.within.is_empty() || is_below(reach.within)) && !is_below(reach.allowed)
}

/// Whether a path is, or leads through, `what`: a lone name must be the crate's, several may stand anywhere.
fn names(path: &NamedPath, what: &str) -> bool {
    let wanted: Vec<&str> = what.split("::").collect();
    let is_type = wanted[0].starts_with(|letter: char| letter.is_ascii_uppercase());
    if wanted.len() == 1 && !is_type {
        return path.names[0] == what;
    }
    path.names.windows(wanted.len()).any(|window| window == wanted.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<Option<usize>> {
        check(&Workspace::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn only_the_store_knows_sql_and_tests_are_no_exception() {
        let text = "use rusqlite::Connection;";
        assert_eq!(lines("crates/web/src/api.rs", text), [Some(1)]);
        assert_eq!(lines("tests/crash.rs", "fn a() { rusqlite::Connection::open(x) }"), [Some(1)]);
        assert!(lines("crates/store/src/sqlite/writer.rs", text).is_empty());
    }

    #[test]
    fn only_egress_connects() {
        let text = "use tokio::net::TcpStream as Stream;\nfn a() { Stream::connect(b) }";
        assert_eq!(lines("crates/web/src/send.rs", text), [Some(2)]);
        assert_eq!(lines("crates/web/src/lib.rs", "use hyper_util::{client::legacy, rt::TokioIo};"), [Some(1)]);
        for free in [
            "crates/pipeline/src/egress/dial.rs",
            "crates/watchfire/src/cli/send.rs",
            "tests/sdk.rs",
            "bench/src/main.rs",
        ] {
            assert!(lines(free, text).is_empty(), "{free}");
        }
        assert!(lines("crates/web/src/serve.rs", "use tokio::net::TcpStream;").is_empty());
    }

    #[test]
    fn in_egress_one_file_opens_sockets() {
        let text = "use tokio::net::TcpStream;\nfn a() { TcpStream::connect(b) }";
        assert_eq!(lines("crates/pipeline/src/egress/connector.rs", text), [Some(2)]);
        assert!(lines("crates/pipeline/src/egress/dial.rs", text).is_empty());
        assert_eq!(lines("crates/pipeline/src/lanes/send.rs", text), [Some(2), Some(2)]);
    }

    #[test]
    fn pure_crates_do_no_io_and_read_no_clock() {
        let file = "crates/model/src/a.rs";
        assert_eq!(lines(file, "use std::{fs, io};"), [Some(1)]);
        assert_eq!(lines(file, "use std::time::Instant;\nfn a() { Instant::now() }"), [Some(2)]);
        assert_eq!(lines(file, "fn a() { jiff::Timestamp::now() }"), [Some(1)]);
        assert_eq!(lines("crates/protocol/src/a.rs", "use std::net::TcpStream;"), [Some(1)]);
        assert!(lines(file, "use std::net::IpAddr;\nuse std::time::Duration;").is_empty());
        assert!(lines(file, "#[cfg(test)]\nmod tests {\n use std::fs;\n}").is_empty());
        assert!(lines("crates/web/src/a.rs", "use std::fs;").is_empty());
    }
}
