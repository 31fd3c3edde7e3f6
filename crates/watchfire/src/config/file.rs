//! `watchfire.toml` as it is written: every key with its line and its values as text. What a value means is its flag's matter.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::keys::{KeyPath, Keys, Takes};

/// Read where `--config` and `WATCHFIRE_CONFIG` name no other, if it is there.
pub const DEFAULT_FILE: &str = "watchfire.toml";

/// What is read of a file at most.
const FILE_MAX_BYTES: u64 = 256 * 1024;

/// A file's entries.
#[derive(Debug, Default)]
pub(super) struct File {
    path: PathBuf,
    entries: BTreeMap<KeyPath, Entry>,
}

/// A key's values, and where they are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Counted from 1.
    pub(super) line: usize,
    /// As a flag would be given them; of a flag without a value, `true` or `false`.
    pub(super) values: Vec<String>,
}

impl File {
    /// Reads the named file, else [`DEFAULT_FILE`] if it is there.
    pub(super) fn read(named: Option<&OsStr>, keys: &Keys) -> Result<File, ConfigError> {
        let path = Path::new(named.unwrap_or(OsStr::new(DEFAULT_FILE)));
        let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
        let file = match std::fs::File::open(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => return Ok(File::default()),
            opened => opened.map_err(unreadable)?,
        };
        let mut text = String::new();
        file.take(FILE_MAX_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > FILE_MAX_BYTES {
            return Err(ConfigError::TooLarge { path: path.to_owned(), limit_bytes: FILE_MAX_BYTES });
        }
        File::parse(path, &text, keys)
    }

    /// The entry of a key.
    pub(super) fn get(&self, path: &KeyPath) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// The file's own path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn parse(path: &Path, text: &str, keys: &Keys) -> Result<File, ConfigError> {
        let table = DeTable::parse(text).map_err(|source| {
            let line = line_of(text, source.span().unwrap_or_default().start);
            ConfigError::Syntax { path: path.to_owned(), line, source }
        })?;
        let mut reading = Reading { text, keys, file: File { path: path.to_owned(), entries: BTreeMap::new() } };
        reading.table(None, table.get_ref())?;
        Ok(reading.file)
    }
}

/// A file that is being read.
struct Reading<'a> {
    text: &'a str,
    keys: &'a Keys,
    file: File,
}

impl Reading<'_> {
    fn table(&mut self, table: Option<&str>, entries: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in entries {
            let path = KeyPath { table: table.map(str::to_owned), name: name.get_ref().to_string() };
            let line = line_of(self.text, name.span().start);
            if let Some(takes) = self.keys.takes(&path) {
                let entry = Entry { line, values: self.values(&path, takes, value)? };
                self.file.entries.insert(path, entry);
                continue;
            }
            match value.get_ref() {
                DeValue::Table(inner) if table.is_none() && self.keys.is_table(&path.name) => {
                    self.table(Some(&path.name), inner)?;
                }
                value => return Err(self.unknown(&path, value, line)),
            }
        }
        Ok(())
    }

    fn values(&self, path: &KeyPath, takes: Takes, value: &Spanned<DeValue<'_>>) -> Result<Vec<String>, ConfigError> {
        let wrong = |expected| ConfigError::WrongType {
            path: self.file.path.clone(),
            line: line_of(self.text, value.span().start),
            key: path.to_string(),
            expected,
            found: value.get_ref().type_str(),
        };
        match (takes, value.get_ref()) {
            (Takes::Nothing, DeValue::Boolean(switch)) => Ok(vec![switch.to_string()]),
            (Takes::Nothing, _) => Err(wrong("true or false")),
            (Takes::One, one) => text_of(one).map(|text| vec![text]).ok_or_else(|| wrong("one text or number")),
            (Takes::Many, DeValue::Array(many)) => {
                let texts: Option<Vec<String>> = many.iter().map(|one| text_of(one.get_ref())).collect();
                texts.ok_or_else(|| wrong("a list of texts"))
            }
            (Takes::Many, one) => text_of(one).map(|text| vec![text]).ok_or_else(|| wrong("a list of texts")),
        }
    }

    fn unknown(&self, path: &KeyPath, value: &DeValue<'_>, line: usize) -> ConfigError {
        let meant = match (&path.table, value) {
            (None, DeValue::Table(_)) => self.keys.table_meant_by(&path.name).into_iter().collect(),
            _ => self.keys.meant_by(path),
        };
        ConfigError::UnknownKey { path: self.file.path.clone(), line, key: path.to_string(), meant }
    }
}

