//! The tags of an event, each with the values that it had on other events of the issue. They lead to the issues that have them too.

use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::text::{Pairs, of_all};
use crate::ui::client::Client;
use crate::ui::links::Place;
use crate::ui::problem::Problem;

/// The most values that are shown of a tag, and the most tags.
const VALUES_MAX: usize = 20;
const TAGS_MAX: usize = 100;

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
    /// The value of the event that is shown.
    pub(super) own: Option<(String, String)>,
    /// Those of other events of the issue.
    pub(super) others: Vec<(String, String)>,
    others_in_all: usize,
}

impl Tags {
    /// Those of an event, which come first, with those of the issue at this path of the API; `issues` is where issues are searched.
    pub(super) async fn of(api: &Client, path: &str, (issues, own): (&Place, Option<&Pairs>)) -> Result<Tags, Problem> {
        let mut of_issue: Vec<Read> = api.get(&format!("{path}tags/")).await?;
        let own = own.map(|own| own.shown.as_slice()).unwrap_or_default();
        let mut all: Vec<(Read, Option<&str>)> = Vec::with_capacity(own.len() + of_issue.len());
        for (key, value) in own {
            let known = of_issue.iter().position(|read| read.key == *key).map(|index| of_issue.remove(index));
            all.push((known.unwrap_or_else(|| Read { key: key.clone(), top_values: Vec::new() }), Some(value)));
        }
        all.extend(of_issue.into_iter().map(|read| (read, None)));
        let rest = of_all(all.len().min(TAGS_MAX), all.len(), "tags are shown.");
        let shown = all.into_iter().take(TAGS_MAX).map(|(read, own)| Tag::of(read, own, issues)).collect();
        Ok(Tags { shown, rest })
    }
}

impl Tag {
    fn of(read: Read, own: Option<&str>, issues: &Place) -> Tag {
        let Read { key, top_values } = read;
        let searched = |value: String| {
            let query = Serializer::new(String::new()).append_pair("query", &search(&key, &value)).finish();
            (value, format!("{issues}?{query}"))
        };
        let mut others: Vec<String> = top_values.into_iter().map(|read| read.value).collect();
        others.retain(|value| Some(value.as_str()) != own);
        let others_in_all = others.len();
        others.truncate(VALUES_MAX);
        let (own, others) = (own.map(|own| searched(own.to_owned())), others.into_iter().map(&searched).collect());
        Tag { own, others, others_in_all, key }
    }

    /// How many values other events have.
    pub(super) fn others_in_all(&self) -> String {
        let plural = if self.others_in_all == 1 { "" } else { "s" };
        format!("{} other value{plural}", self.others_in_all)
    }

    /// What is said where there are more of them than are shown.
    pub(super) fn rest(&self) -> Option<String> {
        of_all(self.others.len(), self.others_in_all, "values are shown.")
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
