//! What a rule is made of: nodes that the event alone decides, and nodes that the store's state decides.

use std::time::Duration;

use super::{Comparison, Interval, Source};

/// How many nodes of a clause must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Quantifier {
    /// Every one; of none it holds.
    #[default]
    All,
    /// At least one; of none it holds, as in Sentry.
    Any,
    /// Not one.
    None,
}

/// Nodes and how many of them must hold: a rule's conditions, its filters, or a hook's filters.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Clause {
    /// How many.
    pub quantifier: Quantifier,
    /// The nodes, in the order written.
    pub nodes: Vec<Node>,
}

/// One condition or filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// The event alone decides.
    Event(EventNode),
    /// The store's state decides.
    State(StateNode),
}

/// A node that the event alone decides.
#[derive(Debug, Clone, PartialEq)]
pub enum EventNode {
    /// Holds for every event.
    Always,
    /// Compares the event's level.
    Level {
        /// How.
        order: LevelOrder,
        /// With what: Sentry's number, `50` fatal to `10` debug, `0` sample.
        number: u8,
    },
    /// Compares the texts under a name.
    Text {
        /// Where.
        source: Source,
        /// With what.
        comparison: Comparison,
    },
}

/// How levels are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LevelOrder {
    /// `eq`
    Equal,
    /// `gte`
    AtLeast,
    /// `lte`
    AtMost,
}

/// A node that the store's state decides.
#[derive(Debug, Clone, PartialEq)]
pub enum StateNode {
    /// The event made its issue; with an environment, it is the first there.
    FirstSeen,
    /// The event reopened a resolved issue.
    Regression,
    /// The event ended an issue's snooze.
    Reappeared,
    /// [`StateNode::FirstSeen`], and the issue has high priority.
    NewHighPriority,
    /// The event brought an ignored issue of high priority back.
    ExistingHighPriority,
    /// How long ago the issue was first seen.
    Age {
        /// Older or newer.
        age: Age,
        /// Than this.
        span: Duration,
    },
    /// The issue has been seen at least so often, this event included.
    Occurrences {
        /// How often.
        least: u64,
    },
    /// The event's release is the newest of its project; with an environment, of those seen there.
    LatestRelease,
    /// The issue was seen, or users saw it, more often than allowed.
    Frequency(Frequency),
}

/// On which side of a span an age lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Age {
    /// More than the span.
    Older,
    /// Less than the span.
    Newer,
}

/// A count over a window, and what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frequency {
    /// What is counted.
    pub thing: CountedThing,
    /// Over which window.
    pub interval: Interval,
    /// When it holds.
    pub over: Over,
}

/// What a frequency condition counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CountedThing {
    /// The events.
    Events,
    /// The users who saw the issue.
    Users,
    /// The users of events that pass the rule's own tag filters.
    UsersPassingTagFilters,
}

/// When a count is too high. Always strictly more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Over {
    /// More than so many.
    Count(u64),
    /// More than so many percent above the same window, so much earlier. Where that one is empty, 0 percent above it.
    PercentAbove {
        /// How many percent.
        percent: u64,
        /// How much earlier.
        earlier: Interval,
    },
}

impl Quantifier {
    /// Sentry's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Quantifier::All => "all",
            Quantifier::Any => "any",
            Quantifier::None => "none",
        }
    }

    /// The quantifier of this name.
    pub fn named(name: &str) -> Option<Quantifier> {
        [Quantifier::All, Quantifier::Any, Quantifier::None].into_iter().find(|it| it.as_str() == name)
    }

    /// Whether a clause holds, of whose nodes these are the answers. Asks no more of them than it must.
    ///
    /// # Errors
    /// The first error of an answer that was asked for.
    pub fn holds<E>(self, answers: impl IntoIterator<Item = Result<bool, E>>) -> Result<bool, E> {
        let mut answers = answers.into_iter().peekable();
        if answers.peek().is_none() {
            return Ok(true);
        }
        let wanted = self != Quantifier::All;
        for answer in answers {
            if answer? == wanted {
                return Ok(self == Quantifier::Any);
            }
        }
        Ok(self != Quantifier::Any)
    }
}

impl LevelOrder {
    /// Whether a level stands in this order to another; both are Sentry's numbers.
    pub fn holds(self, level: u8, other: u8) -> bool {
        match self {
            LevelOrder::Equal => level == other,
            LevelOrder::AtLeast => level >= other,
            LevelOrder::AtMost => level <= other,
        }
    }
}

impl Over {
    /// Whether a count is too high; `earlier` is asked for only where it is compared with.
    ///
    /// # Errors
    /// That of `earlier`.
    pub fn holds<E>(self, count: u64, earlier: impl FnOnce(Interval) -> Result<u64, E>) -> Result<bool, E> {
        match self {
            Over::Count(most) => Ok(count > most),
            Over::PercentAbove { percent, earlier: interval } => Ok(percent_above(count, earlier(interval)?) > percent),
        }
    }
}

/// By how many percent, cut, a count is above an earlier one; 0 where it is not, and where there was nothing earlier.
pub(super) fn percent_above(count: u64, earlier: u64) -> u64 {
    if earlier == 0 {
        return 0;
    }
    let above = u128::from(count.saturating_sub(earlier)) * 100 / u128::from(earlier);
    u64::try_from(above).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn holds(quantifier: Quantifier, answers: &[bool]) -> bool {
        let Ok(holds) = quantifier.holds(answers.iter().map(|answer| Ok::<_, Infallible>(*answer)));
        holds
    }

    #[test]
    fn all_any_and_none_mean_what_they_say_and_nothing_written_holds() {
        for (answers, all, any, none) in [
            (&[][..], true, true, true),
            (&[true], true, true, false),
            (&[false], false, false, true),
            (&[true, false], false, true, false),
            (&[false, false], false, false, true),
            (&[true, true], true, true, false),
        ] {
            assert_eq!(holds(Quantifier::All, answers), all, "all {answers:?}");
            assert_eq!(holds(Quantifier::Any, answers), any, "any {answers:?}");
            assert_eq!(holds(Quantifier::None, answers), none, "none {answers:?}");
        }
    }

    #[test]
    fn a_percentage_is_cut_and_has_nothing_to_say_where_nothing_was_before() {
        for (count, earlier, percent) in
            [(0, 0, 0), (9, 0, 0), (3, 2, 50), (5, 3, 66), (2, 3, 0), (u64::MAX, 1, u64::MAX)]
        {
            assert_eq!(percent_above(count, earlier), percent, "{count} after {earlier}");
        }
    }

    #[test]
    fn more_is_strictly_more() {
        let never = |_| -> Result<u64, Infallible> { unreachable!("a count is compared with nothing earlier") };
        assert_eq!(Over::Count(3).holds(3, never), Ok(false));
        assert_eq!(Over::Count(3).holds(4, never), Ok(true));
        assert_eq!(Over::Count(0).holds(1, never), Ok(true));
        let over = Over::PercentAbove { percent: 50, earlier: Interval::Day };
        assert_eq!(over.holds(3, |_| Ok::<_, Infallible>(2)), Ok(false));
        assert_eq!(over.holds(31, |_| Ok::<_, Infallible>(20)), Ok(true));
    }
}
