//! Lists of the API, page by page, as the `Link` headers lead. Only the cursor of a link is followed: its URL is the one that
//! people use, and these calls may go another way.

use http::Method;
use http::header::LINK;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::answer::Answer;
use super::subject::{Subject, escaped};
use crate::cli::failure::ApiError;
use crate::cli::layout::{Layout, lay_out};

/// The most items on a page that the API gives.
const PER_PAGE_MAX: usize = 100;

/// One item of a list: its JSON as it came.
pub(in crate::cli) struct Item {
    json: Box<RawValue>,
    place: String,
}

/// What was listed of a longer list.
pub(in crate::cli) struct Items {
    pub(in crate::cli) items: Vec<Item>,
    /// Whether the list goes on.
    pub(in crate::cli) more: bool,
}

/// A list that is walked through, page by page.
pub(in crate::cli) struct Walk<'s> {
    subject: &'s Subject<'s>,
    below: String,
    place: Place,
}

/// How far a walk has come.
enum Place {
    Start,
    Cursor(String),
    End,
}

impl Item {
    /// The item, read.
    pub(in crate::cli) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let strange =
            |_| ApiError::Stranger { place: self.place.clone(), answered: "a list of something else".to_owned() };
        serde_json::from_str(self.json.get()).map_err(strange)
    }

    /// The API's own JSON in one line, for programs.
    pub(in crate::cli) fn line(&self) -> String {
        lay_out(self.json.get().as_bytes(), Layout::Compact).unwrap_or_default() + "\n"
    }
}

impl Subject<'_> {
    /// The list at `below`, narrowed by `query` (`a=b&c=d`, or nothing).
    pub(in crate::cli) fn walk(&self, below: &str, query: &str) -> Walk<'_> {
        let narrowed = if query.is_empty() { String::new() } else { format!("&{query}") };
        Walk { subject: self, below: format!("{below}?per_page={PER_PAGE_MAX}{narrowed}"), place: Place::Start }
    }

    /// The first `limit` items of such a list.
    pub(in crate::cli) async fn list(&self, below: &str, query: &str, limit: usize) -> Result<Items, ApiError> {
        let (mut walk, mut items) = (self.walk(below, query), Vec::new());
        while items.len() < limit
            && let Some(page) = walk.next().await?
        {
            items.extend(page);
        }
        let more = !matches!(walk.place, Place::End) || items.len() > limit;
        items.truncate(limit);
        Ok(Items { items, more })
    }
}

impl Walk<'_> {
    /// The next page, which may be empty: the server looks through so much at a time. `None` at the end.
    pub(in crate::cli) async fn next(&mut self) -> Result<Option<Vec<Item>>, ApiError> {
        let cursor = match &self.place {
            Place::Start => String::new(),
            Place::Cursor(cursor) => format!("&cursor={}", escaped(cursor)),
            Place::End => return Ok(None),
        };
        let answer = self.subject.call(Method::GET, &format!("{}{cursor}", self.below), None).await?;
        let listed = answer.read::<Vec<Box<RawValue>>>()?;
        self.place = next(&answer).map_or(Place::End, Place::Cursor);
        Ok(Some(listed.into_iter().map(|json| Item { json, place: answer.place.clone() }).collect()))
    }
}

/// The cursor of the next page, if there is one.
fn next(answer: &Answer) -> Option<String> {
    let links = answer.headers.get(LINK)?.to_str().ok()?;
    let link = links.split(", <").find(|link| link.contains("rel=\"next\""))?;
    let (_, rest) = link.split_once("cursor=\"").filter(|_| link.contains("results=\"true\""))?;
    rest.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn next_of(links: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(LINK, links.parse().unwrap())]);
        let place = String::new();
        next(&Answer { status: StatusCode::OK, headers, body: hyper::body::Bytes::new(), place })
    }

    #[test]
    fn a_list_goes_on_at_the_cursor_of_the_next_page_that_has_results() {
        let previous = "<http://w/?cursor=1:0:1>; rel=\"previous\"; results=\"true\"; cursor=\"1:0:1\"";
        let link = |results| {
            format!("{previous}, <http://w/?cursor=5:2:0>; rel=\"next\"; results=\"{results}\"; cursor=\"5:2:0\"")
        };
        assert_eq!(next_of(&link("true")).as_deref(), Some("5:2:0"));
        assert_eq!(next_of(&link("false")), None);
        assert_eq!(next_of(previous), None);
    }
}
