//! A store that does what SQLite does, and what a test tells it besides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use model::delivery_key::DeliveryKey;
use model::ids::{
    HookGuid, HookNumber, IssueId, Millis, OrganizationId, ProcessId, ProjectId, ReplayId, RuleId, Seq, TeamId,
    TokenId, UserId,
};
use model::role::Role;
use model::standing::Standing;
use protocol::{EventId, PublicKey};
use store::StoreError;
use store::accounts::{Accounts, Member, Membership, NewPassword, NewSession, SignedIn, User};
use store::catalog::{
    Catalog, DirectoryRows, Hook, HookChange, KeyChange, NewHook, NewProject, NewToken, Organization, Project,
    ProjectChange, ProjectKey, Rotation, Team, TeamChange, Token, Unopened,
};
use store::counting::{CounterToFill, Counting, EventToCount, FilledSlice};
use store::deliveries::{
    Deliveries, DeliveryDetail, DeliveryRow, DeliverySearch, NewReplay, Replay, ReplayBegun, ReplaySlice,
    SearchedDeliveries, SendAgain,
};
use store::figures::{Attempts, Figures, OutcomeCount, ProjectHour};
use store::hindsight::{FiringBefore, Hindsight, IssueStanding, KeptEvent, KeptEvents};
use store::issues::{
    Cut, EventInIssue, EventsOf, Issue, IssueSearch, IssueTag, IssueUpdate, Issues, IssuesOf, Listed, Release,
    WantedEvent,
};
use store::ledger::{
    Backlog, Batch, Bodies, CountRange, Ledger, Recorded, RecordedEvent, StoredDelivery, StoredEvent, SweepPlan, Swept,
    Totals,
};
use store::rules::{FiredRange, FiredRow, NewRule, RuleChange, RuleIssue, RuleRow, RuleSnooze, Rules};
use store::sqlite::Sqlite;
use tokio::sync::{Notify, watch};

/// The store under the pipeline under test.
pub(super) struct TestStore {
    sqlite: Sqlite,
    /// Bytes of the largest answer to a question for bodies.
    largest_read_bytes: AtomicUsize,
    /// So many transactions to come fail.
    pub(super) failing_commits: AtomicUsize,
    /// So many transactions to come are committed, and reported as unknown.
    pub(super) unknown_commits: AtomicUsize,
    /// So many look-ups of recorded events to come fail.
    pub(super) failing_finds: AtomicUsize,
    /// So many transactions to come are committed, and not answered before `release` is rung.
    pub(super) held_commits: AtomicUsize,
    /// Rung when such a transaction is committed.
    pub(super) committed: Notify,
    pub(super) release: Notify,
    /// So many slices of counters to come fail.
    pub(super) failing_fills: AtomicUsize,
    /// Slices of counters that were filled.
    filled_slices: AtomicUsize,
    /// Whether the rows of all hooks are damaged.
    pub(super) damaged_secrets: AtomicBool,
    /// Slices of upkeep that were done.
    pub(super) slices: watch::Sender<usize>,
}

impl TestStore {
    pub(super) fn new(sqlite: Sqlite) -> TestStore {
        TestStore {
            sqlite,
            largest_read_bytes: AtomicUsize::new(0),
            failing_commits: AtomicUsize::new(0),
            unknown_commits: AtomicUsize::new(0),
            failing_finds: AtomicUsize::new(0),
            held_commits: AtomicUsize::new(0),
            failing_fills: AtomicUsize::new(0),
            filled_slices: AtomicUsize::new(0),
            committed: Notify::new(),
            release: Notify::new(),
            damaged_secrets: AtomicBool::new(false),
            slices: watch::Sender::new(0),
        }
    }

    pub(super) fn filled_slices(&self) -> usize {
        self.filled_slices.load(Ordering::Relaxed)
    }

    pub(super) fn largest_read_bytes(&self) -> usize {
        self.largest_read_bytes.load(Ordering::Relaxed)
    }
}

/// Counts down; false at zero.
fn is_next(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

/// What a disk says that fails: a real one, for only the store can make it.
fn outage() -> StoreError {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("watchfire.db")).unwrap();
    Sqlite::open(folder.path()).map(drop).expect_err("a folder is no database")
}

/// Hands methods on as they are, beside those that are written out.
macro_rules! like_sqlite {
    (
        $room:ident,
        { $(fn $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)* },
        { $($otherwise:tt)* }
    ) => {
        #[async_trait]
        impl $room for TestStore {
            $(
                async fn $name(&self, $($argument: $kind),*) -> Result<$answer, StoreError> {
                    self.sqlite.$name($($argument),*).await
                }
            )*
            $($otherwise)*
        }
    };
}

