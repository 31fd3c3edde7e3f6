//! What a process has used, by the kernel's own account: CPU time, resident memory and bytes written, read from `/proc`.
//!
//! Reads only; starting and stopping processes is `child`'s. CPU time is `utime + stime` of the whole process, threads that have
//! ended included. Their sum is the scheduler's exact run time, rounded down to a tick of 10 ms (the kernel scales the two so that
//! they add up to it), so a run should use a second or more of it. `measure`, `idle`, `overload` and `isolation` call it.

use std::time::Duration;

use serde::Serialize;

use crate::error::BenchError;

/// Ticks a second in `/proc/PID/stat`: `USER_HZ`, which is 100 on every Linux this project builds for.
const TICKS_PER_SECOND: u64 = 100;

/// Resident memory of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Memory {
    /// What it holds now (`VmRSS`), KiB.
    pub(crate) resident_kib: u64,
    /// The most it ever held (`VmHWM`), KiB.
    pub(crate) peak_kib: u64,
}

/// User and system time that the process has used since it started.
///
/// # Errors
/// When the process is gone or `/proc` is not Linux's.
pub(crate) fn cpu_time(process_id: u32) -> Result<Duration, BenchError> {
    let ticks = parse_cpu_ticks(&read(process_id, "stat")?).ok_or(BenchError::ProcFormat { file: "stat" })?;
    Ok(Duration::from_millis(ticks * 1_000 / TICKS_PER_SECOND))
}

/// Resident memory of the process, now and at its peak.
///
/// # Errors
/// When the process is gone or `/proc` is not Linux's.
pub(crate) fn memory(process_id: u32) -> Result<Memory, BenchError> {
    parse_memory(&read(process_id, "status")?).ok_or(BenchError::ProcFormat { file: "status" })
}

/// What the process has had written to disks since it started, KiB.
///
/// # Errors
/// When the process is gone or another user's, or `/proc` is not Linux's.
pub(crate) fn written_kib(process_id: u32) -> Result<u64, BenchError> {
    parse_written_kib(&read(process_id, "io")?).ok_or(BenchError::ProcFormat { file: "io" })
}

fn read(process_id: u32, file: &'static str) -> Result<String, BenchError> {
    std::fs::read_to_string(format!("/proc/{process_id}/{file}")).map_err(|source| BenchError::Proc { file, source })
}

/// `utime + stime`, fields 14 and 15. The program's name, field 2, is in parentheses and may itself hold spaces and parentheses.
fn parse_cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn parse_memory(status: &str) -> Option<Memory> {
    let field = |name: &str| -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix("kB")?.trim().parse().ok()
    };
    Some(Memory { resident_kib: field("VmRSS:")?, peak_kib: field("VmHWM:")? })
}

/// Pages that the process made dirty, counted once each until they are on disk; sockets and caches do not count.
fn parse_written_kib(io: &str) -> Option<u64> {
    let bytes: u64 = io.lines().find_map(|line| line.strip_prefix("write_bytes:"))?.trim().parse().ok()?;
    Some(bytes / 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_ticks_are_read_past_a_name_with_spaces_and_parentheses() {
        let stat = "4242 (a b) c) S 1 4242 4242 0 -1 4194560 900 0 0 0 123 45 6 7 20 0 4 0 100 2000 300";
        assert_eq!(parse_cpu_ticks(stat), Some(168));
        assert_eq!(parse_cpu_ticks("4242 (short) S 1"), None);
    }

    #[test]
    fn memory_is_read_in_kibibytes() {
        let status = "Name:\twatchfire\nVmPeak:\t  999 kB\nVmHWM:\t   13484 kB\nVmRSS:\t   12000 kB\nThreads:\t4\n";
        assert_eq!(parse_memory(status), Some(Memory { resident_kib: 12_000, peak_kib: 13_484 }));
        assert_eq!(parse_memory("Name:\tkthreadd\n"), None);
    }

    #[test]
    fn bytes_written_are_those_that_go_to_disks() {
        let io = "rchar: 1\nwchar: 99999\nsyscr: 3\nread_bytes: 0\nwrite_bytes: 8192\ncancelled_write_bytes: 4096\n";
        assert_eq!(parse_written_kib(io), Some(8));
        assert_eq!(parse_written_kib("wchar: 1\n"), None);
    }

    #[test]
    fn this_process_can_be_read() {
        let own = std::process::id();
        assert!(memory(own).unwrap().peak_kib >= memory(own).unwrap().resident_kib);
        assert!(cpu_time(own).unwrap() < Duration::from_hours(1));
        assert!(written_kib(own).is_ok());
    }
}
