//! What is written around a command line: environment and file, found once and given to the parser as defaults.
//!
//! So that the precedence is in one place: command line, environment, file, built in.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command};

use super::environment::Environment;
use super::error::ConfigError;
use super::file::File;
use super::keys::{CONFIG_FLAG, Keys, Takes, is_configurable, takes, variable};
use super::origin::{Origin, Origins};

/// What environment and file say, for every flag of every command.
pub struct Layers {
    /// By top command and flag.
    found: BTreeMap<(String, String), Found>,
}

struct Found {
    origin: Origin,
    values: Vec<String>,
}

impl Layers {
    /// Reads the file (`named` on the command line, else in the environment, else `watchfire.toml` if it is there) and looks
    /// up every flag of `root`'s commands.
    ///
    /// # Errors
    /// A file that is not there, is not TOML or has unknown keys; a value whose form no flag of its kind takes.
    pub fn read(root: &Command, named: Option<&Path>, environment: &Environment) -> Result<Layers, ConfigError> {
        let keys = Keys::of(root);
        let named = named.map(Path::as_os_str).or_else(|| environment.get(&variable(CONFIG_FLAG)));
        let file = File::read(named, &keys)?;
        let mut layers = Layers { found: BTreeMap::new() };
        for command in root.get_subcommands() {
            layers.look_up(command.get_name(), command, &Sources { keys: &keys, environment, file: &file })?;
        }
        Ok(layers)
    }

    /// The same commands, with what was found as defaults.
    pub fn apply(&self, root: Command) -> Command {
        root.mut_subcommands(|command| {
            let top = command.get_name().to_owned();
            self.apply_below(&top, command)
        })
    }

    /// Where each value of the command that was parsed comes from.
    pub fn origins(&self, root: &Command, matches: &ArgMatches) -> Origins {
        let Some((top, matches)) = matches.subcommand() else { return Origins::default() };
        let Some(command) = root.find_subcommand(top) else { return Origins::default() };
        let mut origins = Vec::new();
        self.collect_origins(top, (command, matches), &mut origins);
        origins.into_iter().collect()
    }

    /// The place of a value that its flag refused, where that is not the command line.
    pub fn blame(&self, error: &clap::Error) -> Option<ConfigError> {
        if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
            return None;
        }
        let Some(ContextValue::String(arg)) = error.get(ContextKind::InvalidArg) else { return None };
        let Some(ContextValue::String(value)) = error.get(ContextKind::InvalidValue) else { return None };
        let flag = arg.strip_prefix("--")?.split([' ', '=']).next()?;
        let (_, found) = self.found.iter().find(|((_, name), found)| name == flag && found.values.contains(value))?;
        let reason = match (std::error::Error::source(error), error.get(ContextKind::ValidValue)) {
            (Some(source), _) => source.to_string(),
            (None, Some(valid)) => format!("expected one of {valid}"),
            (None, None) => "it may not be empty".to_owned(),
        };
        Some(ConfigError::Refused { origin: found.origin.clone(), key: flag.to_owned(), value: value.clone(), reason })
    }

    fn look_up(&mut self, top: &str, command: &Command, sources: &Sources<'_>) -> Result<(), ConfigError> {
        for arg in command.get_arguments().filter(|arg| is_configurable(arg)) {
            let Some(name) = arg.get_long() else { continue };
            if let Some(found) = sources.find(top, name, takes(arg))? {
                self.found.insert((top.to_owned(), name.to_owned()), found);
            }
        }
        for inner in command.get_subcommands() {
            self.look_up(top, inner, sources)?;
        }
        Ok(())
    }

    fn apply_below(&self, top: &str, command: Command) -> Command {
        command.mut_args(|arg| self.with_default(top, arg)).mut_subcommands(|inner| self.apply_below(top, inner))
    }

    fn with_default(&self, top: &str, arg: Arg) -> Arg {
        match self.of(top, &arg) {
            Some(found) => {
                let values = found.values.clone();
                arg.required(false).default_values(values)
            }
            None => arg,
        }
    }

    fn of(&self, top: &str, arg: &Arg) -> Option<&Found> {
        self.found.get(&(top.to_owned(), arg.get_long()?.to_owned()))
    }

    fn collect_origins(
        &self,
        top: &str,
        (command, matches): (&Command, &ArgMatches),
        origins: &mut Vec<(String, Origin)>,
    ) {
        for arg in command.get_arguments().filter(|arg| is_configurable(arg)) {
            let Some(name) = arg.get_long() else { continue };
            let origin = match matches.value_source(arg.get_id().as_str()) {
                Some(ValueSource::CommandLine) => Origin::Flag(name.to_owned()),
                _ => self.of(top, arg).map_or(Origin::Default, |found| found.origin.clone()),
            };
            origins.push((name.to_owned(), origin));
        }
        if let Some((name, matches)) = matches.subcommand()
            && let Some(command) = command.find_subcommand(name)
        {
            self.collect_origins(top, (command, matches), origins);
        }
    }
}

/// Says in the help of each flag which variable stands for it.
pub(crate) fn with_variables_in_help(root: Command) -> Command {
    root.mut_subcommands(|command| {
        with_variables_in_help(command.mut_args(|arg| match arg.get_long().filter(|_| is_configurable(&arg)) {
            Some(name) => {
                let help = format!("{} [env: {}]", arg.get_help().cloned().unwrap_or_default(), variable(name));
                arg.help(help)
            }
            None => arg,
        }))
    })
}

struct Sources<'a> {
    keys: &'a Keys,
    environment: &'a Environment,
    file: &'a File,
}

impl Sources<'_> {
    fn find(&self, top: &str, flag: &str, takes: Takes) -> Result<Option<Found>, ConfigError> {
        let name = variable(flag);
        if let Some(value) = self.environment.get(&name) {
            return Ok(Some(Found { values: values_of(&name, value, takes)?, origin: Origin::Environment(name) }));
        }
        let entry = self.file.get(&self.keys.path(top, flag));
        Ok(entry.map(|entry| Found {
            values: entry.values.clone(),
            origin: Origin::File { path: self.file.path().to_owned(), line: entry.line },
        }))
    }
}

/// A variable's values: of a flag that may be repeated, several with commas between.
fn values_of(name: &str, value: &OsStr, takes: Takes) -> Result<Vec<String>, ConfigError> {
    let text = value.to_str().ok_or_else(|| ConfigError::NotText { name: name.to_owned() })?;
    match takes {
        Takes::One => Ok(vec![text.to_owned()]),
        Takes::Many => Ok(text.split(',').map(|one| one.trim().to_owned()).collect()),
        Takes::Nothing => match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(vec!["true".to_owned()]),
            "false" | "0" | "no" | "off" => Ok(vec!["false".to_owned()]),
            _ => Err(ConfigError::NotASwitch { name: name.to_owned(), value: text.to_owned() }),
        },
    }
}
