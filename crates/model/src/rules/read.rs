//! Reads a node as Sentry writes it: an object with an `id` and parameters.
//!
//! Conditions and filters are one list of ids here: what only the event decides means the same in both places, and Sentry's
//! own clients have used the same nodes in both. What needs data that Watchfire does not keep is an error that says so.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{
    Age, Attribute, Comparison, CountedThing, EventNode, Frequency, Interval, LevelOrder, MatchCode, Node, Over,
    Source, StateNode,
};

/// In which list a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodePlace {
    /// A rule's conditions.
    Condition,
    /// A rule's filters.
    Filter,
    /// A hook's filters: only what the event alone decides.
    HookFilter,
}

/// Why an object is no node; the text is for the person who wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// Not an object.
    #[error("Each item must be an object with an id and its parameters.")]
    NotAnObject,
    /// No `id`, or none that is text.
    #[error("Missing attribute 'id'.")]
    NoId,
    /// An `id` that stands for nothing here.
    #[error("'{id}' is not a known condition or filter.")]
    UnknownId {
        /// The id.
        id: String,
    },
    /// A node that needs what is not kept.
    #[error("'{id}' needs {what}, which Watchfire does not keep: it could never be true.")]
    NotKept {
        /// The id.
        id: String,
        /// What it needs.
        what: &'static str,
    },
    /// A node that needs the store's state, where only the event may decide.
    #[error("'{id}' cannot filter a hook: only level, tag and attribute filters can.")]
    NotByTheEventAlone {
        /// The id.
        id: String,
    },
    /// A parameter that is missing or means nothing.
    #[error("{parameter}: {problem}")]
    Parameter {
        /// Its name.
        parameter: &'static str,
        /// What is wrong.
        problem: ParameterProblem,
    },
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterProblem {
    /// It is not there.
    #[error("This field is required.")]
    Missing,
    /// It is no whole number from 0 on.
    #[error("Enter a whole number, 0 or more.")]
    NotANumber,
    /// It is none of the values it can have.
    #[error("Select a valid choice: {choices}.")]
    NotAChoice {
        /// The values it can have.
        choices: &'static str,
    },
    /// It names no attribute of an event.
    #[error("'{name}' is not an attribute of an event.")]
    UnknownAttribute {
        /// What it names.
        name: String,
    },
}

const CONDITIONS: &str = "sentry.rules.conditions.";
const FILTERS: &str = "sentry.rules.filters.";

const ORDERS: &str = "eq, gte, lte";
const LEVELS: &str = "50, 40, 30, 20, 10, 0";
const CODES: &str = "eq, ne, sw, nsw, ew, new, co, nc, is, ns, in, nin";
const INTERVALS: &str = "1m, 5m, 15m, 1h, 1d, 1w, 30d";
const EARLIER: &str = "5m, 15m, 1h, 1d, 1w, 30d";
const AGES: &str = "older, newer";
const UNITS: &str = "minute, hour, day, week";
const COMPARISONS: &str = "count, percent";
const CATEGORIES: &str = "1, 2, 3, 4, 5, 6";

const ALWAYS: Result<Node, NodeError> = Ok(Node::Event(EventNode::Always));

impl Node {
    /// Reads a node.
    ///
    /// # Errors
    /// What is wrong with it, for the person who wrote it.
    pub fn read(json: &Value, place: NodePlace) -> Result<Node, NodeError> {
        let Value::Object(object) = json else { return Err(NodeError::NotAnObject) };
        let Some(Value::String(id)) = object.get("id") else { return Err(NodeError::NoId) };
        let node = Written { id, object }.node()?;
        if place == NodePlace::HookFilter && matches!(node, Node::State(_)) {
            return Err(NodeError::NotByTheEventAlone { id: id.clone() });
        }
        Ok(node)
    }
}

/// A node as written.
struct Written<'j> {
    id: &'j str,
    object: &'j Map<String, Value>,
}