like_sqlite!(
    Ledger,
    {
        fn register(now: Millis) -> ProcessId;
        fn free_dead_leases(now: Millis, limit: usize) -> usize;
        fn probe() -> ();
        fn leases(owner: ProcessId, after: Option<DeliveryKey>, limit: usize) -> Vec<DeliveryKey>;
        fn standings() -> Vec<(HookNumber, Standing)>;
        fn backlogs(hooks: Vec<HookNumber>) -> Vec<Backlog>;
        fn due_hooks(now: Millis) -> Vec<HookNumber>;
        fn totals() -> Totals;
        fn event(project: ProjectId, event: EventId) -> Option<StoredEvent>;
        fn deliveries(project: ProjectId, event: EventId) -> Vec<StoredDelivery>;
        fn hook_attempts(hook: HookNumber, range: CountRange) -> Vec<(Millis, u64)>;
    },
    {
        async fn record(&self, batch: Arc<Batch>) -> Result<Recorded, StoreError> {
            if is_next(&self.failing_commits) {
                return Err(outage());
            }
            let recorded = self.sqlite.record(batch).await?;
            if is_next(&self.held_commits) {
                self.committed.notify_one();
                self.release.notified().await;
            }
            if is_next(&self.unknown_commits) {
                let StoreError::Io(cause) = outage() else { panic!("another kind of outage") };
                return Err(StoreError::UnknownCommit(cause));
            }
            Ok(recorded)
        }

        async fn sweep(&self, plan: SweepPlan) -> Result<Swept, StoreError> {
            let swept = self.sqlite.sweep(plan).await;
            self.slices.send_modify(|slices| *slices += 1);
            swept
        }

        async fn find_recorded(
            &self,
            events: Vec<(ProjectId, EventId)>,
            now: Millis,
        ) -> Result<Vec<Option<RecordedEvent>>, StoreError> {
            if is_next(&self.failing_finds) { Err(outage()) } else { self.sqlite.find_recorded(events, now).await }
        }

        async fn bodies(&self, keys: Vec<DeliveryKey>, limit_bytes: usize) -> Result<Bodies, StoreError> {
            let bodies = self.sqlite.bodies(keys, limit_bytes).await?;
            let bytes = bodies.found.iter().flatten().map(|body| body.bytes.len()).sum();
            self.largest_read_bytes.fetch_max(bytes, Ordering::Relaxed);
            Ok(bodies)
        }
    }
);

like_sqlite!(
    Catalog,
    {
        fn directory_version() -> i64;
        fn base_url() -> Option<String>;
        fn set_base_url(url: String) -> ();
        fn create_organization(slug: String, name: String, now: Millis) -> Organization;
        fn organizations() -> Vec<Organization>;
        fn teams(organization: OrganizationId) -> Vec<Team>;
        fn create_team(organization: OrganizationId, slug: String, name: String, now: Millis) -> Team;
        fn update_team(team: TeamId, change: TeamChange) -> Team;
        fn delete_team(team: TeamId) -> ();
        fn create_project(project: NewProject) -> Project;
        fn projects() -> Vec<Project>;
        fn former_slug(organization: OrganizationId, slug: String) -> Option<String>;
        fn update_project(project: ProjectId, change: ProjectChange) -> Project;
        fn add_team(project: ProjectId, team: TeamId) -> Project;
        fn remove_team(project: ProjectId, team: TeamId) -> Project;
        fn delete_project(project: ProjectId) -> ();
        fn keys(project: ProjectId) -> Vec<ProjectKey>;
        fn create_key(key: ProjectKey) -> ProjectKey;
        fn update_key(project: ProjectId, key: PublicKey, change: KeyChange) -> ProjectKey;
        fn delete_key(project: ProjectId, key: PublicKey) -> ();
        fn hooks(project: ProjectId) -> Vec<Hook>;
        fn create_hook(hook: NewHook) -> Hook;
        fn update_hook(project: ProjectId, guid: HookGuid, change: HookChange) -> Hook;
        fn rotate_secret(project: ProjectId, guid: HookGuid, rotation: Rotation) -> Hook;
        fn finish_rotation(project: ProjectId, guid: HookGuid) -> Hook;
        fn delete_hook(project: ProjectId, guid: HookGuid) -> ();
        fn create_token(token: NewToken) -> Token;
        fn token_by_hash(hash: [u8; 32]) -> Option<Token>;
        fn tokens() -> Vec<Token>;
        fn revoke_token(token: TokenId) -> ();
    },
    {
        async fn directory(&self) -> Result<DirectoryRows, StoreError> {
            let mut rows = self.sqlite.directory().await?;
            if self.damaged_secrets.load(Ordering::Relaxed) {
                rows.hooks.iter_mut().for_each(|hook| hook.secrets = Err(Unopened::Secret));
            }
            Ok(rows)
        }
    }
);

