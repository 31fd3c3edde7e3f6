//! The behaviour suite on SQLite, each behaviour in a data folder of its own; and what only SQLite does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod files;
mod issues;
mod migration;
mod plans;
mod rules;
mod schema;
mod sealing;

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use model::ids::{HookGuid, Millis};
use protocol::{EventId, PublicKey};
use watchfire_store::catalog::{NewProject, Project};
use watchfire_store::conformance::{self, Bench};
use watchfire_store::sqlite::Sqlite;
use watchfire_store::{Catalog as _, SecretKey, SecretKeyId, Store, StoreError, every_behaviour};

struct OnSqlite {
    root: tempfile::TempDir,
    folder: PathBuf,
    store: Arc<Sqlite>,
    crashes: u32,
}

impl OnSqlite {
    async fn new() -> OnSqlite {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("data");
        let store = Arc::new(Sqlite::open(&folder).unwrap());
        store.unlock(conformance::secret_key()).await.unwrap();
        OnSqlite { root, folder, store, crashes: 0 }
    }
}

#[async_trait]
impl Bench for OnSqlite {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    /// What a killed process leaves is what its files hold at that moment, the write-ahead log included; nothing is closed.
    async fn crash(&mut self) {
        self.crashes += 1;
        let left = self.root.path().join(format!("data-{}", self.crashes));
        std::fs::create_dir(&left).unwrap();
        for file in ["watchfire.db", "watchfire.db-wal"] {
            std::fs::copy(self.folder.join(file), left.join(file)).unwrap();
        }
        self.store = Arc::new(Sqlite::open(&left).unwrap());
        self.store.unlock(conformance::secret_key()).await.unwrap();
        self.folder = left;
    }

    async fn poison(&mut self, event: EventId) {
        let database = rusqlite::Connection::open(self.folder.join("watchfire.db")).unwrap();
        let trigger = format!(
            "create trigger poison before insert on event when new.event_id = x'{event}'
             begin select raise(abort, 'poisoned'); end"
        );
        database.execute_batch(&trigger).unwrap();
    }

    async fn poison_hour(&mut self, hour_s: i64) {
        let database = rusqlite::Connection::open(self.folder.join("watchfire.db")).unwrap();
        let trigger = format!(
            "create trigger poison_hour before insert on issue_hour when new.hour_s = {hour_s}
             begin select raise(abort, 'poisoned'); end"
        );
        database.execute_batch(&trigger).unwrap();
    }

    async fn damage(&mut self, hook: HookGuid, column: &'static str) {
        let database = rusqlite::Connection::open(self.folder.join("watchfire.db")).unwrap();
        let (hook, damaged) = (hook.0, [1_u8; 120]);
        let update = format!("update hook set {column} = ? where guid = ?");
        assert_eq!(database.execute(&update, rusqlite::params![damaged, hook]).unwrap(), 1);
    }

    async fn swap(&mut self, column: &'static str, hooks: [HookGuid; 2]) {
        let database = rusqlite::Connection::open(self.folder.join("watchfire.db")).unwrap();
        let [to, from] = hooks.map(|hook| hook.0);
        let update = format!("update hook set {column} = (select {column} from hook where guid = ?) where guid = ?");
        assert_eq!(database.execute(&update, rusqlite::params![from, to]).unwrap(), 1);
    }

    async fn unlock_with_another(&mut self, key: SecretKey) -> Result<(), StoreError> {
        self.store.unlock(key).await
    }

    async fn replace_key(&mut self, key: SecretKey) -> Result<(), StoreError> {
        self.store.replace_secret_key(&key).await?;
        self.store.close().await;
        self.store = Arc::new(Sqlite::open(&self.folder)?);
        self.store.unlock(key).await
    }

    async fn secret_key_id(&self) -> Result<Option<SecretKeyId>, StoreError> {
        self.store.secret_key_id().await
    }

    async fn count_rows(&self, table: &'static str) -> u64 {
        let database = rusqlite::Connection::open(self.folder.join("watchfire.db")).unwrap();
        let count = format!("select count(*) from {table}");
        database.query_row(&count, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
    }
}

/// Makes the only project of a store.
async fn new_project(store: &Sqlite, now: Millis) -> Project {
    let organization = store.create_organization("org".to_owned(), "Org".to_owned(), now).await.unwrap();
    let new = NewProject {
        organization: organization.id,
        team: store.teams(organization.id).await.unwrap()[0].id,
        slug: "project".to_owned(),
        name: "Project".to_owned(),
        platform: None,
        key: PublicKey([1; 16]),
        key_secret: PublicKey([2; 16]),
        now,
    };
    store.create_project(new).await.unwrap()
}

macro_rules! on_sqlite {
    ($($room:ident :: $behaviour:ident,)+) => {
        $(
            #[tokio::test]
            async fn $behaviour() {
                conformance::$room::$behaviour(&mut OnSqlite::new().await).await.unwrap();
            }
        )+

        /// A behaviour that is written but not listed would never run.
        #[test]
        fn every_behaviour_that_is_written_is_listed() {
            let mut listed = vec![$((stringify!($room).to_owned(), stringify!($behaviour).to_owned())),+];
            listed.sort();
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/conformance");
            let mut written = Vec::new();
            for file in std::fs::read_dir(folder).unwrap() {
                let path = file.unwrap().path();
                let room = path.file_stem().unwrap().to_str().unwrap().to_owned();
                let text = std::fs::read_to_string(&path).unwrap();
                let names = text.lines().filter_map(|line| line.strip_prefix("pub async fn "));
                written.extend(names.map(|name| (room.clone(), name.split_once('(').unwrap().0.to_owned())));
            }
            written.sort();
            assert_eq!(written, listed);
        }
    };
}

every_behaviour!(on_sqlite);
