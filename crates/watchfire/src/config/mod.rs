//! Settings: as written (flags, environment, `watchfire.toml`) and as meant (typed).
//!
//! Every flag of every command can be written in three places, and the first that has it counts: the command line, the
//! environment variable `WATCHFIRE_…`, the file. Refuses a key that no flag has. The process's environment is passed in.
//! Called by `cli`, which parses with what [`Layers`] found as defaults; [`Settings`] is what the wiring is made from.

mod environment;
mod error;
mod file;
mod keys;
mod layers;
mod nearest;
mod origin;
mod settings;
mod show;
mod values;

pub use environment::Environment;
pub use error::{BadBaseUrl, BadValue, ConfigError};
pub use file::DEFAULT_FILE;
pub use layers::Layers;
pub(crate) use layers::with_variables_in_help;
pub use origin::{Origin, Origins};
pub use settings::{EgressSettings, SecretKeyFlags, SettingFlags, Settings, StoreFlags};
pub use show::{Row, rows};
pub use values::{BaseUrl, LogFormat};
pub(crate) use values::{base_url, socket_address};
