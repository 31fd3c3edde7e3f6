//! Provisioning: the first organization, project, key, user and token, made once and then only looked up.
//!
//! Called by `init`, and by `serve` on an empty store. What is there already is never changed, except the stored URL when
//! another one is given. A project is made with its key in one transaction, so a run that was cut short is finished by the
//! next. Refuses to print: [`banner`] makes the text.

mod banner;
mod error;
mod first_login;

use model::ids::{Millis, UserId};
use model::role::Role;
use model::scope::Scopes;
use model::slug::Slug;
use protocol::PublicKey;
use protocol::dsn::Dsn;
use store::Store;
use store::StoreError;
use store::accounts::{Membership, User};
use store::catalog::{NewProject, NewToken, Organization, Project};
use web::auth::password::Password;
use web::auth::token::TokenText;

use crate::config::BaseUrl;
use crate::credentials::{hash, new_password, new_token, random_key};

pub use banner::{Audience, banner, curl_that_adds_a_hook};
pub use error::ProvisionError;
pub use first_login::{FIRST_LOGIN_FILE, write_first_login};

/// The organization's slug where none is named and none is there.
pub const DEFAULT_ORGANIZATION: &str = "my-org";
/// The project's slug where none is named and none is there.
pub const DEFAULT_PROJECT: &str = "my-project";
/// The user's name where none is named and none is there.
pub const DEFAULT_USER: &str = "admin@localhost";
/// The name of the tokens that provisioning makes.
const TOKEN_NAME: &str = "init";

/// What is wanted. A name that is `None` stands for the oldest of its kind, and for the default name where there is none.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The organization.
    pub organization: Option<Slug>,
    /// The project in it.
    pub project: Option<Slug>,
    /// The user's name at sign-in.
    pub user: Option<String>,
    /// The URL for DSNs and links.
    pub url: WantedUrl,
    /// Whether to make a token.
    pub token: WantedToken,
    /// The store's time.
    pub now: Millis,
}

/// Which URL DSNs and links begin with.
#[derive(Debug, Clone)]
pub enum WantedUrl {
    /// This one, and it is stored for later.
    Stored(BaseUrl),
    /// This one, for this process only.
    Given(BaseUrl),
    /// The stored one, else this.
    Otherwise(BaseUrl),
}

/// When a token is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedToken {
    /// Together with the first user only.
    First,
    /// In any case.
    Another,
}

/// What is there now. It has no `Debug`: it may hold a password and a token.
pub struct Provisioned {
    /// The organization.
    pub organization: Organization,
    /// The project.
    pub project: Project,
    /// What an SDK is pointed at.
    pub dsn: Dsn,
    /// Where people reach this Watchfire.
    pub url: BaseUrl,
    /// The user's name at sign-in.
    pub user: String,
    /// The user's password, if this run made the user.
    pub password: Option<Password>,
    /// A token with every scope, if this run made one.
    pub token: Option<TokenText>,
}

/// Whether nothing has been provisioned yet.
///
/// # Errors
/// What the store says.
pub async fn is_empty(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(store.users().await?.is_empty())
}

/// Makes what is wanted and not there.
///
/// # Errors
/// What the store says; no randomness; a project without an active key, which has no DSN.
pub async fn provision(store: &dyn Store, wanted: Wanted) -> Result<Provisioned, ProvisionError> {
    let now = wanted.now;
    let url = url(store, wanted.url).await?;
    let organization = organization(store, wanted.organization, now).await?;
    let project = project(store, &organization, wanted.project, now).await?;
    let key = oldest_active_key(store, &project).await?;
    let dsn = Dsn::for_project(url.as_str(), key, project.id.get().cast_unsigned())?;
    let was_empty = is_empty(store).await?;
    let (user, password) = user(store, wanted.user, now).await?;
    if !store.memberships(user.id).await?.iter().any(|(known, _)| *known == organization.id) {
        store.set_role(Membership { organization: organization.id, user: user.id }, Role::Admin, now).await?;
    }
    // Of several runs at once on an empty store, one made the user.
    let is_first = was_empty && password.is_some();
    let token = match wanted.token {
        WantedToken::First if !is_first => None,
        WantedToken::First | WantedToken::Another => Some(token(store, user.id, now).await?),
    };
    Ok(Provisioned { organization, project, dsn, url, user: user.email, password, token })
}

