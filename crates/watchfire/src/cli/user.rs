//! `watchfire user`: who may sign in, on the store itself: for who has lost their password.

use std::io::Read;

use clap::{Args, Subcommand};
use model::email::email;
use model::role::Role;
use model::slug::Slug;
use store::accounts::{Membership, NewPassword, User};
use store::catalog::Organization;
use store::{Store, StoreError};
use web::auth::password::Password;

use super::failure::Failure;
use super::report;
use super::stores;
use crate::config::StoreFlags;
use crate::credentials::{CredentialError, hash, new_password};
use crate::wiring::system_clock;

/// What is read of a password on standard input at most; a longer one is refused as such.
const PASSWORD_READ_BYTES: u64 = 4096;

/// Which of the three.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make a user, who is a member of an organization
    #[command(after_help = PASSWORD_HELP)]
    Create(Create),
    /// List all users
    List(StoreFlags),
    /// Give a user another password
    #[command(after_help = PASSWORD_HELP)]
    Password(Named),
}

const PASSWORD_HELP: &str = "\
The password is made and printed, unless --password-stdin is given.

Examples:
  watchfire user create ada@example.com
  watchfire user create ada@example.com --role admin --org my-org
  watchfire user password admin@localhost --password-stdin < password.txt";

#[derive(Debug, Args)]
struct Named {
    #[command(flatten)]
    store: StoreFlags,
    /// The user's name at sign-in, an e-mail address
    #[arg(value_name = "EMAIL", value_parser = email)]
    email: String,
    /// Read the password from standard input, up to the first line's end
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    named: Named,
    /// What they may do: admin, member or read-only
    #[arg(long, value_name = "ROLE", default_value = "member")]
    role: Role,
    /// Of which organization they become a member; of the only one where there is one
    #[arg(long = "org", value_name = "SLUG")]
    organization: Option<Slug>,
}

/// Makes, lists or gives a password.
pub(super) async fn run(arguments: Arguments) -> Result<String, Failure> {
    match arguments.action {
        Action::Create(create) => {
            stores::with_existing(&create.named.store, async |store| make(store, &create).await).await
        }
        Action::List(flags) => stores::with_existing(&flags, async |store| list(store).await).await,
        Action::Password(named) => {
            stores::with_existing(&named.store, async |store| set_password(store, &named).await).await
        }
    }
}

/// The user of this name.
pub(super) fn named(users: Vec<User>, email: &str) -> Result<User, Failure> {
    users.into_iter().find(|user| user.email == email).ok_or_else(|| Failure::Missing {
        kind: "user",
        name: email.to_owned(),
        list: "watchfire user list",
    })
}

async fn make(store: &dyn Store, create: &Create) -> Result<String, Failure> {
    let Create { named, role, organization } = create;
    let (email, now) = (named.email.clone(), system_clock().now());
    let organization = organization_named(store.organizations().await?, organization.as_ref())?;
    let password = password(named)?;
    let user = match store.create_user(email.clone(), hash(&password)?, now).await {
        Err(StoreError::Taken { .. }) => return Err(Failure::Exists { kind: "user", name: email }),
        made => made?,
    };
    store.set_role(Membership { organization: organization.id, user: user.id }, *role, now).await?;
    Ok(told(named, &user.email, &password))
}

/// The organization of this name, or the only one.
fn organization_named(mut all: Vec<Organization>, named: Option<&Slug>) -> Result<Organization, Failure> {
    let found = match named {
        Some(slug) => all.into_iter().find(|known| known.slug == slug.as_str()),
        None if all.len() == 1 => all.pop(),
        None => None,
    };
    let name = || named.map_or_else(|| "--org".to_owned(), |slug| slug.as_str().to_owned());
    found.ok_or_else(|| Failure::Missing { kind: "organization", name: name(), list: "watchfire user list" })
}

async fn set_password(store: &dyn Store, named: &Named) -> Result<String, Failure> {
    let user = self::named(store.users().await?, &named.email)?;
    let password = password(named)?;
    // Whoever may run this on the server may know it.
    let new = NewPassword { hash: hash(&password)?, is_temporary: false, kept_session: None };
    store.set_password(user.id, new).await?;
    Ok(told(named, &user.email, &password))
}

async fn list(store: &dyn Store) -> Result<String, Failure> {
    let mut rows = vec![["ID", "LOGIN", "ROLES", "MADE"].map(str::to_owned)];
    let organizations = store.organizations().await?;
    for user in store.users().await? {
        let memberships = store.memberships(user.id).await?;
        let roles = memberships.iter().filter_map(|(id, role)| {
            let organization = organizations.iter().find(|known| known.id == *id)?;
            Some(format!("{}: {}", organization.slug, role.as_str()))
        });
        let roles: Vec<String> = roles.collect();
        rows.push([user.id.to_string(), user.email, roles.join(", "), report::moment(user.created)]);
    }
    Ok(report::columns(&rows))
}

/// A password that the person gave is not repeated to them.
fn told(named: &Named, email: &str, password: &Password) -> String {
    let given = "(the one on standard input)";
    let shown = if named.password_stdin { given } else { password.expose() };
    report::columns(&[["login", email], ["password", shown]].map(|row| row.map(str::to_owned)))
}

fn password(named: &Named) -> Result<Password, Failure> {
    if !named.password_stdin {
        return Ok(new_password()?);
    }
    let mut text = String::new();
    std::io::stdin()
        .take(PASSWORD_READ_BYTES)
        .read_to_string(&mut text)
        .map_err(|source| Failure::Standard { doing: "read the password from standard input", source })?;
    let chosen = Password::chosen(text.lines().next().unwrap_or_default());
    Ok(chosen.map_err(CredentialError::from)?)
}
