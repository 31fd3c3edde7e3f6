//! Each finding, from a webhook to which that happened.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::*;
use crate::hex::write_hex;

const NOW: u64 = 1_704_067_200;
const TIME: &str = "1704067200";
const BODY: &str = concat!(
    r#"{"id":"9f0c","project":"shop","project_id":"1","message":"café","level":"error","#,
    r#""logger":"","event":{"timestamp":1704067200.0}}"#
);

fn secret(byte: u8) -> Secret {
    Secret::from_random([byte; 32])
}

fn doctor() -> Doctor {
    Doctor::new(&secret(1))
}

fn hex_of(signer: &Signer, parts: &[&[u8]]) -> String {
    let mut text = [0; 64];
    write_hex(&signer.mac(parts), &mut text);
    String::from_utf8(text.to_vec()).unwrap()
}

/// The hex signature of a body with the present secret.
fn hex(body: &[u8]) -> String {
    hex_of(&Signer::new(&secret(1)), &[body])
}

/// The hex signature of [`BODY`] with these key bytes.
fn hex_by(key: &[u8]) -> String {
    hex_of(&Signer::of_key(key), &[BODY.as_bytes()])
}

fn standard(parts: &[&str]) -> String {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    format!("v1,{}", STANDARD.encode(Signer::new(&secret(1)).mac(&parts)))
}

fn examine(doctor: &Doctor, body: &[u8], headers: &[(HeaderName, &str)]) -> Examination {
    let received =
        Received::new(body, |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value));
    doctor.examine(&received, NOW)
}

fn one(doctor: &Doctor, body: &[u8], headers: &[(HeaderName, &str)]) -> Diagnosis {
    let [diagnosis] = examine(doctor, body, headers).signatures.try_into().unwrap();
    diagnosis
}

fn of_hex(body: impl AsRef<[u8]>, signature: &str) -> Option<Finding> {
    one(&doctor(), body.as_ref(), &[(headers::SIGNATURE, signature)]).finding().cloned()
}

fn of_standard(signature: &str) -> Option<Finding> {
    let headers =
        [(headers::WEBHOOK_ID, "d1"), (headers::WEBHOOK_TIMESTAMP, TIME), (headers::WEBHOOK_SIGNATURE, signature)];
    one(&doctor(), BODY.as_bytes(), &headers).finding().cloned()
}

#[test]
fn what_is_right_has_no_finding() {
    let signature = hex(BODY.as_bytes());
    let dated = standard(&["d1", ".", TIME, ".", BODY]);
    let examination = examine(
        &doctor(),
        BODY.as_bytes(),
        &[
            (headers::SIGNATURE, &format!(" {signature} ")),
            (headers::SERVICE_HOOK_SIGNATURE, &signature),
            (headers::WEBHOOK_ID, "d1"),
            (headers::WEBHOOK_TIMESTAMP, TIME),
            (headers::WEBHOOK_SIGNATURE, &dated),
        ],
    );
    assert!(examination.is_valid());
    let names: Vec<&str> = examination.signatures.iter().map(|diagnosis| diagnosis.header.display).collect();
    assert_eq!(names, ["X-Sentry-Hook-Signature", "X-ServiceHook-Signature", "webhook-signature"]);
    assert!(examination.signatures.iter().all(|diagnosis| diagnosis.verdict == Verdict::Valid(By::Present)));
    let nothing = examine(&doctor(), BODY.as_bytes(), &[(headers::WEBHOOK_ID, "d1")]);
    assert!(nothing.signatures.is_empty() && !nothing.is_valid());
}

#[test]
fn the_form_of_a_hex_signature_is_told() {
    let right = hex(BODY.as_bytes());
    let base64 = STANDARD.encode(Signer::new(&secret(1)).mac(&[BODY.as_bytes()]));
    for (value, expected) in [
        (right.to_uppercase(), Finding::UpperCase),
        (format!("sha256={right}"), Finding::Prefix),
        (standard(&["d1", ".", TIME, ".", BODY]), Finding::Base64InHexHeader),
        (base64, Finding::Base64InHexHeader),
        (STANDARD.encode(&right), Finding::EncodedTwice),
        (String::new(), Finding::EmptyHeader),
        (right[1..].to_owned(), Finding::NotASignature),
    ] {
        assert_eq!(of_hex(BODY, &value), Some(expected), "{value}");
    }
}

