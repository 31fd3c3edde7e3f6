//! A project with rules and hooks on alerts: events are matched with them as `serve` matches, and recorded with room in
//! every lane.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use model::delivery::Priority;
use model::ids::{HookGuid, HookNumber, IssueId, Millis, RuleId, Seq};
use model::loops::Hop;
use model::matching::{EventCandidates, Subscription, Wants};
use model::payload::{CreatedBody, event_value};
use model::rules::{EventView, HookFilter, Matcher, Quantifier};
use model::title::Title;
use protocol::EventId;
use protocol::event::Event;
use serde_json::{Value, json};
use webhook::Kind;

use super::Bench;
use super::world::{NOW, World, all_recorded, grouping, later, new_event, new_hook, only, place};
use crate::catalog::{Hook, NewHook, Project};
use crate::error::StoreError;
use crate::issues::{Issue, IssueUpdate, IssuesOf, NewStanding};
use crate::ledger::{Batch, BatchEvent, NewEvent, RecordedEvent};
use crate::marks::Marks;
use crate::rules::{NewRule, RuleChange};

/// What an SDK sends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sent {
    /// Of the event, in its project.
    pub(super) id: u32,
    /// The number of its issue.
    pub(super) issue: u8,
    /// Milliseconds after [`NOW`].
    pub(super) at: i64,
    pub(super) user: Option<u32>,
    pub(super) release: Option<&'static str>,
    pub(super) environment: Option<&'static str>,
    /// How many webhooks led to it.
    pub(super) hop: u8,
}

/// A world with rules.
pub(super) struct Ruled {
    pub(super) world: World,
}

/// What an event owes its hooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alerts {
    /// Hooks that are owed an alert.
    pub(super) hooks: Vec<HookNumber>,
    /// The rules that fired, by name.
    pub(super) rules: Vec<String>,
}

impl Ruled {
    /// A project with a hook on alerts, and no rules yet.
    pub(super) async fn new(bench: &dyn Bench) -> Result<(Ruled, HookNumber), StoreError> {
        let ruled = Ruled { world: World::new(bench).await? };
        let hook = ruled.hook(1, vec![Kind::EventAlert]).await?.number;
        Ok((ruled, hook))
    }

    /// A hook of the project on these kinds.
    pub(super) async fn hook(&self, guid: u8, kinds: Vec<Kind>) -> Result<Hook, StoreError> {
        let new = NewHook { kinds, ..new_hook(self.world.project.id, guid) };
        self.world.store.create_hook(new).await
    }

    /// Makes a rule that fires for every hook when any of the conditions holds.
    pub(super) async fn rule(&self, name: &str, conditions: &[Value]) -> Result<RuleId, StoreError> {
        self.save(rule(name, conditions)).await
    }

    /// Makes a rule.
    pub(super) async fn save(&self, mut rule: RuleChange) -> Result<RuleId, StoreError> {
        rule.counters = counters(&rule);
        let new = NewRule { project: self.world.project.id, rule, created_by: None, now: NOW };
        Ok(self.world.store.create_rule(new).await?.id)
    }

    /// The rules and hooks as they are now.
    pub(super) async fn matcher(&self) -> Result<(Project, Arc<Matcher>), StoreError> {
        let directory = self.world.store.directory().await?;
        let id = self.world.project.id;
        let Some(project) = directory.projects.into_iter().find(|project| project.id == id) else {
            panic!("the project is gone")
        };
        let hooks: Vec<_> = directory.hooks.into_iter().filter(|hook| hook.project == id && hook.active).collect();
        let number = |guid: HookGuid| hooks.iter().find(|hook| hook.guid == guid).map(|hook| hook.number);
        let active = directory.rules.iter().filter(|rule| rule.project == id && rule.active);
        let Ok(rules) = active.map(|rule| rule.compile(number)).collect() else { panic!("the rules can be read") };
        let filters = hooks.iter().map(|hook| {
            let has = |kind| hook.kinds.contains(&kind);
            let wants = match (has(Kind::EventCreated), has(Kind::EventAlert)) {
                (true, true) => Wants::Both,
                (true, false) => Wants::Created,
                _ => Wants::Alerts,
            };
            let Ok(filters) = hook.clause() else { panic!("the filters can be read") };
            HookFilter { subscription: Subscription { hook: hook.number, wants }, filters }
        });
        Ok((project, Arc::new(Matcher::new(rules, filters.collect()))))
    }

    /// Events as they come from accept, matched with the rules of now.
    pub(super) async fn matched(&self, sent: &[Sent]) -> Result<Vec<NewEvent>, StoreError> {
        let (project, matcher) = self.matcher().await?;
        Ok(sent.iter().map(|sent| made(&project, &matcher, sent)).collect())
    }

    /// Records events in one transaction; every lane has room.
    pub(super) async fn record(&self, sent: &[Sent]) -> Result<Vec<RecordedEvent>, StoreError> {
        let batch = with_room(self.matched(sent).await?, self.world.batch());
        Ok(all_recorded(self.world.store.record(Arc::new(batch)).await?.events))
    }

    /// Records events in one transaction; which of them fired, by their place.
    pub(super) async fn fired(&self, sent: &[Sent]) -> Result<Vec<bool>, StoreError> {
        let recorded = self.record(sent).await?;
        Ok(recorded.iter().map(|recorded| recorded.owed.iter().any(|owed| owed.key.kind == Kind::EventAlert)).collect())
    }

    /// Records one event; whether it fired.
    pub(super) async fn fires(&self, sent: Sent) -> Result<bool, StoreError> {
        Ok(only(self.fired(&[sent]).await?))
    }

