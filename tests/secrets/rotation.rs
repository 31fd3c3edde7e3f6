//! A rotation under load, as a receiver lives through it: it knows the old secret, then both, then the new one, and never gets a
//! webhook that it cannot verify.
//!
//! What holds exactly. An attempt is signed when it begins, and `webhook-timestamp` says when that was. One that begins while the
//! rotation overlaps has the old secret in both hex headers, and signatures of both in `webhook-signature`. One that begins at
//! `previousSecretUntil`, or after `finish` was answered, has the new one alone. An attempt that began before may arrive as
//! late as the hook's `timeout` after that: so long a receiver keeps the old secret.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use webhook::{headers, verify};

use super::load::Load;
use crate::support::receiver::{Webhook, signer};
use crate::support::scene::Scene;

/// Webhooks that are to come in each of the receiver's times.
const MANY: usize = 200;
/// The hook's timeout.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Longer than both secrets hold, and then some.
const PATIENCE: Duration = Duration::from_secs(60);

struct Rotation {
    old: String,
    new: String,
    /// The second in which the rotation was answered.
    begun: u64,
    until: Duration,
}

fn rotate(scene: &Scene, body: &Value) -> Value {
    scene.server.managed(
        "POST",
        &format!("{}/hooks/{}/rotate-secret/", scene.server.project_path(), scene.hook.id),
        body,
    )
}

fn scene() -> Scene {
    let scene = Scene::start();
    let path = format!("{}/hooks/{}/", scene.server.project_path(), scene.hook.id);
    scene.server.managed("PUT", &path, &json!({"timeout": TIMEOUT.as_secs()}));
    scene
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}

/// More webhooks come and verify.
fn more(scene: &Scene) {
    let seen = scene.receiver.webhooks().len();
    scene.receiver.wait_until(PATIENCE, |webhooks| webhooks.len() >= seen + MANY);
}

/// Webhooks come and verify until a time that is not in the future any more.
fn until(scene: &Scene, time: Duration) {
    scene.receiver.wait_until(PATIENCE, |_| now() >= time);
}

/// Rotates while the receiver knows the old secret only; it learns the new one late.
fn begin(scene: &Scene, overlap_s: u64) -> Rotation {
    more(scene);
    let answer = rotate(scene, &json!({"overlap": overlap_s}));
    let begun = now().as_secs();
    let new = answer["secret"].as_str().unwrap().to_owned();
    let end: jiff::Timestamp = answer["previousSecretUntil"].as_str().unwrap().parse().unwrap();
    let until = Duration::from_millis(end.as_millisecond().unsigned_abs());
    more(scene);
    let old = scene.hook.secret.clone();
    scene.receiver.trust_either(&[&old, &new]);
    Rotation { old, new, begun, until }
}

/// The receiver forgets the old secret, and goes on for a while.
fn forget(scene: &Scene, rotation: &Rotation) {
    scene.receiver.trust(&rotation.new);
    more(scene);
}

/// Which of the secrets verify the hex headers, and which the Standard Webhooks header: old, new.
fn verified_by(webhook: &Webhook, rotation: &Rotation) -> [[bool; 2]; 2] {
    let signers = [&rotation.old, &rotation.new].map(|secret| signer(secret));
    let [id, timestamp, signatures] = [headers::WEBHOOK_ID, headers::WEBHOOK_TIMESTAMP, headers::WEBHOOK_SIGNATURE]
        .map(|name| webhook.header(name.wire));
    let hex = [headers::SIGNATURE, headers::SERVICE_HOOK_SIGNATURE].map(|name| webhook.header(name.wire));
    let by_hex = signers.each_ref().map(|signer| hex.iter().all(|hex| verify::hex(signer, &webhook.body, hex).is_ok()));
    let by_standard = signers.each_ref().map(|signer| {
        let signed = verify::StandardHeaders { id, timestamp, signatures };
        verify::standard(signer, &webhook.body, signed, timestamp.parse().unwrap()).is_ok()
    });
    [by_hex, by_standard]
}

/// Each webhook is signed as the time of its attempt demands; seconds in which the time came may have either. All of what was
/// acknowledged came, each once. How many were signed by the old secret, by both and by the new one.
fn check(scene: Scene, load: Load, rotation: &Rotation, (last_old, first_new): (u64, u64)) -> [usize; 3] {
    const OLD: [[bool; 2]; 2] = [[true, false], [true, false]];
    const BOTH: [[bool; 2]; 2] = [[true, false], [true, true]];
    const NEW: [[bool; 2]; 2] = [[false, true], [false, true]];
    let acknowledged = load.end();
    let webhooks = scene.receiver.wait_until(PATIENCE, |webhooks| webhooks.len() >= acknowledged.len());
    let mut counts = [0; 3];
    for webhook in &webhooks {
        let began: u64 = webhook.header(headers::WEBHOOK_TIMESTAMP.wire).parse().unwrap();
        let found = verified_by(webhook, rotation);
        let kind = [OLD, BOTH, NEW].iter().position(|kind| *kind == found).unwrap_or_else(|| panic!("{found:?}"));
        counts[kind] += 1;
        assert!(kind != 0 || began <= rotation.begun, "signed by the old secret alone at {began}");
        assert!(kind != 1 || began <= last_old, "signed by the old secret at {began}");
        assert!(kind != 2 || began >= first_new, "signed by the new secret alone at {began}");
    }
    scene.ends_with(acknowledged.iter().map(String::as_str));
    counts
}

fn is_whole(counts: [usize; 3]) {
    assert!(counts.iter().all(|count| *count >= MANY / 2), "each time had its webhooks: {counts:?}");
    println!("webhooks signed by the old secret, both, the new one: {counts:?}");
}

#[test]
fn a_receiver_verifies_every_webhook_while_a_rotation_ends_by_its_time() {
    let scene = scene();
    let load = Load::start(&scene.server);
    let rotation = begin(&scene, 2);
    until(&scene, rotation.until + TIMEOUT);
    forget(&scene, &rotation);
    // An attempt's second is its time rounded down.
    let end = rotation.until;
    let last_old = end.as_secs() - u64::from(end.subsec_nanos() == 0);
    let counts = check(scene, load, &rotation, (last_old, end.as_secs()));
    is_whole(counts);
}

#[test]
fn a_receiver_verifies_every_webhook_while_a_rotation_is_finished() {
    let scene = scene();
    let load = Load::start(&scene.server);
    let rotation = begin(&scene, 3600);
    more(&scene);
    let asked = now().as_secs();
    let finished = rotate(&scene, &json!({"finish": true}));
    let answered = now();
    assert_eq!((&finished["secret"], &finished["previousSecretUntil"]), (&json!(rotation.new), &Value::Null));
    until(&scene, answered + TIMEOUT);
    forget(&scene, &rotation);
    let counts = check(scene, load, &rotation, (answered.as_secs(), asked));
    is_whole(counts);
}