#[test]
fn the_form_of_a_standard_signature_is_told() {
    let right = standard(&["d1", ".", TIME, ".", BODY]);
    let base64 = right.strip_prefix("v1,").unwrap();
    for (value, expected) in [
        (hex(BODY.as_bytes()), Finding::HexInStandardHeader),
        (base64.to_owned(), Finding::VersionMissing),
        (right.trim_end_matches('=').to_owned(), Finding::OtherBase64),
        (format!("v1,{}", STANDARD.encode(base64)), Finding::EncodedTwice),
        (String::new(), Finding::EmptyHeader),
        ("v1a,AAAA".to_owned(), Finding::NotASignature),
    ] {
        assert_eq!(of_standard(&value), Some(expected), "{value}");
    }
    assert_eq!(of_standard(&format!("v1a,AAAA {right}")), None);
}

#[test]
fn what_happened_to_the_bytes_of_a_body_is_told() {
    let signature = hex(BODY.as_bytes());
    let latin: String = BODY.as_bytes().iter().copied().map(char::from).collect();
    let as_latin: Vec<u8> = BODY.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    let quoted = serde_json::to_string(BODY).unwrap();
    for (body, expected) in [
        (format!("{BODY}\n").into_bytes(), Finding::NewlineAdded),
        (format!("{BODY}\r\n").into_bytes(), Finding::NewlineAdded),
        (format!("  {BODY}\n\n").into_bytes(), Finding::BlanksAdded),
        (format!("\u{feff}{BODY}").into_bytes(), Finding::ByteOrderMark),
        (STANDARD.encode(BODY).into_bytes(), Finding::Base64Body),
        (quoted.into_bytes(), Finding::BodyInJsonString),
        (latin.into_bytes(), Finding::Recoded),
        (as_latin, Finding::Recoded),
        (Vec::new(), Finding::EmptyBody),
    ] {
        assert_eq!(of_hex(&body, &signature), Some(expected), "{:?}", String::from_utf8_lossy(&body));
    }
    assert_eq!(of_hex(BODY, &hex(format!("{BODY}\n").as_bytes())), Some(Finding::NewlineLost));
    assert_eq!(of_hex(BODY, &hex(b"")), Some(Finding::EmptyBody));
    assert_eq!(of_hex("{\r\n}", &hex(b"{\n}")), Some(Finding::LineEndsAdded));
    assert_eq!(of_hex("{\n\n}", &hex(b"{\r\n\r\n}")), Some(Finding::LineEndsLost));
}

#[test]
fn a_body_that_was_written_again_is_told_from_a_signature_over_one() {
    let signature = hex(BODY.as_bytes());
    let spaced = BODY.replace("\":", "\": ").replace(",\"", ", \"").replace('é', "\\u00e9");
    assert_eq!(of_hex(&spaced, &signature), Some(Finding::Reserialised));
    assert_eq!(of_hex(BODY.replace("0.0", "0"), &signature), Some(Finding::Reserialised));
    assert_eq!(of_hex(BODY, &hex(spaced.as_bytes())), Some(Finding::SignedReserialised(Writer::Python)));
    let whole = BODY.replace("0.0", "0");
    assert_eq!(of_hex(BODY, &hex(whole.as_bytes())), Some(Finding::SignedReserialised(Writer::JavaScript)));
    let lost = BODY.replace("\"logger\":\"\"", "\"logger\": \"\"").replace("shop", "store");
    assert_eq!(of_hex(&lost, &signature), Some(Finding::LooksReserialised(Sign::Blanks)));
    assert_eq!(of_hex(BODY.replace("shop", "store"), &signature), Some(Finding::Unexplained));
}

#[test]
fn a_mistaken_key_is_told() {
    let secret = Secret::from_random([0xab; 32]);
    let doctor = Doctor::new(&secret);
    let (digits, signing) = (secret.expose(), secret.signing_secret());
    for (key, expected) in [
        (vec![0xab; 32], Finding::DecodedKey),
        (STANDARD.decode(&digits).unwrap(), Finding::Base64Key),
        (signing.as_bytes().to_vec(), Finding::SigningSecretText),
        (signing.as_bytes()[6..].to_vec(), Finding::SigningSecretText),
        (format!("{digits}\n").into_bytes(), Finding::SecretWithNewline),
        (format!("{digits}\r\n").into_bytes(), Finding::SecretWithNewline),
        (format!("\"{digits}\"").into_bytes(), Finding::SecretInQuotes),
        (digits.to_uppercase().into_bytes(), Finding::UpperCaseSecret),
        (Vec::new(), Finding::EmptySecret),
    ] {
        let by_hex = one(&doctor, BODY.as_bytes(), &[(headers::SIGNATURE, &hex_by(&key))]);
        assert_eq!(by_hex.finding(), Some(&expected));
        let dated = [&b"d1."[..], TIME.as_bytes(), b".", BODY.as_bytes()];
        let value = format!("v1,{}", STANDARD.encode(Signer::of_key(&key).mac(&dated)));
        let headers = [
            (headers::WEBHOOK_ID, "d1"),
            (headers::WEBHOOK_TIMESTAMP, TIME),
            (headers::WEBHOOK_SIGNATURE, value.as_str()),
        ];
        assert_eq!(one(&doctor, BODY.as_bytes(), &headers).finding(), Some(&expected));
    }
}

