//! The environment variables that belong to Watchfire. Read once, at the start of the process; everything else is handed it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// What all our variables begin with.
pub(super) const PREFIX: &str = "WATCHFIRE_";

/// The variables `WATCHFIRE_…`. An empty one counts as absent: compose files often pass those on.
///
/// `Debug` shows names only: `WATCHFIRE_SECRET` is one of them.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// What this process was started with.
    pub fn of_process() -> Self {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect()
    }

    /// The value of a variable, by its full name.
    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str)
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let ours = variables.into_iter().map(|(name, value)| (name.into(), value.into()));
        Environment(ours.filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty()).collect())
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_variables_that_have_a_value_are_kept() {
        let environment: Environment =
            [("WATCHFIRE_DATA", "/srv"), ("WATCHFIRE_URL", ""), ("HOME", "/root")].into_iter().collect();
        assert_eq!(environment.get("WATCHFIRE_DATA"), Some(OsStr::new("/srv")));
        assert_eq!(environment.get("WATCHFIRE_URL"), None);
        assert_eq!(environment.get("HOME"), None);
    }

    #[test]
    fn values_are_not_in_the_debug_text() {
        let environment: Environment = [("WATCHFIRE_SECRET", "hush")].into_iter().collect();
        assert_eq!(format!("{environment:?}"), r#"{"WATCHFIRE_SECRET"}"#);
    }
}
