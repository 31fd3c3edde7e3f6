//! `watchfire user`: who may sign in, on the store itself: for who has lost their password.

use std::io::Read;

use clap::{Args, Subcommand};
use store::StoreError;
use store::catalog::{Catalog, User};

use super::failure::Failure;
use super::report;
use super::stores;
use crate::config::StoreFlags;
use crate::credentials::Password;
use crate::wiring::system_clock;

/// The longest name at sign-in.
const EMAIL_MAX_BYTES: usize = 254;
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
    /// Make a user
    #[command(after_help = PASSWORD_HELP)]
    Create(Named),
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

/// A text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an e-mail address, such as ada@example.com")]
pub(super) struct BadEmail;

/// Makes, lists or gives a password.
pub(super) async fn run(arguments: Arguments) -> Result<String, Failure> {
    match arguments.action {
        Action::Create(named) => stores::with_existing(&named.store, async |store| make(store, &named).await).await,
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

/// A name at sign-in. Whether mail arrives there is nobody's business: `admin@localhost` is one.
pub(super) fn email(text: &str) -> Result<String, BadEmail> {
    let is_legal = |letter: char| !letter.is_whitespace() && !letter.is_control();
    let (name, host) = text.rsplit_once('@').ok_or(BadEmail)?;
    let fits = !name.is_empty() && !host.is_empty() && text.len() <= EMAIL_MAX_BYTES;
    if fits && text.chars().all(is_legal) { Ok(text.to_owned()) } else { Err(BadEmail) }
}

async fn make(store: &dyn Catalog, named: &Named) -> Result<String, Failure> {
    let email = named.email.clone();
    let password = password(named)?;
    match store.create_user(email.clone(), password.hash()?, system_clock().now()).await {
        Err(StoreError::Taken { .. }) => Err(Failure::Exists { kind: "user", name: email }),
        made => Ok(made.map(|user| told(named, &user.email, &password))?),
    }
}

async fn set_password(store: &dyn Catalog, named: &Named) -> Result<String, Failure> {
    let user = self::named(store.users().await?, &named.email)?;
    let password = password(named)?;
    store.set_password(user.id, password.hash()?).await?;
    Ok(told(named, &user.email, &password))
}

async fn list(store: &dyn Catalog) -> Result<String, Failure> {
    let mut rows = vec![["ID", "LOGIN", "MADE"].map(str::to_owned)];
    let users = store.users().await?;
    rows.extend(users.into_iter().map(|user| [user.id.to_string(), user.email, report::moment(user.created)]));
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
        return Ok(Password::random()?);
    }
    let mut text = String::new();
    std::io::stdin()
        .take(PASSWORD_READ_BYTES)
        .read_to_string(&mut text)
        .map_err(|source| Failure::Standard { doing: "read the password from standard input", source })?;
    Ok(Password::chosen(text.lines().next().unwrap_or_default())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_two_sides_and_no_blanks() {
        for good in ["admin@localhost", "ada@example.com", "a@b@c"] {
            assert_eq!(email(good), Ok(good.to_owned()));
        }
        for bad in ["", "admin", "@localhost", "admin@", "a b@c", "a@b\n", &format!("{}@b", "a".repeat(300))] {
            assert_eq!(email(bad), Err(BadEmail), "{bad}");
        }
    }
}