#[test]
fn a_rotation_makes_the_previous_secret_valid_until_its_overlap_ends() {
    let signature = hex_of(&Signer::new(&secret(2)), &[BODY.as_bytes()]);
    let headers = [(headers::SIGNATURE, signature.as_str())];
    let unknown = one(&doctor(), BODY.as_bytes(), &headers);
    assert_eq!(unknown.finding(), Some(&Finding::Unexplained));
    let running = one(&doctor().with_overlapping(&secret(2)), BODY.as_bytes(), &headers);
    assert_eq!(running.verdict, Verdict::Valid(By::Overlapping));
    assert_eq!((running.reason(), running.finding()), (None, Some(&Finding::RotationOverlaps)));
    let ended = one(&doctor().with_ended(&secret(2)), BODY.as_bytes(), &headers);
    assert!(!ended.is_valid());
    assert_eq!(ended.finding(), Some(&Finding::PreviousSecret));
    let changed = format!("{BODY}\n");
    let running = one(&doctor().with_overlapping(&secret(2)), changed.as_bytes(), &headers);
    assert_eq!(running.finding(), Some(&Finding::NewlineAdded));
}

#[test]
fn another_hooks_secret_is_named() {
    let signature = hex_of(&Signer::new(&secret(3)), &[BODY.as_bytes()]);
    let doctor = doctor().with_other("hook a", &secret(2)).with_other("hook b", &secret(3));
    let diagnosis = one(&doctor, BODY.as_bytes(), &[(headers::SIGNATURE, &signature)]);
    assert_eq!(diagnosis.finding(), Some(&Finding::OtherSecret { of: "hook b".to_owned() }));
    assert!(diagnosis.finding().unwrap().to_string().contains("the secret of hook b"));
}

#[test]
fn the_age_of_a_signature_is_told_from_its_being_wrong() {
    let finding = |time: &str, signed: &str| {
        let signature = standard(&["d1", ".", time, ".", signed]);
        let headers = [
            (headers::WEBHOOK_ID, "d1"),
            (headers::WEBHOOK_TIMESTAMP, time),
            (headers::WEBHOOK_SIGNATURE, signature.as_str()),
        ];
        let diagnosis = one(&doctor(), BODY.as_bytes(), &headers);
        (diagnosis.reason().unwrap(), diagnosis.finding().unwrap().clone())
    };
    assert_eq!(finding("1704066899", BODY), (SignatureError::TooOld(301), Finding::TimestampOld));
    assert_eq!(finding("1704067501", BODY), (SignatureError::TooNew(301), Finding::TimestampAhead));
    assert_eq!(finding("1704067200000", BODY).1, Finding::TimestampMillis);
    assert_eq!(finding("yesterday", BODY), (SignatureError::BadTimestamp, Finding::NotATimestamp));
    let newline = format!("{BODY}\n");
    assert_eq!(finding("1704066899", &newline), (SignatureError::Mismatch, Finding::NewlineLost));
}

