//! Tokens: of each only the hash is kept.

use model::ids::{Millis, TokenId, UserId};
use model::scope::Scopes;
use rusqlite::{Connection, Row, Transaction, params};

use super::rows::{collect, found, missing_or_taken};
use crate::catalog::{NewToken, Token};
use crate::error::StoreError;

const SELECT: &str = "select id, name, scopes, last_characters, user_id, created_ms from token";

/// Keeps a token's hash.
pub(super) fn create(transaction: &Transaction<'_>, new: NewToken) -> Result<Token, StoreError> {
    transaction
        .execute(
            "insert into token (hash, name, scopes, last_characters, user_id, created_ms) values (?, ?, ?, ?, ?, ?)",
            params![
                new.hash,
                new.name,
                new.scopes.to_string(),
                new.last_characters,
                new.user.map(UserId::get),
                new.now.0,
            ],
        )
        .map_err(|error| missing_or_taken(error, "user", "token"))?;
    Ok(Token {
        id: TokenId::new(transaction.last_insert_rowid())?,
        name: new.name,
        scopes: new.scopes,
        last_characters: new.last_characters,
        user: new.user,
        created: new.now,
    })
}

/// The token with this hash.
pub(super) fn by_hash(connection: &Connection, hash: [u8; 32]) -> Result<Option<Token>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} where hash = ?"))?;
    let mut rows = statement.query([hash])?;
    rows.next()?.map(token_of).transpose()
}

/// Every token, newest first.
pub(super) fn all(connection: &Connection) -> Result<Vec<Token>, StoreError> {
    collect(connection.prepare_cached(&format!("{SELECT} order by id desc"))?.query([])?, token_of)
}

/// Deletes a token.
pub(super) fn revoke(transaction: &Transaction<'_>, token: TokenId) -> Result<(), StoreError> {
    found(transaction.execute("delete from token where id = ?", [token.get()])?, "token")
}

fn token_of(row: &Row<'_>) -> Result<Token, StoreError> {
    let scopes: String = row.get(2)?;
    let user: Option<i64> = row.get(4)?;
    Ok(Token {
        id: TokenId::new(row.get(0)?)?,
        name: row.get(1)?,
        scopes: scopes.parse::<Scopes>().map_err(|_| StoreError::Damaged { what: "token scopes" })?,
        last_characters: row.get(3)?,
        user: user.map(UserId::new).transpose()?,
        created: Millis(row.get(5)?),
    })
}