impl Written<'_> {
    fn node(&self) -> Result<Node, NodeError> {
        let state = |node| Ok(Node::State(node));
        let known = self.id.strip_prefix(CONDITIONS).or_else(|| self.id.strip_prefix(FILTERS));
        match known.unwrap_or_default() {
            "first_seen_event.FirstSeenEventCondition" => state(StateNode::FirstSeen),
            "regression_event.RegressionEventCondition" => state(StateNode::Regression),
            "reappeared_event.ReappearedEventCondition" => state(StateNode::Reappeared),
            "every_event.EveryEventCondition" => Ok(Node::Event(EventNode::Always)),
            "event_frequency.EventFrequencyCondition" => self.frequency(CountedThing::Events),
            "event_frequency.EventUniqueUserFrequencyCondition" => self.frequency(CountedThing::Users),
            "event_frequency.EventUniqueUserFrequencyConditionWithConditions" => {
                self.frequency(CountedThing::UsersPassingTagFilters)
            }
            "high_priority_issue.NewHighPriorityIssueCondition" => state(StateNode::NewHighPriority),
            "high_priority_issue.ExistingHighPriorityIssueCondition" => state(StateNode::ExistingHighPriority),
            "level.LevelCondition" | "level.LevelFilter" => self.level(),
            "tagged_event.TaggedEventCondition" | "tagged_event.TaggedEventFilter" => self.tag(),
            "event_attribute.EventAttributeCondition" | "event_attribute.EventAttributeFilter" => self.attribute(),
            "age_comparison.AgeComparisonFilter" => self.age(),
            "issue_occurrences.IssueOccurrencesFilter" => {
                state(StateNode::Occurrences { least: self.number("value")? })
            }
            "latest_release.LatestReleaseFilter" => state(StateNode::LatestRelease),
            "issue_category.IssueCategoryFilter" => self.category(),
            "issue_type.IssueTypeFilter" => self.issue_type(),
            "event_frequency.EventFrequencyPercentCondition" => Err(self.not_kept("counts of sessions")),
            "assigned_to.AssignedToFilter" => Err(self.not_kept("assignees")),
            "latest_adopted_release_filter.LatestAdoptedReleaseFilter" => {
                Err(self.not_kept("how far releases are adopted"))
            }
            "issue_severity.IssueSeverityFilter" => Err(self.not_kept("a severity score of issues")),
            _ => Err(NodeError::UnknownId { id: self.id.to_owned() }),
        }
    }

    fn frequency(&self, thing: CountedThing) -> Result<Node, NodeError> {
        let value = self.number("value")?;
        let interval = self.interval("interval", INTERVALS)?;
        let earlier = match self.optional_text("comparisonInterval", EARLIER)? {
            None => None,
            Some(_) => Some(self.interval("comparisonInterval", EARLIER)?),
        };
        if earlier == Some(Interval::Minute) {
            return Err(parameter("comparisonInterval", ParameterProblem::NotAChoice { choices: EARLIER }));
        }
        let over = match (self.optional_text("comparisonType", COMPARISONS)?.unwrap_or("count"), earlier) {
            ("count", _) => Over::Count(value),
            ("percent", Some(earlier)) => Over::PercentAbove { percent: value, earlier },
            ("percent", None) => return Err(parameter("comparisonInterval", ParameterProblem::Missing)),
            _ => return Err(parameter("comparisonType", ParameterProblem::NotAChoice { choices: COMPARISONS })),
        };
        Ok(Node::State(StateNode::Frequency(Frequency { thing, interval, over })))
    }

    fn level(&self) -> Result<Node, NodeError> {
        let order = match self.text("match")? {
            "eq" => LevelOrder::Equal,
            "gte" => LevelOrder::AtLeast,
            "lte" => LevelOrder::AtMost,
            _ => return Err(parameter("match", ParameterProblem::NotAChoice { choices: ORDERS })),
        };
        let number = match self.number("level") {
            Ok(number @ (0 | 10 | 20 | 30 | 40 | 50)) => number,
            Err(error @ NodeError::Parameter { problem: ParameterProblem::Missing, .. }) => return Err(error),
            _ => return Err(parameter("level", ParameterProblem::NotAChoice { choices: LEVELS })),
        };
        Ok(Node::Event(EventNode::Level { order, number: u8::try_from(number).unwrap_or(0) }))
    }

    fn tag(&self) -> Result<Node, NodeError> {
        let key = super::comparison::lowered(self.text("key")?.trim());
        // Sentry keeps some tags under a prefix of its own; rules may name them either way.
        let key = key.strip_prefix("sentry:").unwrap_or(&key).to_owned();
        if key.is_empty() {
            return Err(parameter("key", ParameterProblem::Missing));
        }
        Ok(Node::Event(EventNode::Text { source: Source::Tag(key), comparison: self.comparison()? }))
    }

    fn attribute(&self) -> Result<Node, NodeError> {
        let name = self.text("attribute")?;
        let attribute = Attribute::named(name.trim())
            .ok_or_else(|| parameter("attribute", ParameterProblem::UnknownAttribute { name: name.to_owned() }))?;
        Ok(Node::Event(EventNode::Text { source: Source::Attribute(attribute), comparison: self.comparison()? }))
    }

    fn comparison(&self) -> Result<Comparison, NodeError> {
        let code = MatchCode::named(self.text("match")?)
            .ok_or_else(|| parameter("match", ParameterProblem::NotAChoice { choices: CODES }))?;
        if code.is_about_presence() {
            return Ok(Comparison::new(code, ""));
        }
        match self.object.get("value") {
            // Blanks around it do not count, as in Sentry.
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Comparison::new(code, text.trim())),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(Comparison::new(code, &value.to_string())),
            _ => Err(parameter("value", ParameterProblem::Missing)),
        }
    }

    fn age(&self) -> Result<Node, NodeError> {
        let age = match self.text("comparison_type")? {
            "older" => Age::Older,
            "newer" => Age::Newer,
            _ => return Err(parameter("comparison_type", ParameterProblem::NotAChoice { choices: AGES })),
        };
        let unit_seconds: u64 = match self.text("time")? {
            "minute" => 60,
            "hour" => 3_600,
            "day" => 86_400,
            "week" => 7 * 86_400,
            _ => return Err(parameter("time", ParameterProblem::NotAChoice { choices: UNITS })),
        };
        let span = Duration::from_secs(self.number("value")?.saturating_mul(unit_seconds));
        Ok(Node::State(StateNode::Age { age, span }))
    }

    /// Everything here is an error, category 1: a node about others holds always, or never.
    fn category(&self) -> Result<Node, NodeError> {
        let is_error = match self.number("value")? {
            1 => true,
            2..=6 => false,
            _ => return Err(parameter("value", ParameterProblem::NotAChoice { choices: CATEGORIES })),
        };
        if is_error == self.include()? { ALWAYS } else { Err(self.not_kept("issues of other categories than error")) }
    }

    fn issue_type(&self) -> Result<Node, NodeError> {
        let is_error = self.text("value")? == "error";
        if is_error == self.include()? { ALWAYS } else { Err(self.not_kept("issues of other types than error")) }
    }

    fn include(&self) -> Result<bool, NodeError> {
        match self.object.get("include") {
            None | Some(Value::Null | Value::Bool(true)) => Ok(true),
            Some(Value::Bool(false)) => Ok(false),
            Some(Value::String(text)) => Ok(text != "false"),
            Some(_) => Err(parameter("include", ParameterProblem::NotAChoice { choices: "true, false" })),
        }
    }

    fn interval(&self, name: &'static str, choices: &'static str) -> Result<Interval, NodeError> {
        Interval::named(self.text(name)?).ok_or_else(|| parameter(name, ParameterProblem::NotAChoice { choices }))
    }

    /// A whole number, also one written as text: Sentry's clients send both.
    fn number(&self, name: &'static str) -> Result<u64, NodeError> {
        let number = match self.object.get(name) {
            None | Some(Value::Null) => return Err(parameter(name, ParameterProblem::Missing)),
            Some(Value::String(text)) if text.trim().is_empty() => {
                return Err(parameter(name, ParameterProblem::Missing));
            }
            // Some clients know only doubles, and write 5 as 5.0.
            Some(Value::Number(number)) => whole(&number.to_string()),
            Some(Value::String(text)) => whole(text.trim()),
            Some(_) => None,
        };
        // The store counts in signed numbers.
        number.filter(|number| i64::try_from(*number).is_ok()).ok_or(parameter(name, ParameterProblem::NotANumber))
    }

    /// A text that is there and not empty.
    fn text(&self, name: &'static str) -> Result<&str, NodeError> {
        let text = self.object.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
        text.ok_or(parameter(name, ParameterProblem::Missing))
    }

    /// A choice that may be left out; an empty text leaves it out too.
    fn optional_text(&self, name: &'static str, choices: &'static str) -> Result<Option<&str>, NodeError> {
        match self.object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.trim().is_empty())),
            Some(_) => Err(parameter(name, ParameterProblem::NotAChoice { choices })),
        }
    }

    fn not_kept(&self, what: &'static str) -> NodeError {
        NodeError::NotKept { id: self.id.to_owned(), what }
    }
}

/// A whole number, whose decimals may be written as long as they are zeros.
fn whole(text: &str) -> Option<u64> {
    let (digits, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_whole = !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0');
    if is_whole && digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn parameter(parameter: &'static str, problem: ParameterProblem) -> NodeError {
    NodeError::Parameter { parameter, problem }
}
