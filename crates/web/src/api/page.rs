//! Pages of a list and the `Link` header that leads from one to the next.
//!
//! Responsible for `per_page` and `cursor`, for cutting a page out of a list that is sorted newest first, and for the two
//! links. Refuses to know what is listed. Called by every handler that answers with a list.
//!
//! A cursor is `value:offset:is_prev`: the place that is `offset` items after the first item whose key is at most `value`
//! (0 stands for the start of the list), and whether the page lies before that place or from it on. So a cursor stays good
//! when items are added or deleted elsewhere. In a list that the store cuts the offset is the id of the item at the place, and
//! the page lies before that item or after it.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use http::Uri;
use http::header::LINK;
use serde::Serialize;
use store::issues::{Cut, CutFrom, Listed, Place};
use url::form_urlencoded;

/// Items on a page where the client does not say.
pub(super) const PER_PAGE_DEFAULT: usize = 100;
/// Items on a page at most.
pub(super) const PER_PAGE_MAX: usize = 100;

/// The parameter that says how many.
const PER_PAGE: &str = "per_page";

/// What page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageRequest {
    cursor: Cursor,
    per_page: usize,
}

/// Part of a list, with what lies before and after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page<T> {
    items: Vec<T>,
    previous: Neighbour,
    next: Neighbour,
}

/// Why there is no such page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPage {
    /// `per_page`, or its other name, is no number.
    #[error("Invalid {name} parameter.")]
    PerPage {
        /// Which of the two.
        name: &'static str,
    },
    /// `per_page`, or its other name, is out of range.
    #[error("Invalid {name} value. Must be between 1 and {PER_PAGE_MAX}.")]
    PerPageRange {
        /// Which of the two.
        name: &'static str,
    },
    /// `cursor` is none.
    #[error("Invalid cursor parameter.")]
    Cursor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    value: i64,
    offset: usize,
    side: Side,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    From,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Neighbour {
    cursor: Cursor,
    has_items: bool,
}

impl PageRequest {
    /// Reads `per_page` and `cursor`. An empty cursor is the first page: sentry-cli sends it.
    ///
    /// # Errors
    /// Any of [`BadPage`].
    pub(super) fn of(uri: &Uri) -> Result<Self, BadPage> {
        Self::read(uri, PER_PAGE)
    }

    /// The same, where `limit` is another name of `per_page`.
    ///
    /// # Errors
    /// Any of [`BadPage`].
    pub(super) fn with_limit(uri: &Uri) -> Result<Self, BadPage> {
        Self::read(uri, if query_value(uri, PER_PAGE).is_some() { PER_PAGE } else { "limit" })
    }

    fn read(uri: &Uri, name: &'static str) -> Result<Self, BadPage> {
        let per_page = match query_value(uri, name) {
            None => PER_PAGE_DEFAULT,
            Some(text) => match text.trim().parse::<i64>().map_err(|_| BadPage::PerPage { name })? {
                number if number < 1 => return Err(BadPage::PerPageRange { name }),
                number => usize::try_from(number).unwrap_or(usize::MAX),
            },
        };
        if per_page > PER_PAGE_MAX {
            return Err(BadPage::PerPageRange { name });
        }
        let cursor = match query_value(uri, "cursor") {
            Some(text) if !text.is_empty() => Cursor::parse(&text).ok_or(BadPage::Cursor)?,
            _ => Cursor::START,
        };
        Ok(Self { cursor, per_page })
    }

    /// The page as the store cuts it.
    pub(super) fn of_store(self) -> Cut {
        let Cursor { value: key, offset, side } = self.cursor;
        let place = Place { key, id: i64::try_from(offset).unwrap_or(i64::MAX) };
        let from = match side {
            Side::Before => CutFrom::Before(place),
            Side::From if self.cursor == Cursor::START => CutFrom::Start,
            Side::From => CutFrom::After(place),
        };
        Cut { from, limit: self.per_page }
    }

    /// The page that the store has cut, with the place of an item.
    pub(super) fn listed<T>(self, listed: Listed<T>, place: impl Fn(&T) -> Place) -> Page<T> {
        let Listed { items, more } = listed;
        let at = |item: Option<&T>, side| match item.map(&place) {
            Some(Place { key, id }) => Cursor { value: key, offset: usize::try_from(id).unwrap_or(0), side },
            None => Cursor { side, ..self.cursor },
        };
        let (before, after) = match self.cursor.side {
            Side::From => (self.cursor != Cursor::START, more),
            Side::Before => (more, true),
        };
        let previous = Neighbour { cursor: at(items.first(), Side::Before), has_items: before };
        let next = Neighbour { cursor: at(items.last(), Side::From), has_items: after };
        Page { items, previous, next }
    }

