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

/// What a series is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// It only goes up, until the process ends.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// A value with what it is of: names and values of labels.
pub(super) type Labelled<const LABELS: usize> = ([(&'static str, &'static str); LABELS], u64);

/// A value as it is shown.
struct Shown(u64, Unit);

impl Exposition {
    /// A number.
    pub(super) fn number(&mut self, kind: Kind, series: Series, value: impl Display) {
        self.head(series, kind.as_str());
        self.line(format_args!("{} {value}", series.name));
    }

    /// A number for each value of its labels.
    pub(super) fn numbers<const LABELS: usize>(
        &mut self,
        kind: Kind,
        series: Series,
        values: impl IntoIterator<Item = Labelled<LABELS>>,
    ) {
        self.head(series, kind.as_str());
        for (labels, value) in values {
            let labels = labels.map(|(label, value)| format!("{label}=\"{value}\"")).join(",");
            self.line(format_args!("{}{{{labels}}} {value}", series.name));
        }
    }

    /// A histogram.
    pub(super) fn histogram(&mut self, series: Series, unit: Unit, values: &Distribution) {
        self.head(series, "histogram");
        let name = series.name;
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

    fn head(&mut self, Series { name, help }: Series, kind: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a `String` does not fail.
        let _written = writeln!(self.0, "{line}");
    }
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        }
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
    fn a_number_has_a_line_or_one_for_each_value_of_its_labels() {
        let mut out = Exposition::default();
        let series = Series { name: "a_total", help: "All." };
        let values = [([("kind", "x"), ("cause", "p")], 1), ([("kind", "y"), ("cause", "")], 0)];
        out.numbers(Kind::Counter, series, values);
        out.number(Kind::Gauge, Series { name: "b", help: "Some." }, 1.5);
        let expected = "# HELP a_total All.\n\
                        # TYPE a_total counter\n\
                        a_total{kind=\"x\",cause=\"p\"} 1\n\
                        a_total{kind=\"y\",cause=\"\"} 0\n\
                        # HELP b Some.\n\
                        # TYPE b gauge\n\
                        b 1.5\n";
        assert_eq!(out.into_text(), expected);
    }
}
