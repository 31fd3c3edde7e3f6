//! Why a run cannot give a figure. One enum for the whole program: every error ends the command with a message, none is retried.
//!
//! An event that is refused or lost is not an error of the load, which counts it; it becomes one where a figure would rest on it.

use std::fmt::Write;
use std::io;
use std::time::Duration;

/// Why a run cannot give a figure.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error("the captured body is not gzip")]
    CapturedBody { source: io::Error },
    #[error("the captured request is not as the capture tool writes it")]
    CapturedRequest { source: serde_json::Error },
    #[error("the captured envelope does not hold its event id in header and event")]
    CaptureWithoutIds,
    #[error("the captured envelope holds times of another form than expected")]
    CapturedTimes,
    #[error(
        "{asked} events are asked for, and at most {most} are held in memory: ask for fewer events or fewer seconds"
    )]
    TooManyEvents { asked: u32, most: u32 },
    #[error("{asked} connections are asked for, and 1 to {most} are possible")]
    Connections { asked: u16, most: u16 },
    #[error("a batch of {batch} events never fills over {connections} connections: raise --connections")]
    BatchOverConnections { batch: u16, connections: u16 },
    #[error("there is no project to send events to")]
    NoProject,
    #[error("a worker thread panicked")]
    WorkerPanicked,
    #[error("cannot start a thread")]
    Thread { source: io::Error },
    #[error("cannot start a runtime")]
    Runtime { source: io::Error },
    #[error("cannot listen")]
    Listen { source: io::Error },
    #[error("cannot connect")]
    Connect { source: io::Error },
    #[error("cannot make or read a folder")]
    Folder { source: io::Error },
    #[error("cannot read /proc/PID/{file}")]
    Proc { file: &'static str, source: io::Error },
    #[error("/proc/PID/{file} is not as Linux writes it")]
    ProcFormat { file: &'static str },
    #[error("the secret cannot be a key")]
    Secret { source: hmac::digest::InvalidLength },
    #[error("database")]
    Database(#[from] rusqlite::Error),
    #[error("the hook's URL is not http://ADDRESS:PORT/PATH")]
    HookUrl,
    #[error("the lane's task has ended")]
    LaneEnded,
    #[error("cannot build a request")]
    Request { source: hyper::http::Error },
    #[error("cannot post to the receiver")]
    Post { source: hyper::Error },
    #[error("the receiver answered {status}")]
    PostStatus { status: u16 },
    #[error("cannot start {program}: build it first, or name it with --server")]
    Spawn { program: String, source: io::Error },
    #[error("cannot end process {process_id}")]
    Stop { process_id: u32, source: io::Error },
    #[error("{program} ended early ({status}); its last words:\n{last_words}")]
    Exited { program: String, status: std::process::ExitStatus, last_words: String },
    #[error("{program} did not answer within {patience:?}; its last words:\n{last_words}")]
    NotReady { program: String, patience: Duration, last_words: String },
    #[error("{program} did not end within {patience:?} when asked to; its last words:\n{last_words}")]
    StillRunning { program: String, patience: Duration, last_words: String },
    #[error("{request} failed")]
    Api { request: String, source: io::Error },
    #[error("{request} was answered {status}: {body}")]
    ApiStatus { request: String, status: u16, body: String },
    #[error("the answer to {request} is not what the API promises")]
    ApiShape { request: String, source: serde_json::Error },
    #[error("a DSN looks like http://KEY@127.0.0.1:PORT/PROJECT: load is sent over loopback alone")]
    Dsn,
    #[error("{wanted} events should have been answered 200 and {accepted} were: {answers}")]
    NotAccepted { wanted: u32, accepted: u32, answers: String },
    #[error("{accepted} events were answered 200 and {stored} of them are stored")]
    NotStored { accepted: u64, stored: u64 },
    #[error("{accepted} events were answered 200 and the webhooks of {arrived} came within {patience:?}")]
    NotDelivered { accepted: u32, arrived: u32, patience: Duration },
    #[error(
        "{wrong} of {checked} sampled webhooks had a missing or wrong signature, and {strangers} were of no event of the run"
    )]
    WrongWebhooks { wrong: u32, checked: u32, strangers: u32 },
    #[error("{owed} webhooks are owed to hooks that answer, and {arrived} came within {patience:?}")]
    WatchedNotDelivered { owed: u32, arrived: u32, patience: Duration },
    #[error("the server does not show the writer's time: no watchfire_record_commit_seconds in its metrics")]
    NoWriterTime,
    #[error("the process did not come to rest within {patience:?}")]
    Restless { patience: Duration },
    #[error("nothing was measured")]
    NoSamples,
    #[error("cannot write the report")]
    Report { source: io::Error },
    #[error("cannot write the report as JSON")]
    ReportJson { source: serde_json::Error },
}

/// The error and all its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Writing to a string cannot fail.
        let _written = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
