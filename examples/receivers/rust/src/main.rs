//! Receives Watchfire's webhooks: axum, and the crate `watchfire-webhook`, which checks signatures and can say why one does not hold.
//!
//! ```text
//! WATCHFIRE_SECRET=8fcac28a... PORT=9100 cargo run --package watchfire-receiver
//! ```
//!
//! | variable | what it holds |
//! |---|---|
//! | `WATCHFIRE_SECRET` | the hook's `secret`; while it is rotated, the new one and the old one with a blank between |
//! | `WATCHFIRE_VERIFY` | `hex` checks `X-Sentry-Hook-Signature` (default), `standard` the three headers of Standard Webhooks |
//! | `WATCHFIRE_EXPLAIN` | `true` says why a signature does not hold, for finding a mistake; `false` by default |
//! | `PORT` | on 127.0.0.1; 0 takes a free one. The first line of the output says which |

use std::process::ExitCode;

use watchfire_receiver::{Failed, Settings, Webhook, say, serve};

/// Your part. Answer within the hook's timeout, 5 s: what takes longer belongs into a queue.
async fn handle(webhook: Webhook) -> Result<(), Failed> {
    // `webhook::EventCreated` and `webhook::EventAlert` have all attributes by their names.
    let event: serde_json::Value = serde_json::from_slice(&webhook.body)?;
    say(&format!("accepted {} {:?}", webhook.kind, event["message"].as_str().unwrap_or_default()));
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Failed> {
    serve(Settings::of_environment()?, handle).await
}
