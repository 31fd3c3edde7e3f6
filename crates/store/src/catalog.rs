//! The catalog: organizations, teams, projects, project keys, hooks and tokens.
//!
//! What a call changed counts for every event that arrives after it answered: each change moves the generation of the
//! projects that it touches, in its own transaction, and `Ledger::record` refuses events matched under an older one.

use async_trait::async_trait;
use model::hook::{CustomHeaders, DisabledBy, HookSettings, HookSettingsChange};
use model::ids::{Generation, HookGuid, HookNumber, Millis, OrganizationId, ProjectId, TeamId, TokenId, UserId};
use model::rules::{Clause, NodeError, NodePlace, Quantifier};
use model::scope::Scopes;
use protocol::PublicKey;
use serde_json::Value;
use webhook::{Kind, Secret};

use crate::error::StoreError;
use crate::rules::RuleRow;
use crate::rules::read_clause;

pub use crate::hook_secrets::{HookSecrets, PreviousSecret, Rotation, Unopened};

/// Configuration. Lists come newest first.
#[async_trait]
pub trait Catalog: Send + Sync + 'static {
    /// Everything that accept and match need, in one consistent look.
    async fn directory(&self) -> Result<DirectoryRows, StoreError>;
    /// A number that grows with every change to what [`Catalog::directory`] returns: cheap to ask.
    async fn directory_version(&self) -> Result<i64, StoreError>;

    /// The origin that `init --url` stored, if any.
    async fn base_url(&self) -> Result<Option<String>, StoreError>;
    /// Stores the origin under which people reach this Watchfire.
    async fn set_base_url(&self, url: String) -> Result<(), StoreError>;

    /// Makes an organization with one team of the same slug.
    async fn create_organization(&self, slug: String, name: String, now: Millis) -> Result<Organization, StoreError>;
    /// All organizations.
    async fn organizations(&self) -> Result<Vec<Organization>, StoreError>;
    /// All teams of an organization.
    async fn teams(&self, organization: OrganizationId) -> Result<Vec<Team>, StoreError>;
    /// Makes a team.
    async fn create_team(
        &self,
        organization: OrganizationId,
        slug: String,
        name: String,
        now: Millis,
    ) -> Result<Team, StoreError>;
    /// Changes a team.
    async fn update_team(&self, team: TeamId, change: TeamChange) -> Result<Team, StoreError>;
    /// Deletes a team. Its projects stay, some without any team; rules that it owned have no owner.
    async fn delete_team(&self, team: TeamId) -> Result<(), StoreError>;

    /// Makes a project of a team, with one key.
    async fn create_project(&self, project: NewProject) -> Result<Project, StoreError>;
    /// All projects of all organizations.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;
    /// The present slug of a project that used to be called `slug`.
    async fn former_slug(&self, organization: OrganizationId, slug: String) -> Result<Option<String>, StoreError>;
    /// Changes a project; the old slug is remembered.
    async fn update_project(&self, project: ProjectId, change: ProjectChange) -> Result<Project, StoreError>;
    /// Gives a project to one more team of its organization; a team that has it already keeps it.
    async fn add_team(&self, project: ProjectId, team: TeamId) -> Result<Project, StoreError>;
    /// Takes a project from a team, the last one too; rules of the project that the team owned have no owner then.
    async fn remove_team(&self, project: ProjectId, team: TeamId) -> Result<Project, StoreError>;
    /// Deletes a project with its keys and hooks; its events go by and by.
    async fn delete_project(&self, project: ProjectId) -> Result<(), StoreError>;

    /// The keys of a project.
    async fn keys(&self, project: ProjectId) -> Result<Vec<ProjectKey>, StoreError>;
    /// Makes a key.
    async fn create_key(&self, key: ProjectKey) -> Result<ProjectKey, StoreError>;
    /// Changes a key.
    async fn update_key(&self, project: ProjectId, key: PublicKey, change: KeyChange)
    -> Result<ProjectKey, StoreError>;
    /// Deletes a key: events that use it are refused from now on.
    async fn delete_key(&self, project: ProjectId, key: PublicKey) -> Result<(), StoreError>;

    /// The hooks of a project.
    async fn hooks(&self, project: ProjectId) -> Result<Vec<Hook>, StoreError>;
    /// Makes a hook.
    async fn create_hook(&self, hook: NewHook) -> Result<Hook, StoreError>;
    /// Changes a hook.
    async fn update_hook(&self, project: ProjectId, guid: HookGuid, change: HookChange) -> Result<Hook, StoreError>;
    /// Gives a hook a new secret. Until `overlap_until` the present one holds beside it.
    ///
    /// # Errors
    /// Where this rotation has an overlap: `Rotating` while that of an earlier one has not ended at `now`, `Unopened` where the
    /// hook's row does not open. Without an overlap neither matters.
    async fn rotate_secret(&self, project: ProjectId, guid: HookGuid, rotation: Rotation) -> Result<Hook, StoreError>;
    /// Ends the overlap of a rotation now: the old secret holds no longer. Where there is none, nothing changes.
    async fn finish_rotation(&self, project: ProjectId, guid: HookGuid) -> Result<Hook, StoreError>;
    /// Deletes a hook: what it is still owed is cancelled.
    async fn delete_hook(&self, project: ProjectId, guid: HookGuid) -> Result<(), StoreError>;

    /// Keeps a token's hash.
    async fn create_token(&self, token: NewToken) -> Result<Token, StoreError>;
    /// Finds a token by the SHA-256 of its text.
    async fn token_by_hash(&self, hash: [u8; 32]) -> Result<Option<Token>, StoreError>;
    /// All tokens.
    async fn tokens(&self) -> Result<Vec<Token>, StoreError>;
    /// Deletes a token.
    async fn revoke_token(&self, token: TokenId) -> Result<(), StoreError>;
}

