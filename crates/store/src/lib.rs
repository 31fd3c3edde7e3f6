//! Everything that outlives the process, behind one [`Store`] interface.
//!
//! The interface is of few, use-case-shaped methods in nine rooms: [`Ledger`] (events, deliveries, leases, retention),
//! [`Catalog`] (organizations, projects, keys, hooks, tokens), [`Accounts`] (users, members, sessions), [`Issues`] (what
//! people do with issues), [`Rules`] (issue alert rules and their history), [`Counting`] (counters that rules ask for late),
//! [`Hindsight`] (what those read who ask why), [`Deliveries`] (their log, and what is sent again) and [`Figures`]
//! (counts by the hour, for people). No SQL and no transaction leaves this crate; pure functions of `model` may be called
//! inside a transaction. Nothing here waits on a customer. Every backend passes the same suite, `conformance`.

pub mod accounts;
pub mod catalog;
pub mod conformance;
pub mod counting;
pub mod deliveries;
pub mod error;
pub mod figures;
pub mod hindsight;
mod hook_secrets;
pub mod issues;
pub mod ledger;
pub mod marks;
pub mod rules;
pub mod secret_key;
pub mod sqlite;

pub use accounts::Accounts;
pub use catalog::Catalog;
pub use counting::Counting;
pub use deliveries::Deliveries;
pub use error::StoreError;
pub use figures::Figures;
pub use hindsight::Hindsight;
pub use issues::Issues;
pub use ledger::Ledger;
pub use rules::Rules;
pub use secret_key::{SecretKey, SecretKeyId};

/// What the rest of Watchfire knows of a store.
pub trait Store: Ledger + Catalog + Accounts + Issues + Rules + Counting + Hindsight + Deliveries + Figures {}

impl<S: Ledger + Catalog + Accounts + Issues + Rules + Counting + Hindsight + Deliveries + Figures> Store for S {}