    /// Whom the event alerts about which rules, as the bodies of its alerts say it.
    pub(super) fn alerts(recorded: &RecordedEvent) -> Alerts {
        let alerts: Vec<_> = recorded.owed.iter().filter(|owed| owed.key.kind == Kind::EventAlert).collect();
        let mut rules = BTreeSet::new();
        for alert in &alerts {
            assert_eq!(alert.priority, Priority::Alert);
            let Some(body) = &alert.alert else { panic!("an alert has a body of its own") };
            let Ok(body) = serde_json::from_slice::<Value>(body) else { panic!("a body is JSON") };
            let names = body["triggering_rules"].as_array().into_iter().flatten().filter_map(Value::as_str);
            rules.extend(names.map(str::to_owned));
        }
        Alerts { hooks: alerts.iter().map(|alert| alert.key.hook).collect(), rules: rules.into_iter().collect() }
    }

    /// The rules that fired on an event, and the text that says because of what.
    pub(super) async fn because(&self, event: Seq) -> Result<Vec<(RuleId, Value)>, StoreError> {
        let rows = self.world.store.fired_on(self.world.project.id, event).await?;
        Ok(rows.into_iter().map(|row| (row.rule, row.because)).collect())
    }

    /// Lets an issue stand so.
    pub(super) async fn stand(&self, issue: IssueId, standing: NewStanding, at: i64) -> Result<Issue, StoreError> {
        let of = IssuesOf { project: self.world.project.id, issues: vec![issue] };
        let update = IssueUpdate { standing: Some(standing), priority: None };
        Ok(only(self.world.store.update_issues(of, update, later(NOW, at)).await?))
    }

    /// An issue's row.
    pub(super) async fn issue(&self, issue: IssueId) -> Result<Issue, StoreError> {
        match self.world.store.issue(issue).await? {
            Some(issue) => Ok(issue),
            None => panic!("the issue is gone"),
        }
    }
}

/// The batch with these events, and a place in a lane for everything that they may owe.
pub(super) fn with_room(events: impl IntoIterator<Item = NewEvent>, batch: Batch) -> Batch {
    let place = |event: NewEvent| {
        let room = event.candidates.created.clone();
        BatchEvent { event: Arc::new(event), room }
    };
    let events: Vec<_> = events.into_iter().map(place).collect();
    let mut alert_room = std::collections::BTreeMap::new();
    for hook in events.iter().flat_map(|item| item.event.candidates.may_alert()) {
        *alert_room.entry(*hook).or_default() += 1;
    }
    Batch { events, alert_room: alert_room.into_iter().collect(), ..batch }
}

/// A rule that fires for every hook when any of the conditions holds, at most every five minutes.
pub(super) fn rule(name: &str, conditions: &[Value]) -> RuleChange {
    RuleChange {
        name: name.to_owned(),
        environment: None,
        action_match: Quantifier::Any,
        filter_match: Quantifier::All,
        conditions: conditions.to_vec(),
        filters: Vec::new(),
        actions: vec![json!({"id": crate::rules::NOTIFY_EVENT})],
        frequency_minutes: 5,
        owner: None,
        active: true,
        counters: Vec::new(),
    }
}

/// The counters that a rule asks for.
pub(super) fn counters(rule: &RuleChange) -> Vec<model::rules::Counter> {
    match rule.compile(crate::rules::UNSAVED, |_| None) {
        Ok(rule) => rule.counters(),
        Err(error) => panic!("the rule can be read: {error}"),
    }
}

/// A condition by the last part of its id.
pub(super) fn condition(id: &str) -> Value {
    json!({"id": format!("sentry.rules.conditions.{id}")})
}

/// More events than `value` in `interval`.
pub(super) fn more_events(value: u32, interval: &str) -> Value {
    frequency("EventFrequencyCondition", value, interval)
}

/// More users than `value` in `interval`.
pub(super) fn more_users(value: u32, interval: &str) -> Value {
    frequency("EventUniqueUserFrequencyCondition", value, interval)
}

fn frequency(id: &str, value: u32, interval: &str) -> Value {
    json!({"id": format!("sentry.rules.conditions.event_frequency.{id}"), "value": value, "interval": interval})
}

fn made(project: &Project, matcher: &Arc<Matcher>, sent: &Sent) -> NewEvent {
    let received = later(NOW, sent.at);
    let user = sent.user.map(|user| format!("id:{user}"));
    let tags = [("environment", sent.environment), ("release", sent.release), ("user", user.as_deref())];
    let tags: Vec<_> = tags.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let mut id = [0; 16];
    id[..4].copy_from_slice(&sent.id.to_be_bytes());
    let event = Event {
        id: EventId(id),
        timestamp: received.0 * 1_000,
        platform: "python",
        release: sent.release.map(Into::into),
        environment: sent.environment.map(Into::into),
        tags: tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        ..Event::default()
    };
    let title = Title::of(&event);
    let value = event_value(&event, &title);
    let Ok(compressed) = zstd::bulk::compress(&value, 1) else { panic!("zstd compresses") };
    let candidates: EventCandidates = matcher.candidates(Hop(sent.hop), &EventView::new(&event, title.as_str(), None));
    NewEvent {
        id: event.id,
        received,
        timestamp: received,
        grouping: grouping(sent.issue),
        body: CreatedBody::new(&event, &title, "culprit", &place(project)),
        value: Bytes::from(value),
        compressed,
        marks: Marks::new(sent.release, sent.environment, tags),
        candidates,
        ..new_event(project, 0, &[])
    }
}

/// Milliseconds after [`NOW`] as a moment.
pub(super) fn moment(ms: i64) -> Millis {
    later(NOW, ms)
}
