//! Stored events before rules once more: for those who ask why a rule fired or did not, and whether a new one would have.
//!
//! The event half is matched again from the event's stored JSON. The state half is put together from what is kept: what the
//! event did to its issue, the events before it, releases, where the issue stands. Both halves are the model's own functions, so an
//! answer here cannot differ from what recording does with the same facts. What cannot be known any more is said to be
//! assumed. Bounded in events, in memory and in time. Called by the handlers of `why/` and `rules/preview/`.

mod gather;
mod history;
mod judge;
mod look;
mod shown;

pub(super) use self::gather::{Scope, gather};
pub(super) use self::history::{History, Releases, releases_for};
pub(super) use self::judge::{Judged, Outcome, Standings, judge};
pub(super) use self::look::{Look, Lookers};
pub(super) use self::shown::{NodeName, NodeView, Part, node_names, node_views};
