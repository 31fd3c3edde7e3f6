//! The one who calls the API, as their `Authorization` header says.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use model::scope::Scope;
use store::catalog::Token;
use store::{Store, StoreError};

use super::throttle::Throttled;
use super::token;

/// Someone with a token that the store knows.
pub(crate) struct Caller {
    /// The token, without its text.
    pub(crate) token: Token,
}

/// Why a call goes no further. The texts are those that Sentry's clients know.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// No `Authorization` header, or one of another scheme.
    #[error("Authentication credentials were not provided.")]
    NoCredentials,
    /// The scheme alone.
    #[error("Invalid token header. No credentials provided.")]
    EmptyToken,
    /// More than one word after the scheme.
    #[error("Invalid token header. Token string should not contain spaces.")]
    TokenWithSpaces,
    /// No token that the store knows.
    #[error("Invalid token")]
    UnknownToken,
    /// The same, after too many of them from one client.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The token has none of the scopes that would do.
    #[error("You do not have permission to perform this action.")]
    MissingScope(&'static [Scope]),
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Caller {
    /// The hash of the token in the headers.
    ///
    /// # Errors
    /// What is wrong with the header; `UnknownToken` for a text that no token can be.
    pub(crate) fn token_hash(headers: &HeaderMap) -> Result<[u8; 32], AuthError> {
        bearer_token(headers).map(token::hash)
    }

    /// The caller whose token has this hash.
    ///
    /// # Errors
    /// `UnknownToken`, or what the store says.
    pub(crate) async fn identify(hash: [u8; 32], store: &dyn Store) -> Result<Self, AuthError> {
        let token = store.token_by_hash(hash).await?.ok_or(AuthError::UnknownToken)?;
        Ok(Self { token })
    }

    /// Goes on only where the token has one of these scopes, or a higher one of its family.
    ///
    /// # Errors
    /// `MissingScope`.
    pub(crate) fn needs(&self, scopes: &'static [Scope]) -> Result<(), AuthError> {
        if self.token.scopes.allow_any(scopes) { Ok(()) } else { Err(AuthError::MissingScope(scopes)) }
    }

    /// Whether the token has this scope, or a higher one of its family.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.token.scopes.allow(scope)
    }
}

/// The word after `Bearer`, whose case does not matter. Another scheme counts as no credentials at all.
fn bearer_token(headers: &HeaderMap) -> Result<&str, AuthError> {
    let value = headers.get(AUTHORIZATION).ok_or(AuthError::NoCredentials)?;
    // No token that we gave has a byte beyond ASCII.
    let value = value.to_str().map_err(|_| AuthError::UnknownToken)?;
    let mut words = value.split_ascii_whitespace();
    match words.next() {
        Some(scheme) if scheme.eq_ignore_ascii_case("bearer") => {}
        _ => return Err(AuthError::NoCredentials),
    }
    let text = words.next().ok_or(AuthError::EmptyToken)?;
    if words.next().is_some() { Err(AuthError::TokenWithSpaces) } else { Ok(text) }
}
