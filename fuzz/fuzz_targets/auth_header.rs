//! Credentials: header values of any bytes and any query string are read or refused, never anything else.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::auth::{PROTOCOL_VERSION, Sources, credentials};

fuzz_target!(|input: (Option<&[u8]>, Option<&[u8]>, Option<&str>)| {
    let (x_sentry_auth, authorization, query) = input;
    if let Ok(found) = credentials(&Sources { x_sentry_auth, authorization, query }) {
        assert!((1..=PROTOCOL_VERSION).contains(&found.version));
        assert_eq!(found.public_key.to_string().parse(), Ok(found.public_key));
    }
});
