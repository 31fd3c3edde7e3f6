//! Users, members and sessions. Of a password only argon2's encoding is kept, of a session's text only a hash.

use async_trait::async_trait;
use model::ids::{Millis, OrganizationId, UserId};
use model::role::Role;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

use super::Sqlite;
use super::rows::{collect, found, missing_or_taken, taken};
use crate::accounts::{Accounts, Member, Membership, NewPassword, NewSession, SignedIn, User};
use crate::error::StoreError;

#[async_trait]
impl Accounts for Sqlite {
    async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.read(users).await
    }

    async fn user_by_email(&self, email: String) -> Result<Option<User>, StoreError> {
        self.read(move |connection| user_by_email(connection, &email)).await
    }

    async fn create_user(&self, email: String, password_hash: String, now: Millis) -> Result<User, StoreError> {
        self.write(move |transaction| create_user(transaction, email, password_hash, now)).await
    }

    async fn set_password(&self, user: UserId, new: NewPassword) -> Result<(), StoreError> {
        self.write(move |transaction| set_password(transaction, user, &new)).await
    }

    async fn members(&self, organization: OrganizationId) -> Result<Vec<Member>, StoreError> {
        self.read(move |connection| members(connection, organization)).await
    }

    async fn memberships(&self, user: UserId) -> Result<Vec<(OrganizationId, Role)>, StoreError> {
        self.read(move |connection| memberships(connection, user)).await
    }

    async fn set_role(&self, of: Membership, role: Role, now: Millis) -> Result<(), StoreError> {
        self.write(move |transaction| set_role(transaction, of, role, now)).await
    }

    async fn remove_member(&self, of: Membership) -> Result<(), StoreError> {
        self.write(move |transaction| remove_member(transaction, of)).await
    }

    async fn create_session(&self, new: NewSession) -> Result<(), StoreError> {
        self.write(move |transaction| create_session(transaction, &new)).await
    }

    async fn session(&self, hash: [u8; 32], now: Millis) -> Result<Option<SignedIn>, StoreError> {
        self.read(move |connection| session(connection, hash, now)).await
    }

    async fn end_session(&self, hash: [u8; 32]) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute("delete from session where hash = ?", [hash])?;
            Ok(())
        })
        .await
    }
}

fn users(connection: &Connection) -> Result<Vec<User>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select id, email, password_hash, password_is_temporary, created_ms from user order by id desc",
    )?;
    collect(statement.query([])?, |row| user_at(row, 0))
}

fn user_by_email(connection: &Connection, email: &str) -> Result<Option<User>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select id, email, password_hash, password_is_temporary, created_ms from user where email = ?",
    )?;
    let mut rows = statement.query([email])?;
    rows.next()?.map(|row| user_at(row, 0)).transpose()
}

fn create_user(
    transaction: &Transaction<'_>,
    email: String,
    password_hash: String,
    now: Millis,
) -> Result<User, StoreError> {
    transaction
        .execute(
            "insert into user (email, password_hash, created_ms) values (?, ?, ?)",
            params![email, password_hash, now.0],
        )
        .map_err(|error| taken(error, "email"))?;
    let id = UserId::new(transaction.last_insert_rowid())?;
    Ok(User { id, email, password_hash, password_is_temporary: false, created: now })
}

fn set_password(transaction: &Transaction<'_>, user: UserId, new: &NewPassword) -> Result<(), StoreError> {
    let changed = transaction.execute(
        "update user set password_hash = ?, password_is_temporary = ? where id = ?",
        params![new.hash, new.is_temporary, user.get()],
    )?;
    found(changed, "user")?;
    transaction
        .execute("delete from session where user_id = ? and hash is not ?", params![user.get(), new.kept_session])?;
    Ok(())
}

fn members(connection: &Connection, organization: OrganizationId) -> Result<Vec<Member>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select member.role, member.created_ms, user.id, user.email, user.password_hash, user.password_is_temporary,
                user.created_ms
         from member join user on user.id = member.user_id
         where member.organization_id = ?
         order by user.id desc",
    )?;
    collect(statement.query([organization.get()])?, |row| {
        Ok(Member { role: role_at(row, 0)?, created: Millis(row.get(1)?), user: user_at(row, 2)? })
    })
}

fn memberships(connection: &Connection, user: UserId) -> Result<Vec<(OrganizationId, Role)>, StoreError> {
    let mut statement = connection
        .prepare_cached("select organization_id, role from member where user_id = ? order by organization_id desc")?;
    collect(statement.query([user.get()])?, |row| Ok((OrganizationId::new(row.get(0)?)?, role_at(row, 1)?)))
}

fn set_role(transaction: &Transaction<'_>, of: Membership, role: Role, now: Millis) -> Result<(), StoreError> {
    if role != Role::Admin {
        keep_an_admin(transaction, of)?;
    }
    transaction
        .execute(
            "insert into member (organization_id, user_id, role, created_ms) values (?, ?, ?, ?)
             on conflict do update set role = excluded.role",
            params![of.organization.get(), of.user.get(), role.code(), now.0],
        )
        .map_err(|error| missing_or_taken(error, "user", "member"))?;
    Ok(())
}

fn remove_member(transaction: &Transaction<'_>, of: Membership) -> Result<(), StoreError> {
    keep_an_admin(transaction, of)?;
    let removed = transaction.execute(
        "delete from member where organization_id = ? and user_id = ?",
        params![of.organization.get(), of.user.get()],
    )?;
    found(removed, "member")
}

/// Refuses where this is the only member who can manage the others.
fn keep_an_admin(transaction: &Transaction<'_>, of: Membership) -> Result<(), StoreError> {
    let admins: (i64, i64) = transaction.query_row(
        "select count(*) filter (where user_id = ?2), count(*) filter (where user_id <> ?2)
         from member
         where organization_id = ?1 and role = ?3",
        params![of.organization.get(), of.user.get(), Role::Admin.code()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if admins == (1, 0) { Err(StoreError::LastAdmin) } else { Ok(()) }
}

fn create_session(transaction: &Transaction<'_>, new: &NewSession) -> Result<(), StoreError> {
    transaction.execute("delete from session where expires_ms <= ?", [new.now.0])?;
    transaction
        .execute(
            "insert into session (hash, user_id, created_ms, expires_ms) values (?, ?, ?, ?)",
            params![new.hash, new.user.get(), new.now.0, new.expires.0],
        )
        .map_err(|error| missing_or_taken(error, "user", "session"))?;
    Ok(())
}

fn session(connection: &Connection, hash: [u8; 32], now: Millis) -> Result<Option<SignedIn>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select session.expires_ms, user.id, user.email, user.password_hash, user.password_is_temporary, user.created_ms
         from session join user on user.id = session.user_id
         where session.hash = ? and session.expires_ms > ?",
    )?;
    let found =
        statement.query_row(params![hash, now.0], |row| Ok((Millis(row.get(0)?), user_at(row, 1)))).optional()?;
    let Some((expires, user)) = found else { return Ok(None) };
    let user = user?;
    let memberships = memberships(connection, user.id)?;
    Ok(Some(SignedIn { user, memberships, expires }))
}

fn user_at(row: &Row<'_>, first: usize) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::new(row.get(first)?)?,
        email: row.get(first + 1)?,
        password_hash: row.get(first + 2)?,
        password_is_temporary: row.get(first + 3)?,
        created: Millis(row.get(first + 4)?),
    })
}

fn role_at(row: &Row<'_>, column: usize) -> Result<Role, StoreError> {
    let code: i64 = row.get(column)?;
    Role::of_code(code).map_err(|_| StoreError::UnknownValue { what: "role", value: code })
}
