//! Rules: a hook on `event.alert` gets one signed webhook for each event on which rules fired, and no others.

mod body;
mod crowd;
mod event_nodes;
mod frequency;
mod issue_changes;
mod quiet;
mod retention;
mod state_nodes;
