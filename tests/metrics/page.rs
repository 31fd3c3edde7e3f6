//! A page of `/metrics`, read strictly: what is there, of what type, with which labels.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::support::http::Request;

/// Everything on a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The text, as it was sent.
    pub(super) text: String,
    /// Each line's value, under the name and labels as they are written.
    pub(super) values: BTreeMap<String, f64>,
    /// Each series under the name that its type is given for.
    pub(super) series: BTreeMap<String, Series>,
}

/// What is known of a series.
#[derive(Debug, Default)]
pub(super) struct Series {
    pub(super) kind: String,
    /// Values by label; a histogram's bounds are not among them.
    pub(super) labels: BTreeMap<String, BTreeSet<String>>,
}

impl Page {
    pub(super) fn of(address: SocketAddr) -> Page {
        let answer = Request::get("/metrics").send(address).unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers.get("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        let mut page = Page { text: answer.text().to_owned(), ..Page::default() };
        for line in answer.text().lines() {
            page.read(line);
        }
        page
    }

    /// The series that a name of a sample belongs to.
    pub(super) fn series_of(&self, name: &str) -> Option<&Series> {
        self.series.get(self.base(name).as_str())
    }

    fn base(&self, name: &str) -> String {
        let is_histogram = |base: &&str| self.series.get(*base).is_some_and(|series| series.kind == "histogram");
        let endings = ["_bucket", "_sum", "_count"].into_iter();
        endings.filter_map(|ending| name.strip_suffix(ending)).find(is_histogram).unwrap_or(name).to_owned()
    }

    fn read(&mut self, line: &str) {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').unwrap();
            let series = Series { kind: kind.to_owned(), ..Series::default() };
            assert!(self.series.insert(name.to_owned(), series).is_none(), "{name} is there twice");
        } else if !line.starts_with('#') {
            let (sample, value) = line.rsplit_once(' ').unwrap();
            let value = value.parse().unwrap_or_else(|_| panic!("{line}"));
            assert!(self.values.insert(sample.to_owned(), value).is_none(), "{sample} is there twice");
            let (name, labels) = sample.split_once('{').unwrap_or((sample, "}"));
            let labels = matchers(labels.strip_suffix('}').unwrap());
            let base = self.base(name);
            let series = self.series.get_mut(&base).unwrap_or_else(|| panic!("{name} has no type"));
            for (label, value) in labels.into_iter().filter(|(label, _)| label != "le") {
                series.labels.entry(label).or_default().insert(value);
            }
        }
    }
}

/// What stands between braces: `a="x",b=~"y|z"`, without its operators.
pub(super) fn matchers(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while let Some((label, after)) = rest.split_once('"') {
        let (value, after) = after.split_once('"').unwrap_or_else(|| panic!("{text}"));
        let label = label.trim_matches(|c: char| c == ',' || c.is_whitespace());
        found.push((label.trim_end_matches(['=', '~', '!']).to_owned(), value.to_owned()));
        rest = after;
    }
    found
}
