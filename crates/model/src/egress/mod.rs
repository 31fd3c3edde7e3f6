//! Where webhooks may go: pure verdicts over texts and addresses.
//!
//! Responsible for the egress policy: which URLs a hook may have ([`judge_url`], by their text alone) and which
//! addresses a connection may reach ([`judge_address`], for a literal in a URL and for each answer of a resolver alike). The
//! known tricks are kept beside it as a table ([`Cases`]), which the tests and `watchfire egress selftest` read alike.
//! Refuses to resolve names, to connect, and to decide what is done about a refusal. Called by the API when a hook is
//! saved, by the directory when hooks are loaded, and by the guarded client before and after each connection.

mod address;
mod cases;
mod class;
mod host;
mod name;
mod policy;
mod port;
mod url;

pub use address::{AddressRefusal, judge_address};
pub use cases::{BadCase, Cases, ConductCase, Expected, TextCase};
pub use class::{AddressClass, UnknownAddressClass};
pub use host::Host;
pub use policy::{BadAllowEntry, Origin, Policy};
pub use port::{DENIED_PORTS, FIRST_UNPRIVILEGED_PORT};
pub use url::{HOOK_URL_CHARACTERS_MAX, Scheme, Target, UrlRefusal, judge_url};
