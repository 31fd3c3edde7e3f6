//! A process that the bench started: its output goes to a file, and it does not outlive its handle.
//!
//! Only ever signals the process it started itself. `target` uses it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::BenchError;

/// A graceful stop may take this long; a process that takes longer is killed, and the run with it.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

const POLL_STEP: Duration = Duration::from_millis(5);

/// How much of a failed process's output an error shows.
const LAST_WORDS_BYTES: u64 = 2_048;

/// A running process; dropping it kills it.
pub(crate) struct Child {
    process: std::process::Child,
    program: String,
    log: PathBuf,
}

impl Child {
    /// Starts the command with its output in `log`.
    ///
    /// # Errors
    /// When the program cannot be started or the log not be made.
    pub(crate) fn spawn(command: &mut Command, log: PathBuf) -> Result<Self, BenchError> {
        let program = command.get_program().to_string_lossy().into_owned();
        let output = File::create(&log).map_err(|source| BenchError::Folder { source })?;
        let errors = output.try_clone().map_err(|source| BenchError::Folder { source })?;
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let process = command.spawn().map_err(|source| BenchError::Spawn { program: program.clone(), source })?;
        Ok(Self { process, program, log })
    }

    /// The process's id.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Calls `is_ready` until it says yes.
    ///
    /// # Errors
    /// When the process ends first, or the patience does.
    pub(crate) fn wait_until(&mut self, patience: Duration, is_ready: impl Fn() -> bool) -> Result<(), BenchError> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.status()? {
                let (program, last_words) = (self.program.clone(), self.last_words());
                return Err(BenchError::Exited { program, status, last_words });
            }
            if is_ready() {
                return Ok(());
            }
            if Instant::now() > deadline {
                let (program, last_words) = (self.program.clone(), self.last_words());
                return Err(BenchError::NotReady { program, patience, last_words });
            }
            std::thread::sleep(POLL_STEP);
        }
    }

    /// Asks the process to end, and waits until it has.
    ///
    /// # Errors
    /// When it cannot be signalled, had already ended by itself, or goes on.
    pub(crate) fn stop(mut self) -> Result<(), BenchError> {
        if let Some(status) = self.status()? {
            let (program, last_words) = (self.program.clone(), self.last_words());
            return Err(BenchError::Exited { program, status, last_words });
        }
        let process_id = self.process_id();
        if let Some(pid) = i32::try_from(process_id).ok().and_then(Pid::from_raw) {
            let stopped = kill_process(pid, Signal::TERM);
            stopped.map_err(|error| BenchError::Stop { process_id, source: error.into() })?;
        }
        let deadline = Instant::now() + STOP_PATIENCE;
        while self.status()?.is_none() {
            if Instant::now() > deadline {
                let (program, last_words) = (self.program.clone(), self.last_words());
                return Err(BenchError::StillRunning { program, patience: STOP_PATIENCE, last_words });
            }
            std::thread::sleep(POLL_STEP);
        }
        Ok(())
    }

    fn status(&mut self) -> Result<Option<ExitStatus>, BenchError> {
        let process_id = self.process_id();
        self.process.try_wait().map_err(|source| BenchError::Stop { process_id, source })
    }

    fn last_words(&self) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = File::open(&self.log)?;
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(LAST_WORDS_BYTES)))?;
            let mut bytes = Vec::new();
            file.take(LAST_WORDS_BYTES).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_default()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only when the process has already ended and been waited for, which is what is wanted.
        let _killed = self.process.kill();
        let _waited = self.process.wait();
    }
}
