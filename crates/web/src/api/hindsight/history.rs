//! The facts that decide asks for, from what is kept of the past.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;

use model::decide::{Asked, StoreFacts};
use model::ids::{IssueId, Millis, ProjectId, RuleId, Seq};
use model::rules::{CounterHit, Node, Rule, StateNode, bucket_start};
use store::marks::UserMark;

use super::super::ApiState;
use super::super::error::Answer;
use super::gather::Gathered;
use super::look::{Look, Lookers};

/// Releases of one project or environment that are looked at, the newest.
const RELEASES_MAX: usize = 1_000;

/// The events of issues, for counting again.
pub(in super::super) struct History {
    by_issue: HashMap<IssueId, Vec<Past>>,
    horizon: Option<Millis>,
}

/// Releases by environment, in the order in which they were seen, the newest first.
pub(in super::super) type Releases = HashMap<Option<String>, Vec<(String, Millis)>>;

/// What decide may ask about one event.
pub(in super::super) struct Facts<'h> {
    pub(in super::super) history: &'h History,
    pub(in super::super) releases: &'h Releases,
    /// When rules last fired for the event's issue before it.
    pub(in super::super) last_fired: &'h HashMap<RuleId, Millis>,
    look: &'h Look,
    /// Whether a count reaches back beyond what is known.
    pub(super) is_cut: bool,
}

struct Past {
    seq: Seq,
    received: Millis,
    counters: Vec<CounterHit>,
    user: Option<UserMark>,
}

impl History {
    /// What has been gathered.
    pub(in super::super) fn of(gathered: &Gathered) -> History {
        let mut by_issue = HashMap::<IssueId, Vec<Past>>::new();
        for look in gathered.looks.iter().filter(|look| !look.counters.is_empty()) {
            let Look { seq, received, user, .. } = *look;
            let past = Past { seq, received, counters: look.counters.clone(), user };
            by_issue.entry(look.issue).or_default().push(past);
        }
        History { by_issue, horizon: gathered.horizon }
    }

    /// The facts about one event, by when rules had fired for its issue before.
    pub(in super::super) fn facts<'h>(
        &'h self,
        look: &'h Look,
        releases: &'h Releases,
        last_fired: &'h HashMap<RuleId, Millis>,
    ) -> Facts<'h> {
        Facts { history: self, releases, last_fired, look, is_cut: false }
    }
}

impl StoreFacts for Facts<'_> {
    type Error = Infallible;

    fn last_fired(&mut self, rule: RuleId) -> Result<Option<Millis>, Infallible> {
        Ok(self.last_fired.get(&rule).copied())
    }

    fn count(&mut self, asked: Asked) -> Result<u64, Infallible> {
        let first = Millis(asked.window.first_s.saturating_mul(1_000));
        self.is_cut |= self.history.horizon.is_some_and(|horizon| first < horizon);
        let past = self.history.by_issue.get(&self.look.issue).map(Vec::as_slice).unwrap_or_default();
        let counted = past.iter().filter(|one| one.seq <= self.look.seq && one.counts(asked));
        if !asked.counts_users {
            return Ok(counted.count() as u64);
        }
        let users: BTreeSet<UserMark> = counted.filter_map(|one| one.user).collect();
        Ok(users.len() as u64)
    }

    fn has_latest_release(&mut self, environment: Option<&str>) -> Result<bool, Infallible> {
        let Some(release) = &self.look.release else { return Ok(false) };
        let seen = self.releases.get(&environment.map(str::to_owned)).map(Vec::as_slice).unwrap_or_default();
        let latest = seen.iter().find(|(_, first_seen)| *first_seen <= self.look.received);
        Ok(latest.is_some_and(|(latest, _)| latest == release))
    }
}

impl Past {
    fn counts(&self, asked: Asked) -> bool {
        let hit = self.counters.iter().find(|hit| hit.key == asked.key);
        hit.is_some_and(|hit| {
            let start = bucket_start(self.received, hit.bucket_seconds);
            (asked.window.first_s..=asked.window.last_s).contains(&start)
        })
    }
}

/// The releases that the rules ask for.
pub(in super::super) async fn releases_for(api: &ApiState, project: ProjectId, lookers: &Lookers) -> Answer<Releases> {
    let asks = |rule: &&Rule| {
        let mut nodes = rule.filters.nodes.iter().chain(&rule.conditions.nodes);
        nodes.any(|node| matches!(node, Node::State(StateNode::LatestRelease)))
    };
    let mut releases = Releases::new();
    for rule in lookers.rules().filter(asks) {
        if !releases.contains_key(&rule.environment) {
            let seen = api.store.releases_seen(project, rule.environment.clone(), RELEASES_MAX).await?;
            releases.insert(rule.environment.clone(), seen);
        }
    }
    Ok(releases)
}
