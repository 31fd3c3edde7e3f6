//! What the signature doctor reads of strangers, a body and headers of any form, is never valid; and a newline after what was signed is
//! always found.

#![no_main]

use libfuzzer_sys::fuzz_target;
use webhook::doctor::{Doctor, Received};
use webhook::{Secret, Signer, headers};

fuzz_target!(|input: (&[u8], &str, &str)| {
    let (body, value, time) = input;
    let secret = Secret::from_random([7; 32]);
    let doctor = Doctor::new(&secret);
    let any = Received::new(body, |name| Some(if name == headers::WEBHOOK_TIMESTAMP { time } else { value }));
    assert!(!doctor.examine(&any, 1_704_067_200).is_valid());

    let signature = Signer::new(&secret).hex(body);
    let signature = std::str::from_utf8(&signature).expect("hex is ASCII");
    let examine = |body: &[u8]| {
        doctor.examine(&Received::new(body, |name| (name == headers::SIGNATURE).then_some(signature)), 0)
    };
    assert!(examine(body).is_valid());
    let changed = [body, b"\n"].concat();
    let found = examine(&changed).signatures.remove(0);
    assert_eq!(found.finding().map(|finding| finding.name()), Some("newline_added"));
});
