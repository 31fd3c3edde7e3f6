//! The domain: what the words of the product mean, as pure functions and types.
//!
//! Nothing here does I/O, reads a clock or draws a random number: time and chance are passed in. `store` calls the pure
//! rules inside its own transactions, `pipeline` and `web` before and after them.

pub mod attempt;
pub mod clock;
pub mod culprit;
pub mod decide;
pub mod delivery;
pub mod delivery_key;
pub mod egress;
pub mod email;
pub mod grouping;
pub mod hook;
pub mod ids;
pub mod issue;
pub mod latency;
pub mod limits;
pub mod loops;
pub mod matching;
pub mod metadata;
pub mod payload;
pub mod release;
pub mod role;
pub mod rules;
pub mod scope;
pub mod short_id;
pub mod slug;
pub mod standing;
mod text;
pub mod title;
