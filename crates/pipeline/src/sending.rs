//! What is asked of the lanes from outside of the path, by people over the API: a test, a look at the ledger, how a receiver
//! stands.
//!
//! It carries no state. Refuses to keep the lanes alive: once the pipeline has stopped, it does nothing. Called by `web`.

use std::sync::{Arc, Weak};

use bytes::Bytes;
use model::ids::HookNumber;
use model::standing::Standing;

use crate::lanes::Lanes;
pub use crate::lanes::{TestError, Tested};

/// A way to the lanes, while there are any.
#[derive(Clone, Default)]
pub struct Sending {
    lanes: Weak<Lanes>,
}

impl Sending {
    pub(crate) fn to(lanes: &Arc<Lanes>) -> Sending {
        Sending { lanes: Arc::downgrade(lanes) }
    }

    /// Sends a test with this body at once, and says what came of it.
    ///
    /// # Errors
    /// Where nothing was tried: see [`TestError`].
    pub async fn test(&self, hook: HookNumber, body: Bytes) -> Result<Tested, TestError> {
        let lanes = self.lanes.upgrade().ok_or(TestError::Unavailable)?;
        lanes.test(hook, body).await
    }

    /// How the receiver of a hook stands, if this process has had to do with it; it knows more than the store.
    pub fn standing(&self, hook: HookNumber) -> Option<Standing> {
        self.lanes.upgrade()?.standing(hook)
    }

    /// A hook was enabled or disabled: its receiver starts anew.
    pub fn starts_anew(&self, hook: HookNumber) {
        if let Some(lanes) = self.lanes.upgrade() {
            lanes.forget_receiver(hook);
        }
    }

    /// Something of this hook became due in the ledger: its lane claims it now, not with the next look.
    pub fn is_due(&self, hook: HookNumber) {
        if let Some(lanes) = self.lanes.upgrade() {
            lanes.claim_due(vec![hook]);
        }
    }
}
