//! What can be wrong with what is written, always with the place where it is.

use std::path::PathBuf;

use model::egress::BadAllowEntry;

use super::origin::Origin;

/// A configuration that cannot be meant.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file that `--config` or `WATCHFIRE_CONFIG` names cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is larger than any configuration.
    #[error("the configuration file {} is larger than {limit_bytes} bytes: is it the right file?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What is read at most.
        limit_bytes: u64,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {}", path.display(), source.message())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line of the fault, counted from 1.
        line: usize,
        /// What the parser says.
        source: toml::de::Error,
    },
    /// The file has a key that no flag has.
    #[error("{}:{line}: unknown key `{key}`{}", path.display(), did_you_mean(meant))]
    UnknownKey {
        /// The file.
        path: PathBuf,
        /// The line of the key, counted from 1.
        line: usize,
        /// The key as written, with its table.
        key: String,
        /// The known keys that may have been meant, with their tables.
        meant: Vec<String>,
    },
    /// The value of a key has a type that its flag cannot take.
    #[error("{}:{line}: `{key}` must be {expected}, not {found}", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The line of the value, counted from 1.
        line: usize,
        /// The key as written, with its table.
        key: String,
        /// What its flag takes.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A variable of a flag without a value is neither yes nor no.
    #[error("{name} must be true or false, not `{value}`")]
    NotASwitch {
        /// The variable.
        name: String,
        /// What it holds.
        value: String,
    },
    /// A variable's bytes are no text.
    #[error("{name} is not valid UTF-8")]
    NotText {
        /// The variable.
        name: String,
    },
    /// A value from the environment or the file that its flag refuses.
    #[error("{origin}: `{value}` is not a value for `{key}`: {reason}")]
    Refused {
        /// Where it is written.
        origin: Origin,
        /// The flag's name.
        key: String,
        /// The value.
        value: String,
        /// What the flag's own check says.
        reason: String,
    },
}

/// A value that a flag refuses, wherever it is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadValue {
    /// Not an address with a port.
    #[error("expected an address and a port, such as 127.0.0.1:9000 or [::]:9000")]
    SocketAddress,
    /// Not a network and not an address.
    #[error("expected a network or an address, such as 10.0.0.0/8 or ::1")]
    Network,
    /// Fewer days than a delivery may take, or not a number.
    #[error("expected a number of days, at least {least_days}")]
    RetentionDays {
        /// The fewest days.
        least_days: u32,
    },
    /// Not an entry for `--egress-allow`.
    #[error(transparent)]
    EgressAllow(#[from] BadAllowEntry),
    /// Not an origin of ours.
    #[error(transparent)]
    BaseUrl(#[from] BadBaseUrl),
}

/// A text that is no URL under which people could reach a Watchfire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBaseUrl {
    /// Not a URL, or of another scheme.
    #[error("expected a URL that begins with http:// or https://")]
    Scheme,
    /// It has a user, a query or a fragment: none of them can be part of a DSN.
    #[error("expected only scheme, host, port and path, such as https://watchfire.example.com")]
    TooMuch,
}

fn did_you_mean(keys: &[String]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match &quoted[..] {
        [] => String::new(),
        [only] => format!(": did you mean {only}?"),
        [others @ .., last] => format!(": did you mean {} or {last}?", others.join(", ")),
    }
}
