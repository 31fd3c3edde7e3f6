//! Credentials in every place and of every fault.

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";

fn read<'r>(header: &'r str, authorization: &'r str, query: &'r str) -> Result<Credentials<'r>, AuthError> {
    let some = |text: &'r str| (!text.is_empty()).then_some(text);
    credentials(&Sources {
        x_sentry_auth: some(header).map(str::as_bytes),
        authorization: some(authorization).map(str::as_bytes),
        query: some(query),
    })
}

#[test]
fn each_place_gives_the_same_key() {
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{KEY}:anything")));
    let pairs =
        format!("Sentry sentry_version=7, sentry_key={KEY}, sentry_client=x/1, sentry_secret=s, sentry_timestamp=1.5");
    for (header, authorization, query, client) in [
        (pairs.as_str(), "", "", Some("x/1")),
        ("", pairs.as_str(), "", Some("x/1")),
        ("", basic.as_str(), "", None),
        ("", "", "sentry_key=0123456789abcdef0123456789abcdef&sentry_client=x%2F1&sentry_version=7", Some("x/1")),
        ("", "Bearer abc", "sentry_key=0123456789abcdef0123456789abcdef", None),
        ("Sentry", "", "sentry_key=0123456789abcdef0123456789abcdef", None),
    ] {
        let found = read(header, authorization, query).unwrap();
        assert_eq!(found.public_key.to_string(), KEY);
        assert_eq!(found.version, 7);
        assert_eq!(found.client.as_deref(), client);
    }
}

#[test]
fn the_scheme_word_has_no_case_and_blanks_do_not_matter() {
    for header in ["sentry sentry_key=K", "SENTRY   sentry_key = K ,", "Sentry x=1,,sentry_key=K.no-cache"] {
        let header = header.replace('K', KEY);
        assert_eq!(read(&header, "", "").unwrap().public_key.to_string(), KEY, "{header}");
    }
}

#[test]
fn the_version_is_what_stands_before_a_point_and_7_where_none_is() {
    for (version, expected) in [
        ("", Ok(7)),
        (", sentry_version=7", Ok(7)),
        (", sentry_version=5", Ok(5)),
        (", sentry_version=2.0", Ok(2)),
        (", sentry_version=8", Err(AuthError::UnsupportedVersion)),
        (", sentry_version=0", Err(AuthError::UnsupportedVersion)),
        (", sentry_version=99999", Err(AuthError::MalformedVersion)),
        (", sentry_version=x", Err(AuthError::MalformedVersion)),
    ] {
        let header = format!("Sentry sentry_key={KEY}{version}");
        assert_eq!(read(&header, "", "").map(|found| found.version), expected, "{version}");
    }
}

#[test]
fn each_fault_is_named() {
    let pairs = format!("Sentry sentry_key={KEY}");
    let query = format!("sentry_key={KEY}");
    for (header, authorization, query, error) in [
        ("", "", "", AuthError::Missing),
        ("", "", "sentry_release=x&sentry_keys=y", AuthError::Missing),
        ("Bearer x", "Digest y", "", AuthError::Missing),
        (pairs.as_str(), pairs.as_str(), "", AuthError::Multiple),
        (pairs.as_str(), "", query.as_str(), AuthError::Multiple),
        ("", "Basic !!", query.as_str(), AuthError::Multiple),
        ("Sentry sentry_version=7", "", "", AuthError::MissingKey),
        ("Sentry sentry_key=", "", "", AuthError::MissingKey),
        ("Sentry sentry_key=abc", "", "", AuthError::MalformedKey),
        ("", "Basic !!", "", AuthError::Malformed),
        ("", "Basic YWJjOmRlZg==", "", AuthError::MalformedKey),
    ] {
        assert_eq!(read(header, authorization, query), Err(error), "{header} | {authorization} | {query}");
    }
    let not_text = Sources { x_sentry_auth: Some(b"Sentry sentry_key=\xff"), ..Sources::default() };
    assert_eq!(credentials(&not_text), Err(AuthError::Malformed));
}

#[test]
fn header_credentials_beside_other_sentry_parameters_are_no_second_place() {
    let pairs = format!("Sentry sentry_key={KEY}");
    assert!(read(&pairs, "", "sentry_release=1&sentry_environment=prod").is_ok());
}

#[test]
fn an_envelopes_dsn_must_name_the_same_key_and_project_on_any_host() {
    let header = format!("Sentry sentry_key={KEY}");
    let found = read(&header, "", "").unwrap();
    let dsn = |key: &str, project: u64| format!("https://{key}@elsewhere/{project}").parse::<Dsn>().unwrap();
    assert_eq!(found.agree_with(&dsn(KEY, 1), 1), Ok(()));
    assert_eq!(found.agree_with(&dsn(KEY, 2), 1), Err(AuthError::OtherProject));
    assert_eq!(found.agree_with(&dsn(&"a".repeat(32), 1), 1), Err(AuthError::OtherKey));
    assert_eq!(Credentials::from_dsn(&dsn(KEY, 1)).public_key, found.public_key);
}

#[test]
fn form_values_are_decoded_once_and_faults_in_them_stay() {
    for (encoded, decoded) in
        [("a+b%20c", "a b c"), ("%", "%"), ("%zz%4", "%zz%4"), ("%c3%a9", "é"), ("%ff", "\u{fffd}")]
    {
        assert_eq!(query_value(&format!("x=1&v={encoded}"), "v").as_deref(), Some(decoded));
    }
    assert_eq!(query_value("x=1", "v"), None);
}
