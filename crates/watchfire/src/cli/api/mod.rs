//! The API of a Watchfire that runs, as the commands `hooks` and `deliveries` call it.
//!
//! Responsible for where the server is and who asks (`flags`), for one bounded call (`exchange`), for what an answer says
//! (`answer`) and why it is a no (`refusal`), for lists that have several pages (`pages`), for what the calls are about
//! (`subject`) and which project that is (`choose`). Refuses to repeat a call: only its caller knows whether that is harmless.
//! The store is not touched: whoever has a token can use these commands on another machine.

mod answer;
mod choose;
mod exchange;
mod flags;
mod pages;
mod refusal;
mod subject;
mod wait;

pub(in crate::cli) use self::answer::Answer;
pub(in crate::cli) use self::flags::ServerFlags;
pub(in crate::cli) use self::pages::Item;
pub(in crate::cli) use self::subject::{Subject, escaped};
pub(in crate::cli) use self::wait::{Progress, pause};
