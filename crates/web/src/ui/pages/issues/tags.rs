//! The tags of all events of an issue, each with the values it had, which lead to the issues that have them too.

use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::text::of_all;
use crate::ui::client::Client;
use crate::ui::links::Place;
use crate::ui::problem::Problem;

/// The most values that are shown of a tag, and the most tags.
const VALUES_MAX: usize = 20;
const TAGS_MAX: usize = 60;

/// What the page reads of a tag.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    key: String,
    top_values: Vec<ReadValue>,
}

#[derive(Deserialize)]
struct ReadValue {
    value: String,
}

/// The tags that a page shows, and what is said of those that it does not.
pub(super) struct Tags {
    pub(super) shown: Vec<Tag>,
    pub(super) rest: Option<String>,
}

/// A tag: each value with the search for it.
pub(super) struct Tag {
    pub(super) key: String,
    pub(super) values: Vec<(String, String)>,
    pub(super) in_all: usize,
}

impl Tags {
    /// Those of the issue at this path of the API; `issues` is where issues are searched.
    pub(super) async fn of(api: &Client, path: &str, issues: &Place) -> Result<Tags, Problem> {
        let read: Vec<Read> = api.get(&format!("{path}tags/")).await?;
        let rest = of_all(read.len().min(TAGS_MAX), read.len(), "tags are shown.");
        let shown = read.into_iter().take(TAGS_MAX).map(|tag| Tag::of(tag, issues)).collect();
        Ok(Tags { shown, rest })
    }
}

impl Tag {
    fn of(read: Read, issues: &Place) -> Tag {
        let in_all = read.top_values.len();
        let value = |ReadValue { value }| {
            let query = search(&read.key, &value);
            let query = Serializer::new(String::new()).append_pair("query", &query).finish();
            (value, format!("{issues}?{query}"))
        };
        let values = read.top_values.into_iter().take(VALUES_MAX).map(value).collect();
        Tag { values, in_all, key: read.key }
    }

    /// What is said where there are more values.
    pub(super) fn rest(&self) -> Option<String> {
        of_all(self.values.len(), self.in_all, "values are shown.")
    }
}

/// The search for a tag's value, whatever is in it.
fn search(key: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("tags[{key}]:\"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_searched_for_as_it_is() {
        assert_eq!(search("browser.name", "Chrome"), r#"tags[browser.name]:"Chrome""#);
        assert_eq!(search("url", r#"a "b" \c:d"#), r#"tags[url]:"a \"b\" \\c:d""#);
    }
}