#[test]
fn what_else_was_signed_or_left_out_is_told() {
    let twice = |signature: &str, headers: &[(HeaderName, &str)]| {
        let mut headers = headers.to_vec();
        headers.push((headers::WEBHOOK_SIGNATURE, signature));
        one(&doctor(), BODY.as_bytes(), &headers).finding().unwrap().clone()
    };
    assert_eq!(of_standard(&standard(&[BODY])), Some(Finding::BodyAlone));
    assert_eq!(of_standard(&standard(&[TIME, ".", BODY])), Some(Finding::IdLeftOut));
    assert_eq!(of_standard(&standard(&["d1", ".", BODY])), Some(Finding::TimestampLeftOut));
    let right = standard(&["d1", ".", TIME, ".", BODY]);
    let (id, time) = ((headers::WEBHOOK_ID, "d1"), (headers::WEBHOOK_TIMESTAMP, TIME));
    assert_eq!(twice(&right, &[time]), Finding::HeaderMissing(headers::WEBHOOK_ID));
    assert_eq!(twice(&right, &[id]), Finding::HeaderMissing(headers::WEBHOOK_TIMESTAMP));
    let other_id = [(headers::WEBHOOK_ID, "x"), time, (headers::DELIVERY, "d1")];
    let changed = Finding::HeaderChanged { changed: headers::WEBHOOK_ID, signed: headers::DELIVERY };
    assert_eq!(twice(&right, &other_id), changed);
    let other_time = [id, (headers::WEBHOOK_TIMESTAMP, "1704067201"), (headers::SERVICE_HOOK_TIMESTAMP, TIME)];
    let changed =
        Finding::HeaderChanged { changed: headers::WEBHOOK_TIMESTAMP, signed: headers::SERVICE_HOOK_TIMESTAMP };
    assert_eq!(twice(&right, &other_time), changed);
    for parts in [&["d1", ".", TIME, ".", BODY][..], &[TIME, ".", BODY], &["d1", ".", BODY]] {
        let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
        let signature = hex_of(&Signer::new(&secret(1)), &parts);
        let headers = [id, time, (headers::SIGNATURE, signature.as_str())];
        assert_eq!(one(&doctor(), BODY.as_bytes(), &headers).finding(), Some(&Finding::MoreThanBody));
    }
}

#[test]
fn one_signature_that_holds_explains_another() {
    let (right, other) = (hex(BODY.as_bytes()), hex_of(&Signer::new(&secret(2)), &[BODY.as_bytes()]));
    let dated = standard(&["d1", ".", TIME, ".", BODY]);
    let with = |hex: &str, id: &str| {
        let headers = [
            (headers::SIGNATURE, hex),
            (headers::WEBHOOK_ID, id),
            (headers::WEBHOOK_TIMESTAMP, TIME),
            (headers::WEBHOOK_SIGNATURE, dated.as_str()),
        ];
        let signatures = examine(&doctor(), BODY.as_bytes(), &headers).signatures;
        signatures.iter().map(|diagnosis| diagnosis.finding().cloned()).collect::<Vec<_>>()
    };
    assert_eq!(with(&right, "d1"), [None, None]);
    assert_eq!(with(&right, "d2"), [None, Some(Finding::IdOrTimestampChanged)]);
    assert_eq!(with(&other, "d1"), [Some(Finding::UnknownSecret), None]);
    assert_eq!(with(&other, "d2"), [Some(Finding::Unexplained), Some(Finding::Unexplained)]);
    assert_eq!(with(&right.to_uppercase(), "d1"), [Some(Finding::UpperCase), None]);
}

#[test]
fn programs_get_one_object_with_the_name_of_the_finding() {
    let signature = hex(BODY.as_bytes());
    let body = format!("{BODY}\n");
    let examination = examine(&doctor(), body.as_bytes(), &[(headers::SIGNATURE, &signature)]);
    assert_eq!(
        serde_json::to_value(&examination).unwrap(),
        json!({"valid": false, "signatures": [{
            "header": "X-Sentry-Hook-Signature",
            "valid": false,
            "reason": "the signature does not match: another secret, or other bytes than were sent",
            "finding": "newline_added",
            "advice": "it matches without the newline at the end: something added one, such as an editor or `echo`",
        }]})
    );
    let examination = examine(&doctor(), BODY.as_bytes(), &[(headers::SIGNATURE, &signature)]);
    let valid =
        json!({"header": "X-Sentry-Hook-Signature", "valid": true, "reason": null, "finding": null, "advice": null});
    assert_eq!(serde_json::to_value(&examination).unwrap(), json!({"valid": true, "signatures": [valid]}));
}

proptest::proptest! {
    #[test]
    fn no_text_panics_or_verifies(body in ".{0,60}", header in ".{0,80}", time in "[0-9]{0,20}") {
        let names = [headers::SIGNATURE, headers::WEBHOOK_ID, headers::WEBHOOK_SIGNATURE, headers::DELIVERY];
        let mut headers = names.map(|name| (name, header.as_str())).to_vec();
        headers.push((headers::WEBHOOK_TIMESTAMP, &time));
        proptest::prop_assert!(!examine(&doctor(), body.as_bytes(), &headers).is_valid());
    }

    #[test]
    fn no_finding_ever_makes_another_body_valid(body in "(\\PC|[\r\n]){1,60}", newline in "\r?\n") {
        let signature = hex(body.as_bytes());
        let changed = format!("{body}{newline}");
        let diagnosis = one(&doctor(), changed.as_bytes(), &[(headers::SIGNATURE, &signature)]);
        proptest::prop_assert_eq!((diagnosis.is_valid(), diagnosis.finding()), (false, Some(&Finding::NewlineAdded)));
    }
}
