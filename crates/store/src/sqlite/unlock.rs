//! Unlocking: the secret key that this store's secrets are sealed with.
//!
//! The first key that unlocks a store is its key until somebody replaces it: the store keeps its id and a check value. In the
//! same transaction the secrets that a Watchfire before sealing left are sealed; their plain copies in the file go with a
//! `vacuum` afterwards, which is done again at the next unlock if it did not come to its end.

use std::sync::Arc;

use model::ids::HookGuid;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::rows::touch_directory;
use super::{Sqlite, writer};
use crate::error::StoreError;
use crate::secret_key::{Column, SecretKey, SecretKeyId};

/// The key, out of sight of `Debug`.
pub(super) struct Unlocked(Arc<SecretKey>);

impl std::fmt::Debug for Unlocked {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0.id())
    }
}

impl Sqlite {
    /// The id of the key that the store's secrets are sealed with; nothing where no key has unlocked it yet.
    ///
    /// # Errors
    /// What the database says.
    pub async fn secret_key_id(&self) -> Result<Option<SecretKeyId>, StoreError> {
        self.read(key_id).await
    }

    /// Unlocks the store: calls about hooks work from now on. The first key becomes the store's.
    ///
    /// # Errors
    /// `WrongSecretKey` where its secrets are sealed with another, `Damaged` where the key's id is right and the check value does
    /// not open, or what the database says.
    pub async fn unlock(&self, key: SecretKey) -> Result<(), StoreError> {
        let key = Arc::new(key);
        let sealing = Arc::clone(&key);
        self.writer
            .run(move |connection| {
                writer::in_transaction(connection, |transaction| take_key(transaction, &sealing))?;
                wipe(connection);
                Ok(())
            })
            .await?;
        // Unlocked twice is unlocked: both keys are the store's.
        drop(self.secret_key.set(Unlocked(key)));
        Ok(())
    }

    /// Gives the store another key, for who has lost the one it has. What that one sealed does not open any more: its hooks get
    /// nothing until they have new secrets. The caller holds the folder's lock, so that no process works with the old key.
    ///
    /// # Errors
    /// What the database says.
    pub async fn replace_secret_key(&self, key: &SecretKey) -> Result<(), StoreError> {
        let (id, check) = (key.id(), key.check_value()?);
        self.write(move |transaction| {
            let mut update = transaction.prepare("update meta set value = ? where name = ?")?;
            update.execute(params![id.as_bytes(), "secret_key_id"])?;
            update.execute(params![check, "secret_key_check"])?;
            touch_directory(transaction)
        })
        .await
    }

    pub(super) fn secret_key(&self) -> Result<Arc<SecretKey>, StoreError> {
        let unlocked = self.secret_key.get().ok_or(StoreError::NotUnlocked)?;
        Ok(Arc::clone(&unlocked.0))
    }
}

/// The id of the key of a store, or of a backup of one.
pub(super) fn key_id(connection: &Connection) -> Result<Option<SecretKeyId>, StoreError> {
    let id: Option<Vec<u8>> = of_meta(connection, "secret_key_id")?;
    id.map(|id| SecretKeyId::from_bytes(&id).ok_or(StoreError::Damaged { what: "secret key id" })).transpose()
}

fn of_meta(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection.query_row("select value from meta where name = ?", [name], |row| row.get(0)).optional()?)
}

fn take_key(transaction: &Transaction<'_>, key: &SecretKey) -> Result<(), StoreError> {
    let given = key.id();
    match key_id(transaction)? {
        None => {
            let mut insert = transaction.prepare("insert into meta (name, value) values (?, ?)")?;
            insert.execute(params!["secret_key_id", given.as_bytes()])?;
            insert.execute(params!["secret_key_check", key.check_value()?])?;
            if seal_all(transaction, key)? {
                insert.execute(params!["secrets_to_wipe", 1])?;
            }
            Ok(())
        }
        Some(needed) if needed != given => Err(StoreError::WrongSecretKey { needed, given }),
        Some(_) => match of_meta(transaction, "secret_key_check")? {
            Some(check) if key.is_known_by(&check) => Ok(()),
            Some(_) | None => Err(StoreError::Damaged { what: "check value of the secret key" }),
        },
    }
}

/// Seals what a Watchfire before sealing left plain, of deleted hooks too. Whether there was anything.
fn seal_all(transaction: &Transaction<'_>, key: &SecretKey) -> Result<bool, StoreError> {
    let mut select = transaction.prepare("select number, guid, secret, previous_secret, headers from hook")?;
    let mut update =
        transaction.prepare("update hook set secret = ?, previous_secret = ?, headers = ? where number = ?")?;
    let mut rows = select.query([])?;
    let mut hooks = Vec::new();
    while let Some(row) = rows.next()? {
        let guid = HookGuid(row.get(1)?);
        let sealed = |index, column| {
            let plain: Option<Vec<u8>> = row.get(index)?;
            plain.map(|plain| Ok::<_, StoreError>(key.seal(guid, column, &plain)?)).transpose()
        };
        hooks.push((
            row.get::<_, i64>(0)?,
            sealed(2, Column::Secret)?,
            sealed(3, Column::PreviousSecret)?,
            sealed(4, Column::Headers)?,
        ));
    }
    for (number, secret, previous, headers) in &hooks {
        update.execute(params![secret, previous, headers, number])?;
    }
    Ok(!hooks.is_empty())
}

/// Writes the whole file anew where plain secrets were in it, so that no page keeps a copy, and empties the log. A failure is no
/// reason not to start: the secrets that count are sealed.
fn wipe(connection: &Connection) {
    let result = (|| {
        if of_meta_number(connection, "secrets_to_wipe")?.is_none() {
            return Ok(());
        }
        tracing::info!("writing the store anew, so that no copy of a secret from before sealing is left in it");
        // In memory, what is for the time of this statement a second copy of the store would not fit.
        connection.pragma_update(None, "temp_store", "file")?;
        let vacuumed = connection.execute_batch("vacuum");
        connection.pragma_update(None, "temp_store", "memory")?;
        vacuumed?;
        let busy: i64 = connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get(0))?;
        if busy == 0 {
            connection.execute("delete from meta where name = 'secrets_to_wipe'", [])?;
        }
        Ok::<_, rusqlite::Error>(())
    })();
    if let Err(error) = result {
        tracing::warn!(error = %error, "copies of secrets from before sealing may be left in the store's file: the next start tries again");
    }
}

fn of_meta_number(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection.query_row("select value from meta where name = ?", [name], |row| row.get(0)).optional()
}
