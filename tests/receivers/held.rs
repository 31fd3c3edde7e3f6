//! The example receiver in Rust, with a handling that takes as long as the test likes: until a word on standard input, which is
//! `fail` or another. A program of its own, because `handle` is the part that each user writes.

use std::io::stdin;
use std::process::ExitCode;

use watchfire_receiver::{Failed, Settings, Webhook, say, serve};

async fn handle(webhook: Webhook) -> Result<(), Failed> {
    say("handling");
    let read = || {
        let mut word = String::new();
        stdin().read_line(&mut word).map(|_| word)
    };
    if tokio::task::spawn_blocking(read).await??.trim() == "fail" {
        return Err("told to".into());
    }
    say(&format!("accepted {} {}", webhook.kind, String::from_utf8_lossy(&webhook.body)));
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let Ok(settings) = Settings::of_environment() else { return ExitCode::FAILURE };
    if serve(settings, handle).await.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
