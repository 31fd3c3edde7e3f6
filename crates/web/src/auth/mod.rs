//! Who is calling, and what they may do.
//!
//! Responsible for the text of tokens ([`token`]) and for turning an `Authorization` header into a caller, slowly where many were unknown
//! ([`TokenThrottle`]). Refuses to
//! choose a status or a body: that is the part of `api`. Called by the API before anything else is looked at, and by the
//! command line, which makes tokens too.

mod caller;
mod throttle;
pub mod token;
mod token_throttle;

pub(crate) use caller::{AuthError, Caller};
pub(crate) use token_throttle::Presented;
pub use token_throttle::TokenThrottle;
