//! Who is calling, and what they may do.
//!
//! Responsible for the text of tokens ([`token`]) and for turning an `Authorization` header into a caller. Refuses to
//! choose a status or a body: that is the part of `api`. Called by the API before anything else is looked at, and by the
//! command line, which makes tokens too.

mod caller;
pub mod token;

pub(crate) use caller::{AuthError, Caller};
