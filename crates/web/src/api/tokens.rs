//! API tokens: made, listed, revoked. The text is shown once, in the answer that makes it.
//!
//! A token manages tokens only with `org:admin`; a person on a page manages their own, and an admin everybody's. Nobody makes one
//! that may do more than themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use http::{StatusCode, Uri};
use model::ids::TokenId;
use model::scope::{Scope, Scopes};
use serde::Serialize;
use serde_json::Value;
use store::catalog::{NewToken, Token};

use super::ApiState;
use super::body::Unread;
use super::error::{Answer, ApiError};
use super::fields::{Complaint, FieldErrors, Fields, Read, list as list_of, quoted, text};
use super::names::NAME_CHARACTERS_MAX;
use super::page::PageRequest;
use super::time::iso;
use crate::auth::Caller;
use crate::auth::token::TokenText;

/// The most digits of an id.
const ID_CHARACTERS_MAX: usize = 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenView<'t> {
    id: String,
    name: &'t str,
    scopes: Vec<String>,
    date_created: String,
    token_last_characters: &'t str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'t str>,
}

/// What a new token is to be.
struct TokenFields {
    name: String,
    scopes: Scopes,
}

/// `GET /api-tokens/`
pub(super) async fn list(State(api): State<Arc<ApiState>>, caller: Caller, uri: Uri) -> Answer {
    may_have_tokens(&caller)?;
    let mut tokens = api.store.tokens().await?;
    tokens.retain(|token| is_managed(token, &caller));
    let page = PageRequest::of(&uri)?.cut(tokens, |token| token.id.get());
    Ok(page.answer(&api.base_url, &uri, |token| TokenView::of(token, None)))
}

/// `POST /api-tokens/`
pub(super) async fn create(State(api): State<Arc<ApiState>>, caller: Caller, body: Unread) -> Answer {
    may_have_tokens(&caller)?;
    let fields = TokenFields::read(&body.json().await?, &caller)?;
    let text = TokenText::from_random(api.random_bytes());
    let new = NewToken {
        hash: text.hash(),
        name: fields.name,
        scopes: fields.scopes,
        last_characters: text.last_characters(),
        user: caller.user,
        now: api.clock.now(),
    };
    let token = api.store.create_token(new).await?;
    Ok((StatusCode::CREATED, Json(TokenView::of(&token, Some(&text)))).into_response())
}

/// `DELETE /api-tokens/`, with the token's id as `tokenId` in the body.
pub(super) async fn revoke(State(api): State<Arc<ApiState>>, caller: Caller, body: Unread) -> Answer<StatusCode> {
    may_have_tokens(&caller)?;
    let body = body.json().await?;
    let mut fields = Fields::of(&body)?;
    let id = fields.required("tokenId", text(ID_CHARACTERS_MAX));
    let id: TokenId = fields.finish(id)?.parse().map_err(|_| ApiError::NotFound)?;
    let tokens = api.store.tokens().await?;
    if !tokens.iter().any(|token| token.id == id && is_managed(token, &caller)) {
        return Err(ApiError::NotFound);
    }
    api.store.revoke_token(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the caller may make tokens: any person on a page, of programs those that may do everything.
fn may_have_tokens(caller: &Caller) -> Answer<()> {
    if caller.signed_in { Ok(()) } else { Ok(caller.needs(&[Scope::OrgAdmin])?) }
}

/// Whether a token is the caller's to see and to revoke.
fn is_managed(token: &Token, caller: &Caller) -> bool {
    caller.may(Scope::OrgAdmin) || (caller.signed_in && token.user.is_some() && token.user == caller.user)
}

impl TokenFields {
    fn read(body: &Value, caller: &Caller) -> Result<Self, FieldErrors> {
        let mut fields = Fields::of(body)?;
        let name = fields.nullable("name", text(NAME_CHARACTERS_MAX)).flatten().unwrap_or_default();
        let scopes = fields.required("scopes", |value| scopes(value, caller));
        let scopes = fields.finish(scopes)?;
        Ok(Self { name, scopes })
    }
}

fn scopes(value: &Value, caller: &Caller) -> Read<Scopes> {
    let scopes = list_of(|item| {
        let known = item.as_str().and_then(|name| name.parse::<Scope>().ok());
        let scope = known.ok_or_else(|| Complaint::new(format!("\"{}\" is not a valid choice.", quoted(item))))?;
        if caller.may(scope) { Ok(scope) } else { Err(Complaint::new(format!("You do not have {scope} yourself."))) }
    })(value)?;
    if scopes.is_empty() {
        return Err(Complaint::new("This selection may not be empty."));
    }
    Ok(scopes.into_iter().collect())
}

impl<'t> TokenView<'t> {
    fn of(token: &'t Token, text: Option<&'t TokenText>) -> Self {
        Self {
            id: token.id.to_string(),
            name: &token.name,
            scopes: token.scopes.iter().map(|scope| scope.to_string()).collect(),
            date_created: iso(token.created),
            token_last_characters: &token.last_characters,
            token: text.map(TokenText::expose),
        }
    }
}
