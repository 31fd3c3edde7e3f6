//! An organization as paths name it.

use serde::Deserialize;

/// `/organizations/{organization}/…` and `/settings/{organization}/…`
#[derive(Debug, Deserialize)]
pub(super) struct OfOrganization {
    pub(super) organization: String,
}
