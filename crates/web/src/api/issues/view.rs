//! An issue as the API shows it: Sentry's keys, whoever asks.

use model::ids::Millis;
use model::issue::{IssueStatus, ResolvedIn};
use model::short_id::ShortId;
use serde::Serialize;
use serde_json::{Map, Value, json};
use store::catalog::{Organization, Project};
use store::issues::Issue;

use super::super::time::iso;

/// How an issue's events are counted over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Graph {
    /// By hour, for 24 hours.
    Day,
    /// By day, for 14 days.
    Fortnight,
    /// By day, for 30 days.
    Month,
}

/// What is shown beside the issue's own row.
#[derive(Clone, Copy)]
pub(in super::super) struct Surroundings<'s> {
    pub(in super::super) organization: &'s Organization,
    pub(in super::super) project: &'s Project,
    pub(in super::super) base_url: &'s str,
    pub(in super::super) now: Millis,
}

/// An issue.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct IssueView<'i> {
    id: String,
    share_id: Option<()>,
    short_id: String,
    title: &'i str,
    culprit: &'i str,
    permalink: String,
    logger: Option<&'i str>,
    level: &'static str,
    status: &'static str,
    status_details: Map<String, Value>,
    substatus: Option<&'static str>,
    is_public: bool,
    platform: &'i str,
    project: ProjectReference<'i>,
    #[serde(rename = "type")]
    kind: &'static str,
    metadata: Value,
    num_comments: u32,
    assigned_to: Option<()>,
    is_bookmarked: bool,
    is_subscribed: bool,
    subscription_details: Option<()>,
    has_seen: bool,
    annotations: [(); 0],
    is_unhandled: bool,
    count: String,
    user_count: u64,
    first_seen: String,
    last_seen: String,
    priority: &'static str,
    issue_type: &'static str,
    issue_category: &'static str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    stats: Map<String, Value>,
}

#[derive(Serialize)]
struct ProjectReference<'p> {
    id: String,
    name: &'p str,
    slug: &'p str,
    platform: Option<&'p str>,
}

impl<'i> IssueView<'i> {
    /// What is shown of an issue, without graphs.
    pub(in super::super) fn of(issue: &'i Issue, around: Surroundings<'i>) -> Self {
        let Surroundings { organization, project, base_url, now } = around;
        Self {
            id: issue.id.to_string(),
            share_id: None,
            short_id: short_id(&project.slug, issue.short_number),
            title: &issue.title,
            culprit: &issue.culprit,
            permalink: format!("{base_url}/organizations/{}/issues/{}/", organization.slug, issue.id),
            logger: Some(issue.logger.as_str()).filter(|logger| !logger.is_empty()),
            level: issue.level.as_str(),
            status: issue.status.as_str(),
            status_details: status_details(issue),
            substatus: (issue.status != IssueStatus::Resolved).then(|| issue.substatus.shown(issue.changed, now)),
            is_public: false,
            platform: &issue.platform,
            project: ProjectReference {
                id: project.id.to_string(),
                name: &project.name,
                slug: &project.slug,
                platform: project.platform.as_deref(),
            },
            kind: issue.kind.as_str(),
            metadata: serde_json::from_str(&issue.metadata).unwrap_or_else(|_| json!({})),
            num_comments: 0,
            assigned_to: None,
            is_bookmarked: false,
            is_subscribed: false,
            subscription_details: None,
            has_seen: false,
            annotations: [],
            is_unhandled: issue.unhandled,
            count: issue.count.to_string(),
            user_count: issue.users,
            first_seen: iso(issue.first_seen),
            last_seen: iso(issue.last_seen),
            priority: issue.priority.as_str(),
            issue_type: "error",
            issue_category: "error",
            stats: Map::new(),
        }
    }

    /// With a graph of its hours.
    pub(super) fn with_graph(mut self, graph: Graph, hours: &[(Millis, u64)], now: Millis) -> Self {
        self.stats.insert(graph.name().to_owned(), graph.points(hours, now));
        self
    }
}

/// What people call the issue of this number. Projects have slugs that are slugs.
pub(in super::super) fn short_id(project: &str, number: u64) -> String {
    match project.parse() {
        Ok(slug) => ShortId { project: slug, number }.to_string(),
        Err(_) => number.to_string(),
    }
}

/// What ends its status, or in which release it is resolved.
pub(super) fn status_details(issue: &Issue) -> Map<String, Value> {
    let mut details = Map::new();
    match &issue.resolved_in {
        Some(ResolvedIn::Release(release)) => {
            details.insert("inRelease".to_owned(), json!(release));
        }
        Some(ResolvedIn::NextAfter(_)) => {
            details.insert("inNextRelease".to_owned(), json!(true));
        }
        None => {}
    }
    if let Some(snooze) = issue.snooze {
        // What is kept is the last number that does not end it.
        let left = |most: Option<u64>, seen| most.map(|most| most.saturating_add(1).saturating_sub(seen));
        let all = [
            ("ignoreCount", json!(left(snooze.events, issue.count))),
            ("ignoreUntil", json!(snooze.until.map(iso))),
            ("ignoreUserCount", json!(left(snooze.users, issue.users))),
            ("ignoreUserWindow", Value::Null),
            ("ignoreWindow", Value::Null),
            ("actor", Value::Null),
        ];
        details.extend(all.map(|(name, value)| (name.to_owned(), value)));
    }
    details
}

impl Graph {
    /// Its name in `stats`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Graph::Day => "24h",
            Graph::Fortnight => "14d",
            Graph::Month => "30d",
        }
    }

    /// Where it begins.
    pub(super) fn since(self, now: Millis) -> Millis {
        let (length_s, points) = self.shape();
        let last = now.0.div_euclid(length_s * 1_000);
        Millis((last - points + 1) * length_s * 1_000)
    }

    /// The length of an interval in seconds, and how many there are.
    fn shape(self) -> (i64, i64) {
        match self {
            Graph::Day => (3_600, 24),
            Graph::Fortnight => (86_400, 14),
            Graph::Month => (86_400, 30),
        }
    }

    /// `[start, count]` of each interval, oldest first.
    fn points(self, hours: &[(Millis, u64)], now: Millis) -> Value {
        let (length_s, count) = self.shape();
        let since_s = self.since(now).0 / 1_000;
        let point = |index: i64| {
            let start_s = since_s + index * length_s;
            let within = |hour: &&(Millis, u64)| (start_s..start_s + length_s).contains(&(hour.0.0 / 1_000));
            (start_s, hours.iter().filter(within).map(|hour| hour.1).sum::<u64>())
        };
        json!((0..count).map(point).collect::<Vec<_>>())
    }
}
