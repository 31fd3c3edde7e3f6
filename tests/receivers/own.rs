//! The example receivers with a `handle` of our own, as their users have one: it takes until the test says a word, which is
//! `fail` or another.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::process::{FOLDER, Language, binary, named_by};

const PYTHON: &str = r#"def handle(kind, webhook):
    log.info("handling")
    if sys.stdin.readline().strip() == "fail":
        raise RuntimeError("told to")
    log.info("accepted %s %r", kind, webhook["message"])
"#;

const NODE: &str = r#"async function handle(kind, webhook) {
  console.log("handling");
  const word = await new Promise((resolve) => process.stdin.once("data", resolve));
  if (String(word).trim() === "fail") throw new Error("told to");
  console.log(`accepted ${kind} ${JSON.stringify(webhook.message)}`);
}
"#;

const GO: &str = r#"func handle(kind string, event webhook) error {
	fmt.Println("handling")
	var word string
	if _, err := fmt.Scanln(&word); err != nil || word == "fail" {
		return errors.New("told to")
	}
	fmt.Printf("accepted %s %q\n", kind, event.Message)
	return nil
}
"#;

/// The example's program with this `handle`. What it consists of is put into `folder`.
pub(super) fn program(language: Language, folder: &TempDir) -> Command {
    let folder = folder.path();
    match language {
        Language::Python => {
            let (head, end) = ("def handle(", "\n\n\n");
            interpreted(
                "WATCHFIRE_TEST_PYTHON",
                &folder.join("receiver.py"),
                &replaced("python/receiver.py", head, end, PYTHON),
            )
        }
        Language::Node => {
            let (head, end) = ("async function handle(", "\n}\n");
            interpreted(
                "WATCHFIRE_TEST_NODE",
                &folder.join("receiver.mjs"),
                &replaced("node/receiver.mjs", head, end, NODE),
            )
        }
        Language::Go => {
            fs::write(folder.join("main.go"), replaced("go/main.go", "func handle(", "\n}\n", GO)).unwrap();
            fs::copy(format!("{FOLDER}/go/go.mod"), folder.join("go.mod")).unwrap();
            let mut build = Command::new(named_by("WATCHFIRE_TEST_GO_TOOL"));
            build.args(["build", "-o", "receiver", "."]).current_dir(folder);
            let built = build.env("GOPROXY", "off").env("GOTOOLCHAIN", "local").status().unwrap();
            assert!(built.success(), "{build:?}: {built}");
            Command::new(folder.join("receiver"))
        }
        // `held.rs` beside this file.
        Language::Rust => binary("watchfire-receiver-held"),
    }
}

fn interpreted(variable: &str, path: &Path, script: &str) -> Command {
    fs::write(path, script).unwrap();
    let mut command = Command::new(named_by(variable));
    command.arg(path);
    command
}

/// The example's text with another function than that from `head` to `end`.
fn replaced(file: &str, head: &str, end: &str, own: &str) -> String {
    let text = fs::read_to_string(format!("{FOLDER}/{file}")).unwrap();
    let (before, rest) = text.split_once(head).unwrap_or_else(|| panic!("no {head} in {file}"));
    let (_, after) = rest.split_once(end).unwrap_or_else(|| panic!("{head} has no end in {file}"));
    format!("{before}{own}\n\n{after}")
}
