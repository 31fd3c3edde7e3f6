//! Rules as one would write them on a napkin: straight from a rule's nodes, every node asked, nothing compiled, kept or skipped.

use protocol::event::Event;
use serde_json::Value;
use watchfire_model::decide::IssueState;
use watchfire_model::ids::Millis;
use watchfire_model::issue::{IssuePriority, IssueStatus, Turn};
use watchfire_model::rules::{
    Age, Clause, Comparison, EventNode, Frequency, LevelOrder, MatchCode, Node, Over, Quantifier, Rule, Source,
    StateNode,
};

/// What there is to know when an event has arrived.
pub(crate) struct Situation<'s> {
    /// The texts under a name, in any case.
    pub(crate) values: &'s dyn Fn(&Source) -> Vec<String>,
    pub(crate) level: u8,
    pub(crate) environment: Option<&'s str>,
    pub(crate) issue: &'s IssueState,
    /// How often in the window that ended so many seconds ago.
    pub(crate) count: &'s dyn Fn(&Rule, &Frequency, i64) -> u64,
    pub(crate) is_latest: bool,
    pub(crate) last_fired: Option<Millis>,
}

impl Situation<'_> {
    pub(crate) fn fires(&self, rule: &Rule) -> bool {
        let frequency = i64::try_from(rule.frequency.as_millis()).unwrap();
        let is_free = self.last_fired.is_none_or(|last| self.issue.now.0 - last.0 >= frequency);
        self.issue.status == IssueStatus::Unresolved
            && self.is_in(rule)
            && is_free
            && self.clause(rule, &rule.filters)
            && self.clause(rule, &rule.conditions)
    }

    pub(crate) fn is_in(&self, rule: &Rule) -> bool {
        rule.environment.is_none() || rule.environment.as_deref() == self.environment
    }

    pub(crate) fn clause(&self, rule: &Rule, clause: &Clause) -> bool {
        let answers: Vec<bool> = clause.nodes.iter().map(|node| self.node(rule, node)).collect();
        if answers.is_empty() {
            return true;
        }
        match clause.quantifier {
            Quantifier::All => !answers.contains(&false),
            Quantifier::Any => answers.contains(&true),
            Quantifier::None => !answers.contains(&true),
        }
    }

    fn node(&self, rule: &Rule, node: &Node) -> bool {
        match node {
            Node::Event(EventNode::Always) => true,
            Node::Event(EventNode::Level { order: LevelOrder::Equal, number }) => self.level == *number,
            Node::Event(EventNode::Level { order: LevelOrder::AtLeast, number }) => self.level >= *number,
            Node::Event(EventNode::Level { order: LevelOrder::AtMost, number }) => self.level <= *number,
            Node::Event(EventNode::Text { source, comparison }) => compare(comparison, &(self.values)(source)),
            Node::State(state) => self.state(rule, state),
        }
    }

    fn state(&self, rule: &Rule, node: &StateNode) -> bool {
        let issue = self.issue;
        let is_new = if rule.environment.is_some() { issue.is_new_in_environment } else { issue.turn == Turn::New };
        let is_high = issue.priority == IssuePriority::High;
        match node {
            StateNode::FirstSeen => is_new,
            StateNode::Regression => issue.turn == Turn::Regressed,
            StateNode::Reappeared => issue.turn == Turn::Reappeared,
            StateNode::NewHighPriority => is_new && is_high,
            StateNode::ExistingHighPriority => issue.turn == Turn::Reappeared && is_high,
            StateNode::Age { age, span } => {
                let (old, span) = (i128::from(issue.now.0) - i128::from(issue.first_seen.0), span.as_millis() as i128);
                match age {
                    Age::Older => old > span,
                    Age::Newer => old < span,
                }
            }
            StateNode::Occurrences { least } => issue.times_seen >= *least,
            StateNode::LatestRelease => self.is_latest,
            StateNode::Frequency(frequency) => {
                let now = (self.count)(rule, frequency, 0);
                match frequency.over {
                    Over::Count(most) => now > most,
                    Over::PercentAbove { percent, earlier } => {
                        let before = (self.count)(rule, frequency, earlier.seconds());
                        let above = if now > before && before > 0 { (now - before) * 100 / before } else { 0 };
                        above > percent
                    }
                }
            }
        }
    }
}

pub(crate) fn compare(comparison: &Comparison, values: &[String]) -> bool {
    let needles: Vec<&String> = comparison.needles().iter().filter(|needle| !needle.is_empty()).collect();
    let any = |matches: &dyn Fn(&str, &str) -> bool| {
        values.iter().any(|value| needles.iter().any(|needle| matches(&value.to_lowercase(), &needle.to_lowercase())))
    };
    let asks = !needles.is_empty();
    match comparison.code() {
        MatchCode::Equal | MatchCode::In => any(&|value, needle| value == needle),
        MatchCode::NotEqual | MatchCode::NotIn => asks && !any(&|value, needle| value == needle),
        MatchCode::Contains => any(&|value, needle| value.contains(needle)),
        MatchCode::NotContains => asks && !any(&|value, needle| value.contains(needle)),
        MatchCode::StartsWith => any(&|value, needle| value.starts_with(needle)),
        MatchCode::NotStartsWith => asks && !any(&|value, needle| value.starts_with(needle)),
        MatchCode::EndsWith => any(&|value, needle| value.ends_with(needle)),
        MatchCode::NotEndsWith => asks && !any(&|value, needle| value.ends_with(needle)),
        MatchCode::IsSet => !values.is_empty(),
        MatchCode::NotSet => values.is_empty(),
    }
}

