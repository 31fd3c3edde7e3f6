//! No statement of the store walks through a table that grows with the number of events.

use std::path::{Path, PathBuf};

use rusqlite::Connection;
use watchfire_store::sqlite::Sqlite;

/// Tables, and names that statements give them, that hold configuration: they may be walked through.
const SMALL: [&str; 18] = [
    "organization",
    "team",
    "project",
    "project_team",
    "project_key",
    "hook",
    "h",
    "rule",
    "user",
    "token",
    "process",
    "meta",
    "former_slug",
    "counter_fill",
    "f",
    "p",
    "kept",
    // No table at all.
    "CONSTANT",
];
/// The one statement that counts everything, for tools and tests.
const COUNTS_EVERYTHING: &str = "(select count(*) from event_of_project)";

/// Every SQL statement that is written out in a source file.
fn statements(source: &str) -> Vec<String> {
    let starts = ["select ", "insert ", "update ", "delete ", "with "];
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let code: Vec<_> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let literals = code.split('"').skip(1).step_by(2);
    literals.filter(|text| starts.iter().any(|start| text.starts_with(start))).map(str::to_owned).collect()
}

/// The source files of the backend, less its tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found
}

/// How SQLite would run a statement, a line for each step.
fn plan(database: &Connection, statement: &str) -> Vec<String> {
    let mut explain = database.prepare(&format!("explain query plan {statement}")).unwrap();
    let steps = explain.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>();
    steps.unwrap()
}

#[test]
fn no_statement_walks_through_a_table_that_grows() {
    let folder = tempfile::tempdir().unwrap();
    let _store = Sqlite::open(folder.path()).unwrap();
    let database = Connection::open(folder.path().join("watchfire.db")).unwrap();
    let (mut found, mut on_deliveries) = (0, 0);
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlite")) {
        for statement in statements(&std::fs::read_to_string(&path).unwrap()) {
            found += 1;
            on_deliveries += usize::from(statement.contains("delivery"));
            if statement.contains(COUNTS_EVERYTHING) {
                continue;
            }
            for step in plan(&database, &statement) {
                let walked = step.strip_prefix("SCAN ").map(|rest| rest.split(' ').next().unwrap());
                assert!(
                    walked.is_none_or(|table| SMALL.contains(&table)),
                    "{step}, in {}: {statement}",
                    path.display()
                );
                let of_a_queue = ["delivery_waiting", "delivery_leased"].iter().any(|index| statement.contains(index));
                let sorts_a_queue = step.contains("TEMP B-TREE") && of_a_queue;
                assert!(!sorts_a_queue, "{step}, in {}: {statement}", path.display());
            }
        }
    }
    // The number of statements at the time of writing: a test that reads none would pass too.
    assert!(found >= 70 && on_deliveries >= 20, "{found} statements, {on_deliveries} on deliveries");
}

#[test]
fn the_check_sees_a_walk() {
    let folder = tempfile::tempdir().unwrap();
    let _store = Sqlite::open(folder.path()).unwrap();
    let database = Connection::open(folder.path().join("watchfire.db")).unwrap();
    for statement in ["select 1 from delivery where created_ms = ?", "delete from attempt where status = 500"] {
        assert!(plan(&database, statement).iter().any(|step| step.starts_with("SCAN ")), "{statement}");
    }
}
