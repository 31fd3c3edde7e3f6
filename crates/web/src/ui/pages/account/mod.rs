//! What is a person's own: their password, their API tokens.

mod password;
mod tokens;

use axum::routing::{get, post};

use crate::ui::Route;
use crate::ui::links::Links;

/// The pages of an account.
pub(super) fn routes() -> Vec<Route> {
    vec![
        (Links::ACCOUNT, get(password::show).post(password::change)),
        (Links::TOKENS, get(tokens::list).post(tokens::create)),
        ("/settings/account/api/auth-tokens/{token}/revoke/", post(tokens::revoke)),
    ]
}
