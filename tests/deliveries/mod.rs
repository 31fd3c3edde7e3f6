//! The delivery log: whoever runs a hook sees what became of each delivery, and has sent again what should be.

mod log;
mod replays;

use serde_json::{Value, json};

use crate::support::scene::Scene;

/// What the API answers below the scene's hook.
fn asked(scene: &Scene, method: &'static str, rest: &str, body: &Value) -> Value {
    let path = format!("{}/hooks/{}/{rest}", scene.server.project_path(), scene.hook.id);
    scene.server.managed(method, &path, body)
}

/// A list or an object below the scene's hook.
fn shown(scene: &Scene, rest: &str) -> Value {
    asked(scene, "GET", rest, &json!({}))
}
