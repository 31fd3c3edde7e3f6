//! Adds up the results of test runs from their logs, for the last line of `scripts/test`.
//!
//! Reads the `test result:` lines that the Rust test harness prints; a run that broke off prints none, so the caller says how many
//! phases failed. It also refuses to call a run green in which nothing ran.

use std::{fs, path::PathBuf};

use crate::failure::Failure;

/// Tests counted by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

/// Prints `N passed, N failed` (and `, N skipped`, where tests were) as one plain line.
///
/// The words: log files of runs, one after the other; `--ignored FILE` for the log of a run of only the ignored tests of the
/// others; `--broken N` for phases that failed.
///
/// # Errors
/// A log cannot be read, a test or phase failed, or nothing ran.
pub(crate) fn run(words: &[String]) -> Result<(), Failure> {
    let mut counts = Counts::default();
    let mut broken = 0;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--ignored" => {
                let path = words.next().ok_or(Failure::Usage { problem: "--ignored needs a file" })?;
                counts = with_ignored_run(counts, counts_in_file(path)?);
            }
            "--broken" => {
                let number = words.next().and_then(|number| number.parse().ok());
                broken = number.ok_or(Failure::Usage { problem: "--broken needs a number" })?;
            }
            path => counts = sum(counts, counts_in_file(path)?),
        }
    }
    let (line, verdict) = conclude(counts, broken);
    println!("{line}");
    verdict
}

fn counts_in_file(path: &str) -> Result<Counts, Failure> {
    let log = fs::read(path).map_err(|source| Failure::File { path: PathBuf::from(path), source })?;
    Ok(counts_in(&String::from_utf8_lossy(&log)))
}

/// The sum of all `test result:` lines of a log.
fn counts_in(log: &str) -> Counts {
    let mut counts = Counts::default();
    for line in log.lines().filter_map(|line| line.trim_start().strip_prefix("test result: ")) {
        let results = line.split_once(". ").map_or("", |(_, results)| results);
        for result in results.split(';') {
            let mut words = result.split_whitespace();
            let (Some(number), Some(what)) = (words.next(), words.next()) else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what {
                "passed" => counts.passed += number,
                "failed" => counts.failed += number,
                "ignored" => counts.ignored += number,
                _ => {}
            }
        }
    }
    counts
}

fn sum(left: Counts, right: Counts) -> Counts {
    Counts {
        passed: left.passed + right.passed,
        failed: left.failed + right.failed,
        ignored: left.ignored + right.ignored,
    }
}

/// Adds a run of tests that the other runs had ignored: they are no longer skipped.
fn with_ignored_run(others: Counts, run: Counts) -> Counts {
    let ignored = others.ignored.saturating_sub(run.passed + run.failed);
    Counts { passed: others.passed + run.passed, failed: others.failed + run.failed, ignored }
}

/// The last line and the verdict. A phase that failed without a failed test counts as one failure, so that the line never lies.
fn conclude(counts: Counts, broken: u64) -> (String, Result<(), Failure>) {
    let failed = counts.failed.max(broken);
    let skipped = if counts.ignored == 0 { String::new() } else { format!(", {} skipped", counts.ignored) };
    let verdict = match (counts.passed, failed) {
        (_, 1..) => Err(Failure::Tests { problem: "a test or a phase failed, see above" }),
        (0, 0) => Err(Failure::Tests { problem: "no test ran" }),
        (1.., 0) => Ok(()),
    };
    (format!("{} passed, {failed} failed{skipped}", counts.passed), verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
running 3 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests watchfire
test result: FAILED. 5 passed; 4 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.23s
";

    #[test]
    fn all_result_lines_are_added_up() {
        assert_eq!(counts_in(LOG), Counts { passed: 7, failed: 4, ignored: 1 });
    }

    #[test]
    fn a_test_that_ran_after_all_is_not_skipped() {
        let others = Counts { passed: 10, failed: 0, ignored: 3 };
        let run = Counts { passed: 1, failed: 1, ignored: 0 };
        assert_eq!(with_ignored_run(others, run), Counts { passed: 11, failed: 1, ignored: 1 });
    }

    #[test]
    fn the_line_is_plain_and_a_green_run_is_green() {
        let (line, verdict) = conclude(Counts { passed: 7, failed: 0, ignored: 0 }, 0);
        assert_eq!(line, "7 passed, 0 failed");
        assert!(verdict.is_ok());
        assert_eq!(conclude(Counts { passed: 7, failed: 0, ignored: 2 }, 0).0, "7 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn failed_tests_failed_phases_and_no_tests_at_all_are_not_green() {
        assert!(conclude(Counts { passed: 7, failed: 1, ignored: 0 }, 0).1.is_err());
        let (line, verdict) = conclude(Counts { passed: 7, failed: 0, ignored: 0 }, 1);
        assert_eq!(line, "7 passed, 1 failed");
        assert!(verdict.is_err());
        assert!(conclude(Counts::default(), 0).1.is_err());
        assert!(conclude(counts_in("error: could not compile"), 0).1.is_err());
    }
}