    /// The same of a page for which the store has stopped looking at a place, if it says one: it goes on there.
    pub(super) fn listed_to<T>(
        self,
        listed: Listed<T>,
        place: impl Fn(&T) -> Place,
        reached: Option<Place>,
    ) -> Page<T> {
        let mut page = self.listed(listed, place);
        if let Some(Place { key, id }) = reached {
            let side = self.cursor.side;
            let cursor = Cursor { value: key, offset: usize::try_from(id).unwrap_or(0), side };
            match side {
                Side::From => page.next.cursor = cursor,
                Side::Before => page.previous.cursor = cursor,
            }
        }
        page
    }

    /// Cuts the page out of `items`, which are sorted by falling `key`.
    pub(super) fn cut<T>(self, mut items: Vec<T>, key: impl Fn(&T) -> i64) -> Page<T> {
        let place = self.cursor.place_in(&items, &key);
        let (start, end) = match self.cursor.side {
            Side::From => (place, (place + self.per_page).min(items.len())),
            Side::Before => (place.saturating_sub(self.per_page), place),
        };
        let previous = Neighbour { cursor: self.before(&items, start, &key), has_items: start > 0 };
        let next = Neighbour { cursor: self.after(&items, (start, end), &key), has_items: end < items.len() };
        items.truncate(end);
        items.drain(..start);
        Page { items, previous, next }
    }

    fn before<T>(self, items: &[T], start: usize, key: &impl Fn(&T) -> i64) -> Cursor {
        match items.get(start) {
            Some(first) => {
                Cursor { value: key(first), offset: start - first_of(items, key(first), key), side: Side::Before }
            }
            None => Cursor { side: Side::Before, ..self.cursor },
        }
    }

    fn after<T>(self, items: &[T], (start, end): (usize, usize), key: &impl Fn(&T) -> i64) -> Cursor {
        if let Some(following) = items.get(end) {
            let value = key(following);
            return Cursor { value, offset: end - first_of(items, value, key), side: Side::From };
        }
        let Some((first, last)) = items.get(start).zip(items.last()) else {
            return Cursor { side: Side::From, ..self.cursor };
        };
        let value = key(last);
        let before_page = start - first_of(items, key(first), key);
        // Nothing follows: a page of one key steps over a whole page of it, as Sentry's cursors do.
        let offset =
            if key(first) == value { before_page + self.per_page } else { items.len() - first_of(items, value, key) };
        Cursor { value, offset, side: Side::From }
    }
}

impl<T> Page<T> {
    /// Answers with what `show` makes of each item, and with both links. `base_url` has no final slash.
    pub(super) fn answer<'p, V: Serialize>(&'p self, base_url: &str, uri: &Uri, show: impl Fn(&'p T) -> V) -> Response {
        self.answer_with(base_url, uri, self.items.iter().map(show).collect())
    }

    /// The same with what is shown of the items already made.
    pub(super) fn answer_with<V: Serialize>(&self, base_url: &str, uri: &Uri, shown: Vec<V>) -> Response {
        let links =
            format!("{}, {}", self.previous.link("previous", base_url, uri), self.next.link("next", base_url, uri));
        ([(LINK, links)], Json(shown)).into_response()
    }

    /// What is on it.
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }
}

impl Cursor {
    /// The start of a list.
    const START: Cursor = Cursor { value: 0, offset: 0, side: Side::From };

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let value = parts.next()?.parse().ok()?;
        let offset = parts.next()?.parse().ok()?;
        let side = match parts.next()?.parse::<i64>().ok()? {
            0 => Side::From,
            _ => Side::Before,
        };
        if parts.next().is_some() { None } else { Some(Self { value, offset, side }) }
    }

    /// The index that the cursor points to, at most the list's length.
    fn place_in<T>(self, items: &[T], key: &impl Fn(&T) -> i64) -> usize {
        let first = if self.value == 0 { 0 } else { first_of(items, self.value, key) };
        first.saturating_add(self.offset).min(items.len())
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_previous = match self.side {
            Side::Before => 1,
            Side::From => 0,
        };
        write!(out, "{}:{}:{is_previous}", self.value, self.offset)
    }
}

impl Neighbour {
    /// One part of the header. The other parameters come before the cursor; with none the text really is `?&cursor=`.
    fn link(self, relation: &str, base_url: &str, uri: &Uri) -> String {
        let path = uri.path();
        let is_other = |pair: &&str| !pair.is_empty() && pair.split('=').next() != Some("cursor");
        let others = uri.query().unwrap_or_default().split('&').filter(is_other).collect::<Vec<_>>().join("&");
        let Neighbour { cursor, has_items } = self;
        format!(
            "<{base_url}{path}?{others}&cursor={cursor}>; rel=\"{relation}\"; results=\"{has_items}\"; cursor=\"{cursor}\""
        )
    }
}

