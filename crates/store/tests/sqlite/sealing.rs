//! What is on the disk: no secret and no header's value, whatever happened to its hook. And secrets that an older Watchfire
//! left plain.

use std::path::Path;
use std::time::Duration;

use model::hook::{CustomHeaders, HookSettings, HookSettingsChange};
use model::ids::{HookGuid, Millis, ProjectId};
use model::rules::Quantifier;
use rusqlite::Connection;
use watchfire_store::catalog::{HookChange, NewHook, Rotation};
use watchfire_store::sqlite::Sqlite;
use watchfire_store::{Catalog as _, StoreError, conformance};
use webhook::{Kind, Secret};

use super::migration::first_store;
use super::new_project;

const NOW: Millis = Millis(1_768_478_400_000);

/// A secret whose text is found if it is anywhere.
fn secret(number: u8) -> Secret {
    Secret::from_random([number, 0xfe, 0xed, 0xc0, 0xde].repeat(7)[..32].try_into().unwrap())
}

fn headers(value: &str) -> CustomHeaders {
    CustomHeaders::new([("Authorization".to_owned(), value.to_owned())]).unwrap()
}

fn new_hook(project: ProjectId, number: u8) -> NewHook {
    NewHook {
        guid: HookGuid([number; 16]),
        project,
        url: "https://receiver.example/".to_owned(),
        secret: secret(number),
        kinds: vec![Kind::EventCreated],
        filters: Vec::new(),
        filter_match: Quantifier::All,
        settings: HookSettings { headers: headers("Bearer of-a-new-hook"), ..HookSettings::default() },
        active: true,
        now: NOW,
    }
}

/// The files of a folder in which a text stands.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let holds = |bytes: Vec<u8>| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let with = entries.filter(|entry| holds(std::fs::read(entry.path()).unwrap()));
    with.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn none_of(folder: &Path, texts: &[&str]) {
    for text in texts {
        assert_eq!(files_with(folder, text), Vec::<String>::new(), "{text}");
    }
}

#[tokio::test]
async fn no_secret_and_no_header_is_ever_on_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    store.unlock(conformance::secret_key()).await.unwrap();
    let project = new_project(&store, NOW).await.id;
    let secrets: Vec<_> = (1..=4).map(|number| secret(number).expose()).collect();
    let mut texts = vec!["Bearer of-", "Authorization"];
    texts.extend(secrets.iter().map(String::as_str));

    for number in [1, 2] {
        store.create_hook(new_hook(project, number)).await.unwrap();
    }
    none_of(folder.path(), &texts);
    let guid = HookGuid([1; 16]);
    for (number, overlap_until) in [(3, NOW.plus(Duration::from_secs(60))), (4, NOW)] {
        let rotation = Rotation { secret: secret(number), overlap_until, now: NOW };
        store.rotate_secret(project, guid, rotation).await.unwrap();
    }
    let settings = HookSettingsChange { headers: Some(headers("Bearer of-another")), ..HookSettingsChange::default() };
    store.update_hook(project, guid, HookChange { settings, ..HookChange::default() }).await.unwrap();
    none_of(folder.path(), &texts);
    store.delete_hook(project, HookGuid([2; 16])).await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    store.backup(&copy.path().join("backup.db")).unwrap();
    none_of(copy.path(), &texts);
    store.close().await;
    none_of(folder.path(), &texts);
    assert_eq!(files_with(folder.path(), "https://receiver.example/"), ["watchfire.db"], "what is not secret is found");
}

/// A store of the first schema, with a third hook that was deleted before: pages keep what rows do not.
fn plain_store(folder: &Path) -> Connection {
    first_store(folder);
    let database = Connection::open(folder.join("watchfire.db")).unwrap();
    for number in [1, 2] {
        let text = secret(number).expose();
        database.execute("update hook set secret = ? where number = ?", rusqlite::params![text, number]).unwrap();
    }
    let gone = "insert into hook (guid, project_id, url, secret, kinds, active, created_ms)
                values (zeroblob(16), 1, 'https://gone.example/', ?, 1, 1, 0)";
    database.execute(gone, [secret(3).expose()]).unwrap();
    database.execute("delete from hook where number = 3", []).unwrap();
    database
}

#[tokio::test]
async fn secrets_that_an_older_watchfire_left_plain_are_sealed_and_wiped_at_the_first_unlock() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(plain_store(&data));
    let secrets = [1, 2, 3].map(|number| secret(number).expose());
    for text in &secrets {
        assert_eq!(files_with(&data, text), ["watchfire.db"], "the test would find it");
    }
    let store = Sqlite::open(&data).unwrap();
    assert!(matches!(store.directory().await, Err(StoreError::NotUnlocked)));
    assert_eq!(store.secret_key_id().await.unwrap(), None);
    store.unlock(conformance::secret_key()).await.unwrap();
    none_of(&data, &secrets.each_ref().map(String::as_str));
    let hooks = store.directory().await.unwrap().hooks;
    let read: Vec<_> = hooks.iter().map(|hook| hook.secrets.as_ref().unwrap().present.expose()).collect();
    assert_eq!(read, secrets[..2]);
    let events = Connection::open(data.join("watchfire.db")).unwrap();
    let kept = events.query_row("select group_concat(seq) from event", [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(kept, "1,2,3", "numbers of events are kept");
}

#[tokio::test]
async fn what_could_not_be_wiped_is_wiped_by_the_next_unlock() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    drop(plain_store(&data));
    let store = Sqlite::open(&data).unwrap();
    // Who reads an old state keeps the log, and with it the file, from being written anew.
    let reader = Connection::open(data.join("watchfire.db")).unwrap();
    reader.execute_batch("begin; select * from hook").unwrap();
    store.unlock(conformance::secret_key()).await.unwrap();
    assert!(!files_with(&data, &secret(1).expose()).is_empty());
    assert!(store.directory().await.unwrap().hooks.iter().all(|hook| hook.secrets.is_ok()), "it works all the same");
    reader.execute_batch("commit").unwrap();
    store.unlock(conformance::secret_key()).await.unwrap();
    none_of(&data, &[&secret(1).expose(), &secret(2).expose(), &secret(3).expose()]);
}

#[tokio::test]
async fn a_damaged_check_value_locks_the_store_until_its_key_is_set_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    store.unlock(conformance::secret_key()).await.unwrap();
    let project = new_project(&store, NOW).await.id;
    store.create_hook(new_hook(project, 1)).await.unwrap();
    store.close().await;
    let rows = Connection::open(folder.path().join("watchfire.db")).unwrap();
    rows.execute("update meta set value = zeroblob(38) where name = 'secret_key_check'", []).unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let refused = store.unlock(conformance::secret_key()).await;
    assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{refused:?}");
    assert!(matches!(store.hooks(project).await, Err(StoreError::NotUnlocked)));
    store.replace_secret_key(&conformance::secret_key()).await.unwrap();
    store.unlock(conformance::secret_key()).await.unwrap();
    assert!(store.hooks(project).await.unwrap()[0].secrets.as_ref().is_ok_and(|held| held.present == secret(1)));
}
