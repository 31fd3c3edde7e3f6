//! Prometheus' text format, version 0.0.4: as much of it as our series need.
//!
//! Names, label values and help texts are constants of ours without quotes, backslashes and line breaks, so nothing is escaped.

use std::fmt::{self, Display, Write};

use pipeline::metrics::Distribution;

/// The format's media type.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const MICROS_PER_SECOND: u64 = 1_000_000;

/// A text that grows series by series.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

/// What a series is called, and what it tells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
}

/// In what a histogram's values were counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unit {
    /// Things; shown as they are.
    Count,
    /// Microseconds; shown in seconds, as the convention has it.
    Micros,
}

/// A value as it is shown.
struct Shown(u64, Unit);

impl Exposition {
    /// One counter for each value of a label.
    pub(super) fn counters(
        &mut self,
        Series { name, help }: Series,
        label: &str,
        values: impl Iterator<Item = (&'static str, u64)>,
    ) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} counter"));
        for (value, count) in values {
            self.line(format_args!("{name}{{{label}=\"{value}\"}} {count}"));
        }
    }

    /// A histogram.
    pub(super) fn histogram(&mut self, Series { name, help }: Series, unit: Unit, values: &Distribution) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} histogram"));
        for (bound, count) in &values.up_to {
            self.line(format_args!("{name}_bucket{{le=\"{}\"}} {count}", Shown(*bound, unit)));
        }
        let count = values.count;
        self.line(format_args!("{name}_bucket{{le=\"+Inf\"}} {count}"));
        self.line(format_args!("{name}_sum {}", Shown(values.sum, unit)));
        self.line(format_args!("{name}_count {count}"));
    }

    /// The whole text.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a `String` does not fail.
        let _written = writeln!(self.0, "{line}");
    }
}

impl Display for Shown {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown(value, unit) = self;
        match unit {
            Unit::Count => write!(out, "{value}"),
            Unit::Micros => {
                let text = format!("{}.{:06}", value / MICROS_PER_SECOND, value % MICROS_PER_SECOND);
                out.write_str(text.trim_end_matches('0').trim_end_matches('.'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_has_its_buckets_its_sum_and_its_count() {
        let mut out = Exposition::default();
        let values = Distribution { up_to: vec![(500, 1), (10_000_000, 3)], count: 4, sum: 12_000_345 };
        out.histogram(Series { name: "a_seconds", help: "How long." }, Unit::Micros, &values);
        let expected = "# HELP a_seconds How long.\n\
                        # TYPE a_seconds histogram\n\
                        a_seconds_bucket{le=\"0.0005\"} 1\n\
                        a_seconds_bucket{le=\"10\"} 3\n\
                        a_seconds_bucket{le=\"+Inf\"} 4\n\
                        a_seconds_sum 12.000345\n\
                        a_seconds_count 4\n";
        assert_eq!(out.into_text(), expected);
    }

    #[test]
    fn a_counter_has_a_line_for_each_value_of_its_label() {
        let mut out = Exposition::default();
        out.counters(Series { name: "a_total", help: "All." }, "kind", [("x", 1), ("y", 0)].into_iter());
        let expected = "# HELP a_total All.\n# TYPE a_total counter\na_total{kind=\"x\"} 1\na_total{kind=\"y\"} 0\n";
        assert_eq!(out.into_text(), expected);
    }
}