like_sqlite!(
    Accounts,
    {
        fn users() -> Vec<User>;
        fn user_by_email(email: String) -> Option<User>;
        fn create_user(email: String, password_hash: String, now: Millis) -> User;
        fn set_password(user: UserId, new: NewPassword) -> ();
        fn members(organization: OrganizationId) -> Vec<Member>;
        fn memberships(user: UserId) -> Vec<(OrganizationId, Role)>;
        fn set_role(of: Membership, role: Role, now: Millis) -> ();
        fn remove_member(of: Membership) -> ();
        fn create_session(new: NewSession) -> ();
        fn session(hash: [u8; 32], now: Millis) -> Option<SignedIn>;
        fn end_session(hash: [u8; 32]) -> ();
    },
    {}
);

like_sqlite!(
    Issues,
    {
        fn issue(issue: IssueId) -> Option<Issue>;
        fn issue_by_number(project: ProjectId, number: u64) -> Option<Issue>;
        fn search_issues(search: IssueSearch) -> Listed<Issue>;
        fn issue_hours(issues: Vec<IssueId>, since: Millis) -> Vec<Vec<(Millis, u64)>>;
        fn issue_tags(issue: IssueId) -> Vec<IssueTag>;
        fn update_issues(issues: IssuesOf, update: IssueUpdate, now: Millis) -> Vec<Issue>;
        fn delete_issues(issues: IssuesOf) -> usize;
        fn events(of: EventsOf, cut: Cut) -> Listed<StoredEvent>;
        fn find_event(wanted: WantedEvent) -> Option<EventInIssue>;
        fn environments(project: ProjectId) -> Vec<String>;
        fn releases(project: ProjectId) -> Vec<Release>;
        fn release(project: ProjectId, version: String) -> Option<Release>;
    },
    {}
);

like_sqlite!(
    Figures,
    {
        fn project_hours(projects: Vec<ProjectId>, since: Millis) -> Vec<ProjectHour>;
        fn attempts_since(hooks: Vec<HookNumber>, since: Millis) -> Vec<Attempts>;
        fn outcomes(hook: HookNumber, since: Millis) -> Vec<OutcomeCount>;
    },
    {}
);

like_sqlite!(
    Rules,
    {
        fn rules(project: ProjectId) -> Vec<RuleRow>;
        fn create_rule(rule: NewRule) -> RuleRow;
        fn update_rule(project: ProjectId, rule: RuleId, change: RuleChange) -> RuleRow;
        fn delete_rule(project: ProjectId, rule: RuleId) -> ();
        fn snooze_rule(project: ProjectId, rule: RuleId, snooze: Option<RuleSnooze>) -> RuleRow;
        fn rules_last_fired(project: ProjectId) -> Vec<(RuleId, Millis)>;
        fn rule_hours(rule: RuleId, range: FiredRange) -> Vec<(Millis, u64)>;
        fn rule_issues(rule: RuleId, range: FiredRange) -> Vec<RuleIssue>;
        fn fired_on(project: ProjectId, event: Seq) -> Vec<FiredRow>;
    },
    {}
);

like_sqlite!(
    Counting,
    {
        fn counters_to_fill() -> Vec<CounterToFill>;
        fn events_to_count(project: ProjectId, below: Seq, limit: usize) -> Listed<EventToCount>;
    },
    {
        async fn fill_counters(&self, slice: FilledSlice) -> Result<(), StoreError> {
            if is_next(&self.failing_fills) {
                return Err(outage());
            }
            self.filled_slices.fetch_add(1, Ordering::Relaxed);
            self.sqlite.fill_counters(slice).await
        }
    }
);

like_sqlite!(
    Hindsight,
    {
        fn kept_event(project: ProjectId, event: EventId) -> Option<KeptEvent>;
        fn kept_events(wanted: KeptEvents) -> Listed<KeptEvent>;
        fn issue_standings(issues: Vec<IssueId>) -> Vec<IssueStanding>;
        fn events_after(project: ProjectId, issue: IssueId, event: Seq) -> u64;
        fn fired_before(firing: FiringBefore) -> Option<Millis>;
        fn releases_seen(project: ProjectId, environment: Option<String>, limit: usize) -> Vec<(String, Millis)>;
    },
    {}
);

like_sqlite!(
    Deliveries,
    {
        fn search_deliveries(search: DeliverySearch) -> SearchedDeliveries;
        fn delivery(key: DeliveryKey) -> Option<DeliveryDetail>;
        fn deliveries_at(keys: Vec<DeliveryKey>) -> Vec<DeliveryRow>;
        fn send_again(key: DeliveryKey, now: Millis) -> SendAgain;
        fn create_replay(new: NewReplay) -> ReplayBegun;
        fn replay(hook: HookNumber, replay: ReplayId) -> Option<Replay>;
        fn replays(hook: HookNumber, cut: Cut) -> Listed<Replay>;
        fn running_replays() -> Vec<(HookNumber, ReplayId)>;
        fn replay_slice(replay: ReplayId, limit: usize, now: Millis) -> Option<ReplaySlice>;
        fn stop_replay(hook: HookNumber, replay: ReplayId, now: Millis) -> Option<Replay>;
    },
    {}
);
