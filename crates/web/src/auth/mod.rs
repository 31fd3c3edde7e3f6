//! Who is calling, and what they may do.
//!
//! Responsible for the text of tokens ([`token`]), for turning an `Authorization` header into a caller, slowly where many were unknown
//! ([`TokenThrottle`]), for passwords ([`password`]) and for sessions of people. Refuses to choose a status or a body: that is the part
//! of `api` and `ui`. Called by both before anything else is looked at, and by the command line, which makes tokens and passwords too.

mod caller;
pub mod password;
mod session;
mod throttle;
pub mod token;
mod token_throttle;

pub(crate) use caller::{AuthError, Caller};
pub(crate) use session::{
    ChangeError, Credentials, PasswordChange, SESSION_SECONDS, SignIn, SignInError, Visitor, cookie,
};
pub(crate) use token_throttle::Presented;
pub use token_throttle::TokenThrottle;
