//! What the delivery log and sending again refuse, in words that say what to do.
//!
//! Only texts and statuses; the handlers of hooks decide when. Shown by `error`.

use http::StatusCode;
use model::delivery::DeliveryState;
use model::ids::ReplayId;
use model::limits::{LIVE_STREAMS, VERIFY_LARGE_REQUESTS};

/// Why a list of deliveries cannot be narrowed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadFilter {
    /// A value that is none of those that there are.
    #[error("Invalid {name} parameter: \"{value}\" is not one of {known}.")]
    Unknown {
        /// The parameter.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        known: String,
    },
    /// `event` is neither a kind nor an id.
    #[error(
        "Invalid event parameter: \"{value}\" is neither event.created, event.alert or test, nor the id of an event."
    )]
    Event {
        /// What it says.
        value: String,
    },
    /// `event` names two events.
    #[error("Invalid event parameter: only one event can be asked for.")]
    TwoEvents,
    /// `issue` is no id, nor a short id of the project.
    #[error(
        "Invalid issue parameter: \"{value}\" is no issue of this project: an id is a number, a short id is like MY-PROJECT-1A."
    )]
    Issue {
        /// What it says.
        value: String,
    },
    /// `since` or `until` is no time.
    #[error("Invalid {name} parameter: an ISO 8601 date, or seconds since 1970, is expected.")]
    Time {
        /// Which of the two.
        name: &'static str,
    },
    /// It ends before it begins.
    #[error("since must be before or equal to until")]
    Order,
}

/// Why something is not sent, or not shown, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// The delivery is not settled.
    #[error("{}", unsettled(*.0))]
    Unsettled(DeliveryState),
    /// The event of the delivery is deleted.
    #[error("The event of this delivery is not kept any more, so there is nothing to send again.")]
    BodyGone,
    /// The hook does not fire.
    #[error("The hook is disabled, so nothing is sent to it. Enable it first, with isActive.")]
    HookDisabled,
    /// Another replay of the hook runs.
    #[error("The replay {0} of this hook is still running. Wait until it ends, or stop it with a DELETE first.")]
    Replaying(ReplayId),
    /// As many as there may be watch already, or the server stops.
    #[error("No live stream is free: there are {LIVE_STREAMS} at most. The list of deliveries shows the same.")]
    NoStream,
    /// As many long requests to the signature doctor are held as there may be.
    #[error("{VERIFY_LARGE_REQUESTS} long requests like this are being looked at already. Try again in a moment.")]
    DoctorBusy,
}

impl Refusal {
    /// The status it is answered with.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Refusal::Unsettled(_) | Refusal::HookDisabled | Refusal::Replaying(_) => StatusCode::CONFLICT,
            Refusal::BodyGone => StatusCode::GONE,
            Refusal::NoStream | Refusal::DoctorBusy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

fn unsettled(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Waiting => {
            "The delivery is waiting to be sent already. It can be sent again once it is settled."
        }
        DeliveryState::Sending => "The delivery is being sent right now. It can be sent again once it is settled.",
        DeliveryState::Delivered
        | DeliveryState::Failed
        | DeliveryState::Expired
        | DeliveryState::Cancelled
        | DeliveryState::Skipped => "The delivery has moved meanwhile. Look at it again.",
    }
}
