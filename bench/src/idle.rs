//! `idle`: how much memory the server holds when it has nothing to do.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::error::BenchError;
use crate::process;
use crate::receiver::Receiver;
use crate::report::{self, Report};
use crate::target::{Subject, Target};
use crate::timeline::Timeline;
use crate::work::{Surroundings, WorkPath};

/// Long enough for start-up work to be over.
const IDLE: Duration = Duration::from_secs(2);

/// The figures.
#[derive(Serialize)]
pub(crate) struct IdleReport {
    resident_kib: u64,
    peak_kib: u64,
    cpu_ms: u128,
}

/// Starts the server, waits, looks.
///
/// # Errors
/// When the server does not start.
pub(crate) fn run(surroundings: &Surroundings) -> Result<IdleReport, BenchError> {
    let receiver = Receiver::start(Arc::new(Timeline::new(0)))?;
    let target = Target::start(Subject::Server, WorkPath::Full, &receiver, surroundings)?;
    std::thread::sleep(IDLE);
    let memory = process::memory(target.process_id())?;
    let cpu = process::cpu_time(target.process_id())?;
    target.stop()?;
    Ok(IdleReport { resident_kib: memory.resident_kib, peak_kib: memory.peak_kib, cpu_ms: cpu.as_millis() })
}

impl Report for IdleReport {
    fn text(&self) -> String {
        format!(
            "idle after {IDLE:?}: {} MiB resident, {} MiB at most, {} ms of CPU since the start\n",
            report::mebibytes(self.resident_kib),
            report::mebibytes(self.peak_kib),
            self.cpu_ms,
        )
    }
}
