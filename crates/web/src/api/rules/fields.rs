//! What a rule's body may say.

use model::ids::{HookGuid, HookNumber, TeamId, UserId};
use model::rules::{
    CountedThing, FREQUENCY_MINUTES_LEAST, FREQUENCY_MINUTES_MOST, Node, NodeError, NodePlace, Quantifier, Rule,
    StateNode,
};
use protocol::event::is_environment_name;
use serde_json::Value;
use store::accounts::User;
use store::catalog::{Project, Team};
use store::rules::{RuleChange, RuleRow, UNSAVED};

use super::super::ApiState;
use super::super::error::Answer;
use super::super::fields::{Complaint, FieldErrors, Fields, Read, boolean, quoted, text};
use super::super::nodes::{nodes, quantifier};
use super::actions::actions;

/// The longest name, in characters.
const NAME_CHARACTERS_MAX: usize = 256;
/// The longest owner, in characters.
const OWNER_CHARACTERS_MAX: usize = 64;

const NO_FILTER_MATCH: &str = "Must select a filter match (all, any, none) if filters are supplied.";
const NOT_BY_ANY: &str = "The count of users with conditions takes over the tag filters of its rule, and cannot do so where the \
                          filter match is any.";

/// What a rule may refer to.
pub(super) struct Known {
    teams: Vec<Team>,
    users: Vec<User>,
    hooks: Vec<(HookGuid, HookNumber)>,
}

impl Known {
    /// What the rules of a project may refer to.
    pub(super) async fn of(api: &ApiState, project: &Project) -> Answer<Known> {
        let hooks = api.store.hooks(project.id).await?;
        Ok(Known {
            teams: api.store.teams(project.organization).await?,
            users: api.store.users().await?,
            hooks: hooks.iter().map(|hook| (hook.guid, hook.number)).collect(),
        })
    }

    /// Reads a rule, `before` of which is what it says now. What neither says is empty, and active.
    ///
    /// # Errors
    /// Everything that is wrong with its fields.
    pub(super) fn read(
        &self,
        body: &Value,
        before: Option<&RuleRow>,
        random: impl Fn() -> [u8; 16],
    ) -> Result<RuleChange, FieldErrors> {
        let rule = self.read_fields(body, before, random)?;
        let compiled = self.compile(&rule).map_err(|error| FieldErrors::about("conditions", error.to_string()))?;
        if rule.filter_match == Quantifier::Any && takes_over_filters(&compiled) {
            return Err(FieldErrors::about("conditions", NOT_BY_ANY));
        }
        Ok(RuleChange { counters: compiled.counters(), ..rule })
    }

    /// What events would be compared with.
    pub(super) fn compile(&self, rule: &RuleChange) -> Result<Rule, NodeError> {
        let number = |guid| self.hooks.iter().find(|(known, _)| *known == guid).map(|(_, number)| *number);
        rule.compile(UNSAVED, number)
    }

    fn read_fields(
        &self,
        body: &Value,
        before: Option<&RuleRow>,
        random: impl Fn() -> [u8; 16],
    ) -> Result<RuleChange, FieldErrors> {
        let guids: Vec<HookGuid> = self.hooks.iter().map(|(guid, _)| *guid).collect();
        let mut fields = Fields::of(body)?;
        let name = fields.required("name", text(NAME_CHARACTERS_MAX));
        let action_match = fields.required("actionMatch", quantifier);
        let conditions = fields.optional("conditions", nodes(NodePlace::Condition)).unwrap_or_default();
        let filters = fields.optional("filters", nodes(NodePlace::Filter)).unwrap_or_default();
        let filter_match = fields.nullable("filterMatch", quantifier).flatten();
        if filter_match.is_none() && !filters.is_empty() && !fields.has_complaint("filterMatch") {
            fields.complain("filterMatch", NO_FILTER_MATCH);
        }
        let actions = fields.required("actions", actions(&guids, random));
        let frequency_minutes = match before {
            Some(before) => Some(fields.optional("frequency", frequency).unwrap_or(before.frequency_minutes)),
            None => fields.required("frequency", frequency),
        };
        let environment = fields.nullable("environment", environment).flatten();
        let owner = fields.nullable("owner", |value| self.owner(value));
        let active = read_active(&mut fields);
        let required = (|| Some((name?, action_match?, actions?, frequency_minutes?)))();
        let (name, action_match, actions, frequency_minutes) = fields.finish(required)?;
        Ok(RuleChange {
            name,
            environment,
            action_match,
            filter_match: filter_match.unwrap_or_default(),
            conditions,
            filters,
            actions,
            frequency_minutes,
            owner: owner.unwrap_or_else(|| before.and_then(|before| before.owner.clone())),
            active: active.or(before.map(|before| before.active)).unwrap_or(true),
            counters: Vec::new(),
        })
    }

