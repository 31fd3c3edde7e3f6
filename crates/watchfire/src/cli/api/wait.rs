//! Waiting for work that the server does: how often it is asked, and what a person sees meanwhile.

use std::io::IsTerminal;
use std::time::Duration;

use tokio::time::Instant;

use crate::cli::report::note;

/// Between two questions. A replay moves once in a second.
const PAUSE: Duration = Duration::from_millis(500);
/// Where nobody watches a terminal, one line in this time.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// The bar, in characters.
const BAR: u64 = 30;

/// What is shown on standard error while something goes on: a bar that is drawn anew on a terminal, else a line now and then.
pub(in crate::cli) struct Progress {
    is_terminal: bool,
    began: Instant,
    last_line: Option<Instant>,
    drawn: bool,
}

/// Waits until it is time to ask again.
pub(in crate::cli) async fn pause() {
    tokio::time::sleep(PAUSE).await;
}

impl Progress {
    pub(in crate::cli) fn new() -> Progress {
        let is_terminal = std::io::stderr().is_terminal();
        Progress { is_terminal, began: Instant::now(), last_line: None, drawn: false }
    }

    /// How long it goes on already.
    pub(in crate::cli) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Shows how far it is.
    pub(in crate::cli) fn show(&mut self, done: u64, total: u64, what: &str) {
        let text = format!("{} {what}, {} s", bar(done, total), self.elapsed().as_secs());
        if self.is_terminal {
            self.drawn = true;
            note(&format!("\r{text}\u{1b}[K"));
        } else if self.last_line.is_none_or(|last| last.elapsed() >= LINE_EVERY) {
            self.last_line = Some(Instant::now());
            note(&format!("{text}\n"));
        }
    }

    /// Leaves the last state standing.
    pub(in crate::cli) fn end(&mut self) {
        if std::mem::take(&mut self.drawn) {
            note("\n");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

fn bar(done: u64, total: u64) -> String {
    let filled = (done.min(total) * BAR).checked_div(total).unwrap_or(BAR);
    let filled = usize::try_from(filled).unwrap_or(0);
    let left = usize::try_from(BAR).unwrap_or(0) - filled;
    format!("[{}{}] {done} of {total}", "#".repeat(filled), ".".repeat(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_from_nothing_to_all_and_never_beyond() {
        assert_eq!(bar(0, 10), format!("[{}] 0 of 10", ".".repeat(30)));
        assert_eq!(bar(5, 10), format!("[{}{}] 5 of 10", "#".repeat(15), ".".repeat(15)));
        assert_eq!(bar(12, 10), format!("[{}] 12 of 10", "#".repeat(30)));
        assert_eq!(bar(0, 0), format!("[{}] 0 of 0", "#".repeat(30)));
    }
}
