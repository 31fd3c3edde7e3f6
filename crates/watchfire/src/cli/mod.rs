//! The command line: what can be said, in one place; what is done about it, in one file for each command.
//!
//! Every command has the same shape: `Arguments` as the parser fills them, and `run`, which gives the text to print. Only
//! [`main`] prints, and only it chooses the exit code; `serve`, `listen` and `deliveries watch` run on, and `egress explain`,
//! `verify --json`, `hooks test` and what is sent again explain a no before they fail, so these print too. Refuses to know how
//! things are done: that is `provision`'s, the store's, the wiring's, the doctor's and the API's matter.
//! Called by the binary.

mod api;
mod backup;
mod completions;
mod config;
mod connect;
mod deliveries;
mod doubt;
mod egress;
mod exit;
mod failure;
mod hooks;
mod init;
mod layout;
mod listen;
mod report;
mod restore;
mod secret;
mod send;
mod serve;
mod signals;
mod stores;
mod token;
mod user;
mod verify;
mod when;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use rustix::fs::Mode;

use crate::config::{Environment, Layers, Origins, SettingFlags, Settings, with_variables_in_help};

pub use exit::Exit;
pub use failure::Failure;

/// Everything that can be said.
#[derive(Debug, Parser)]
#[command(name = "watchfire", version, about, long_about = None, after_help = exit::HELP, disable_help_subcommand = true)]
struct CommandLine {
    /// Configuration file, else watchfire.toml if it is there [env: WATCHFIRE_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take events and send webhooks, until told to stop
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(SettingFlags),
    /// Make the first organization, project, user and token, or look them up
    #[command(after_help = init::EXAMPLES)]
    Init(init::Arguments),
    /// Make, list and revoke API tokens
    Token(token::Arguments),
    /// Make and list users, and set their passwords
    User(user::Arguments),
    /// Write a copy of the store to a file, also while it is being served
    #[command(after_help = backup::EXAMPLES)]
    Backup(backup::Arguments),
    /// Put a backup into an empty data folder
    #[command(after_help = restore::EXAMPLES)]
    Restore(restore::Arguments),
    /// Send an event to a DSN, as an SDK would
    #[command(after_help = send::EXAMPLES)]
    Send(send::Arguments),
    /// Receive webhooks on this machine: check, print and answer each
    #[command(after_help = listen::EXAMPLES)]
    Listen(listen::Arguments),
    /// Check the signature of a webhook that you have received
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Arguments),
    /// Make, list, change and test the hooks of a project, over the API
    Hooks(hooks::Arguments),
    /// Look at what was sent and what came of it, and send it again, over the API
    Deliveries(deliveries::Arguments),
    /// Ask what the egress policy says about a hook's URL
    Egress(egress::Arguments),
    /// Show settings and limits
    Config(config::Arguments),
    /// Print a script that completes commands and flags in your shell
    #[command(after_help = completions::EXAMPLES)]
    Completions(completions::Arguments),
}

const SERVE_EXAMPLES: &str = "\
On an empty data folder it first makes an organization, a project, a user and a token, as `init` does,
and shows the login: here, or where nobody looks in the file first-login of the folder.

