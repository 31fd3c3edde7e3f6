//! What the system knows of this process, under the names that Prometheus' client libraries share.
//!
//! Responsible for asking the system. What it does not tell (memory and open files anywhere but on Linux) is left out. Called by the
//! page for each scrape.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::exposition::{Exposition, Kind, Series};

const NANOS_PER_SECOND: f64 = 1e9;

/// When the process began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Begun(SystemTime);

/// Pages of memory.
struct Memory {
    virtual_bytes: u64,
    resident_bytes: u64,
}

impl Begun {
    /// Now, as nearly as anybody needs it.
    pub(super) fn now() -> Begun {
        Begun(SystemTime::now())
    }

    /// All of them.
    pub(super) fn show(self, out: &mut Exposition) {
        let started = self.0.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let series = Series { name: "process_start_time_seconds", help: "When the process began, as Unix time." };
        out.number(Kind::Gauge, series, started);
        let series =
            Series { name: "process_cpu_seconds_total", help: "Processor time that was used, user and system." };
        out.number(Kind::Counter, series, cpu_seconds());
        if let Some(Memory { virtual_bytes, resident_bytes }) = memory() {
            let series = Series { name: "process_resident_memory_bytes", help: "Memory that is in use." };
            out.number(Kind::Gauge, series, resident_bytes);
            let series = Series { name: "process_virtual_memory_bytes", help: "Memory that is addressed." };
            out.number(Kind::Gauge, series, virtual_bytes);
        }
        if let Ok(open) = fs::read_dir("/proc/self/fd") {
            // One of them is the folder that is being read.
            let series = Series { name: "process_open_fds", help: "Open files and sockets." };
            out.number(Kind::Gauge, series, open.count().saturating_sub(1));
        }
        if let Some(most) = getrlimit(Resource::Nofile).current {
            let series = Series { name: "process_max_fds", help: "The most files and sockets that may be open." };
            out.number(Kind::Gauge, series, most);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds as a double are what the format has")]
fn cpu_seconds() -> f64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / NANOS_PER_SECOND
}

fn memory() -> Option<Memory> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let mut pages = text.split_ascii_whitespace().map(|pages| pages.parse::<u64>().ok());
    let page_bytes = rustix::param::page_size() as u64;
    let (all, resident) = (pages.next()??, pages.next()??);
    Some(Memory { virtual_bytes: all * page_bytes, resident_bytes: resident * page_bytes })
}
