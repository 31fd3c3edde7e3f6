//! How figures are shown: aligned tables for people, one JSON object for programs. Measures nothing; every command ends here.

use std::io::Write;

use serde::Serialize;

use crate::error::BenchError;
use crate::stats::Percentiles;

/// For whom a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Tables on standard output.
    People,
    /// One JSON object on standard output.
    Json,
}

/// A report that can be shown in both forms.
pub(crate) trait Report: Serialize {
    /// The text for people; ends with a line break.
    fn text(&self) -> String;
}

/// Writes a report to standard output.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn show(report: &impl Report, form: Form) -> Result<(), BenchError> {
    let text = match form {
        Form::People => report.text(),
        Form::Json => serde_json::to_string_pretty(report).map_err(|source| BenchError::ReportJson { source })? + "\n",
    };
    std::io::stdout().write_all(text.as_bytes()).map_err(|source| BenchError::Report { source })
}

/// Tells a person who waits what happens; goes to standard error, so that reports stay clean.
pub(crate) fn progress(what: &str) {
    eprintln!("· {what}");
}

/// Columns as wide as their widest cell, numbers to the right, one line for each row.
pub(crate) fn table<const COLUMNS: usize>(names: [&str; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([names[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |cells: [&str; COLUMNS]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}"));
        padded.collect::<Vec<_>>().join("  ") + "\n"
    };
    let mut text = line(names);
    for row in rows {
        text.push_str(&line(row.each_ref().map(String::as_str)));
    }
    text
}

/// `1.23`.
pub(crate) fn two_places(value: f64) -> String {
    format!("{value:.2}")
}

/// `45.6`, or a dash for what was not measured.
pub(crate) fn one_place(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"))
}

/// Three percentiles in milliseconds, `1.2/3.4/5.6`, or a dash for what was not measured.
pub(crate) fn milliseconds(percentiles: Option<Percentiles>) -> String {
    let show = |us: u32| format!("{:.2}", f64::from(us) / 1_000.0);
    percentiles.map_or_else(|| "–".to_owned(), |found| [found.p50_us, found.p99_us, found.p999_us].map(show).join("/"))
}

/// KiB as MiB, `12.3`.
pub(crate) fn mebibytes(kib: u64) -> String {
    format!("{:.1}", kib as f64 / 1_024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_to_the_right() {
        let rows = [["floor".to_owned(), "9.5".to_owned()], ["server".to_owned(), "120.0".to_owned()]];
        assert_eq!(table(["what", "µs"], &rows), "  what     µs\n floor    9.5\nserver  120.0\n");
    }

    #[test]
    fn what_was_not_measured_is_a_dash() {
        assert_eq!(one_place(None), "–");
        assert_eq!(milliseconds(None), "–");
        let percentiles = Percentiles { p50_us: 1_234, p99_us: 50, p999_us: 9_999 };
        assert_eq!(milliseconds(Some(percentiles)), "1.23/0.05/10.00");
        assert_eq!(mebibytes(1_536), "1.5");
    }
}