Every flag can also be written as an environment variable (a list with commas between), or as a key
of watchfire.toml: the flag's name without its dashes.
  listen = \"0.0.0.0:9000\"
  egress-allow = [\"10.0.0.0/8\", \"hooks.corp.internal\"]
A flag counts before its variable, and that before the file; `watchfire config show` tells which did.

Examples:
  On your own machine; hooks may go to localhost:
    watchfire serve --dev
  Behind a proxy that ends TLS:
    watchfire serve --data /var/lib/watchfire --url https://watchfire.example.com \\
        --trusted-proxy 10.0.0.0/8";

/// Runs the process.
pub fn main() -> ExitCode {
    // Whatever this process writes holds secrets: nobody else may read it, whoever started the process.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    refuse_huge_pages();
    let outcome = parse(std::env::args_os().collect(), &Environment::of_process()).and_then(Invocation::run);
    match outcome.and_then(|text| report::print(&text)) {
        Ok(()) => Exit::Done.into(),
        Err(failure) => report::fail(&failure).into(),
    }
}

/// The allocator asks for huge pages, and a process that is idle would hold ten megabytes more of them than it uses. What
/// they save in time was not measurable (`watchfire-bench ratios`). A system that cannot do without them changes nothing.
fn refuse_huge_pages() {
    #[cfg(target_os = "linux")]
    let _refused = rustix::thread::disable_transparent_huge_pages(true);
}

/// A command with everything that it was told.
#[derive(Debug)]
struct Invocation {
    command: Command,
    origins: Origins,
    environment: Environment,
}

/// The commands with what environment and file say, and the arguments read by them.
fn parse(arguments: Vec<OsString>, environment: &Environment) -> Result<Invocation, Failure> {
    let root = CommandLine::command();
    let file = named_file(&arguments);
    // Help must come even where the file is broken: it may be what explains the file.
    let layers = match Layers::read(&root, file, environment) {
        Ok(layers) => layers,
        Err(error) => {
            return Err(match with_variables_in_help(root).try_get_matches_from(&arguments) {
                Err(asked) if !asked.use_stderr() => asked.into(),
                _ => error.into(),
            });
        }
    };
    let commands = layers.apply(with_variables_in_help(root.clone()));
    let matches = commands.try_get_matches_from(&arguments).map_err(|error| match layers.blame(&error) {
        Some(blamed) => Failure::from(blamed),
        None => Failure::from(error),
    })?;
    let command = CommandLine::from_arg_matches(&matches)?.command;
    Ok(Invocation { command, origins: layers.origins(&root, &matches), environment: environment.clone() })
}

/// The file that `--config` names, wherever it stands: it is needed before the arguments can be read.
fn named_file(arguments: &[OsString]) -> Option<&Path> {
    let mut arguments = arguments.iter().take_while(|argument| *argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--config" {
            return arguments.next().map(Path::new);
        }
        if let Some(file) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(Path::new(file));
        }
    }
    None
}

impl Invocation {
    /// Does what was asked; gives what to print.
    fn run(self) -> Result<String, Failure> {
        match self.command {
            Command::Serve(flags) => on(Threads::Many, serve::run(Settings::meant(flags, self.origins)?)),
            Command::Init(arguments) => on(Threads::One, init::run(arguments)),
            Command::Token(arguments) => on(Threads::One, token::run(arguments)),
            Command::User(arguments) => on(Threads::One, user::run(arguments)),
            Command::Backup(arguments) => on(Threads::One, backup::run(arguments)),
            Command::Restore(arguments) => restore::run(&arguments),
            Command::Send(arguments) => on(Threads::One, send::run(arguments)),
            Command::Listen(arguments) => {
                on(Threads::One, listen::run(arguments, self.environment.get(secret::SECRET_VARIABLE)))
            }
            Command::Verify(arguments) => verify::run(&arguments, self.environment.get(secret::SECRET_VARIABLE)),
            Command::Hooks(arguments) => on(Threads::One, hooks::run(arguments, self.origins)),
            Command::Deliveries(arguments) => on(Threads::One, deliveries::run(arguments, self.origins)),
            Command::Egress(arguments) => on(Threads::One, egress::run(arguments, self.origins)),
            Command::Config(arguments) => config::run(arguments, self.origins),
            Command::Completions(arguments) => completions::run(&arguments, CommandLine::command()),
        }
    }
}

/// How many threads a command needs.
#[derive(Debug, Clone, Copy)]
enum Threads {
    One,
    Many,
}

