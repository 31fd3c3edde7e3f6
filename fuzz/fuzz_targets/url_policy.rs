//! URLs of hooks: what is allowed is https to a public place, and judged again in its normalised form it is the same target.

#![no_main]

use libfuzzer_sys::fuzz_target;
use model::egress::{HOOK_URL_CHARACTERS_MAX, Host, Policy, Scheme, UrlRefusal, judge_address, judge_url};

fuzz_target!(|text: &str| {
    let policy = Policy::default();
    let Ok(target) = judge_url(text, &policy) else { return };
    assert_eq!(target.scheme(), Scheme::Https);
    assert!(target.path_and_query().starts_with('/'));
    match target.host() {
        Host::Address(address) => assert!(judge_address(*address, &policy).is_ok(), "{address}"),
        Host::Name(name) => assert!(name.contains('.') && name.parse::<std::net::IpAddr>().is_err(), "{name}"),
    }
    match judge_url(target.url(), &policy) {
        Err(UrlRefusal::TooLong) => assert!(target.url().len() > HOOK_URL_CHARACTERS_MAX),
        again => assert_eq!(again.as_ref(), Ok(&target)),
    }
});
