//! What is around a page for somebody who may not have signed in.

use super::links::Links;

/// Nothing but how it looks.
pub(super) struct BareFrame<'l> {
    pub(super) links: &'l Links,
    pub(super) theme: &'static str,
}
