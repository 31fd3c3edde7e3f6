//! How a form and htmx hand the session's token over, which shows that the page was one of ours.

/// The field that holds the session's token.
pub(super) const FIELD: &str = "csrf";
/// The header that holds it, where htmx asks.
pub(super) const HEADER: &str = "x-csrf-token";