    /// `user:ID` or `team:ID`, of one that there is. Everybody belongs to every organization.
    fn owner(&self, value: &Value) -> Read<String> {
        let owner = text(OWNER_CHARACTERS_MAX)(value)?;
        match owner.split_once(':') {
            Some(("user", id)) => {
                let id: Option<UserId> = id.parse().ok();
                let is_known = id.is_some_and(|id| self.users.iter().any(|user| user.id == id));
                if is_known { Ok(owner) } else { Err(Complaint::new("User is not a member of this organization")) }
            }
            Some(("team", id)) => {
                let id: Option<TeamId> = id.parse().ok();
                let is_known = id.is_some_and(|id| self.teams.iter().any(|team| team.id == id));
                if is_known { Ok(owner) } else { Err(Complaint::new("Team is not a member of this organization")) }
            }
            _ => {
                Err(Complaint::new("Could not parse actor. Format should be `type:id` where type is `team` or `user`."))
            }
        }
    }
}

/// Whether the rule counts users of events that pass its own tag filters.
fn takes_over_filters(rule: &Rule) -> bool {
    let nodes = rule.conditions.nodes.iter().chain(&rule.filters.nodes);
    let mut frequencies = nodes.filter_map(|node| match node {
        Node::State(StateNode::Frequency(frequency)) => Some(frequency.thing),
        Node::State(_) | Node::Event(_) => None,
    });
    frequencies.any(|thing| thing == CountedThing::UsersPassingTagFilters)
}

/// Minutes, also as text.
fn frequency(value: &Value) -> Read<u32> {
    let minutes = match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let minutes = minutes.ok_or(Complaint::new("A valid integer is required."))?;
    let (least, most) = (FREQUENCY_MINUTES_LEAST, FREQUENCY_MINUTES_MOST);
    match u32::try_from(minutes) {
        Ok(minutes) if (least..=most).contains(&minutes) => Ok(minutes),
        Ok(minutes) if minutes > most => {
            Err(Complaint::new(format!("Ensure this value is less than or equal to {most}.")))
        }
        Err(_) if minutes > 0 => Err(Complaint::new(format!("Ensure this value is less than or equal to {most}."))),
        _ => Err(Complaint::new(format!("Ensure this value is greater than or equal to {least}."))),
    }
}

/// `30.0` is 30 to JSON's own users.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "only what is whole and small is cast")]
    (number.fract() == 0.0 && number.abs() < 1e9).then_some(number as i64)
}

/// Any name that an event's environment can have: Watchfire keeps no register of environments, and a rule may be written
/// before the first event of its environment comes.
fn environment(value: &Value) -> Read<String> {
    let Value::String(name) = value else { return Err(Complaint::new("Not a valid string.")) };
    let name = name.trim();
    if is_environment_name(name) {
        return Ok(name.to_owned());
    }
    Err(Complaint::new(format!("\"{}\" is not a name that an environment can have.", quoted(value))))
}

/// `isActive`, or Sentry's own `status`, which its answers have.
fn read_active(fields: &mut Fields<'_>) -> Option<bool> {
    let status = fields.optional("status", |value| match value.as_str() {
        Some("active") => Ok(true),
        Some("disabled") => Ok(false),
        _ => Err(Complaint::new(format!("\"{}\" is not a valid choice.", quoted(value)))),
    });
    fields.optional("isActive", boolean).or(status)
}
