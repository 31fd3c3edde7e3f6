//! Verdicts over URLs, beside those of the table of known tricks.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::egress::{Cases, DENIED_PORTS, Origin};

fn with_http() -> Policy {
    let mut policy = Policy::default();
    policy.allow_http();
    policy
}

fn refusal(text: &str) -> Option<UrlRefusal> {
    judge_url(text, &with_http()).err()
}

#[test]
fn each_trick_is_refused_for_its_own_reason() {
    let long = format!("https://example.com/{}", "é".repeat(HOOK_URL_CHARACTERS_MAX));
    for (text, expected) in [
        (long.as_str(), UrlRefusal::TooLong),
        ("", UrlRefusal::Malformed),
        ("example.com/hook", UrlRefusal::Malformed),
        ("https:", UrlRefusal::Malformed),
        ("https://", UrlRefusal::Malformed),
        ("https:example.com", UrlRefusal::Malformed),
        ("https:///example.com", UrlRefusal::Malformed),
        ("https://example.com:70000/", UrlRefusal::Malformed),
        (" https://example.com/", UrlRefusal::ForbiddenCharacter),
        ("https://example.com/\u{7f}", UrlRefusal::ForbiddenCharacter),
        ("https://exam\u{a0}ple.com/", UrlRefusal::ForbiddenCharacter),
        ("https:\\\\example.com", UrlRefusal::ForbiddenCharacter),
        ("ftp://example.com/", UrlRefusal::Scheme),
        ("javascript:alert(1)", UrlRefusal::Scheme),
        ("https://user@example.com/", UrlRefusal::UserInfo),
        ("https://@example.com/", UrlRefusal::UserInfo),
        ("https://:@example.com/", UrlRefusal::UserInfo),
        ("https://example.com/#", UrlRefusal::Fragment),
        ("https://example.com:25/", UrlRefusal::Port(25)),
        ("http://example.com:5432/", UrlRefusal::Port(5432)),
        ("https://-a.example.com/", UrlRefusal::MalformedName),
        ("https://example.com../", UrlRefusal::MalformedName),
        ("https://a*b.example.com/", UrlRefusal::MalformedName),
        ("https://intranet/", UrlRefusal::PrivateName),
        ("https://api.default.svc/", UrlRefusal::PrivateName),
        ("https://metadata.google.internal/", UrlRefusal::PrivateName),
    ] {
        assert_eq!(refusal(text), Some(expected), "{text}");
    }
    assert!(judge_url("http://example.com/", &Policy::default()).is_err_and(|why| why == UrlRefusal::PlainHttp));
}

#[test]
fn exactly_as_many_characters_as_allowed_are_accepted() {
    let start = "https://example.com/";
    let fits = format!("{start}{}", "é".repeat(HOOK_URL_CHARACTERS_MAX - start.len()));
    assert_eq!(refusal(&fits), None);
    assert_eq!(refusal(&format!("{fits}a")), Some(UrlRefusal::TooLong));
}

#[test]
fn a_target_has_the_parts_that_a_connection_needs() {
    for (text, url, authority, path, port) in [
        ("HTTPS://Example.COM", "https://example.com/", "example.com", "/", 443),
        ("https://example.com.:443/a?b=c", "https://example.com/a?b=c", "example.com", "/a?b=c", 443),
        ("https://example.com:8443?q", "https://example.com:8443/?q", "example.com:8443", "/?q", 8443),
        ("http://example.com:443/", "http://example.com:443/", "example.com:443", "/", 443),
        (
            "https://bücher.example/ä b".trim_end_matches(" b"),
            "https://xn--bcher-kva.example/%C3%A4",
            "xn--bcher-kva.example",
            "/%C3%A4",
            443,
        ),
        ("https://[2606:4700:0::1111]:9000/", "https://[2606:4700::1111]:9000/", "[2606:4700::1111]:9000", "/", 9000),
        ("https://0x08.8.2056/x/../y", "https://8.8.8.8/y", "8.8.8.8", "/y", 443),
    ] {
        let target = judge_url(text, &with_http()).unwrap();
        assert_eq!(target.url(), url);
        assert_eq!(target.authority(), authority, "{text}");
        assert_eq!(target.path_and_query(), path, "{text}");
        assert_eq!(target.port(), port, "{text}");
    }
}

#[test]
fn a_named_host_skips_the_name_rules_and_nothing_else() {
    let mut policy = Policy::default();
    policy.allow("hooks.internal").unwrap();
    policy.allow("gateway").unwrap();
    assert!(judge_url("https://hooks.internal./x", &policy).is_ok());
    assert!(judge_url("https://gateway/", &policy).is_ok());
    assert_eq!(judge_url("https://a.hooks.internal/", &policy).err(), Some(UrlRefusal::PrivateName));
    assert_eq!(judge_url("https://gateway:6379/", &policy).err(), Some(UrlRefusal::Port(6379)));
    assert_eq!(judge_url("http://gateway/", &policy).err(), Some(UrlRefusal::PlainHttp));
}

#[test]
fn the_development_policy_is_for_this_machine_alone() {
    let dev = Policy::dev();
    for text in [
        "http://localhost:9100/",
        "http://app.localhost:9100/",
        "http://127.0.0.1:9100/",
        "http://[::1]:9100/",
        "http://2130706433:9100/",
    ] {
        assert!(judge_url(text, &dev).is_ok(), "{text}");
    }
    for text in [
        "http://10.0.0.1/",
        "http://printer.local/",
        "http://0.0.0.0:9100/",
        "http://localhost:6379/",
        "http://[::ffff:127.0.0.1]/",
    ] {
        assert!(judge_url(text, &dev).is_err(), "{text}");
    }
}