fn on(threads: Threads, command: impl Future<Output = Result<String, Failure>>) -> Result<String, Failure> {
    let mut builder = match threads {
        Threads::One => tokio::runtime::Builder::new_current_thread(),
        Threads::Many => tokio::runtime::Builder::new_multi_thread(),
    };
    builder.enable_all().build().map_err(Failure::Runtime)?.block_on(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(line: &str, variables: &[(&str, &str)]) -> Settings {
        let arguments = line.split(' ').map(OsString::from).collect();
        let invocation = parse(arguments, &variables.iter().copied().collect()).unwrap();
        match invocation.command {
            Command::Serve(flags) => Settings::meant(flags, invocation.origins).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    fn refusal(line: &str, variables: &[(&str, &str)]) -> Failure {
        parse(line.split(' ').map(OsString::from).collect(), &variables.iter().copied().collect()).unwrap_err()
    }

    fn file(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn the_parser_is_consistent_with_and_without_what_the_environment_adds() {
        CommandLine::command().debug_assert();
        with_variables_in_help(CommandLine::command()).debug_assert();
        let root = CommandLine::command();
        let every = ["DATA", "DEV", "TAG", "DSN", "SIGNATURE", "ORG", "TRUSTED_PROXY", "MESSAGE", "FILE"];
        let environment = every.map(|name| (format!("WATCHFIRE_{name}"), "1")).into_iter().collect();
        Layers::read(&root, None, &environment).unwrap().apply(root).debug_assert();
    }

    /// A variable is read for every command that has its flag, whichever of them runs.
    #[test]
    fn a_variable_means_the_same_to_every_command() {
        fn switches(command: &clap::Command, found: &mut std::collections::BTreeMap<String, bool>) {
            for arg in command.get_arguments() {
                let Some(name) = arg.get_long() else { continue };
                let is_switch = !arg.get_action().takes_values();
                let before = found.insert(name.to_owned(), is_switch).unwrap_or(is_switch);
                assert_eq!(before, is_switch, "--{name} of {} takes something else than elsewhere", command.get_name());
            }
            command.get_subcommands().for_each(|inner| switches(inner, found));
        }
        let mut found = std::collections::BTreeMap::new();
        switches(&CommandLine::command(), &mut found);
        for (variable, flag) in [(secret::SECRET_VARIABLE, "secret"), ("WATCHFIRE_LOG", "log")] {
            assert!(!found.contains_key(flag), "{variable} has a meaning of its own");
        }
    }

    #[test]
    fn a_flag_counts_before_its_variable_and_that_before_the_file() {
        let file = file("listen = '10.0.0.1:1'\nurl = 'https://a.example'\nretention-days = 5\n");
        let path = file.path().display();
        let variables = [("WATCHFIRE_LISTEN", "10.0.0.2:1"), ("WATCHFIRE_URL", "https://b.example")];
        let settings = settings(&format!("watchfire serve --config {path} --listen 10.0.0.3:1"), &variables);
        assert_eq!(settings.listen, "10.0.0.3:1".parse().unwrap());
        assert_eq!(settings.url, Some("https://b.example".parse().unwrap()));
        assert_eq!(settings.retention.as_secs(), 5 * 24 * 3600);
        assert_eq!(settings.data, Path::new("watchfire-data"));
        for (flag, origin) in [
            ("listen", "--listen".to_owned()),
            ("url", "WATCHFIRE_URL".to_owned()),
            ("retention-days", format!("{path}:3")),
            ("data", "default".to_owned()),
        ] {
            assert_eq!(settings.origin(flag).to_string(), origin, "{flag}");
        }
    }

    #[test]
    fn a_list_on_the_command_line_replaces_the_one_in_the_file() {
        let file = file("egress-allow = ['10.0.0.0/8', 'a.internal']\ntrusted-proxy = ['10.0.0.1', '10.1.0.0/16']\n");
        let line = format!("watchfire serve --config={} --egress-allow b.internal", file.path().display());
        let settings = settings(&line, &[]);
        assert_eq!(settings.egress.allowed, ["b.internal"]);
        assert_eq!(settings.trusted_proxies, ["10.0.0.1/32", "10.1.0.0/16"].map(|network| network.parse().unwrap()));
    }

    #[test]
    fn a_switch_in_the_file_is_turned_off_by_its_variable() {
        let file = file("dev = true\n");
        let line = format!("watchfire serve --config {}", file.path().display());
        assert!(settings(&line, &[]).dev);
        for off in ["0", "false", "no", "OFF"] {
            assert!(!settings(&line, &[("WATCHFIRE_DEV", off)]).dev, "{off}");
        }
        assert!(settings("watchfire serve", &[("WATCHFIRE_DEV", "yes")]).dev);
        let refusal = refusal("watchfire serve", &[("WATCHFIRE_DEV", "maybe")]);
        assert_eq!(refusal.to_string(), "WATCHFIRE_DEV must be true or false, not `maybe`");
    }

    #[test]
    fn the_file_may_be_named_by_a_variable_and_is_not_looked_for_behind_two_dashes() {
        let file = file("dev = true\n");
        let path = file.path().to_str().unwrap();
        assert!(settings("watchfire serve", &[("WATCHFIRE_CONFIG", path)]).dev);
        let arguments: Vec<OsString> = ["watchfire", "backup", "--", "--config"].map(OsString::from).into();
        assert_eq!(named_file(&arguments), None);
    }

    #[test]
    fn a_required_flag_may_come_from_the_environment() {
        let dsn = "http://0123456789abcdef0123456789abcdef@localhost/1";
        let line = || "watchfire send".split(' ').map(OsString::from).collect();
        let given = parse(line(), &[("WATCHFIRE_DSN", dsn)].into_iter().collect()).unwrap();
        assert!(matches!(given.command, Command::Send(_)));
        assert_eq!(parse(line(), &Environment::default()).unwrap_err().exit(), Exit::Usage);
    }

    #[test]
    fn a_refused_value_is_blamed_on_where_it_is_written() {
        let refused = |line, variables: &[(&str, &str)]| refusal(line, variables).to_string();
        let by_variable = refused("watchfire serve", &[("WATCHFIRE_URL", "watch.example.com")]);
        assert!(
            by_variable.starts_with("WATCHFIRE_URL: `watch.example.com` is not a value for `url`: "),
            "{by_variable}"
        );
        let by_choice = refused("watchfire serve", &[("WATCHFIRE_LOG_FORMAT", "xml")]);
        assert!(by_choice.ends_with("expected one of text, json"), "{by_choice}");
        let by_flag = refused("watchfire serve --url x", &[("WATCHFIRE_LISTEN", "[::]:1")]);
        assert!(by_flag.contains("--url"), "{by_flag}");
    }

    #[test]
    fn dev_allows_http_to_this_machine_and_only_that() {
        let judged = |line: &str, url| model::egress::judge_url(url, &settings(line, &[]).egress.policy).is_ok();
        assert!(judged("watchfire serve --dev", "http://127.0.0.1:9100/"));
        assert!(!judged("watchfire serve", "http://127.0.0.1:9100/"));
        assert!(!judged("watchfire serve --dev", "http://10.0.0.1/"));
        assert!(judged("watchfire serve --dev --egress-allow 10.0.0.0/8", "http://10.0.0.1/"));
        assert!(!judged("watchfire serve --egress-allow 10.0.0.0/8", "http://10.0.0.1/"));
        assert!(judged("watchfire serve --egress-allow 10.0.0.0/8 --egress-allow-http", "http://10.0.0.1/"));
    }

    #[test]
    fn every_setting_is_shown_in_the_order_of_its_flag() {
        let shown: Vec<&str> =
            crate::config::rows(&settings("watchfire serve", &[])).iter().map(|row| row.key).collect();
        let root = CommandLine::command();
        let serve = root.find_subcommand("serve").unwrap();
        let flags: Vec<&str> = serve.get_arguments().filter_map(|arg| arg.get_long()).collect();
        assert_eq!(shown, flags);
    }

    #[test]
    fn the_documentation_has_the_exit_codes_of_the_help() {
        let page = include_str!("../../../../docs/cli.md");
        for exit in [Exit::Done, Exit::Failed, Exit::Usage, Exit::Refused] {
            let row = exit::HELP.lines().find(|line| line.starts_with(&format!("  {}  ", exit.code()))).unwrap();
            let (code, meaning) = row.trim().split_once("  ").unwrap();
            assert!(page.contains(&format!("| {code} | {meaning} |")), "{row}");
        }
    }
}
