//! A process's snapshot of organizations, projects, keys and hooks: what accept, match and send look things up in.
//!
//! It is replaced whole. `Ledger::record` refuses events that were matched under an older generation of their project, so
//! a snapshot that lags is never wrong for long: the recorder refreshes it and matches again.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::{HeaderName, HeaderValue};
use model::egress::UrlRefusal;
use model::ids::{HookNumber, Millis, OrganizationId, ProjectId};
use model::loops::Hop;
use model::matching::{EventCandidates, Subscription, Wants};
use model::rules::{CounterHit, EventView, HookFilter, Matcher, NodeError};
use protocol::PublicKey;
use protocol::event::{Event, EventError};
use store::catalog::{DirectoryRows, Hook, HookSecrets, Organization, Project, ProjectKey};
use store::marks::UserMark;
use store::rules::RuleRow;
use store::{Store, StoreError};
use tokio::sync::{Mutex, watch};
use webhook::{Kind, Signer};

use crate::egress::{Destination, Egress};

/// One look at the configuration.
#[derive(Default)]
pub struct Directory {
    version: i64,
    organizations: HashMap<OrganizationId, Arc<Organization>>,
    projects: HashMap<ProjectId, Arc<ProjectEntry>>,
    keys: HashMap<PublicKey, ProjectKey>,
    hooks: HashMap<HookNumber, Arc<HookEntry>>,
}

/// A project with what its events need.
pub struct ProjectEntry {
    /// The project.
    pub project: Project,
    /// Whose it is.
    pub organization: Arc<Organization>,
    /// Its hooks, disabled ones too.
    pub hooks: Vec<Arc<HookEntry>>,
    /// Its rules and its hooks' filters.
    pub matcher: Arc<Matcher>,
}

/// A hook with what its attempts need.
pub struct HookEntry {
    /// The hook.
    pub hook: Hook,
    /// Its URL, judged by its text.
    pub destination: Result<Destination, UrlRefusal>,
    /// Signs for it; nothing where its secrets do not open. Nothing can be sent without.
    pub signers: Option<Signers>,
    /// Its custom headers, as they are sent.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// Signs a hook's webhooks.
pub struct Signers {
    /// With its secret.
    pub present: Signer,
    /// With the secret before the last rotation, and until when.
    pub previous: Option<(Signer, Millis)>,
}

/// The present directory, and the way to a newer one.
pub struct DirectoryHandle {
    store: Arc<dyn Store>,
    egress: Arc<Egress>,
    current: ArcSwap<Directory>,
    refreshing: Mutex<()>,
    /// The version of `current`.
    moved: watch::Sender<i64>,
}

impl Directory {
    /// The key with this public part, active or not.
    pub fn key(&self, public: PublicKey) -> Option<&ProjectKey> {
        self.keys.get(&public)
    }

    /// A project that is not deleted.
    pub fn project(&self, id: ProjectId) -> Option<&Arc<ProjectEntry>> {
        self.projects.get(&id)
    }

    /// The projects of an organization, in no order.
    pub fn projects_of(&self, organization: OrganizationId) -> impl Iterator<Item = &ProjectEntry> {
        self.projects.values().map(Arc::as_ref).filter(move |entry| entry.project.organization == organization)
    }

    /// A hook that is not deleted, disabled or not.
    pub fn hook(&self, number: HookNumber) -> Option<&Arc<HookEntry>> {
        self.hooks.get(&number)
    }

    fn build(rows: DirectoryRows, egress: &Egress) -> Directory {
        let organizations: HashMap<_, _> =
            rows.organizations.into_iter().map(|organization| (organization.id, Arc::new(organization))).collect();
        let hooks: HashMap<_, _> =
            rows.hooks.into_iter().map(|hook| (hook.number, Arc::new(HookEntry::new(hook, egress)))).collect();
        let mut of_project = HashMap::<ProjectId, Vec<Arc<HookEntry>>>::new();
        for hook in hooks.values() {
            of_project.entry(hook.hook.project).or_default().push(Arc::clone(hook));
        }
        let projects = rows
            .projects
            .into_iter()
            .filter_map(|project| {
                let organization = Arc::clone(organizations.get(&project.organization)?);
                let mut hooks = of_project.remove(&project.id).unwrap_or_default();
                hooks.sort_by_key(|hook| hook.hook.number);
                let matcher = Arc::new(matcher(project.id, &rows.rules, &hooks));
                Some((project.id, Arc::new(ProjectEntry { project, organization, hooks, matcher })))
            })
            .collect();
        let keys = rows.keys.into_iter().map(|key| (key.public, key)).collect();
        Directory { version: rows.version, organizations, projects, keys, hooks }
    }

    /// All organizations.
    pub fn organizations(&self) -> impl Iterator<Item = &Arc<Organization>> {
        self.organizations.values()
    }
}

impl ProjectEntry {
    /// What an event of this project may be owed to, by its JSON as it is stored: for one that was matched before.
    pub fn candidates_of_stored(&self, hop: Hop, value: &[u8], received: Millis) -> EventCandidates {
        self.matcher.with_stored((value, received), |view, _| self.matcher.candidates(hop, view)).unwrap_or_else(
            |error| {
                // It was written by us: an event that cannot be read again is owed to those hooks that take every event.
                tracing::error!(error = %error, "a stored event could not be matched again");
                let event = Event::default();
                self.matcher.candidates(hop, &EventView::new(&event, "", None))
            },
        )
    }

