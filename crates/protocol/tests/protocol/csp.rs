//! Browsers' policy reports (B10), from the report to the normalised event.

use serde_json::json;
use watchfire_protocol::event::{
    Event, EventError, EventKind, Level, MAX_EVENT_BYTES, MAX_REPORTS, ReportSource, Scratch, events_from_reports,
};

use crate::support::{errors, event, stored};

const SOURCE: ReportSource<'static> = ReportSource {
    release: Some("1.0"),
    environment: Some("prod"),
    user_agent: Some("Firefox"),
    origin: Some("https://shop.example"),
};

fn payloads(body: &str) -> Result<Vec<String>, EventError> {
    let events = events_from_reports(body.as_bytes(), &SOURCE, &mut Scratch::default())?;
    Ok(events.into_iter().map(|payload| String::from_utf8(payload).unwrap()).collect())
}

fn tag<'e>(event: &'e Event<'_>, name: &str) -> Option<&'e str> {
    event.tags.iter().find(|tag| tag.0 == name).map(|tag| &*tag.1)
}

#[test]
fn both_forms_of_a_report_give_the_same_event() {
    let old = json!({"csp-report":{
        "document-uri":"https://shop.example/cart?x=1","referrer":"https://shop.example/","blocked-uri":"https://evil.example/x.js",
        "effective-directive":"script-src-elem","violated-directive":"script-src-elem https://shop.example https://cdn.example/a",
        "original-policy":"script-src 'self'","disposition":"enforce","status-code":"200","line-number":3,"script-sample":""}});
    let new = json!({"type":"csp-violation","age":1,"url":"https://shop.example/cart?x=1","body":{
        "documentURL":"https://shop.example/cart?x=1","referrer":"https://shop.example/","blockedURL":"https://evil.example/x.js",
        "effectiveDirective":"script-src-elem","violatedDirective":"script-src-elem https://shop.example https://cdn.example/a",
        "originalPolicy":"script-src 'self'","disposition":"enforce","statusCode":200,"lineNumber":3}});
    let payload = payloads(&old.to_string()).unwrap().remove(0);
    assert_eq!(payloads(&new.to_string()).unwrap(), std::slice::from_ref(&payload));
    assert_eq!(
        payloads(&json!([new, {"type":"deprecation","body":{}}, new]).to_string()).unwrap(),
        [payload.clone(), payload.clone()]
    );
    let event = event(&payload);
    assert_eq!(errors(&event), []);
    assert_eq!((event.kind, event.level, event.logger.as_ref()), (EventKind::Csp, Level::Error, "csp"));
    assert_eq!(event.message.as_ref().unwrap().formatted, "Blocked script from 'evil.example'");
    assert_eq!(event.culprit.as_deref(), Some("script-src-elem 'self' cdn.example"));
    let csp = event.csp.as_ref().unwrap();
    assert_eq!((&*csp.effective_directive, &*csp.blocked), ("script-src-elem", "evil.example"));
    assert_eq!(csp.violated_directive, "script-src-elem 'self' cdn.example");
    assert_eq!((event.release.as_deref(), event.environment.as_deref()), (Some("1.0"), Some("prod")));
    assert_eq!(tag(&event, "effective-directive"), Some("script-src-elem"));
    assert_eq!(
        (tag(&event, "blocked-uri"), tag(&event, "blocked-host")),
        (Some("https://evil.example/x.js"), Some("evil.example"))
    );
    assert_eq!(event.request_url.as_deref(), Some("https://shop.example/cart?x=1"));
    assert_eq!(event.user.ip_address.as_deref(), Some("203.0.113.9"));
    let stored = stored(&event);
    assert_eq!(
        stored["request"]["headers"],
        json!({"Referer":"https://shop.example/","User-Agent":"Firefox","Origin":"https://shop.example"})
    );
    assert_eq!((&stored["csp"]["status_code"], &stored["csp"]["line_number"]), (&json!(200), &json!(3)));
    assert_eq!(stored["type"], "csp");
}

#[test]
fn a_missing_blocked_uri_is_the_page_itself_and_the_directive_is_its_first_word() {
    let payload =
        payloads(r#"{"csp-report":{"document-uri":"https://shop.example/","violated-directive":"Style-Src 'self'"}}"#)
            .unwrap()
            .remove(0);
    let event = event(&payload);
    assert_eq!(event.message.as_ref().unwrap().formatted, "Blocked unsafe style, inline or eval");
    assert_eq!(event.csp.as_ref().unwrap().blocked, "'self'");
    assert_eq!((tag(&event, "effective-directive"), tag(&event, "blocked-host")), (Some("style-src"), None));
}

#[test]
fn what_a_payment_form_puts_into_a_query_string_is_not_kept_as_a_tag() {
    let report = json!({"csp-report":{"effective-directive":"connect-src","blocked-uri":"https://api.stripe.com/v1/tokens?card=1#x"}});
    let payload = payloads(&report.to_string()).unwrap().remove(0);
    assert_eq!(tag(&event(&payload), "blocked-uri"), Some("https://api.stripe.com/v1/tokens"));
}

#[test]
fn what_is_no_report_is_refused() {
    for body in [
        "{}",
        "[]",
        "3",
        r#"{"csp-report":{}}"#,
        r#"{"csp-report":{"effective-directive":"made-up"}}"#,
        r#"{"type":"nel","body":{}}"#,
        r#"{"csp-report":3}"#,
    ] {
        assert_eq!(payloads(body), Err(EventError::Report), "{body}");
    }
    assert!(matches!(payloads("{"), Err(EventError::Json(_))));
    assert_eq!(payloads(&" ".repeat(MAX_EVENT_BYTES + 1)), Err(EventError::TooLarge));
    let many = vec![r#"{"csp-report":{"effective-directive":"img-src"}}"#; MAX_REPORTS + 1];
    assert_eq!(payloads(&format!("[{}]", many.join(","))), Err(EventError::TooManyReports));
    assert_eq!(payloads(&format!("[{}]", many[1..].join(","))).unwrap().len(), MAX_REPORTS);
}
