//! The tables refuse rows that cannot be, and a schema that is not ours.

use rusqlite::Connection;
use rusqlite::ffi::{SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_DATATYPE, SQLITE_CONSTRAINT_NOTNULL};
use watchfire_store::StoreError;
use watchfire_store::sqlite::Sqlite;

/// One project, hook, event, waiting delivery and attempt.
const ROWS: &str = "
    insert into organization (slug, name, created_ms) values ('o', 'O', 0);
    insert into project (organization_id, slug, name, created_ms) values (1, 'p', 'P', 0);
    insert into hook (guid, project_id, url, secret, kinds, active, created_ms)
    values (zeroblob(16), 1, 'u', zeroblob(64), 1, 1, 0);
    insert into event (seq, project_id, issue_id, day, event_id, received_ms, timestamp_ms, level, hop, head, value, tail)
    values (1, 1, 1, 10, zeroblob(16), 864000000, 0, 3, 0, x'', x'', x'');
    insert into delivery (project_id, hook, day, seq, kind, state, priority, due_ms, created_ms, attempts, sent)
    values (1, 1, 10, 1, 1, 0, 2, 5, 864000000, 1, 1);
    insert into attempt (project_id, hook, day, seq, kind, number, owner, started_ms, outcome, cause, went_out, status,
                         reused, duration_us, resolve_us, connect_us, tls_us, first_byte_us, error, response_headers,
                         response_body)
    values (1, 1, 10, 1, 1, 1, 1, 5, 2, 0, 1, 500, 0, 1, 0, 0, 0, 0, '', '', '');";

fn database() -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    drop(Sqlite::open(folder.path()).unwrap());
    let database = Connection::open(folder.path().join("watchfire.db")).unwrap();
    database.execute_batch(ROWS).unwrap();
    (folder, database)
}

#[test]
fn rows_that_cannot_be_are_refused() {
    let (_folder, database) = database();
    let impossible = [
        ("delivery", "state = 1"),
        ("delivery", "state = 1, due_ms = null"),
        ("delivery", "state = 0, due_ms = null"),
        ("delivery", "owner = 1"),
        ("delivery", "state = 1, owner = 1"),
        ("delivery", "state = 2, due_ms = null"),
        ("delivery", "state = 2, due_ms = null, settled_ms = 9, attempts = 1, sent = 0"),
        ("delivery", "state = 3, settled_ms = 9"),
        ("delivery", "state = 3, due_ms = null, settled_ms = 9, owner = 1"),
        ("delivery", "settled_ms = 9"),
        ("delivery", "state = 7, due_ms = null, settled_ms = 9"),
        ("delivery", "sent = 2"),
        ("delivery", "sent = -1"),
        ("delivery", "priority = 3"),
        ("delivery", "kind = 2"),
        ("delivery", "kind = 4"),
        ("delivery", "kind = 3"),
        ("delivery", "sent_before = 1"),
        ("delivery", "again_ms = 1, sent_before = 2"),
        ("delivery", "again_ms = -1"),
        ("delivery", "body = x'7b7d'"),
        ("delivery", "day = 11"),
        ("attempt", "number = 0"),
        ("attempt", "outcome = 0"),
        ("attempt", "outcome = 8"),
        ("attempt", "went_out = 2"),
        ("attempt", "went_out = 0"),
        ("attempt", "status = null"),
        ("attempt", "status = 99"),
        ("attempt", "status = 1000"),
        ("attempt", "outcome = 1, status = null"),
        ("attempt", "outcome = 7, went_out = 0, status = null"),
        ("attempt", "repeats = 2"),
        ("attempt", "first_started_ms = 4"),
        ("attempt", "repeats = 2, first_started_ms = 4"),
        ("attempt", "repeats = 0"),
        ("attempt", "duration_us = -1"),
        ("attempt", "status = 'ok'"),
        ("event", "day = 9"),
        ("event", "received_ms = -1"),
        ("event", "event_id = zeroblob(15)"),
        ("event", "level = 5"),
        ("event", "hop = 256"),
        ("event", "value = null"),
        ("event", "head = 'text'"),
        ("hook", "secret = x'00'"),
        ("hook", "secret = 'text'"),
        ("hook", "previous_secret = zeroblob(64)"),
        ("hook", "previous_until_ms = 1"),
        ("hook", "timeout_ms = 999"),
        ("hook", "timeout_ms = 30001"),
        ("hook", "concurrency = 65"),
        ("hook", "max_age_s = 59"),
        ("hook", "when_open = 2"),
        ("hook", "disabled_by = 1"),
        ("hook", "active = 0, disabled_by = 3"),
        ("hook", "kinds = 4"),
        ("hook", "deleted = 1"),
        ("hook", "number = 268435456"),
    ];
    for (table, change) in impossible {
        let refusal = database.execute(&format!("update {table} set {change}"), []).expect_err(change);
        let code = refusal.sqlite_error().unwrap().extended_code;
        let refused = [SQLITE_CONSTRAINT_CHECK, SQLITE_CONSTRAINT_DATATYPE, SQLITE_CONSTRAINT_NOTNULL].contains(&code);
        assert!(refused, "{table}: {change}: {refusal}");
    }
}

#[test]
fn rows_that_can_be_are_taken() {
    let (_folder, database) = database();
    let possible = [
        ("delivery", "state = 1, due_ms = null, owner = 1"),
        ("delivery", "state = 2, due_ms = null, owner = null, settled_ms = 9"),
        ("delivery", "state = 3, sent = 0, attempts = 0"),
        ("delivery", "state = 6"),
        ("delivery", "state = 0, due_ms = 7, settled_ms = null"),
        ("delivery", "kind = 2, body = x'7b7d'"),
        ("delivery", "kind = 3, body = x'7b7d', again_ms = 9, attempts = 1, sent = 1, sent_before = 1"),
        ("attempt", "outcome = 4, cause = 2, went_out = 0, status = null"),
        ("attempt", "repeats = 2, first_started_ms = 4"),
        ("event", "hop = 255, day = 0, received_ms = 86399999"),
        ("hook", "deleted = 1, active = 0"),
    ];
    for (table, change) in possible {
        assert_eq!(database.execute(&format!("update {table} set {change}"), []), Ok(1), "{table}: {change}");
    }
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(Sqlite::open(folder.path()).unwrap());
    let database = Connection::open(folder.path().join("watchfire.db")).unwrap();
    let ours: u32 = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    database.pragma_update(None, "user_version", ours + 1).unwrap();
    let refusal = Sqlite::open(folder.path()).expect_err("a newer schema");
    assert!(
        matches!(refusal, StoreError::SchemaTooNew { found, known } if found == ours + 1 && known == ours),
        "{refusal}"
    );
    let version: u32 = database.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, ours + 1);
}

#[test]
fn opening_again_migrates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(Sqlite::open(folder.path()).unwrap());
    let schema = |folder: &std::path::Path| -> Vec<String> {
        let database = Connection::open(folder.join("watchfire.db")).unwrap();
        let mut statement = database.prepare("select coalesce(sql, '') from sqlite_schema order by name").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let before = schema(folder.path());
    drop(Sqlite::open(folder.path()).unwrap());
    assert_eq!(schema(folder.path()), before);
}