    /// The counters that a stored event counts for, and its user.
    ///
    /// # Errors
    /// Where the value is no event.
    pub fn counters_of_stored(
        &self,
        value: &[u8],
        received: Millis,
    ) -> Result<(Vec<CounterHit>, Option<UserMark>), EventError> {
        self.matcher
            .with_stored((value, received), |view, event| (self.matcher.counters(view), UserMark::of_event(event)))
    }
}

impl HookEntry {
    fn wants(&self) -> Option<Wants> {
        let has = |kind| self.hook.kinds.contains(&kind);
        match (has(Kind::EventCreated), has(Kind::EventAlert)) {
            (true, true) => Some(Wants::Both),
            (true, false) => Some(Wants::Created),
            (false, true) => Some(Wants::Alerts),
            (false, false) => None,
        }
    }

    fn new(hook: Hook, egress: &Egress) -> HookEntry {
        let destination = egress.destination(&hook.url);
        let signers = hook.secrets.as_ref().inspect_err(|unopened| {
            tracing::error!(
                hook.id = %hook.guid,
                project.id = %hook.project,
                error = %unopened,
                "a hook cannot be read: what it is owed waits until its secret is rotated without overlap, or its headers set again"
            );
        });
        let signers = signers.ok().map(Signers::new);
        let header = |(name, value): (&str, &str)| {
            let mut value: HeaderValue = value.parse().ok()?;
            value.set_sensitive(true);
            Some((name.parse().ok()?, value))
        };
        // `model` lets none pass that these refuse.
        let headers = hook.settings.headers.iter().filter_map(header).collect();
        HookEntry { hook, destination, signers, headers }
    }
}

impl Signers {
    fn new(secrets: &HookSecrets) -> Signers {
        let previous = secrets.previous.as_ref();
        Signers {
            present: Signer::new(&secrets.present),
            previous: previous.map(|previous| (Signer::new(&previous.secret), previous.until)),
        }
    }
}

/// The rules and hook filters of a project, compiled. What an earlier Watchfire understood and this one does not is left out,
/// and the log says so: a hook with such a filter gets nothing, for nobody can say what it wanted.
fn matcher(project: ProjectId, rules: &[RuleRow], hooks: &[Arc<HookEntry>]) -> Matcher {
    let number = |guid| hooks.iter().find(|hook| hook.hook.guid == guid).map(|hook| hook.hook.number);
    let unreadable = |what: &str, error: &NodeError| {
        tracing::error!(project.id = %project, what, error = %error, "a rule or filter cannot be read: it is left out");
    };
    let active = rules.iter().filter(|rule| rule.project == project && rule.active);
    let rules = active.filter_map(|rule| rule.compile(number).inspect_err(|error| unreadable(&rule.name, error)).ok());
    let firing = hooks.iter().filter(|hook| hook.hook.active);
    let filters = firing.filter_map(|hook| {
        let subscription = Subscription { hook: hook.hook.number, wants: hook.wants()? };
        let filters = hook.hook.clause().inspect_err(|error| unreadable(&hook.hook.url, error)).ok()?;
        Some(HookFilter { subscription, filters })
    });
    Matcher::new(rules.collect(), filters.collect())
}

impl DirectoryHandle {
    /// Reads the first directory.
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(store: Arc<dyn Store>, egress: Arc<Egress>) -> Result<DirectoryHandle, StoreError> {
        let current = Directory::build(store.directory().await?, &egress);
        let (refreshing, moved) = (Mutex::new(()), watch::Sender::new(current.version));
        Ok(DirectoryHandle { store, egress, current: ArcSwap::from_pointee(current), refreshing, moved })
    }

    /// The present directory.
    pub fn current(&self) -> Arc<Directory> {
        self.current.load_full()
    }

    /// Tells when the directory was replaced, by whomever, or upkeep was woken.
    pub(crate) fn moves(&self) -> watch::Receiver<i64> {
        self.moved.subscribe()
    }

    /// Wakes those who wait for a move, though nothing of the directory moved: something was deleted that leaves work to
    /// upkeep. Said once the deletion is on disk; a wake-up that is lost costs a minute.
    pub fn wake_upkeep(&self) {
        self.moved.send_modify(|_| {});
    }

    /// Reads the directory anew where the store has a newer one. Called before an API call that changed it is answered,
    /// by the recorder when the store says so, and each second for what other processes changed.
    ///
    /// # Errors
    /// What the store says.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.refreshing.lock().await;
        if self.store.directory_version().await? != self.current.load().version {
            let directory = Directory::build(self.store.directory().await?, &self.egress);
            let version = directory.version;
            self.current.store(Arc::new(directory));
            self.moved.send_replace(version);
        }
        Ok(())
    }
}
