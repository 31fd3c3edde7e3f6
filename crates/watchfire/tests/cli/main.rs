//! The commands as a person or a script meets them: the real binary, its output and its exit codes.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

mod verify;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder to work in, and the binary in it: no variable and no file of this machine reaches it.
struct Shell {
    folder: TempDir,
}

impl Shell {
    fn new() -> Shell {
        Shell { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_watchfire"));
        command.args(line).env_clear().current_dir(self.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, line: &[&str]) -> Output {
        self.command(line).output().unwrap()
    }

    /// Standard output of a command that must succeed.
    fn done(&self, line: &[&str]) -> String {
        said(&self.run(line), 0)
    }

    /// Standard error of a command that must end with this exit code.
    fn refused(&self, line: &[&str], code: i32) -> String {
        let output = self.run(line);
        assert_eq!(output.status.code(), Some(code), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stdout.is_empty(), "{line:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn json(&self, line: &[&str]) -> Value {
        serde_json::from_str(&self.done(line)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }
}

fn said(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn with_stdin(mut command: Command, text: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that refuses its arguments ends without reading: the pipe may be closed already.
    match child.stdin.take().unwrap().write_all(text) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => panic!("{error}"),
        Ok(()) | Err(_) => {}
    }
    child.wait_with_output().unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn init_makes_everything_once_and_then_looks_it_up() {
    let shell = Shell::new();
    let first = shell.json(&["init", "--json"]);
    let always = ["dsn", "organization", "project", "project_id", "secret_key_file", "url", "user"];
    let mut once = [&always[..], &["password", "token"]].concat();
    once.sort_unstable();
    assert_eq!(keys(&first), once);
    assert_eq!(first["secret_key_file"], "watchfire-data/secret-key");
    assert_eq!(first["organization"], "my-org");
    assert_eq!(first["project"], "my-project");
    assert_eq!(first["project_id"], "1");
    assert_eq!(first["url"], "http://127.0.0.1:9000");
    assert_eq!(first["user"], "admin@localhost");
    let dsn = first["dsn"].as_str().unwrap();
    assert!(dsn.starts_with("http://") && dsn.ends_with("@127.0.0.1:9000/1"), "{dsn}");
    assert_eq!(first["token"].as_str().unwrap().len(), "sntryu_".len() + 64);

    let second = shell.json(&["init", "--json"]);
    assert_eq!(keys(&second), always);
    for key in keys(&second) {
        assert_eq!(second[key], first[key], "{key}");
    }
    assert!(shell.path().join("watchfire-data/watchfire.db").exists());
}

#[test]
fn another_token_is_made_only_on_request() {
    let shell = Shell::new();
    let first = shell.json(&["init", "--json"]);
    let second = shell.json(&["init", "--new-token", "--json"]);
    assert_ne!(first["token"], second["token"]);
    assert!(second.get("password").is_none());
    assert_eq!(shell.done(&["token", "list"]).lines().count(), 3);
}

#[test]
fn names_that_are_given_are_made_and_found_again() {
    let shell = Shell::new();
    let line = ["init", "--org", "acme", "--project", "web", "--user", "ada@example.com", "--json"];
    let first = shell.json(&line);
    assert_eq!((&first["organization"], &first["user"]), (&"acme".into(), &"ada@example.com".into()));
    let second = shell.json(&["init", "--json"]);
    assert_eq!(second["dsn"], first["dsn"]);
    let other = shell.json(&["init", "--project", "app", "--json"]);
    assert_eq!((&other["organization"], &other["project_id"]), (&"acme".into(), &"2".into()));
    assert!(other.get("token").is_none());
    assert!(shell.refused(&["init", "--org", "My Org"], 2).contains("lower-case letters"));
}

#[test]
fn the_url_is_stored_and_begins_every_dsn() {
    let shell = Shell::new();
    shell.done(&["init", "--url", "https://watch.example.com/"]);
    let found = shell.json(&["init", "--json"]);
    assert_eq!(found["url"], "https://watch.example.com");
    assert!(found["dsn"].as_str().unwrap().ends_with("@watch.example.com/1"));
}

#[test]
fn the_banner_holds_the_login_and_a_curl_that_adds_a_hook() {
    let shell = Shell::new();
    let banner = shell.done(&["init"]);
    for part in ["admin@localhost", "sntryu_", "/api/0/projects/my-org/my-project/hooks/", "http://127.0.0.1:9100/"] {
        assert!(banner.contains(part), "{part} in {banner}");
    }
    assert!(!shell.done(&["init"]).contains("curl"));
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let shell = Shell::new();
    shell.done(&["init"]);
    let token = shell.done(&["token", "create", "--name", "ci", "--scope", "project:read", "--scope", "org:read"]);
    let token = token.trim_end();
    assert!(token.starts_with("sntryu_") && token.len() == "sntryu_".len() + 64, "{token}");
    let list = shell.done(&["token", "list"]);
    let row = list.lines().find(|row| row.contains(" ci ")).unwrap();
    assert!(row.starts_with("2 ") && row.ends_with("org:read project:read"), "{row}");
    assert!(row.contains(&token[token.len() - 4..]) && row.contains("admin@localhost"), "{row}");
    assert!(!list.contains(token));
    shell.done(&["token", "revoke", "2"]);
    assert!(!shell.done(&["token", "list"]).contains(" ci "));
    assert!(shell.refused(&["token", "revoke", "2"], 3).contains("there is no token 2"));
    assert!(shell.refused(&["token", "create", "--scope", "project:fly"], 2).contains("unknown scope"));
    assert!(shell.refused(&["token", "create", "--user", "b@c"], 3).contains("there is no user b@c"));
}

#[test]
fn users_are_made_listed_and_given_passwords() {
    let shell = Shell::new();
    shell.done(&["init"]);
    assert!(shell.done(&["user", "create", "ada@example.com"]).contains("password  "));
    assert!(shell.refused(&["user", "create", "ada@example.com"], 3).contains("already"));
    assert!(shell.done(&["user", "list"]).contains("ada@example.com"));
    let line = ["user", "password", "ada@example.com", "--password-stdin"];
    let given = said(&with_stdin(shell.command(&line), b"correct horse\n"), 0);
    assert!(!given.contains("correct horse"), "{given}");
    let short = with_stdin(shell.command(&line), b"short\n");
    assert!(said(&short, 2).is_empty());
    assert!(shell.refused(&["user", "password", "bob@example.com"], 3).contains("there is no user bob@example.com"));
}

#[test]
fn a_command_that_needs_a_store_makes_none() {
    let shell = Shell::new();
    for line in [&["token", "list"][..], &["user", "list"], &["backup", "copy.db"]] {
        let error = shell.refused(line, 1);
        assert!(error.contains("there is no store in the folder watchfire-data"), "{error}");
    }
    assert!(!shell.path().join("watchfire-data").exists());
}

#[test]
fn a_backup_restores_into_an_empty_folder_only() {
    let shell = Shell::new();
    let first = shell.json(&["init", "--json"]);
    assert!(shell.done(&["backup", "copy.db"]).contains("which is not in it"));
    assert!(shell.refused(&["backup", "copy.db"], 1).contains("cannot write the backup copy.db"));
    let restored = shell.done(&["restore", "copy.db", "--data", "other"]);
    let missing = shell.refused(&["init", "--json", "--data", "other"], 1);
    let id = missing.split("the secret key ").nth(1).unwrap().split(',').next().unwrap();
    assert!(missing.contains("its file other/secret-key is not there: put it back"), "{missing}");
    assert!(restored.contains(&format!("the secret key {id}: put that key's file at other/secret-key")), "{restored}");
    std::fs::copy(shell.path().join("watchfire-data/secret-key"), shell.path().join("other/secret-key")).unwrap();
    assert_eq!(shell.json(&["init", "--json", "--data", "other"])["dsn"], first["dsn"]);
    assert!(shell.refused(&["restore", "copy.db"], 1).contains("it already holds a store"));
    assert!(shell.refused(&["restore", "none.db", "--data", "third"], 1).contains("cannot read the backup none.db"));
    shell.write("text.db", "not a database, but long enough to be looked at: no header of any kind is here");
    assert!(shell.refused(&["restore", "text.db", "--data", "third"], 1).contains("cannot restore text.db"));
}

#[test]
fn config_show_says_where_each_value_comes_from() {
    let shell = Shell::new();
    shell.write("watchfire.toml", "data = \"from-file\"\nlisten = \"0.0.0.0:80\"\n# more\nretention-days = 7\n");
    let mut command = shell.command(&["config", "show", "--data", "from-flag", "--json"]);
    command.env("WATCHFIRE_LISTEN", "[::]:81").env("WATCHFIRE_EGRESS_ALLOW", "10.0.0.0/8,hooks.internal");
    let shown: Value = serde_json::from_str(&said(&command.output().unwrap(), 0)).unwrap();
    let setting = |key: &str| {
        let all = shown["settings"].as_array().unwrap();
        let found = all.iter().find(|setting| setting["key"] == key).unwrap();
        (found["value"].as_str().unwrap().to_owned(), found["origin"].as_str().unwrap().to_owned())
    };
    for (key, value, origin) in [
        ("data", "from-flag", "--data"),
        ("listen", "[::]:81", "WATCHFIRE_LISTEN"),
        ("egress-allow", "10.0.0.0/8, hooks.internal", "WATCHFIRE_EGRESS_ALLOW"),
        ("retention-days", "7", "watchfire.toml:4"),
        ("log-format", "text", "default"),
        ("url", "", "default"),
    ] {
        assert_eq!(setting(key), (value.to_owned(), origin.to_owned()), "{key}");
    }
    let limits = shown["limits"].as_array().unwrap();
    assert!(limits.iter().any(|limit| limit["name"] == "EVENT_BYTES" && limit["value"] == 1_048_576));
    let text = shell.done(&["config", "show"]);
    assert!(text.contains("EVENT_BYTES") && text.contains("watchfire.toml:1"), "{text}");
}

#[test]
fn a_wrong_setting_is_an_error_that_names_its_place() {
    let shell = Shell::new();
    shell.write("slip.toml", "litsen = \"0.0.0.0:80\"\n");
    let error = shell.refused(&["config", "show", "--config", "slip.toml"], 2);
    assert_eq!(error, "watchfire: slip.toml:1: unknown key `litsen`: did you mean `listen`?\n");
    shell.write("bad.toml", "dev = true\nlisten = \"here\"\n");
    let error = shell.refused(&["config", "show", "--config=bad.toml"], 2);
    let expected = "expected an address and a port, such as 127.0.0.1:9000 or [::]:9000";
    assert_eq!(error, format!("watchfire: bad.toml:2: `here` is not a value for `listen`: {expected}\n"));
    let output = shell.command(&["config", "show"]).env("WATCHFIRE_RETENTION_DAYS", "2").output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(2) && error.contains("WATCHFIRE_RETENTION_DAYS: `2`"), "{error}");
    assert!(shell.refused(&["config", "show", "--retention-days", "2"], 2).contains("at least 3"));
    assert!(shell.refused(&["config", "show", "--egress-allow", "10.1.2.3/8"], 2).contains("not a network"));
    assert!(shell.refused(&["config", "show", "--config", "none.toml"], 2).contains("none.toml"));
}

#[test]
fn help_comes_even_where_the_file_is_broken() {
    let shell = Shell::new();
    shell.write("watchfire.toml", "nonsense");
    assert!(shell.done(&["serve", "--help"]).contains("WATCHFIRE_EGRESS_ALLOW_HTTP"));
    assert!(shell.done(&["--help"]).contains("Exit codes:"));
    assert!(shell.refused(&["config", "show"], 2).contains("watchfire.toml:1"));
}

#[test]
fn the_version_and_completions_are_printed() {
    let shell = Shell::new();
    assert_eq!(shell.done(&["--version"]), concat!("watchfire ", env!("CARGO_PKG_VERSION"), "\n"));
    for name in ["bash", "zsh", "fish"] {
        assert!(shell.done(&["completions", name]).contains("watchfire"), "{name}");
    }
    assert!(shell.refused(&["lsiten"], 2).contains("unrecognized subcommand"));
}

/// A server for one request, which it gives back; it answers with `answer`.
fn one_request(answer: &'static str) -> (u16, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut part = [0; 4096];
        while !is_whole(&request) {
            let read = stream.read(&mut part).unwrap();
            if read == 0 {
                break;
            }
            request.extend_from_slice(&part[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&request).into_owned()
    });
    (port, serving)
}

/// Whether all of a request has come. A client that begins to speak TLS sends no more until it is answered.
fn is_whole(request: &[u8]) -> bool {
    const TLS_HANDSHAKE: u8 = 0x16;
    if request.first() == Some(&TLS_HANDSHAKE) {
        return true;
    }
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    body.len() >= length.parse::<usize>().unwrap()
}

fn dsn(port: u16) -> String {
    format!("http://0123456789abcdef0123456789abcdef@127.0.0.1:{port}/1")
}

#[test]
fn send_posts_one_envelope_and_prints_the_events_id() {
    let shell = Shell::new();
    let (port, serving) = one_request("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let line = ["send", "--dsn", &dsn(port), "--message", "hello", "--level", "warning", "--tag", "a=b=c"];
    let id = shell.done(&line);
    let request = serving.join().unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/1/envelope/ HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("sentry_key=0123456789abcdef0123456789abcdef"), "{head}");
    let lines: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["event_id"], id.trim_end());
    assert_eq!(lines[1]["type"], "event");
    let event = &lines[2];
    assert_eq!((&event["message"], &event["level"]), (&"hello".into(), &"warning".into()));
    assert_eq!(event["tags"]["a"], "b=c");
}

#[test]
fn send_passes_on_the_event_of_a_file_with_its_own_id() {
    let shell = Shell::new();
    shell.write("event.json", r#"{"event_id":"5fe979d329b14a4caa62b32455206cdd","message":"from a file"}"#);
    let (port, serving) = one_request("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let id = shell.done(&["send", "--dsn", &dsn(port), "--file", "event.json"]);
    assert_eq!(id, "5fe979d329b14a4caa62b32455206cdd\n");
    assert!(serving.join().unwrap().contains("from a file"));
    shell.write("event.json", "[]");
    assert!(shell.refused(&["send", "--dsn", &dsn(port), "--file", "event.json"], 2).contains("event.json"));
}

#[test]
fn a_refusal_is_told_in_the_servers_own_words() {
    let shell = Shell::new();
    let (port, serving) = one_request(
        "HTTP/1.1 403 Forbidden\r\ncontent-length: 60\r\n\r\n{\"detail\":\"bad key\",\"causes\":[\"the key is disabled\"]}        ",
    );
    let error = shell.refused(&["send", "--dsn", &dsn(port)], 3);
    assert!(error.ends_with("answered 403: bad key: the key is disabled\n"), "{error}");
    serving.join().unwrap();
    let (port, serving) = one_request("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    let error = shell.refused(&["send", "--dsn", &dsn(port)], 3);
    assert!(error.ends_with("answered 404 (is that a server for Sentry SDKs?)\n"), "{error}");
    serving.join().unwrap();
}

#[test]
fn a_server_that_is_away_or_speaks_no_tls_is_a_failure_that_says_so() {
    let shell = Shell::new();
    // Port 1 is reserved, and nobody listens there.
    assert!(shell.refused(&["send", "--dsn", &dsn(1)], 1).contains("is the server running"));
    let (port, serving) = one_request("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let secure = dsn(port).replace("http:", "https:");
    assert!(shell.refused(&["send", "--dsn", &secure], 1).contains("no TLS connection"));
    serving.join().unwrap();
}

#[test]
fn several_runs_of_init_at_once_make_one_of_each() {
    let shell = Shell::new();
    let start = || shell.command(&["init", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let children: Vec<_> = std::iter::repeat_with(start).take(4).collect();
    let answers: Vec<Value> = children
        .into_iter()
        .map(|child| serde_json::from_str(&said(&child.wait_with_output().unwrap(), 0)).unwrap())
        .collect();
    assert!(answers.iter().all(|answer| answer["dsn"] == answers[0]["dsn"]), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.get("password").is_some()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.get("token").is_some()).count(), 1);
    assert_eq!(shell.done(&["token", "list"]).lines().count(), 2);
}

#[test]
fn what_is_written_is_for_its_owner_alone() {
    let shell = Shell::new();
    shell.done(&["init"]);
    shell.done(&["backup", "copy.db"]);
    for name in ["watchfire-data", "watchfire-data/watchfire.db", "copy.db"] {
        let mode = std::fs::metadata(shell.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}
