//! The few Prometheus series that the bench reads from a server, and that the floor shows under the same names.
//!
//! Parses only what it asks for; a series that is missing is `None`, because an older server may not have it. `target` reads,
//! `floor` renders.

/// Where a server started with `--dev` shows its metrics.
pub(crate) const PATH: &str = "/metrics";

/// Events of all committed batches: the sum of the server's histogram of batch sizes.
const BATCH_EVENTS_SUM: &str = "watchfire_record_batch_events_sum";

/// Committed batches: the count of the same histogram.
const BATCH_EVENTS_COUNT: &str = "watchfire_record_batch_events_count";

/// Time that the store took for its transactions, in seconds: the sum of the server's histogram of them.
const COMMIT_SECONDS_SUM: &str = "watchfire_record_commit_seconds_sum";

/// Transactions, also those without events: the count of the same histogram.
const COMMIT_SECONDS_COUNT: &str = "watchfire_record_commit_seconds_count";

/// How many events were committed in how many transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Batches {
    /// Events recorded.
    pub(crate) events: u64,
    /// Transactions that recorded at least one.
    pub(crate) batches: u64,
}

/// How long the writer was busy, and with how many transactions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Commits {
    /// The time of all of them, in seconds.
    pub(crate) seconds: f64,
    /// How many there were.
    pub(crate) count: u64,
}

impl Batches {
    /// Events for each batch since an earlier look; `None` when there was no batch.
    pub(crate) fn mean_since(&self, earlier: &Self) -> Option<f64> {
        let batches = self.batches.checked_sub(earlier.batches)?;
        let events = self.events.checked_sub(earlier.events)?;
        (batches > 0).then(|| events as f64 / batches as f64)
    }
}

/// Reads the two series; `None` when one of them is missing.
pub(crate) fn parse(text: &str) -> Option<Batches> {
    Some(Batches { events: count(text, BATCH_EVENTS_SUM)?, batches: count(text, BATCH_EVENTS_COUNT)? })
}

/// Reads the writer's time; `None` when a series is missing.
pub(crate) fn parse_commits(text: &str) -> Option<Commits> {
    Some(Commits { seconds: series(text, COMMIT_SECONDS_SUM)?, count: count(text, COMMIT_SECONDS_COUNT)? })
}

/// Writes the two series.
pub(crate) fn render(batches: Batches) -> String {
    format!("{BATCH_EVENTS_SUM} {}\n{BATCH_EVENTS_COUNT} {}\n", batches.events, batches.batches)
}

/// A series that counts: Prometheus values are doubles, and these are below 2^53.
fn count(text: &str, name: &str) -> Option<u64> {
    series(text, name).map(|sum| sum as u64)
}

/// The sum of a series over its label sets.
fn series(text: &str, name: &str) -> Option<f64> {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(name)?;
        let value = match rest.strip_prefix('{') {
            Some(labelled) => labelled.split_once('}')?.1,
            None => rest.strip_prefix(' ')?,
        };
        value.split_ascii_whitespace().next()?.parse::<f64>().ok()
    });
    values.reduce(|sum, value| sum + value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_read_with_and_without_labels() {
        let text = "# TYPE watchfire_record_batch_events histogram\n\
                    watchfire_record_batch_events_bucket{le=\"8\"} 3\n\
                    watchfire_record_batch_events_sum{store=\"a\"} 40\n\
                    watchfire_record_batch_events_sum{store=\"b\"} 2.0\n\
                    watchfire_record_batch_events_count 6\n";
        assert_eq!(parse(text), Some(Batches { events: 42, batches: 6 }));
        assert_eq!(parse("watchfire_record_batch_events_sum 40\n"), None);
        assert_eq!(parse(&render(Batches { events: 9, batches: 2 })), Some(Batches { events: 9, batches: 2 }));
    }

    #[test]
    fn the_writers_time_keeps_its_fraction() {
        let text = "watchfire_record_commit_seconds_sum 1.25\nwatchfire_record_commit_seconds_count 300\n";
        assert_eq!(parse_commits(text), Some(Commits { seconds: 1.25, count: 300 }));
        assert_eq!(parse_commits("watchfire_record_commit_seconds_sum 1.25\n"), None);
    }

    #[test]
    fn a_mean_is_taken_over_what_came_since_the_earlier_look() {
        let earlier = Batches { events: 100, batches: 50 };
        assert_eq!(Batches { events: 340, batches: 60 }.mean_since(&earlier), Some(24.0));
        assert_eq!(earlier.mean_since(&earlier), None);
        assert_eq!(Batches { events: 1, batches: 1 }.mean_since(&earlier), None, "a restarted server");
    }
}