/// Every value that the query string gives a name, less empty ones.
pub(super) fn query_values(uri: &Uri, name: &str) -> Vec<String> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .filter(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value.into_owned())
        .collect()
}

/// The last value that the query string gives a name.
pub(super) fn query_value(uri: &Uri, name: &str) -> Option<String> {
    form_urlencoded::parse(uri.query()?.as_bytes())
        .filter(|(key, _)| key == name)
        .last()
        .map(|(_, value)| value.into_owned())
}

/// The index of the first item whose key is at most `value`.
fn first_of<T>(items: &[T], value: i64, key: &impl Fn(&T) -> i64) -> usize {
    items.partition_point(|item| key(item) > value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: &[i64], query: &str) -> (Vec<i64>, String, String) {
        let uri: Uri = format!("/list/?{query}").parse().unwrap();
        let page = PageRequest::of(&uri).unwrap().cut(keys.to_vec(), |key| *key);
        let shown = |link: Neighbour| format!("{} {}", link.cursor, link.has_items);
        (page.items, shown(page.previous), shown(page.next))
    }

    #[test]
    fn five_items_by_two_give_the_cursors_that_sentry_gives() {
        let keys = [5, 4, 3, 2, 1];
        let cases = [
            ("per_page=2", vec![5, 4], "5:0:1 false", "3:0:0 true"),
            ("per_page=2&cursor=3:0:0", vec![3, 2], "3:0:1 true", "1:0:0 true"),
            ("per_page=2&cursor=1:0:0", vec![1], "1:0:1 true", "1:2:0 false"),
            ("per_page=2&cursor=3:0:1", vec![5, 4], "5:0:1 false", "3:0:0 true"),
            ("per_page=2&cursor=", vec![5, 4], "5:0:1 false", "3:0:0 true"),
        ];
        for (query, items, previous, next) in cases {
            assert_eq!(page(&keys, query), (items, previous.to_owned(), next.to_owned()), "{query}");
        }
    }

    #[test]
    fn an_empty_list_leads_nowhere() {
        assert_eq!(page(&[], ""), (vec![], "0:0:1 false".to_owned(), "0:0:0 false".to_owned()));
    }

    #[test]
    fn items_of_one_key_are_each_on_exactly_one_page() {
        let keys = [9, 7, 7, 7, 7, 7, 2];
        let (mut seen, mut query) = (0, "per_page=2".to_owned());
        loop {
            let (items, _, next) = page(&keys, &query);
            assert_eq!(items, keys[seen..seen + items.len()], "{query}");
            seen += items.len();
            let (cursor, more) = next.split_once(' ').unwrap();
            if more == "false" {
                break;
            }
            query = format!("per_page=2&cursor={cursor}");
        }
        assert_eq!(seen, keys.len());
    }

    #[test]
    fn a_cursor_beyond_the_end_or_with_huge_numbers_finds_an_empty_page() {
        assert_eq!(page(&[3, 2, 1], "cursor=1:2:0").0, Vec::<i64>::new());
        assert_eq!(page(&[3, 2, 1], "cursor=9223372036854775807:18446744073709551615:0").0, Vec::<i64>::new());
        assert_eq!(page(&[3, 2, 1], "cursor=-1:0:0").0, Vec::<i64>::new());
    }

    #[test]
    fn what_is_no_page_is_refused_by_name() {
        for (query, error) in [
            ("per_page=x", BadPage::PerPage { name: PER_PAGE }),
            ("per_page=", BadPage::PerPage { name: PER_PAGE }),
            ("per_page=1.5", BadPage::PerPage { name: PER_PAGE }),
            ("per_page=0", BadPage::PerPageRange { name: PER_PAGE }),
            ("per_page=-3", BadPage::PerPageRange { name: PER_PAGE }),
            ("per_page=101", BadPage::PerPageRange { name: PER_PAGE }),
            ("cursor=x", BadPage::Cursor),
            ("cursor=1:2", BadPage::Cursor),
            ("cursor=1:2:0:4", BadPage::Cursor),
            ("cursor=1:-2:0", BadPage::Cursor),
            ("cursor=1::0", BadPage::Cursor),
        ] {
            let uri: Uri = format!("/list/?{query}").parse().unwrap();
            assert_eq!(PageRequest::of(&uri), Err(error), "{query}");
        }
    }
}