/// The URL that `init --url` stored.
///
/// # Errors
/// What the store says, or that it holds no URL.
pub async fn stored_url(store: &dyn Store) -> Result<Option<BaseUrl>, ProvisionError> {
    let stored = store.base_url().await?;
    stored.map(|url| url.parse().map_err(|source| ProvisionError::StoredUrl { url, source })).transpose()
}

async fn url(store: &dyn Store, wanted: WantedUrl) -> Result<BaseUrl, ProvisionError> {
    match wanted {
        WantedUrl::Given(url) => Ok(url),
        WantedUrl::Otherwise(url) => Ok(stored_url(store).await?.unwrap_or(url)),
        WantedUrl::Stored(url) => {
            if store.base_url().await?.as_deref() != Some(url.as_str()) {
                store.set_base_url(url.to_string()).await?;
            }
            Ok(url)
        }
    }
}

async fn organization(store: &dyn Store, wanted: Option<Slug>, now: Millis) -> Result<Organization, ProvisionError> {
    let slug = wanted.as_ref().map_or(DEFAULT_ORGANIZATION, Slug::as_str);
    loop {
        // Lists come newest first.
        let mut all = store.organizations().await?.into_iter().rev();
        let found = match &wanted {
            Some(slug) => all.find(|organization| organization.slug == slug.as_str()),
            None => all.next(),
        };
        if let Some(organization) = found {
            return Ok(organization);
        }
        match store.create_organization(slug.to_owned(), slug.to_owned(), now).await {
            // Another process made it since we looked.
            Err(StoreError::Taken { .. }) => {}
            made => return Ok(made?),
        }
    }
}

async fn project(
    store: &dyn Store,
    organization: &Organization,
    wanted: Option<Slug>,
    now: Millis,
) -> Result<Project, ProvisionError> {
    let slug = wanted.as_ref().map_or(DEFAULT_PROJECT, Slug::as_str);
    loop {
        let mut ours =
            store.projects().await?.into_iter().rev().filter(|project| project.organization == organization.id);
        let found = match &wanted {
            Some(slug) => ours.find(|project| project.slug == slug.as_str()),
            None => ours.next(),
        };
        if let Some(project) = found {
            return Ok(project);
        }
        let teams = store.teams(organization.id).await?;
        let team = teams.last().ok_or(ProvisionError::NoTeam { organization: organization.slug.clone() })?;
        let new = NewProject {
            organization: organization.id,
            team: team.id,
            slug: slug.to_owned(),
            name: slug.to_owned(),
            platform: None,
            key: random_key()?,
            key_secret: random_key()?,
            now,
        };
        match store.create_project(new).await {
            Err(StoreError::Taken { .. }) => {}
            made => return Ok(made?),
        }
    }
}

async fn oldest_active_key(store: &dyn Store, project: &Project) -> Result<PublicKey, ProvisionError> {
    let keys = store.keys(project.id).await?;
    let key = keys.iter().rfind(|key| key.active).ok_or(ProvisionError::NoKey { project: project.slug.clone() })?;
    Ok(key.public)
}

async fn user(
    store: &dyn Store,
    wanted: Option<String>,
    now: Millis,
) -> Result<(User, Option<Password>), ProvisionError> {
    let email = wanted.as_deref().unwrap_or(DEFAULT_USER);
    loop {
        let mut all = store.users().await?.into_iter().rev();
        let found = match &wanted {
            Some(email) => all.find(|user| user.email == *email),
            None => all.next(),
        };
        if let Some(user) = found {
            return Ok((user, None));
        }
        let password = new_password()?;
        match store.create_user(email.to_owned(), hash(&password)?, now).await {
            Err(StoreError::Taken { .. }) => {}
            made => return Ok((made?, Some(password))),
        }
    }
}

async fn token(store: &dyn Store, user: UserId, now: Millis) -> Result<TokenText, ProvisionError> {
    let text = new_token()?;
    let new = NewToken {
        hash: text.hash(),
        name: TOKEN_NAME.to_owned(),
        scopes: Scopes::EVERY,
        last_characters: text.last_characters(),
        user: Some(user),
        now,
    };
    store.create_token(new).await?;
    Ok(text)
}