/// What an event has under a name, looked up in its stored JSON; only tags are asked of the event itself.
pub(crate) fn values(event: &Event<'_>, title: &str, json: &Value, source: &Source) -> Vec<String> {
    match source {
        Source::Tag(key) => {
            let tags = event.tags.iter().chain(&event.derived_tags);
            tags.filter(|(name, _)| name.to_lowercase() == *key).map(|(_, value)| value.to_string()).collect()
        }
        Source::Attribute(attribute) => attribute_values(event, title, json, &attribute.to_string()),
    }
}

fn attribute_values(event: &Event<'_>, title: &str, json: &Value, name: &str) -> Vec<String> {
    let path = |path: &str| walk(json, &path.split('.').collect::<Vec<_>>());
    let of_exceptions = |name: &str| exceptions(json).iter().flat_map(|it| walk(it, &[name])).collect::<Vec<_>>();
    let of_frames = |name: &str| frames(json).iter().flat_map(|frame| walk(frame, &[name])).collect::<Vec<_>>();
    let handled: Vec<bool> =
        exceptions(json).iter().filter_map(|it| it.get("mechanism")?.get("handled")?.as_bool()).collect();
    let filled = |values: Vec<String>| values.into_iter().filter(|value| !value.is_empty()).collect();
    match name {
        "message" => {
            let sent = event.message.as_ref().map(|message| message.formatted.to_string());
            sent.into_iter().chain([title.to_owned()]).chain(whole_exception(event, title)).collect()
        }
        "platform" | "environment" | "type" => path(name),
        "error.handled" => handled.iter().map(bool::to_string).collect(),
        "error.unhandled" => handled.iter().map(|handled| (!handled).to_string()).collect(),
        "error.main_thread" => main_threads(json),
        "exception.type" => of_exceptions("type"),
        "exception.value" => of_exceptions("value"),
        "user.id" | "user.email" | "user.username" | "user.ip_address" => filled(path(name)),
        "http.method" => path("request.method"),
        "http.url" => filled(path("request.url")),
        "http.status_code" => path("contexts.response.status_code"),
        "sdk.name" => path("sdk.name"),
        "stacktrace.code" => [of_frames("pre_context"), of_frames("context_line"), of_frames("post_context")].concat(),
        "stacktrace.filename" | "stacktrace.abs_path" => filled(of_frames(name.strip_prefix("stacktrace.").unwrap())),
        "stacktrace.module" => of_frames("module"),
        "stacktrace.package" => of_frames("package"),
        _ => match name.split_once('.').unwrap() {
            ("user", name) if json["user"]["data"].get(name).is_some() => walk(&json["user"]["data"], &[name]),
            ("user", name) => walk(&json["user"], &[name]),
            ("os", name) if json["contexts"]["os"].get(name).is_none() => walk(&json["contexts"]["client_os"], &[name]),
            ("extra", _) => path(name),
            _ => path(&format!("contexts.{name}")),
        },
    }
}

fn whole_exception(event: &Event<'_>, title: &str) -> Option<String> {
    let main = event.main_exception_id.and_then(|id| event.exceptions.iter().rfind(|it| it.exception_id == Some(id)));
    let main = main.or(event.exceptions.last())?;
    let value = main.value.as_ref()?.trim();
    let whole = match &main.ty {
        Some(ty) if !main.synthetic => format!("{ty}: {value}"),
        _ => value.to_owned(),
    };
    (!title.ends_with(value)).then_some(whole)
}

fn main_threads(json: &Value) -> Vec<String> {
    let threads = json["threads"]["values"].as_array().cloned().unwrap_or_default();
    let ids = exceptions(json).iter().map(|it| it["thread_id"].clone()).filter(|id| !id.is_null()).collect::<Vec<_>>();
    let main =
        |id: &Value| threads.iter().find(|thread| thread["id"] == *id).and_then(|thread| thread["main"].as_bool());
    ids.iter().filter_map(main).map(|main| main.to_string()).collect()
}

fn exceptions(json: &Value) -> Vec<Value> {
    json["exception"]["values"].as_array().cloned().unwrap_or_default()
}

fn frames(json: &Value) -> Vec<Value> {
    let of = |holder: &Value| -> Vec<Value> {
        let frames = holder["stacktrace"]["frames"].as_array().cloned().unwrap_or_default();
        frames.into_iter().filter(Value::is_object).collect()
    };
    let mut found: Vec<Value> = exceptions(json).iter().flat_map(of).collect();
    if found.is_empty() {
        found = of(json);
    }
    let threads = json["threads"]["values"].as_array().cloned().unwrap_or_default();
    let stacks: Vec<Vec<Value>> = threads.iter().map(of).filter(|frames| !frames.is_empty()).collect();
    if found.is_empty() && stacks.len() == 1 {
        found.extend(stacks.into_iter().flatten());
    }
    found
}

/// The scalars at the end of a path, through lists.
fn walk(value: &Value, path: &[&str]) -> Vec<String> {
    match (value, path) {
        (Value::Array(elements), _) => elements.iter().flat_map(|element| walk(element, path)).collect(),
        (Value::Object(members), [name, rest @ ..]) => {
            members.get(*name).map(|member| walk(member, rest)).unwrap_or_default()
        }
        (Value::String(text), []) => vec![text.clone()],
        (Value::Number(_) | Value::Bool(_), []) => vec![value.to_string()],
        _ => Vec::new(),
    }
}
