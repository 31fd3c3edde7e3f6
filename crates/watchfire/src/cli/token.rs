//! `watchfire token`: API tokens, on the store itself: for who has lost theirs.

use clap::{ArgAction, Args, Subcommand};
use model::ids::{Millis, TokenId, UserId};
use model::scope::{Scope, Scopes};
use store::Store;
use store::StoreError;
use store::accounts::User;
use store::catalog::{NewToken, Token};

use super::failure::Failure;
use super::report;
use super::stores;
use super::user;
use crate::config::StoreFlags;
use crate::credentials::new_token;
use crate::wiring::system_clock;

/// Which of the three.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a token and print it, once
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// List all tokens
    List(StoreFlags),
    /// Delete a token: requests with it are refused from now on
    Revoke(Revoke),
}

const CREATE_EXAMPLES: &str = "\
Examples:
  WATCHFIRE_TOKEN=$(watchfire token create --name laptop)
  watchfire token create --name ci --scope project:read --scope project:write";

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    store: StoreFlags,
    /// A name to know it by
    #[arg(long, default_value = "command line")]
    name: String,
    /// What it may do, such as project:read; every scope where none is given
    #[arg(long, value_name = "SCOPE", action = ArgAction::Append)]
    scope: Vec<Scope>,
    /// Whose it is; the oldest user's where none is given
    #[arg(long, value_name = "EMAIL")]
    user: Option<String>,
}

#[derive(Debug, Args)]
struct Revoke {
    #[command(flatten)]
    store: StoreFlags,
    /// The token's id, as `watchfire token list` shows it
    #[arg(value_name = "ID")]
    id: TokenId,
}

/// Makes, lists or revokes.
pub(super) async fn run(arguments: Arguments) -> Result<String, Failure> {
    match arguments.action {
        Action::Create(create) => {
            let flags = create.store.clone();
            stores::with_existing(&flags, async |store| make(store, create, system_clock().now()).await).await
        }
        Action::List(flags) => stores::with_existing(&flags, async |store| list(store).await).await,
        Action::Revoke(Revoke { store, id }) => {
            stores::with_existing(&store, async |store| revoke(store, id).await).await
        }
    }
}

async fn make(store: &dyn Store, create: Create, now: Millis) -> Result<String, Failure> {
    let owner = owner(store.users().await?, create.user)?;
    let text = new_token()?;
    let scopes = if create.scope.is_empty() { Scopes::EVERY } else { create.scope.into_iter().collect() };
    let new = NewToken {
        hash: text.hash(),
        name: create.name,
        scopes,
        last_characters: text.last_characters(),
        user: owner,
        now,
    };
    store.create_token(new).await?;
    Ok(format!("{}\n", text.expose()))
}

async fn list(store: &dyn Store) -> Result<String, Failure> {
    let users = store.users().await?;
    let mut rows = vec![["ID", "TOKEN", "NAME", "USER", "MADE", "SCOPES"].map(str::to_owned)];
    rows.extend(store.tokens().await?.iter().map(|token| row(token, &users)));
    Ok(report::columns(&rows))
}

async fn revoke(store: &dyn Store, id: TokenId) -> Result<String, Failure> {
    match store.revoke_token(id).await {
        Err(StoreError::Missing { .. }) => {
            Err(Failure::Missing { kind: "token", name: id.to_string(), list: "watchfire token list" })
        }
        revoked => Ok(revoked.map(|()| format!("revoked token {id}\n"))?),
    }
}

/// The named user, else the oldest one.
fn owner(users: Vec<User>, named: Option<String>) -> Result<Option<UserId>, Failure> {
    match named {
        Some(email) => user::named(users, &email).map(|user| Some(user.id)),
        None => Ok(users.last().map(|user| user.id)),
    }
}

fn row(token: &Token, users: &[User]) -> [String; 6] {
    let owner = users.iter().find(|user| Some(user.id) == token.user);
    let scopes = if token.scopes == Scopes::EVERY { "every".to_owned() } else { token.scopes.to_string() };
    [
        token.id.to_string(),
        format!("…{}", token.last_characters),
        token.name.clone(),
        owner.map(|user| user.email.clone()).unwrap_or_default(),
        report::moment(token.created),
        scopes,
    ]
}
