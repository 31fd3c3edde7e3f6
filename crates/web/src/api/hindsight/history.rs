//! The facts that decide asks for, from what is kept of the past.

use std::collections::HashMap;
use std::convert::Infallible;

use model::decide::{Asked, StoreFacts};
use model::ids::{IssueId, Millis, ProjectId, RuleId, Seq};
use model::rules::{CounterKey, Node, Rule, StateNode, bucket_start};
use store::marks::UserMark;

use super::super::ApiState;
use super::super::error::Answer;
use super::look::{Look, Lookers, Past};

/// Releases of one project or environment that are looked at, the newest.
const RELEASES_MAX: usize = 1_000;

/// What events counted for, for counting again.
pub(in super::super) struct History {
    /// Of each issue and counter, the newest first.
    counted: HashMap<(IssueId, CounterKey), Vec<Counted>>,
    horizon: Option<Millis>,
}

/// One event in a counter.
struct Counted {
    seq: Seq,
    bucket_s: i64,
    user: Option<UserMark>,
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
    /// What was counted: many nodes ask for the same.
    answered: HashMap<Asked, u64>,
}

impl History {
    /// What the events counted for, the newest first, from `horizon` on; all there is, where there is none.
    pub(in super::super) fn of<'p>(events: impl Iterator<Item = &'p Past>, horizon: Option<Millis>) -> History {
        let mut counted = HashMap::<_, Vec<Counted>>::new();
        for past in events {
            for hit in &past.counters {
                let bucket_s = bucket_start(past.received, hit.bucket_seconds);
                let one = Counted { seq: past.seq, bucket_s, user: past.user };
                counted.entry((past.issue, hit.key)).or_default().push(one);
            }
        }
        History { counted, horizon }
    }

    /// The facts about one event, by when rules had fired for its issue before.
    pub(in super::super) fn facts<'h>(
        &'h self,
        look: &'h Look,
        releases: &'h Releases,
        last_fired: &'h HashMap<RuleId, Millis>,
    ) -> Facts<'h> {
        Facts { history: self, releases, last_fired, look, is_cut: false, answered: HashMap::new() }
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
        Ok(*self.answered.entry(asked).or_insert_with(|| self.history.count(&self.look.past, asked)))
    }

    fn has_latest_release(&mut self, environment: Option<&str>) -> Result<bool, Infallible> {
        let Some(release) = &self.look.release else { return Ok(false) };
        let seen = self.releases.get(&environment.map(str::to_owned)).map(Vec::as_slice).unwrap_or_default();
        let latest = seen.iter().find(|(_, first_seen)| *first_seen <= self.look.received);
        Ok(latest.is_some_and(|(latest, _)| latest == release))
    }
}

impl History {
    /// What had been counted when an event came, that event included.
    fn count(&self, until: &Past, asked: Asked) -> u64 {
        let counted = self.counted.get(&(until.issue, asked.key)).map(Vec::as_slice).unwrap_or_default();
        let counted = &counted[counted.partition_point(|one| one.seq > until.seq)..];
        let window = asked.window.first_s..=asked.window.last_s;
        let counted = counted.iter().filter(|one| window.contains(&one.bucket_s));
        if !asked.counts_users {
            return counted.count() as u64;
        }
        let mut users: Vec<UserMark> = counted.filter_map(|one| one.user).collect();
        users.sort_unstable();
        users.dedup();
        users.len() as u64
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
