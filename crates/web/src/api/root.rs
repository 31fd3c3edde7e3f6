//! `/api/0/`: who the token belongs to and what it may do. sentry-cli asks it to see whether it is logged in.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use store::accounts::User;

use super::ApiState;
use super::error::{Answer, ApiError};
use super::time::iso;
use crate::auth::{AuthError, Caller};

/// What this API is, to whom it speaks.
#[derive(Serialize)]
pub(super) struct Root {
    version: &'static str,
    auth: Option<Auth>,
    user: Option<UserView>,
}

#[derive(Serialize)]
struct Auth {
    scopes: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserView {
    id: String,
    name: String,
    username: String,
    email: String,
    is_active: bool,
    date_joined: String,
}

/// `GET`. Needs no token; a wrong one is refused.
pub(super) async fn show(State(api): State<Arc<ApiState>>, caller: Answer<Caller>) -> Answer<Json<Root>> {
    let caller = match caller {
        Err(ApiError::Auth(AuthError::NoCredentials)) => {
            return Ok(Json(Root { version: "0", auth: None, user: None }));
        }
        caller => caller?,
    };
    let user = match caller.user {
        Some(id) => api.store.users().await?.into_iter().find(|user| user.id == id),
        None => None,
    };
    let scopes = caller.scopes().iter().map(|scope| scope.to_string()).collect();
    Ok(Json(Root { version: "0", auth: Some(Auth { scopes }), user: user.map(UserView::from) }))
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.email.clone(),
            username: user.email.clone(),
            date_joined: iso(user.created),
            email: user.email,
            is_active: true,
        }
    }
}