/// A consistent look at everything that accept and match need.
#[derive(Clone, Default)]
pub struct DirectoryRows {
    /// See [`Catalog::directory_version`].
    pub version: i64,
    /// All organizations.
    pub organizations: Vec<Organization>,
    /// All projects.
    pub projects: Vec<Project>,
    /// All keys.
    pub keys: Vec<ProjectKey>,
    /// All hooks.
    pub hooks: Vec<Hook>,
    /// All rules, active or not.
    pub rules: Vec<RuleRow>,
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id.
    pub id: OrganizationId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// When it was made.
    pub created: Millis,
}

/// A team of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// When it was made.
    pub created: Millis,
}

/// What is to change of a team; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct TeamChange {
    /// The name in URLs.
    pub slug: Option<String>,
    /// The name for people.
    pub name: Option<String>,
}

/// A project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its id, the last part of its DSNs.
    pub id: ProjectId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// The teams that it belongs to, in the order in which they were given it: maybe none, where teams were deleted.
    pub teams: Vec<TeamId>,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What its SDK is for, as the user said.
    pub platform: Option<String>,
    /// Whether sensitive values are replaced before they are stored.
    pub scrub: bool,
    /// Origins from which browsers may send; `*` is any.
    pub allowed_domains: Vec<String>,
    /// Moves with every change that matters to its events.
    pub generation: Generation,
    /// When it was made.
    pub created: Millis,
}

/// What a new project needs.
#[derive(Debug, Clone)]
pub struct NewProject {
    /// Whose it is.
    pub organization: OrganizationId,
    /// The team that makes it.
    pub team: TeamId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What its SDK is for.
    pub platform: Option<String>,
    /// The public part of its first key: 16 random bytes.
    pub key: PublicKey,
    /// The secret part of its first key: 16 random bytes, for DSNs of the old form.
    pub key_secret: PublicKey,
    /// The store's time.
    pub now: Millis,
}

/// What is to change of a project; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ProjectChange {
    /// The name in URLs.
    pub slug: Option<String>,
    /// The name for people.
    pub name: Option<String>,
    /// The platform.
    pub platform: Option<Option<String>>,
    /// Scrubbing.
    pub scrub: Option<bool>,
    /// Origins of browsers.
    pub allowed_domains: Option<Vec<String>>,
}

/// A project key: what a DSN names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectKey {
    /// The public part, its id.
    pub public: PublicKey,
    /// The secret part, for DSNs of the old form; never asked for.
    pub secret: PublicKey,
    /// Whose it is.
    pub project: ProjectId,
    /// A name for people.
    pub name: String,
    /// Whether events that use it are accepted.
    pub active: bool,
    /// How many events may use it.
    pub rate_limit: Option<RateLimit>,
    /// When it was made.
    pub created: Millis,
}

