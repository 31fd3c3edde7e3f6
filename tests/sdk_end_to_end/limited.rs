//! What a real SDK does that has reached its key's rate limit: it keeps its events to itself.

use std::process::Command;

use serde_json::{Value, json};

use super::programs::{output, program};
use crate::support::server::TestServer;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/sdk/python/limited.py");

#[test]
#[ignore = "needs the Python SDK: run by scripts/test"]
fn the_python_sdk_sends_nothing_more_once_it_was_told_that_its_key_has_reached_its_limit() {
    let server = TestServer::start();
    let key = format!("{}/keys/{}/", server.project_path(), server.account().key);
    server.managed("PUT", &key, &json!({"rateLimit": {"window": 86_400, "count": 3}}));
    let said = output(Command::new(program("WATCHFIRE_TEST_PYTHON")).args([SCRIPT, &server.dsn(), "10"]));
    let said: Value = serde_json::from_str(&said).unwrap();
    let after_one_refusal = ["self_rate_limits"; 6];
    assert_eq!(said["kept"], json!([&["status_429"][..], &after_one_refusal].concat()), "3 taken, 1 refused, 6 kept");
}
