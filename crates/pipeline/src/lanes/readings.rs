//! How many lanes there are and what is in them, for whoever watches.

/// What one lane holds, or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LaneReadings {
    /// Lanes.
    pub(crate) lanes: usize,
    /// Lanes whose new deliveries wait in the ledger.
    pub(crate) in_ledger_mode: usize,
    /// Deliveries: queued, on the wire, or claimed and on their way.
    pub(crate) deliveries: usize,
    /// Lanes whose circuit is open.
    pub(crate) open_circuits: usize,
    /// Lanes whose receiver asked to be left alone.
    pub(crate) paused: usize,
    /// Lanes whose last attempt failed.
    pub(crate) failing: usize,
}

impl LaneReadings {
    /// Those of both.
    pub(crate) fn plus(self, other: LaneReadings) -> LaneReadings {
        LaneReadings {
            lanes: self.lanes + other.lanes,
            in_ledger_mode: self.in_ledger_mode + other.in_ledger_mode,
            deliveries: self.deliveries + other.deliveries,
            open_circuits: self.open_circuits + other.open_circuits,
            paused: self.paused + other.paused,
            failing: self.failing + other.failing,
        }
    }
}