/// How many events may use a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// So many, at least one,
    pub count: u32,
    /// in so many seconds, at least one.
    pub window_seconds: u32,
}

/// What is to change of a key.
#[derive(Debug, Clone, Default)]
pub struct KeyChange {
    /// The name for people.
    pub name: Option<String>,
    /// Whether events that use it are accepted.
    pub active: Option<bool>,
    /// How many events may use it; `Some(None)` takes the limit away.
    pub rate_limit: Option<Option<RateLimit>>,
}

/// A service hook.
#[derive(Clone)]
pub struct Hook {
    /// Its number, part of its deliveries' ids.
    pub number: HookNumber,
    /// Its id in the API.
    pub guid: HookGuid,
    /// Whose it is.
    pub project: ProjectId,
    /// Where it posts to.
    pub url: String,
    /// What it signs with; what is damaged where its row does not open, in which case it does not fire.
    pub secrets: Result<HookSecrets, Unopened>,
    /// What it wants, sorted.
    pub kinds: Vec<Kind>,
    /// Which events it wants: nodes as they were written, that the event alone decides.
    pub filters: Vec<Value>,
    /// How many of the filters must hold.
    pub filter_match: Quantifier,
    /// What it asks of its deliveries.
    pub settings: HookSettings,
    /// Whether it fires.
    pub active: bool,
    /// Who disabled it, where it does not fire.
    pub disabled_by: Option<DisabledBy>,
    /// When, where that is known.
    pub disabled: Option<Millis>,
    /// When it was made.
    pub created: Millis,
}

impl Hook {
    /// Which events it wants.
    ///
    /// # Errors
    /// The first filter that cannot be read.
    pub fn clause(&self) -> Result<Clause, NodeError> {
        read_clause(self.filter_match, &self.filters, NodePlace::HookFilter)
    }

    /// The secret before the last rotation, where it holds at that time.
    pub fn previous_at(&self, now: Millis) -> Option<&PreviousSecret> {
        let previous = self.secrets.as_ref().ok()?.previous.as_ref();
        previous.filter(|previous| now < previous.until)
    }
}

/// What a new hook needs.
#[derive(Clone)]
pub struct NewHook {
    /// Its id in the API: random.
    pub guid: HookGuid,
    /// Whose it is.
    pub project: ProjectId,
    /// Where it posts to.
    pub url: String,
    /// What it signs with: random.
    pub secret: Secret,
    /// What it wants.
    pub kinds: Vec<Kind>,
    /// Which events it wants.
    pub filters: Vec<Value>,
    /// How many of the filters must hold.
    pub filter_match: Quantifier,
    /// What it asks of its deliveries.
    pub settings: HookSettings,
    /// Whether it fires.
    pub active: bool,
    /// The store's time.
    pub now: Millis,
}

/// What is to change of a hook.
#[derive(Debug, Clone, Default)]
pub struct HookChange {
    /// Where it posts to.
    pub url: Option<String>,
    /// What it wants.
    pub kinds: Option<Vec<Kind>>,
    /// Which events it wants.
    pub filters: Option<Vec<Value>>,
    /// How many of the filters must hold.
    pub filter_match: Option<Quantifier>,
    /// What it asks of its deliveries.
    pub settings: HookSettingsChange,
    /// Whether it fires. One that is enabled starts anew: its receiver's standing is forgotten.
    pub active: Option<bool>,
    /// The headers from which some values were taken over into `settings`: the hook must still have them.
    pub headers_read: Option<CustomHeaders>,
    /// The store's time, kept of a hook that is disabled.
    pub now: Option<Millis>,
}

/// An API token, without its text: that is kept as a hash only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// A name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The last characters of its text, to tell tokens apart.
    pub last_characters: String,
    /// Whose it is.
    pub user: Option<UserId>,
    /// When it was made.
    pub created: Millis,
}

/// What a new token needs.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// SHA-256 of its text.
    pub hash: [u8; 32],
    /// A name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// The last characters of its text.
    pub last_characters: String,
    /// Whose it is.
    pub user: Option<UserId>,
    /// The store's time.
    pub now: Millis,
}
