//! What people may ask of the lanes: to send a test, to look at the ledger now, and how a receiver stands.
//!
//! The handle that `web` gets. It sends nothing by itself.

use std::sync::Arc;

use bytes::Bytes;
use model::ids::HookNumber;
use model::standing::Standing;

use crate::lanes::Lanes;
pub use crate::lanes::{TestError, Tested};

/// The lanes of this process, for who is asked by people.
#[derive(Clone)]
pub struct Sending {
    lanes: Arc<Lanes>,
}

impl Sending {
    pub(crate) fn new(lanes: Arc<Lanes>) -> Sending {
        Sending { lanes }
    }

    /// Sends a test with this body at once, and says what came of it.
    ///
    /// # Errors
    /// Where nothing was tried: see [`TestError`].
    pub async fn test(&self, hook: HookNumber, body: Bytes) -> Result<Tested, TestError> {
        self.lanes.test(hook, body).await
    }

    /// How the receiver of a hook stands, if this process has had to do with it; it knows more than the store.
    pub fn standing(&self, hook: HookNumber) -> Option<Standing> {
        self.lanes.standing(hook)
    }

    /// Something of this hook is due in the ledger: it is claimed now and not at the next look.
    pub fn claim(&self, hook: HookNumber) {
        self.lanes.claim_due(vec![hook]);
    }
}
