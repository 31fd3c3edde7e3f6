//! The keys of `watchfire.toml` and the variables of the environment, read off the commands themselves: whoever adds a flag
//! adds both.
//!
//! The flags of `serve` are the settings: they are keys of the file's top level, and count for every command that has them.
//! A flag that only other commands have is a key of the table that is called like its command: `[send]`, `dsn = "…"`. One table
//! is called otherwise, because `listen` is a key already: what the command of that name has is in `[receiver]`.

use std::collections::BTreeSet;

use clap::{Arg, ArgAction, Command};

use super::environment::PREFIX;
use super::nearest::{is_the_same, nearest};

/// The command whose flags are the settings.
const SETTINGS_COMMAND: &str = "serve";
/// The command whose name is the key of a setting, and what its table is called instead.
const RENAMED_TABLE: (&str, &str) = ("listen", "receiver");
/// The one flag that no file can hold: it says which file.
pub(super) const CONFIG_FLAG: &str = "config";

/// A place of a flag in the file: the table, if it is in one, and the key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyPath {
    pub(super) table: Option<String>,
    pub(super) name: String,
}

/// What a flag takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// No value.
    Nothing,
    /// One.
    One,
    /// Any number.
    Many,
}

/// Which keys there are.
#[derive(Debug)]
pub(super) struct Keys {
    settings: BTreeSet<String>,
    known: Vec<(KeyPath, Takes)>,
}

impl Keys {
    /// The keys of all commands below `root`.
    pub(super) fn of(root: &Command) -> Keys {
        let serve = root.find_subcommand(SETTINGS_COMMAND);
        let settings = serve.into_iter().flat_map(flags).filter_map(|arg| arg.get_long()).map(str::to_owned).collect();
        let mut keys = Keys { settings, known: Vec::new() };
        for command in root.get_subcommands() {
            keys.collect(command.get_name(), command);
        }
        keys
    }

    /// Where the file has the flag `name` of the top command `command`.
    pub(super) fn path(&self, command: &str, name: &str) -> KeyPath {
        let table = (!self.settings.contains(name)).then(|| table_of(command).to_owned());
        KeyPath { table, name: name.to_owned() }
    }

    /// What the flag of a key takes; `None` where no flag has it.
    pub(super) fn takes(&self, path: &KeyPath) -> Option<Takes> {
        self.known.iter().find(|(known, _)| known == path).map(|(_, takes)| *takes)
    }

    /// Whether a table of this name has keys.
    pub(super) fn is_table(&self, name: &str) -> bool {
        self.known.iter().any(|(path, _)| path.table.as_deref() == Some(name))
    }

    /// What may have been meant by a key that is not known where it stands: the keys of its name in other places, else the
    /// nearest one of its own place.
    pub(super) fn meant_by(&self, path: &KeyPath) -> Vec<String> {
        let elsewhere = self.known.iter().filter(|(known, _)| is_the_same(&known.name, &path.name));
        let mut meant: Vec<String> = elsewhere.map(|(known, _)| known.to_string()).collect();
        if meant.is_empty() {
            let here = || self.known.iter().map(|(known, _)| known).filter(|known| known.table == path.table);
            let nearest = nearest(&path.name, here().map(|known| known.name.as_str()));
            meant.extend(here().find(|known| Some(known.name.as_str()) == nearest).map(KeyPath::to_string));
        }
        meant
    }

    /// The table that may have been meant by one that is not known.
    pub(super) fn table_meant_by(&self, name: &str) -> Option<String> {
        nearest(name, self.known.iter().filter_map(|(path, _)| path.table.as_deref())).map(str::to_owned)
    }

    fn collect(&mut self, top: &str, command: &Command) {
        for arg in flags(command) {
            let Some(name) = arg.get_long() else { continue };
            let path = self.path(top, name);
            if self.takes(&path).is_none() {
                self.known.push((path, takes(arg)));
            }
        }
        for inner in command.get_subcommands() {
            self.collect(top, inner);
        }
    }
}

impl std::fmt::Display for KeyPath {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.table {
            Some(table) => write!(out, "{table}.{}", self.name),
            None => out.write_str(&self.name),
        }
    }
}

/// The variable of a flag.
pub(super) fn variable(flag: &str) -> String {
    format!("{PREFIX}{}", flag.to_uppercase().replace('-', "_"))
}

fn table_of(command: &str) -> &str {
    let (renamed, table) = RENAMED_TABLE;
    if command == renamed { table } else { command }
}

/// What a flag takes.
pub(super) fn takes(arg: &Arg) -> Takes {
    match arg.get_action() {
        ArgAction::SetTrue | ArgAction::SetFalse => Takes::Nothing,
        ArgAction::Append => Takes::Many,
        _ => Takes::One,
    }
}

/// Whether an argument is one that environment and file may give.
pub(super) fn is_configurable(arg: &Arg) -> bool {
    arg.get_long().is_some_and(|name| !matches!(name, CONFIG_FLAG | "help" | "version"))
}

fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| is_configurable(arg))
}
