//! Exit codes, for scripts. The same table is in `--help` and in docs/cli.md.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It did what was asked.
    Done,
    /// It could not: a file, the store or the network failed.
    Failed,
    /// What was asked cannot be meant: a flag, a variable or the configuration file is wrong.
    Usage,
    /// It could, and the answer is no: the signature does not match, the thing named is not there, the server refused.
    Refused,
}

/// The table, at the end of `--help`.
pub(super) const HELP: &str = "\
Start:
  watchfire serve --dev        prints a login, a DSN and a curl command that adds a hook
  watchfire COMMAND --help     explains a command, with examples

Exit codes:
  0  done
  1  failed: a file, the store or the network
  2  wrong flag, variable or configuration file
  3  the answer is no: signature does not match, nothing of that name, refused by the server";

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
