//! What commands say: results on standard output, failures on standard error.

use std::error::Error;
use std::io::{ErrorKind, Write};

use jiff::Timestamp;
use model::ids::Millis;

use super::exit::Exit;
use super::failure::Failure;

/// Writes a command's text to standard output. A reader that went away (`| head`) wanted no more.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match write(text) {
        Err(source) if source.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Standard { doing: "write to standard output", source })
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes to standard output at once, for a command that runs on.
pub(super) fn write(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// Says something beside the results, on standard error.
pub(super) fn note(text: &str) {
    // Nobody is left to tell where standard error is closed.
    let _unheard = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Says why a command failed, with the causes; gives the exit code.
pub(super) fn fail(failure: &Failure) -> Exit {
    // Nobody is left to tell where standard error is closed.
    let _ = match failure {
        Failure::CommandLine(error) => error.print(),
        _ => std::io::stderr().lock().write_all(explain(failure).as_bytes()),
    };
    failure.exit()
}

/// A JSON object for programs, in one line.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let mut text = serde_json::to_string(value).map_err(Failure::Json)?;
    text.push('\n');
    Ok(text)
}

/// Rows as columns that are as wide as their widest cell, two blanks between.
pub(super) fn columns<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

/// A moment, for people: UTC to the second.
pub(super) fn moment(millis: Millis) -> String {
    Timestamp::from_millisecond(millis.0)
        .map(|moment| moment.strftime("%Y-%m-%d %H:%M:%SZ").to_string())
        .unwrap_or_default()
}

/// The API's text of a moment, for people: the same form; to the millisecond where it says [`Exactly::Millisecond`].
pub(super) fn api_moment(text: &str, exactly: Exactly) -> String {
    let form = match exactly {
        Exactly::Second => "%Y-%m-%d %H:%M:%SZ",
        Exactly::Millisecond => "%Y-%m-%d %H:%M:%S%.3fZ",
    };
    text.parse::<Timestamp>().map_or_else(|_| tame(text), |moment| moment.strftime(form).to_string())
}

/// How exactly a moment is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exactly {
    Second,
    Millisecond,
}

/// Lines of a name and a value, the values below one another; what has no value is left out.
pub(super) fn fields(lines: &[(&str, Option<String>)]) -> String {
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let shown = lines.iter().filter_map(|(name, value)| value.as_ref().map(|value| (name, value)));
    shown.map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

/// Text that somebody else wrote, in one line: it is shown on a terminal, which control characters could steer.
pub(super) fn tame(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn explain(failure: &Failure) -> String {
    let mut text = format!("watchfire: {failure}\n");
    let mut cause = failure.source();
    while let Some(error) = cause {
        text.push_str(&format!("  because: {error}\n"));
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["id", "name", ""], ["1", "é", "x"], ["22", "", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows), "id  name\n1   é     x\n22\n");
    }

    #[test]
    fn a_failure_is_told_with_all_its_causes() {
        let source = std::io::Error::new(ErrorKind::NotFound, "no such file");
        let failure = Failure::File { doing: "read", path: "a.json".into(), source };
        assert_eq!(explain(&failure), "watchfire: cannot read a.json\n  because: no such file\n");
    }
}
