//! What groups and what does not, for whole events; the names and texts are tested beside their code.

use std::borrow::Cow;

use protocol::event::{Csp, EventKind, Level, Message};

use super::*;

/// A frame of the application's own: module, function, source line, line number.
fn own(module: &'static str, function: &'static str, line: &'static str, lineno: u64) -> Frame<'static> {
    Frame { in_app: Some(true), ..library(module, function, line, lineno) }
}

fn library(module: &'static str, function: &'static str, line: &'static str, lineno: u64) -> Frame<'static> {
    Frame {
        module: text(module),
        function: text(function),
        context_line: text(line),
        lineno: Some(lineno),
        in_app: Some(false),
        ..Frame::default()
    }
}

fn text(text: &'static str) -> Option<Cow<'static, str>> {
    if text.is_empty() { None } else { Some(text.into()) }
}

fn exception(ty: &'static str, value: &'static str, frames: Vec<Frame<'static>>) -> Exception<'static> {
    Exception { ty: text(ty), value: text(value), frames, ..Exception::default() }
}

fn event(exceptions: Vec<Exception<'static>>) -> Event<'static> {
    Event { kind: EventKind::Error, platform: "python", exceptions, ..Event::default() }
}

fn message(formatted: &'static str, template: Option<&'static str>) -> Event<'static> {
    let message = Message { formatted: formatted.into(), template: template.map(Cow::from) };
    Event { platform: "python", message: Some(message), ..Event::default() }
}

/// Two chained exceptions of a Python program.
fn chained() -> Event<'static> {
    let cause = own("__main__", "<module>", "    try: int(\"x\")", 12);
    let raised =
        own("__main__", "<module>", "    except ValueError as e: raise RuntimeError(\"could not parse\") from e", 13);
    event(vec![
        exception("ValueError", "invalid literal for int() with base 10: 'x'", vec![cause]),
        exception("RuntimeError", "could not parse amount", vec![raised]),
    ])
}

fn with_fingerprint(event: Event<'static>, elements: &[&'static str]) -> Event<'static> {
    Event { fingerprint: elements.iter().map(|&element| element.into()).collect(), ..event }
}

fn hex(key: GroupingKey) -> String {
    key.hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn same(one: &Event<'_>, other: &Event<'_>) -> bool {
    group(one) == group(other)
}

#[test]
fn keys_are_pinned_because_issues_keep_them() {
    let report = Csp { effective_directive: "script-src".into(), blocked: "evil.example".into(), ..Csp::default() };
    for (name, event, expected) in [
        ("chain", chained(), "1636b8541dc05a6c8bfc90f009b7c882"),
        (
            "stack",
            Event { stacktrace: Some(vec![own("m", "f", "x = 1", 1)]), ..Event::default() },
            "849ed7f161c770a6dea542ef5998539d",
        ),
        ("value", event(vec![exception("E", "order 1017 failed", vec![])]), "fd9db712506b641400f7a49abf3a50e0"),
        ("message", message("order 1017 failed\nfor acme\nagain", None), "58b4670c72bff00eaf345af4a6fad8c6"),
        ("csp", Event { csp: Some(report), ..Event::default() }, "ec9db8e78bfea85a5cedb156973de6c9"),
        ("fallback", Event::default(), "2d56e3d768ec9c91110b6b825933ca88"),
        ("custom", with_fingerprint(chained(), &["db-down", "{{ type }}"]), "9f19f5b619de765b642aa28576e1cd42"),
        ("mixed", with_fingerprint(chained(), &["db-down", "{{ default }}"]), "836a5a416cc525924a020bfdbc69e582"),
    ] {
        let key = group(&event);
        assert_eq!((name, key.version, hex(key).as_str()), (name, GROUPING_VERSION, expected));
    }
}

#[test]
fn the_same_bug_groups_wherever_it_has_moved_in_its_file_and_on_its_disk() {
    let mut moved = chained();
    for frame in moved.exceptions.iter_mut().flat_map(|exception| &mut exception.frames) {
        frame.lineno = Some(400);
        frame.colno = Some(7);
        frame.abs_path = Some("/srv/releases/99/app.py".into());
        let line = frame.context_line.take().unwrap_or_default();
        frame.context_line = Some(format!("\t{}  ", line.trim().replace(' ', "  ")).into());
    }
    moved.exceptions[0].value = Some("invalid literal for int() with base 10: 'y'".into());
    assert!(same(&chained(), &moved));
}

#[test]
fn what_differs_is_another_issue() {
    let frame = || own("shop.cart", "price", "return total", 3);
    let base = event(vec![exception("ValueError", "v", vec![frame()])]);
    let others = [
        event(vec![exception("TypeError", "v", vec![frame()])]),
        event(vec![exception("ValueError", "v", vec![own("shop.pay", "price", "return total", 3)])]),
        event(vec![exception("ValueError", "v", vec![own("shop.cart", "tax", "return total", 3)])]),
        event(vec![exception("ValueError", "v", vec![own("shop.cart", "price", "return tax", 3)])]),
        event(vec![exception("ValueError", "v", vec![frame(), own("shop.cart", "tax", "return 1", 9)])]),
        event(vec![exception("KeyError", "v", vec![]), exception("ValueError", "v", vec![frame()])]),
    ];
    for (index, other) in others.iter().enumerate() {
        assert!(!same(&base, other), "other {index}");
    }
}

#[test]
fn no_two_lists_of_components_meet() {
    let of = |elements: &[&'static str]| group(&with_fingerprint(Event::default(), elements));
    assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    assert_ne!(of(&["ab"]), of(&["a", "b"]));
    assert_ne!(of(&["a"]), of(&["a", ""]));
    let frames = |module, function| event(vec![exception("E", "", vec![own(module, function, "", 1)])]);
    assert!(!same(&frames("ab", "c"), &frames("a", "bc")));
    // The same frames, split otherwise between two exceptions of one type.
    let [a, b, c] = [own("m", "a", "", 1), own("m", "b", "", 2), own("m", "c", "", 3)];
    let early = event(vec![exception("", "x", vec![a.clone()]), exception("", "x", vec![b.clone(), c.clone()])]);
    let late = event(vec![exception("", "x", vec![a, b]), exception("", "x", vec![c])]);
    assert!(!same(&early, &late));
}

#[test]
fn frames_of_libraries_count_only_where_none_is_the_application_s_own() {
    let crash = |frames| event(vec![exception("E", "v", frames)]);
    let through = |library_function| crash(vec![library("lib", library_function, "", 1), own("app", "f", "", 2)]);
    assert!(same(&through("get"), &through("post")));
    let within = |function| crash(vec![library("lib", function, "", 1)]);
    assert!(!same(&within("get"), &within("post")));
    // An own frame that says nothing does not hide those of libraries.
    let beside = |function| crash(vec![library("lib", function, "", 1), own("", "", "", 2)]);
    assert!(!same(&beside("get"), &beside("post")));
    // One own frame anywhere in the chain is enough.
    let chain = |function| {
        let cause = exception("E", "v", vec![library("lib", function, "", 1)]);
        event(vec![cause, exception("F", "v", vec![own("app", "f", "", 2)])])
    };
    assert!(same(&chain("get"), &chain("post")));
}

#[test]
fn values_count_only_where_no_frame_says_anything() {
    let framed = |value| event(vec![exception("E", value, vec![own("app", "f", "", 1)])]);
    assert!(same(&framed("disk full"), &framed("no route")));
    let bare = |value| event(vec![exception("E", value, vec![])]);
    assert!(!same(&bare("disk full"), &bare("no route")));
    assert!(same(&bare("order 1017 failed"), &bare("order 99 failed")));
}

#[test]
fn a_synthetic_type_does_not_count() {
    let crash = |ty, synthetic| event(vec![Exception { synthetic, ..exception(ty, "", vec![own("app", "f", "", 1)]) }]);
    assert!(same(&crash("SIGABRT", true), &crash("SIGSEGV", true)));
    assert!(!same(&crash("SIGABRT", false), &crash("SIGSEGV", false)));
}

#[test]
fn a_recursion_is_the_same_bug_however_deep() {
    let deep = |depth| event(vec![exception("RecursionError", "v", vec![own("app", "f", "f()", 3); depth])]);
    assert!(same(&deep(1), &deep(200)));
    let twice = vec![own("app", "f", "f()", 3), own("app", "f", "f()", 4)];
    assert!(!same(&deep(1), &event(vec![exception("RecursionError", "v", twice)])));
}

#[test]
fn only_the_newest_frames_of_a_huge_stack_count() {
    let stack = |oldest| {
        let mut frames = vec![own("app", oldest, "", 1)];
        frames.extend((0..250).map(|lineno| own("app", "f", "", lineno)));
        event(vec![exception("E", "v", frames)])
    };
    assert!(same(&stack("main"), &stack("start")));
}

#[test]
fn a_message_groups_by_its_template_else_by_its_text_without_parameters() {
    let ordered = |formatted| message(formatted, Some("order %s failed"));
    assert!(same(&ordered("order a failed"), &ordered("order b failed")));
    assert!(same(&message("order 1 failed", None), &message("order 22 failed", None)));
    assert!(!same(&message("order 1 failed", None), &message("order 1 paid", None)));
    assert!(same(&message("a\n\n b\nc", None), &message(" a\nb \nd\ne", None)));
    assert!(!same(&message("a\nb\nc", None), &message("a\nb", None)));
    assert!(!same(&message("a\nb", None), &message("a\nc", None)));
}

#[test]
fn a_stack_trace_beats_the_message_and_an_exception_beats_both() {
    let stack = Some(vec![own("app", "f", "", 1)]);
    let traced = Event { stacktrace: stack.clone(), ..message("one", None) };
    let traced_too = Event { stacktrace: stack.clone(), ..message("two", None) };
    assert!(same(&traced, &traced_too));
    let raised = Event { stacktrace: stack, ..chained() };
    assert!(same(&raised, &chained()));
}

#[test]
fn a_security_report_groups_by_directive_and_source() {
    let report = |directive: &'static str, blocked: &'static str, violated: &'static str| Event {
        csp: Some(Csp {
            effective_directive: directive.into(),
            blocked: blocked.into(),
            violated_directive: violated.into(),
        }),
        ..message("Blocked", None)
    };
    let base = report("script-src", "evil.example", "script-src 'self'");
    assert!(same(&base, &report("script-src", "evil.example", "script-src 'none'")));
    assert!(!same(&base, &report("img-src", "evil.example", "script-src 'self'")));
    assert!(!same(&base, &report("script-src", "'self'", "script-src 'self'")));
}

#[test]
fn events_that_say_nothing_group_by_what_they_are() {
    let event = |level, logger: &'static str| Event { level, logger: logger.into(), ..Event::default() };
    let base = event(Level::Error, "orders");
    assert!(same(&base, &Event { exceptions: vec![Exception::default()], ..event(Level::Error, "orders") }));
    assert!(!same(&base, &event(Level::Warning, "orders")));
    assert!(!same(&base, &event(Level::Error, "carts")));
}

#[test]
fn a_fingerprint_of_default_alone_changes_nothing() {
    for spelling in ["{{ default }}", "{{default}}", "{{   default}}"] {
        assert!(same(&with_fingerprint(chained(), &[spelling]), &chained()), "{spelling}");
    }
    assert!(!same(&with_fingerprint(chained(), &["default"]), &chained()));
}

#[test]
fn a_fixed_fingerprint_is_all_that_counts() {
    let one = with_fingerprint(chained(), &["db-down"]);
    assert!(same(&one, &with_fingerprint(message("other", None), &["db-down"])));
    assert!(!same(&one, &with_fingerprint(chained(), &["db-up"])));
}

#[test]
fn a_mixed_fingerprint_tells_apart_what_would_group() {
    let mixed = |event, shard| with_fingerprint(event, &["{{ default }}", shard]);
    assert!(!same(&mixed(chained(), "7"), &mixed(chained(), "8")));
    assert!(same(&mixed(chained(), "7"), &mixed(chained(), "7")));
    assert!(!same(&mixed(chained(), "7"), &mixed(message("other", None), "7")));
    assert!(!same(&mixed(chained(), "7"), &chained()));
}
