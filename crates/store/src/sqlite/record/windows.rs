//! Windows of counters, remembered from batch to batch.
//!
//! A rule asks again with each event of an issue until it fires, and a window may hold thousands of users. What it holds changes
//! only by what is recorded, until its next bucket begins: so it is read once for each bucket, and what batches add is added
//! here when they are committed. Whoever else writes counts has it forgotten ([`Seen::forget_windows`](super::Seen)).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use model::decide::Asked;
use model::ids::IssueId;
use model::rules::CounterKey;

use crate::marks::UserMark;

/// Windows and users in them that are remembered: some 4 MiB at most.
const REMEMBERED: usize = 128 * 1024;

/// What a window holds.
#[derive(Debug, Clone)]
pub(super) enum Held {
    Events(u64),
    Users(Arc<BTreeSet<UserMark>>),
}

/// What committed rows say, as far as it was asked lately.
#[derive(Debug, Default)]
pub(super) struct Windows {
    of: HashMap<(IssueId, CounterKey), Vec<(Asked, Held)>>,
    entries: usize,
}

/// What a batch does to windows.
#[derive(Debug, Default)]
pub(super) struct WindowNews {
    /// Counters that have counted something.
    pub(super) counted: Vec<(IssueId, CounterKey)>,
    /// Windows that were asked for, as they are after it, but for these new users.
    pub(super) asked: Vec<(IssueId, Asked, Held, BTreeSet<UserMark>)>,
    /// Whether the batch has lost count.
    pub(super) forget_all: bool,
}

impl Windows {
    /// What a window holds.
    pub(super) fn get(&self, issue: IssueId, asked: Asked) -> Option<&Held> {
        let windows = self.of.get(&(issue, asked.key))?;
        windows.iter().find_map(|(known, held)| (*known == asked).then_some(held))
    }

    /// Takes over what a committed batch has found and changed; what it has changed without asking is forgotten.
    pub(super) fn learn(&mut self, news: WindowNews) {
        if news.forget_all {
            return self.forget();
        }
        let asked = news.asked.iter().map(|(issue, asked, ..)| (*issue, asked.key));
        for counter in news.counted.into_iter().chain(asked) {
            let gone = self.of.remove(&counter).unwrap_or_default();
            self.entries -= gone.iter().map(|(_, held)| held.entries()).sum::<usize>();
        }
        for (issue, asked, mut held, new) in news.asked {
            if let Held::Users(users) = &mut held {
                // Nobody else has it any more: nothing is copied.
                Arc::make_mut(users).extend(new);
            }
            self.entries += held.entries();
            self.of.entry((issue, asked.key)).or_default().push((asked, held));
        }
        if self.entries > REMEMBERED {
            self.forget();
        }
    }

    /// Somebody else has changed what the tables hold.
    pub(super) fn forget(&mut self) {
        *self = Windows::default();
    }

    /// The same, of one counter.
    pub(super) fn forget_counter(&mut self, key: CounterKey) {
        for ((_, of), windows) in &mut self.of {
            if *of == key {
                self.entries -= windows.drain(..).map(|(_, held)| held.entries()).sum::<usize>();
            }
        }
        self.of.retain(|_, windows| !windows.is_empty());
    }
}

impl Held {
    fn entries(&self) -> usize {
        match self {
            Held::Events(_) => 1,
            Held::Users(users) => 1 + users.len(),
        }
    }
}
