//! Runs other programs: cargo and git, always in the workspace's root.
//!
//! The environment that `cargo run` adds for xtask itself is taken away again: build scripts (ring's is one) watch those
//! variables, and a nested cargo would otherwise rebuild half the tree each time it is called from another place.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::failure::Failure;

/// Variables of the package that cargo runs, by the start of their names.
const OWN_VARIABLE_PREFIXES: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE"];

/// The workspace's root: the folder above xtask's own.
pub(crate) fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_path_buf()
}

/// Runs a program with our own output and waits for it.
///
/// # Errors
/// It could not be started, or its exit status was not zero.
pub(crate) fn run(words: &[&str], variables: &[(&str, &str)]) -> Result<(), Failure> {
    let status = prepare(words)
        .envs(variables.iter().copied())
        .status()
        .map_err(|source| Failure::Start { command: words.join(" "), source })?;
    if status.success() { Ok(()) } else { Err(Failure::Exit { command: words.join(" "), status }) }
}

/// Runs a program and returns what it printed; its error output goes where ours goes.
///
/// # Errors
/// It could not be started, or its exit status was not zero.
pub(crate) fn output(words: &[&str]) -> Result<Vec<u8>, Failure> {
    let output = prepare(words)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| Failure::Start { command: words.join(" "), source })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(Failure::Exit { command: words.join(" "), status: output.status })
    }
}

fn prepare(words: &[&str]) -> Command {
    let cargo = env::var_os("CARGO");
    let program = match (words[0], &cargo) {
        ("cargo", Some(cargo)) => cargo.as_os_str(),
        (name, _) => OsStr::new(name),
    };
    let mut command = Command::new(program);
    command.args(&words[1..]).current_dir(workspace_root()).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_own_variable) {
            command.env_remove(&name);
        }
    }
    command
}

fn is_own_variable(name: &str) -> bool {
    name == "OUT_DIR" || OWN_VARIABLE_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_run_adds_for_us_is_ours_and_the_rest_is_not() {
        assert!(
            is_own_variable("CARGO_PKG_NAME") && is_own_variable("CARGO_MANIFEST_DIR") && is_own_variable("OUT_DIR")
        );
        assert!(!is_own_variable("CARGO") && !is_own_variable("CARGO_HOME") && !is_own_variable("RUSTUP_TOOLCHAIN"));
    }

    #[test]
    fn a_program_that_says_no_is_a_failure_and_so_is_one_that_is_not_there() {
        assert!(matches!(run(&["git", "no-such-command"], &[]), Err(Failure::Exit { .. })));
        assert!(matches!(run(&["watchfire-no-such-program"], &[]), Err(Failure::Start { .. })));
        assert!(matches!(output(&["git", "no-such-command"]), Err(Failure::Exit { .. })));
    }
}
