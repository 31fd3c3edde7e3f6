//! Issue alert rules: Sentry's calls, with its bodies, checks and errors.
//!
//! Responsible for what a rule's JSON may say, and for showing rules and what has come of them; a file for each job. Refuses
//! to evaluate anything: that is the model's. What is accepted for the sake of scripts and does nothing here is said in a
//! header, never in the body.

mod actions;
mod configuration;
mod create;
mod delete;
mod duplicates;
mod fields;
mod group_history;
mod list;
mod note;
mod preview;
mod show;
mod snooze;
mod stats;
mod update;
mod view;

use model::scope::Scope;

pub(super) use self::configuration::configuration;
pub(super) use self::create::create;
pub(super) use self::delete::delete;
pub(super) use self::group_history::group_history;
pub(super) use self::list::list;
pub(super) use self::preview::preview;
pub(super) use self::show::show;
pub(super) use self::snooze::{snooze, unsnooze};
pub(super) use self::stats::stats;
pub(super) use self::update::update;

/// Who may see rules.
const READ: &[Scope] = &[Scope::AlertsRead, Scope::ProjectRead];
/// Who may change them.
const WRITE: &[Scope] = &[Scope::AlertsWrite, Scope::ProjectWrite];
