//! What tells a command that runs on to stop. Called by `serve` and `listen`.

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::failure::Failure;

/// Sent to a process that writes past its file-size limit. Handled, so that the write fails instead: ingest answers 503.
const SIGXFSZ: i32 = 25;

/// What tells the process to stop.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    _file_too_large: Signal,
}

impl Signals {
    /// From now on signals are waited for, and end nothing by themselves.
    pub(super) fn listen() -> Result<Signals, Failure> {
        let on = |kind| signal(kind).map_err(|source| Failure::Standard { doing: "listen for signals", source });
        Ok(Signals {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            _file_too_large: on(SignalKind::from_raw(SIGXFSZ))?,
        })
    }

    /// Waits for Ctrl-C or a request to end.
    pub(super) async fn stop(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
