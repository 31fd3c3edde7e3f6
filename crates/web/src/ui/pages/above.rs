//! Where an address leads that only takes forms: to the page above it, which has the form.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::{Method, StatusCode, Uri};

use crate::ui::Ui;

/// What is done to something of a list that has no page of its own.
const FORMS_OF_LISTS: [&str; 4] = ["role", "reset-password", "remove", "revoke"];

/// What only takes forms, and was asked for: the page above it, which has the form. So a reload of what a form answered, or an
/// address that was copied from there, shows something.
pub(in crate::ui) async fn no_page_of_its_own(State(ui): State<Arc<Ui>>, method: Method, uri: Uri) -> Response {
    if method != Method::GET {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    Redirect::to(&ui.links.at(&page_above(uri.path()))).into_response()
}

/// The page that has the form which is sent to this path.
fn page_above(path: &str) -> String {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let above = match parts.as_slice() {
        ["auth", ..] => &[],
        [above @ .., _, action] if FORMS_OF_LISTS.contains(action) => above,
        [above @ .., _] => above,
        [] => &[],
    };
    above.iter().fold("/".to_owned(), |path, part| format!("{path}{part}/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_forms_alone_leads_to_the_page_that_has_them() {
        for (path, page) in [
            ("/settings/o/projects/p/hooks/h/test/", "/settings/o/projects/p/hooks/h/"),
            ("/settings/o/members/7/role/", "/settings/o/members/"),
            ("/settings/account/api/auth-tokens/7/revoke/", "/settings/account/api/auth-tokens/"),
            ("/settings/o/projects/p/keys/k/toggle/", "/settings/o/projects/p/keys/k/"),
            ("/settings/o/projects/p/keys/k/", "/settings/o/projects/p/keys/"),
            ("/auth/logout/", "/"),
        ] {
            assert_eq!(page_above(path), page);
        }
    }
}
