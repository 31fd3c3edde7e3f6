//! Where a value comes from, for error texts and for `config show`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Where one value was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// On the command line, as this flag.
    Flag(String),
    /// In this environment variable.
    Environment(String),
    /// In the configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// Nowhere: built in.
    Default,
}

/// The origin of each value of one command, by the flag's name without its dashes.
#[derive(Debug, Clone, Default)]
pub struct Origins(BTreeMap<String, Origin>);

impl Origins {
    /// Where the value of a flag comes from; what is not written anywhere is built in.
    pub fn of(&self, flag: &str) -> &Origin {
        self.0.get(flag).unwrap_or(&Origin::Default)
    }
}

impl FromIterator<(String, Origin)> for Origins {
    fn from_iter<I: IntoIterator<Item = (String, Origin)>>(origins: I) -> Self {
        Origins(origins.into_iter().collect())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(flag) => write!(out, "--{flag}"),
            Origin::Environment(name) => out.write_str(name),
            Origin::File { path, line } => write!(out, "{}:{line}", path.display()),
            Origin::Default => out.write_str("default"),
        }
    }
}
