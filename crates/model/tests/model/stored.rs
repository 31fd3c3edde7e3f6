//! A stored event, read again, is to rules, grouping, title and tags what it was when it came in.

use protocol::event::{Context, Event, Scratch, normalise, stored};
use watchfire_model::culprit::culprit;
use watchfire_model::grouping::group;
use watchfire_model::loops::Hop;
use watchfire_model::payload::event_value;
use watchfire_model::title::Title;

use crate::support::{RECEIVED, captured, context, each_mutant};

/// Stores the event, reads it again, and compares everything that anyone asks of an event.
fn assert_same_again(name: &str, event: &Event<'_>) {
    let title = Title::of(event);
    let value = event_value(event, &title);
    let mut scratch = Scratch::default();
    let again = stored(&value, RECEIVED, &mut scratch).unwrap();
    let name = format!("{name}: {}", String::from_utf8_lossy(&value));
    assert_eq!((again.id, again.kind, again.level), (event.id, event.kind, event.level), "{name}");
    assert_eq!((again.platform, again.timestamp), (event.platform, event.timestamp), "{name}");
    assert_eq!(again.logger, event.logger, "{name}");
    assert_eq!(again.message, event.message, "{name}");
    assert_eq!((&again.culprit, &again.transaction), (&event.culprit, &event.transaction), "{name}");
    assert_eq!((&again.release, &again.environment), (&event.release, &event.environment), "{name}");
    assert_eq!((&again.dist, &again.fingerprint), (&event.dist, &event.fingerprint), "{name}");
    assert_eq!(format!("{:?}", again.exceptions), format!("{:?}", event.exceptions), "{name}");
    assert_eq!(format!("{:?}", again.stacktrace), format!("{:?}", event.stacktrace), "{name}");
    assert_eq!(again.main_exception_id, event.main_exception_id, "{name}");
    assert_eq!((&again.request_url, &again.csp, &again.user), (&event.request_url, &event.csp, &event.user), "{name}");
    assert_eq!((&again.tags, &again.derived_tags), (&event.tags, &event.derived_tags), "{name}");
    assert_eq!(group(&again), group(event), "{name}");
    assert_eq!((Title::of(&again), culprit(&again)), (title.clone(), culprit(event)), "{name}");
    assert_eq!(Hop::of(&again), Hop::of(event), "{name}");
}

#[test]
fn what_real_sdks_sent_is_the_same_again() {
    for (name, payload) in captured() {
        assert_same_again(&name, &normalise(&payload, &context(), &mut Scratch::default()).unwrap());
    }
}

#[test]
fn a_captured_event_stores_the_same_bytes_again() {
    for (name, payload) in captured() {
        let event = normalise(&payload, &context(), &mut Scratch::default()).unwrap();
        let value = event_value(&event, &Title::of(&event));
        let mut scratch = Scratch::default();
        let again = stored(&value, RECEIVED, &mut scratch).unwrap();
        let value_again = event_value(&again, &Title::of(&again));
        assert_eq!(String::from_utf8(value_again), String::from_utf8(value), "{name}");
    }
}

#[test]
fn mutants_are_the_same_again() {
    let mut accepted = 0;
    let mut scratch = Scratch::default();
    each_mutant(11, 3000, |round, payload| {
        let context = Context { scrub: round % 3 != 0, sent_at: (round % 5 == 0).then_some(RECEIVED / 2), ..context() };
        let Ok(event) = normalise(payload, &context, &mut scratch) else { return };
        accepted += 1;
        assert_same_again(&format!("round {round}"), &event);
    });
    assert!(accepted > 1000, "{accepted} mutants were accepted");
}
