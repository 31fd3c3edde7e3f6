//! Pairs of events without stack traces, and fingerprints.

use serde_json::{Value, json};

use super::build::{chain, crash, exception, fingerprint, message, own, with};
use super::{Pair, apart, only_at_sentry, only_here, together};

fn logged(template: &str, params: &Value) -> Value {
    json!({"platform": "python", "logentry": {"message": template, "params": params}})
}

pub(crate) fn texts() -> Vec<Pair> {
    let said = |one, other| [message(one), message(other)];
    vec![
        together("numbers", said("order 1017 failed", "order 99 failed")),
        together("durations", said("took 12ms", "took 1.5s")),
        together(
            "UUIDs",
            said("id 5fe979d3-29b1-4a4c-aa62-b32455206cdd is gone", "id 0af76519-16cd-43dd-8448-eb211c80319c is gone"),
        ),
        together(
            "hashes and hexadecimal numbers",
            said(
                "blob d41d8cd98f00b204e9800998ecf8427e at 0x7fea014dac10",
                "blob 9e107d9d372bb6826bd81d3542a419d6 at 0x10",
            ),
        ),
        together("dates and times of day", said("since 2024-01-31T12:34:56Z", "since 2023-12-01 08:00:00")),
        together(
            "addresses of network, mail and web",
            said(
                "ada@example.com from 10.0.0.7 at https://a.example.com/x?y=1",
                "bob@example.org from 192.168.4.4 at https://b.example.com/z",
            ),
        ),
        together("a quoted text after `=`", said("name='ada' failed", "name='bob' failed")),
        apart("a quoted text elsewhere", said("user 'ada' failed", "user 'bob' failed")),
        apart("another word", said("payment failed", "payment refused")),
        apart("another second line", said("failed\nin the shop", "failed\nin the office")),
        together("another third line", said("failed\nhere\nfirst detail", "failed\nhere\nsecond detail")),
        together(
            "one template, other parameters",
            [
                logged("order %s failed for %s", &json!([1017, "acme"])),
                logged("order %s failed for %s", &json!([99, "globex"])),
            ],
        ),
        apart(
            "two templates, the same text",
            [logged("order %s", &json!(["failed"])), logged("%s failed", &json!(["order"]))],
        ),
        together(
            "another level, another logger",
            [message("payment failed"), with(message("payment failed"), json!({"level": "warning", "logger": "shop"}))],
        ),
    ]
}

fn report(directive: &str, blocked: &str, document: &str) -> Value {
    json!({"logger": "csp", "message": "Blocked", "csp": {"effective_directive": directive, "violated_directive": directive,
        "blocked_uri": blocked, "document_uri": document}})
}

pub(crate) fn others() -> Vec<Pair> {
    let base = || report("script-src", "https://evil.example/a.js", "https://shop.example.com/");
    let checksum =
        |checksum: &str| with(crash("python", &[own("shop", "total", "x")]), json!({ "checksum": checksum }));
    vec![
        together(
            "security reports: one directive and host, other file and page",
            [base(), report("script-src", "https://evil.example/b.js", "https://shop.example.com/cart")],
        ),
        apart(
            "security reports: another host",
            [base(), report("script-src", "https://other.example/a.js", "https://shop.example.com/")],
        ),
        apart(
            "security reports: another directive",
            [base(), report("img-src", "https://evil.example/a.js", "https://shop.example.com/")],
        ),
        apart(
            "security reports: blocked by host, blocked as inline code",
            [base(), report("script-src", "self", "https://shop.example.com/")],
        ),
        together(
            "nothing is said, but other tags",
            [json!({"level": "error"}), json!({"level": "error", "tags": {"a": "b"}})],
        ),
        only_at_sentry(
            "nothing is said, another level or logger",
            [json!({"level": "error"}), json!({"level": "warning"})],
            "Sentry has one issue for all of them; level and logger are all there is to tell them apart",
        ),
        only_here(
            "another `checksum`, an attribute of old clients",
            [checksum("00000000000000000000000000000001"), checksum("00000000000000000000000000000002")],
            "a fingerprint does the same",
        ),
        apart(
            "an exception, and a message of the same text",
            [chain("python", &[exception("Error", "disk is full", &[])]), message("Error: disk is full")],
        ),
    ]
}

pub(crate) fn fingerprints() -> Vec<Pair> {
    let event = || crash("python", &[own("shop.cart", "total", "return int(amount)")]);
    let other = || crash("python", &[own("shop.pay", "charge", "gateway.charge()")]);
    let of = |elements: &[&str]| fingerprint(event(), elements);
    let named = |transaction: &str, elements: &[&str]| {
        with(fingerprint(event(), elements), json!({ "transaction": transaction }))
    };
    let tagged =
        |shard: &str, elements: &[&str]| with(fingerprint(event(), elements), json!({"tags": {"shard": shard}}));
    let said = |text, elements: &[&str]| fingerprint(message(text), elements);
    vec![
        together("two bugs, `[\"db-down\"]` on both", [of(&["db-down"]), fingerprint(other(), &["db-down"])]),
        apart("one bug, two fingerprints", [of(&["db-down"]), of(&["db-slow"])]),
        apart("the same elements in another order", [of(&["a", "b"]), of(&["b", "a"])]),
        only_at_sentry(
            "`[\"ab\", \"c\"]` and `[\"a\", \"bc\"]`",
            [of(&["ab", "c"]), of(&["a", "bc"])],
            "Sentry joins the elements before it hashes them",
        ),
        together("`[\"{{ default }}\"]` and no fingerprint", [of(&["{{ default }}"]), event()]),
        together(
            "`{{default}}` and `{{ default }}`, mixed with the same text",
            [of(&["{{default}}", "eu"]), of(&["{{ default }}", "eu"])],
        ),
        apart("`{{ default }}` mixed with two texts", [of(&["{{ default }}", "eu"]), of(&["{{ default }}", "us"])]),
        apart(
            "`{{ default }}` mixed with one text, two bugs",
            [of(&["{{ default }}", "eu"]), fingerprint(other(), &["{{ default }}", "eu"])],
        ),
        apart("`{{ default }}` mixed, and no fingerprint", [of(&["{{ default }}", "eu"]), event()]),
        apart(
            "`{{ transaction }}`, two transactions",
            [named("/cart", &["{{ transaction }}"]), named("/pay", &["{{ transaction }}"])],
        ),
        together(
            "`{{ type }}` and `{{ error.type }}`, two bugs of one type",
            [of(&["{{ type }}"]), fingerprint(other(), &["{{ error.type }}"])],
        ),
        apart("`{{ function }}`, two bugs", [of(&["{{ function }}"]), fingerprint(other(), &["{{ function }}"])]),
        together(
            "`{{ message }}`, other numbers in it",
            [said("order 17 failed", &["{{ message }}"]), said("order 18 failed", &["{{ message }}"])],
        ),
        apart(
            "`{{ tags.shard }}`, two values",
            [tagged("1", &["{{ default }}", "{{ tags.shard }}"]), tagged("2", &["{{ default }}", "{{ tags.shard }}"])],
        ),
        together(
            "a variable that the event lacks, `{{ logger }}`",
            [of(&["{{ logger }}"]), fingerprint(other(), &["{{ logger }}"])],
        ),
    ]
}
