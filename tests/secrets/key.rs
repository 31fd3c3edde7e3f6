//! The secret key's file: made before anything is sealed with it, and without it nothing starts and nothing is sent.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::scene::Scene;
use crate::support::server::{BINARY, TestServer, free_address, init};

/// Between the moments at which `init` is killed.
const KILL_STEP: Duration = Duration::from_millis(3);
const KILLS: u32 = 24;

fn key_file(folder: &Path) -> PathBuf {
    folder.join("secret-key")
}

/// `serve` must end by itself; what it says.
fn refused(server: &TestServer) -> String {
    let Output { status, stderr, .. } = server.serve_command(free_address()).output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    said
}

fn run(line: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(BINARY);
    command.args(line).env_clear().current_dir(folder).stdin(Stdio::null());
    command.output().unwrap()
}

/// A server that is killed while it owes a webhook, which its next start sends again.
fn owing() -> Scene {
    let mut scene = Scene::start();
    scene.receiver.hold();
    scene.send_message();
    scene.receiver.wait_for(1);
    scene.server.kill();
    scene.receiver.release();
    scene
}

#[test]
fn without_its_key_or_with_another_the_server_does_not_start_and_sends_nothing() {
    let mut scene = owing();
    let file = key_file(scene.server.folder());
    let own = std::fs::read(&file).unwrap();
    let other = TempDir::new().unwrap();
    init(other.path(), &[]);

    std::fs::remove_file(&file).unwrap();
    let missing = refused(&scene.server);
    assert!(missing.contains(&format!("its file {} is not there: put it back", file.display())), "{missing}");
    assert!(!file.exists(), "no new key is made for a store that has one");

    std::fs::copy(key_file(other.path()), &file).unwrap();
    let wrong = refused(&scene.server);
    assert!(wrong.contains(&format!("{} holds the secret key ", file.display())), "{wrong}");
    let needed = missing.split("the secret key ").nth(1).unwrap().split(',').next().unwrap();
    assert!(wrong.contains(&format!("sealed with the key {needed}:")), "{wrong}");

    std::fs::write(&file, "watchfire-key-1 none\n").unwrap();
    assert!(refused(&scene.server).contains("is no secret key file"));

    std::fs::write(&file, &own).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let open = refused(&scene.server);
    assert!(open.contains(&format!("run `chmod 600 {}`", file.display())), "{open}");
    assert_eq!(scene.receiver.webhooks().len(), 1, "nothing went out meanwhile");

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    scene.server.restart();
    scene.receiver.wait_for(2);
}

#[test]
fn a_store_whose_key_is_lost_goes_on_with_another_and_its_hooks_wait_for_new_secrets() {
    let mut scene = owing();
    let file = key_file(scene.server.folder());
    let lost = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert!(refused(&scene.server).contains("init --replace-lost-secret-key"));
    let data = scene.server.folder().to_str().unwrap().to_owned();
    let line = ["init", "--data", &data, "--replace-lost-secret-key"];
    assert!(run(&line, scene.server.folder()).status.success());
    assert_ne!(std::fs::read(&file).unwrap(), lost);
    scene.server.restart();
    let beside = run(&line, scene.server.folder());
    assert!(String::from_utf8_lossy(&beside.stderr).contains("in use by the process"), "{beside:?}");
    let hook = format!("{}/hooks/{}/", scene.server.project_path(), scene.hook.id);
    assert_eq!(scene.server.managed("GET", &hook, &Value::Null)["status"], "unreadable");
    assert_eq!(scene.receiver.webhooks().len(), 1, "nothing is signed with what does not open");
    // What is owed comes when the receiver, which is away until then, knows the new secret.
    let elsewhere = format!("http://{}/", free_address());
    scene.server.managed("PUT", &hook, &json!({"url": elsewhere}));
    let mended = scene.server.managed("POST", &format!("{hook}rotate-secret/"), &json!({"overlap": 0}));
    scene.receiver.trust(mended["secret"].as_str().unwrap());
    scene.server.managed("PUT", &hook, &json!({"url": scene.receiver.url()}));
    scene.receiver.wait_for(2);
}

#[test]
fn commands_that_read_no_hook_work_without_the_key() {
    let folder = TempDir::new().unwrap();
    init(&folder.path().join("watchfire-data"), &[]);
    std::fs::remove_file(key_file(&folder.path().join("watchfire-data"))).unwrap();
    for line in [&["token", "create"][..], &["token", "list"], &["user", "list"], &["backup", "copy.db"]] {
        let output = run(line, folder.path());
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(run(&["init"], folder.path()).status.code(), Some(1));
}

#[test]
fn the_key_may_be_kept_elsewhere() {
    let folder = TempDir::new().unwrap();
    let kept = folder.path().join("kept");
    std::fs::create_dir(&kept).unwrap();
    let made = run(&["init", "--json", "--secret-key-file", "kept/key"], folder.path());
    let answer: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(answer["secret_key_file"], "kept/key");
    assert!(kept.join("key").exists() && !key_file(&folder.path().join("watchfire-data")).exists());
    let lost = run(&["init"], folder.path());
    assert!(String::from_utf8_lossy(&lost.stderr).contains("or name it with --secret-key-file"));
    std::fs::write(folder.path().join("watchfire.toml"), "secret-key-file = 'kept/key'\n").unwrap();
    assert!(run(&["init"], folder.path()).status.success(), "the configuration file names it");
    let shown = run(&["config", "show"], folder.path());
    let shown = String::from_utf8(shown.stdout).unwrap();
    let row = shown.lines().find(|line| line.starts_with("secret-key-file")).unwrap();
    assert!(row.contains("kept/key") && row.contains("watchfire.toml:1"), "{row}");
    let nowhere = run(&["init", "--data", "new", "--secret-key-file", "no-such-folder/key"], folder.path());
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("cannot make the secret key file no-such-folder/key"));
}

#[test]
fn an_init_that_is_killed_leaves_a_key_and_a_store_that_fit() {
    let (mut whole, mut with_key) = (0, 0);
    for kill in 0..KILLS {
        let folder = TempDir::new().unwrap();
        let mut command = Command::new(BINARY);
        command.args(["init", "--json", "--data"]).arg(folder.path());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // sleep allowed: the moment of the kill is the subject, and nothing may announce it
        thread::sleep(KILL_STEP * kill);
        child.kill().unwrap();
        whole += u32::from(child.wait().unwrap().success());
        let before = std::fs::read(key_file(folder.path())).ok();
        with_key += u32::from(before.is_some());
        init(folder.path(), &[]);
        let after = std::fs::read(key_file(folder.path())).unwrap();
        assert!(before.is_none_or(|before| before == after), "a key that is there is kept");
    }
    println!("{KILLS} kills: {with_key} after the key was made, {whole} too late");
}

#[test]
fn a_server_that_is_killed_after_its_first_hook_signs_with_that_hooks_secret_afterwards() {
    let mut scene = Scene::start();
    scene.server.kill();
    scene.server.restart();
    let id = scene.send_message();
    scene.receiver.wait_for_event(&id);
}
