//! Accounts: who may sign in, who belongs to which organization and as what, and who has signed in.

use async_trait::async_trait;
use model::ids::{Millis, OrganizationId, UserId};
use model::role::Role;

use crate::error::StoreError;

/// People. Lists come newest first.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// All users.
    async fn users(&self) -> Result<Vec<User>, StoreError>;
    /// The user of this address, however it is written.
    async fn user_by_email(&self, email: String) -> Result<Option<User>, StoreError>;
    /// Makes a user, who belongs to no organization yet. The hash is argon2's encoded form.
    async fn create_user(&self, email: String, password_hash: String, now: Millis) -> Result<User, StoreError>;
    /// Replaces a user's password, and ends their sessions but the one that is to be kept.
    async fn set_password(&self, user: UserId, new: NewPassword) -> Result<(), StoreError>;

    /// The members of an organization.
    async fn members(&self, organization: OrganizationId) -> Result<Vec<Member>, StoreError>;
    /// What a user may do in each organization that they belong to.
    async fn memberships(&self, user: UserId) -> Result<Vec<(OrganizationId, Role)>, StoreError>;
    /// Makes a user a member, or gives a member another role.
    ///
    /// # Errors
    /// `LastAdmin` where nobody else could manage the organization any more.
    async fn set_role(&self, of: Membership, role: Role, now: Millis) -> Result<(), StoreError>;
    /// Takes a user out of an organization.
    ///
    /// # Errors
    /// `LastAdmin`, as above; `Missing` where they do not belong to it.
    async fn remove_member(&self, of: Membership) -> Result<(), StoreError>;

    /// Keeps a session, and forgets those that have ended.
    async fn create_session(&self, new: NewSession) -> Result<(), StoreError>;
    /// Whose session this is, if it has not ended.
    async fn session(&self, hash: [u8; 32], now: Millis) -> Result<Option<SignedIn>, StoreError>;
    /// Ends a session; one that is not there has ended.
    async fn end_session(&self, hash: [u8; 32]) -> Result<(), StoreError>;
}

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: UserId,
    /// Their name at sign-in.
    pub email: String,
    /// argon2's encoded hash.
    pub password_hash: String,
    /// Whether somebody else has seen the password: it is to be replaced first.
    pub password_is_temporary: bool,
    /// When the account was made.
    pub created: Millis,
}

/// Another password.
#[derive(Debug, Clone)]
pub struct NewPassword {
    /// argon2's encoded hash.
    pub hash: String,
    /// Whether somebody else has seen it.
    pub is_temporary: bool,
    /// The session that goes on: the one in which it was changed.
    pub kept_session: Option<[u8; 32]>,
}

/// A user who belongs to an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who it is.
    pub user: User,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created: Millis,
}

/// A user in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The organization.
    pub organization: OrganizationId,
    /// The user.
    pub user: UserId,
}

/// Somebody signs in.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// SHA-256 of the text in their cookie.
    pub hash: [u8; 32],
    /// Who it is.
    pub user: UserId,
    /// The store's time.
    pub now: Millis,
    /// When they have to sign in again.
    pub expires: Millis,
}

/// Somebody who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who it is.
    pub user: User,
    /// What they may do in each organization that they belong to.
    pub memberships: Vec<(OrganizationId, Role)>,
    /// When they have to sign in again.
    pub expires: Millis,
}
