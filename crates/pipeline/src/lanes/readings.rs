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
}

impl LaneReadings {
    /// Those of both.
    pub(crate) fn plus(self, other: LaneReadings) -> LaneReadings {
        LaneReadings {
            lanes: self.lanes + other.lanes,
            in_ledger_mode: self.in_ledger_mode + other.in_ledger_mode,
            deliveries: self.deliveries + other.deliveries,
        }
    }
}
