//! Addresses: mail, URLs, hosts, IP.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::scan::{Cursor, is_word};

const LOCAL_PART_MAX_BYTES: usize = 64;
const SCHEME_MAX_BYTES: usize = 20;
const HOST_MAX_BYTES: usize = 253;
const LABEL_MAX_BYTES: usize = 63;
const IPV4_MAX_BYTES: usize = 15;
const IPV6_MAX_BYTES: usize = 45;

/// Last labels that make a host of any dotted name.
const SURE_DOMAINS: [&[u8]; 9] = [b"com", b"net", b"org", b"edu", b"gov", b"info", b"biz", b"dev", b"cloud"];
/// Last labels that are also words of programs: they make a host only of three labels or more.
const LIKELY_DOMAINS: [&[u8]; 24] = [
    b"io", b"co", b"ai", b"app", b"de", b"uk", b"fr", b"nl", b"eu", b"us", b"ca", b"au", b"jp", b"cn", b"ru", b"br",
    b"in", b"ch", b"se", b"it", b"es", b"at", b"be", b"dk",
];

/// `local@host.domain`.
pub(super) fn email(mut here: Cursor<'_>) -> Option<usize> {
    let is_local = |byte: &u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    let local = here.ahead(LOCAL_PART_MAX_BYTES).iter().take_while(|byte| is_local(byte)).count();
    here.advance(local);
    here.take(b"@")?;
    let host = host_run(here);
    let (name, domain) = split_domain(host)?;
    let is_domain = domain.len() >= 2 && domain.iter().all(u8::is_ascii_alphabetic);
    if name.is_empty() || !is_domain {
        return None;
    }
    here.advance(host.len());
    here.boundary()
}

/// `scheme://` and all up to a blank, a quote or an angle bracket, less punctuation at the end.
pub(super) fn url(mut here: Cursor<'_>) -> Option<usize> {
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+.-".contains(byte);
    let scheme = here.ahead(SCHEME_MAX_BYTES).iter().take_while(|byte| is_scheme(byte)).count();
    if scheme < 2 || !here.peek()?.is_ascii_alphabetic() {
        return None;
    }
    here.advance(scheme);
    if here.ahead(3) != b"://" {
        return None;
    }
    here.advance(3);
    let is_part = |byte: &u8| !byte.is_ascii_whitespace() && !byte.is_ascii_control() && !b"\"'<>`".contains(byte);
    let rest = here.ahead(usize::MAX);
    let run = rest.iter().take_while(|byte| is_part(byte)).count();
    let is_punctuation = |byte: &u8| b".,;:!?)]}".contains(byte);
    let tail = rest[..run].iter().rev().take_while(|byte| is_punctuation(byte)).count();
    if tail == run { None } else { Some(here.at() + run - tail) }
}

/// A dotted name under a well-known domain.
pub(super) fn hostname(mut here: Cursor<'_>) -> Option<usize> {
    if here.before() == Some(b'.') {
        return None;
    }
    let host = host_run(here);
    let (name, domain) = split_domain(host)?;
    let is_host = SURE_DOMAINS.contains(&domain) || (name.contains(&b'.') && LIKELY_DOMAINS.contains(&domain));
    let has_labels = name.split(|&byte| byte == b'.').all(|label| (1..=LABEL_MAX_BYTES).contains(&label.len()));
    if !is_host || !has_labels {
        return None;
    }
    here.advance(host.len());
    here.boundary()
}

/// An IP address of either version. One without digits (`ab::cd`) is a name in a program.
pub(super) fn ip(here: Cursor<'_>) -> Option<usize> {
    if here.before().is_some_and(|byte| is_word(byte) || matches!(byte, b'.' | b':')) {
        return None;
    }
    let four = address_run(here, IPV4_MAX_BYTES, |byte| byte.is_ascii_digit() || byte == b'.');
    if let Some(end) = four.filter(|&end| text(here.until(end)).parse::<Ipv4Addr>().is_ok()) {
        return Some(end);
    }
    let six = address_run(here, IPV6_MAX_BYTES, |byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
    six.filter(|&end| {
        let run = here.until(end);
        run.iter().any(u8::is_ascii_digit) && text(run).parse::<Ipv6Addr>().is_ok()
    })
}

/// Where the run of such bytes ends, less a dot or a single colon after it, if no word goes on there.
fn address_run(mut here: Cursor<'_>, most: usize, is_part: impl Fn(u8) -> bool) -> Option<usize> {
    let ahead = here.ahead(most + 1);
    let mut run = ahead.iter().take_while(|&&byte| is_part(byte)).count();
    if ahead[..run].ends_with(b".") || (ahead[..run].ends_with(b":") && !ahead[..run].ends_with(b"::")) {
        run -= 1;
    }
    if run > most {
        return None;
    }
    here.advance(run);
    here.boundary()
}

fn text(ascii: &[u8]) -> &str {
    std::str::from_utf8(ascii).unwrap_or_default()
}

/// The longest run of host characters from here that does not end in a dot or dash.
fn host_run(here: Cursor<'_>) -> &[u8] {
    let ahead = here.ahead(HOST_MAX_BYTES);
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let mut run = ahead.iter().take_while(|byte| is_host(byte)).count();
    while run > 0 && matches!(ahead[run - 1], b'.' | b'-') {
        run -= 1;
    }
    &ahead[..run]
}

/// The labels before the last one, and the last one.
fn split_domain(host: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = host.iter().rposition(|&byte| byte == b'.')?;
    Some((&host[..dot], &host[dot + 1..]))
}
