//! Searching the delivery log: walks a hook's deliveries, the newest first, and judges each by its row.
//!
//! A walk looks at a bounded number of rows in one read transaction and goes on in another, after whoever else waits for a
//! reader. It ends with the page, with the list, or when it has looked at as many as one page may: then it says where it goes on.

use model::delivery_key::DeliveryKey;
use model::limits::LOG_PAGE_LOOKS;
use rusqlite::Connection;

use super::row;
use super::walks::{Candidate, Through, Way};
use crate::deliveries::{DeliverySearch, SearchedDeliveries, parts, place_of};
use crate::error::StoreError;
use crate::issues::{CutFrom, Listed, Place};

/// Rows that one read transaction looks at: some ten milliseconds.
const LOOKS: usize = 4_096;

/// What the list has beyond a page.
enum Rest {
    None,
    /// It goes on after the last item.
    AfterTheLast,
    /// It may go on from there.
    From(Place),
}

/// A search on its way, from one read transaction to the next.
pub(super) struct Walk {
    search: DeliverySearch,
    way: Way,
    /// Chosen at the first step.
    through: Option<Through>,
    /// The place that it has come to: day, number, kind.
    at: [i64; 3],
    looked: usize,
    found: Vec<DeliveryKey>,
}

impl Walk {
    /// Begins a search.
    pub(super) fn new(search: DeliverySearch) -> Walk {
        let (way, at) = match search.cut.from {
            CutFrom::Start => (Way::Older, [i64::MAX; 3]),
            CutFrom::After(place) => (Way::Older, parts(place)),
            CutFrom::Before(place) => (Way::Newer, parts(place)),
        };
        Walk { search, way, through: None, at, looked: 0, found: Vec::new() }
    }

    /// Looks at some rows. The page that is asked for, once there are no more to look at.
    pub(super) fn step(&mut self, connection: &Connection) -> Result<Option<SearchedDeliveries>, StoreError> {
        let through = match self.through {
            Some(through) => through,
            None => *self.through.insert(Through::choose(connection, &self.search)?),
        };
        // Where nothing narrows the list the first page is among the first looks.
        let looks = (self.search.cut.limit + 1).max(self.looked * 4).min(LOOKS).min(LOG_PAGE_LOOKS - self.looked);
        let part = through.next(connection, &self.search, (self.way, self.at, looks))?;
        for candidate in &part.candidates {
            if self.accepts(connection, candidate)? {
                self.found.push(candidate.key);
            }
            if self.found.len() > self.search.cut.limit {
                return self.page(connection, Rest::AfterTheLast).map(Some);
            }
        }
        self.looked += part.looked.max(1);
        self.at = part.reached;
        if part.ends {
            return self.page(connection, Rest::None).map(Some);
        }
        if self.looked >= LOG_PAGE_LOOKS {
            return self.page(connection, Rest::From(place_of(self.at))).map(Some);
        }
        Ok(None)
    }

    fn accepts(&self, connection: &Connection, candidate: &Candidate) -> Result<bool, StoreError> {
        let (filter, key) = (&self.search.filter, &candidate.key);
        if !filter.takes(candidate.state, key.kind, candidate.created) {
            return Ok(false);
        }
        if filter.outcomes.is_empty() {
            return Ok(true);
        }
        let last = row::last_outcome(connection, key)?;
        Ok(last.is_some_and(|outcome| filter.outcomes.contains(&outcome)))
    }

    fn page(&mut self, connection: &Connection, rest: Rest) -> Result<SearchedDeliveries, StoreError> {
        self.found.truncate(self.search.cut.limit);
        let mut items = Vec::with_capacity(self.found.len());
        for key in &self.found {
            // One that retention took meanwhile is not shown.
            items.extend(row::delivery(connection, key)?);
        }
        if self.way == Way::Newer {
            items.reverse();
        }
        let (more, reached) = match rest {
            Rest::None => (false, None),
            Rest::AfterTheLast => (true, None),
            Rest::From(place) => (true, Some(place)),
        };
        Ok(SearchedDeliveries { listed: Listed { items, more }, reached })
    }
}