/// A text or an integer, as a flag would be given it.
fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        _ => None,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use clap::{Arg, ArgAction, Command};

    use super::*;

    fn parse(text: &str) -> Result<File, ConfigError> {
        let flag = |name: &'static str| Arg::new(name).long(name);
        let serve = Command::new("serve")
            .arg(flag("listen"))
            .arg(flag("retention-days"))
            .arg(flag("dev").action(ArgAction::SetTrue))
            .arg(flag("egress-allow").action(ArgAction::Append));
        let send = Command::new("send").arg(flag("dsn")).arg(flag("listen"));
        let token = Command::new("token").arg(flag("scope"));
        let over_api = ["deliveries", "hooks", "probe"].map(|name| Command::new(name).arg(flag("token")));
        let root = Command::new("watchfire").subcommands([serve, send, token]).subcommands(over_api);
        File::parse(Path::new("w.toml"), text, &Keys::of(&root))
    }

    fn refusal(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    fn values(file: &File, table: Option<&str>, name: &str) -> (usize, Vec<String>) {
        let path = KeyPath { table: table.map(str::to_owned), name: name.to_owned() };
        let entry = file.get(&path).unwrap();
        (entry.line, entry.values.clone())
    }

    #[test]
    fn each_key_is_read_with_its_line() {
        let text = "# ours\nlisten = \"[::]:80\"\nretention-days = 14\ndev = true\negress-allow = [\"a\",\n \"b\"]\n\n[send]\ndsn = 'x'\n";
        let file = parse(text).unwrap();
        assert_eq!(values(&file, None, "listen"), (2, vec!["[::]:80".to_owned()]));
        assert_eq!(values(&file, None, "retention-days"), (3, vec!["14".to_owned()]));
        assert_eq!(values(&file, None, "dev"), (4, vec!["true".to_owned()]));
        assert_eq!(values(&file, None, "egress-allow"), (5, vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(values(&file, Some("send"), "dsn"), (9, vec!["x".to_owned()]));
    }

    #[test]
    fn an_unknown_key_is_named_with_the_nearest_known_one() {
        assert_eq!(refusal("dev = true\nlitsen = 'x'"), "w.toml:2: unknown key `litsen`: did you mean `listen`?");
        assert_eq!(refusal("egress_allow = 'x'"), "w.toml:1: unknown key `egress_allow`: did you mean `egress-allow`?");
        assert_eq!(refusal("[send]\nurl = 'x'"), "w.toml:2: unknown key `send.url`");
        assert_eq!(refusal("[sned]\ndsn = 'x'"), "w.toml:1: unknown key `sned`: did you mean `send`?");
        assert_eq!(refusal("[send]\ndns = 'x'"), "w.toml:2: unknown key `send.dns`: did you mean `send.dsn`?");
        assert_eq!(refusal("[retention-day]\na = 1"), "w.toml:1: unknown key `retention-day`");
    }

    #[test]
    fn a_key_in_the_wrong_place_is_named_with_its_own_places() {
        assert_eq!(refusal("dsn = 'x'"), "w.toml:1: unknown key `dsn`: did you mean `send.dsn`?");
        assert_eq!(refusal("[send]\nlisten = 'x'"), "w.toml:2: unknown key `send.listen`: did you mean `listen`?");
        // There is a table of this name, which is not what a text can be meant as.
        let expected =
            "w.toml:1: unknown key `token`: did you mean `deliveries.token`, `hooks.token` or `probe.token`?";
        assert_eq!(refusal("token = 'x'"), expected);
    }

    #[test]
    fn a_value_of_another_type_is_named_with_what_is_expected() {
        assert_eq!(refusal("dev = 'yes'"), "w.toml:1: `dev` must be true or false, not string");
        assert_eq!(refusal("listen = ['a']"), "w.toml:1: `listen` must be one text or number, not array");
        assert_eq!(refusal("egress-allow = [1.5]"), "w.toml:1: `egress-allow` must be a list of texts, not array");
    }

    #[test]
    fn a_fault_of_syntax_has_its_line() {
        assert!(refusal("dev = true\nlisten = \n").starts_with("w.toml:2: "));
    }

    #[test]
    fn a_named_file_must_be_there_and_the_usual_one_need_not() {
        let keys = Keys::of(&Command::new("watchfire"));
        let missing = File::read(Some(OsStr::new("/nowhere/watchfire.toml")), &keys);
        assert!(matches!(missing, Err(ConfigError::Unreadable { .. })));
    }
}