#[test]
fn a_hook_on_our_own_origin_is_refused_however_it_is_written() {
    let mut policy = Policy::dev();
    policy.refuse_origin(Origin::of_own_url("https://watch.example.com/").unwrap());
    policy.refuse_origin(Origin::of_own_url("http://127.0.0.1:9000").unwrap());
    for text in [
        "https://watch.example.com/x",
        "https://WATCH.example.com.:443/",
        "http://127.1:9000/",
        "http://0x7f000001:9000/",
    ] {
        assert_eq!(judge_url(text, &policy).err(), Some(UrlRefusal::OwnOrigin), "{text}");
    }
    assert!(judge_url("https://watch.example.com:8443/", &policy).is_ok());
    assert!(judge_url("http://127.0.0.1:9100/", &policy).is_ok());
}

#[test]
fn the_text_of_a_refused_address_does_not_say_what_it_is() {
    let texts: Vec<String> = ["https://127.0.0.1/", "https://10.0.0.1/", "https://[fd00::1]/"]
        .map(|url| refusal(url).unwrap().to_string())
        .into();
    assert!(texts.iter().all(|text| text == &texts[0]), "{texts:?}");
}

/// What must hold of every target, however strange the text it came from; whether there was one.
fn check(text: &str, policy: &Policy) -> bool {
    let Ok(target) = judge_url(text, policy) else { return false };
    assert_eq!(judge_url(target.url(), policy).as_ref(), Ok(&target), "{text:?} judged again");
    assert!(target.url().bytes().all(|byte| byte.is_ascii_graphic()), "{text:?} gave {}", target.url());
    assert!(target.path_and_query().starts_with('/'), "{text:?}");
    assert!(!DENIED_PORTS.contains(&target.port()), "{text:?}");
    let parsed = ::url::Url::parse(text).unwrap();
    assert_eq!(parsed.port_or_known_default(), Some(target.port()), "{text:?}");
    match target.host() {
        Host::Name(name) => {
            assert!(name.contains('.') && name.parse::<IpAddr>().is_err(), "{text:?}");
            assert_eq!(parsed.host_str().map(|host| host.trim_end_matches('.')), Some(name.as_str()), "{text:?}");
        }
        Host::Address(address) => assert_eq!(judge_address(*address, policy), Ok(()), "{text:?}"),
    }
    true
}

/// A small generator with a fixed seed, so that a failing round can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn mutated_tricks_never_pass_as_something_else() {
    const PIECES: [&str; 24] = [
        "@",
        ":",
        "/",
        "//",
        "\\",
        "#",
        "?",
        ".",
        "..",
        "[",
        "]",
        "%",
        "%2e",
        "%00",
        "\t",
        "。",
        "⑴",
        "ß",
        "0x",
        "127.0.0.1",
        "::1",
        "localhost",
        "\u{200d}",
        "\u{ad}",
    ];
    let seeds: Vec<String> = Cases::built_in().unwrap().text.into_iter().map(|case| case.url).collect();
    let policy = with_http();
    let mut numbers = Numbers(0x5eed_2024);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut letters: Vec<char> = seeds[numbers.below(seeds.len())].chars().collect();
        for _ in 0..=numbers.below(3) {
            let place = numbers.below(letters.len() + 1);
            match numbers.below(4) {
                0 if place < letters.len() => drop(letters.remove(place)),
                1 if place < letters.len() => letters.swap(place, 0),
                2 => letters.truncate(place.max(8)),
                _ => drop(letters.splice(place..place, PIECES[numbers.below(PIECES.len())].chars())),
            }
        }
        accepted += usize::from(check(&letters.into_iter().collect::<String>(), &policy));
    }
    assert!(
        (500..15_000).contains(&accepted),
        "{accepted} of the mutated texts were accepted: the mutator is out of tune"
    );
}

proptest! {
    #[test]
    fn any_text_gets_a_verdict_that_holds(text in r"(https?://)?\PC{0,60}") {
        check(&text, &with_http());
    }

    #[test]
    fn any_host_port_and_path_get_a_verdict_that_holds(
        host in r"([a-z0-9-]{1,6}\.){0,3}[a-z0-9]{1,4}\.?|\[[0-9a-f:.]{2,20}\]|[0-9.x]{1,15}",
        port in any::<u16>(),
        path in r"(/[!-~]{0,20})?",
    ) {
        check(&format!("https://{host}:{port}{path}"), &with_http());
        check(&format!("http://{host}{path}"), &with_http());
    }

    #[test]
    fn no_spelling_of_a_private_ipv4_address_passes(bits in any::<u32>(), form in 0..4_u8) {
        let address = std::net::Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = address.octets();
        let host = match form {
            0 => format!("{bits}"),
            1 => format!("{bits:#x}"),
            2 => format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
            _ => format!("{a}.{b}.{}", u32::from(c) << 8 | u32::from(d)),
        };
        let by_text = judge_url(&format!("https://{host}/"), &Policy::default()).map(|target| target.host().clone());
        let by_address = judge_address(address.into(), &Policy::default());
        prop_assert_eq!(by_text, by_address.map(|()| Host::Address(address.into())).map_err(UrlRefusal::Address));
    }
}
