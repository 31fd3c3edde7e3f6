//! Sessions of people: signing in, being known by a cookie, signing out.
//!
//! Responsible for the text in the cookie, which the store keeps as a hash only, for the token that each form of a session holds, and
//! for slowing down who guesses passwords. Refuses to lock anybody out: what is counted is failures of a client, never of an account,
//! so nobody can shut an account for others. Called by the web UI.

use std::time::Duration;

use http::HeaderMap;
use model::ids::Millis;
use model::limits::{SIGN_IN_FAILURES, SIGN_IN_FAILURES_SECONDS, THROTTLED_CLIENTS};
use sha2::{Digest as _, Sha256};
use store::accounts::{NewPassword, NewSession, User};
use store::{Store, StoreError};

use super::caller::Caller;
use super::password::{Password, PasswordError};
use super::throttle::{Throttle, Throttled};
use super::token::hex;
use crate::client::ClientNetwork;
use crate::rate::Rate;

/// How long a session lasts.
pub(crate) const SESSION_SECONDS: u32 = 14 * 86_400;
/// What is hashed together with a session's text into its forms' token.
const CSRF_PURPOSE: &[u8] = b"watchfire form token\0";

/// Somebody who has signed in.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// Who it is.
    pub(crate) user: User,
    /// What they may do.
    pub(crate) caller: Caller,
    /// What their forms hold, so that no other site's do.
    pub(crate) csrf: String,
    session: [u8; 32],
}

/// The text of a session, for a cookie. Without `Debug`, so that nothing prints it by accident.
pub(crate) struct SessionText(String);

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// No such user, or not their password: which of the two is nobody's business.
    #[error("Wrong e-mail address or password.")]
    Wrong,
    /// Too many failures of this client.
    #[error("Too many sign-ins have failed from here. Try again in {} s.", .0.retry_after_seconds)]
    Throttled(Throttled),
    /// The password cannot be looked at now.
    #[error("Too many people are signing in at this moment. Try again.")]
    Busy(#[source] PasswordError),
    /// The store could not be asked.
    #[error("The store is away at this moment. Try again.")]
    Store(#[from] StoreError),
}

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// Not the present one.
    #[error("This is not your current password.")]
    Wrong,
    /// The new one is the present one.
    #[error("Choose another password than the current one.")]
    Same,
    /// The new one is none.
    #[error("{0}.")]
    New(PasswordError),
    /// Too many failures of this client.
    #[error("Too many wrong passwords came from here. Try again in {} s.", .0.retry_after_seconds)]
    Throttled(Throttled),
    /// The store could not be asked.
    #[error("The store is away at this moment. Try again.")]
    Store(#[from] StoreError),
}

/// Signs people in.
pub(crate) struct SignIn {
    failures: Throttle<ClientNetwork>,
}

/// Who signs in, where and when.
pub(crate) struct Credentials<'c> {
    pub(crate) email: &'c str,
    pub(crate) password: &'c str,
    pub(crate) client: ClientNetwork,
    pub(crate) now: Millis,
}

/// Another password, where and when.
pub(crate) struct PasswordChange<'c> {
    pub(crate) old: &'c str,
    pub(crate) new: &'c str,
    pub(crate) salt: [u8; 16],
    pub(crate) client: ClientNetwork,
    pub(crate) now: Millis,
}

impl Default for SignIn {
    fn default() -> Self {
        let rate = Rate { times: SIGN_IN_FAILURES, window: Duration::from_secs(SIGN_IN_FAILURES_SECONDS) };
        SignIn { failures: Throttle::new(rate, THROTTLED_CLIENTS) }
    }
}

impl SignIn {
    /// Begins a session; `random` is from the system's source.
    ///
    /// # Errors
    /// `Wrong`, `Throttled` before anything is looked at, and what keeps it from looking.
    pub(crate) async fn sign_in(
        &self,
        store: &dyn Store,
        credentials: Credentials<'_>,
        random: [u8; 32],
    ) -> Result<SessionText, SignInError> {
        let Credentials { email, password, client, now } = credentials;
        self.failures.check(&client, now).map_err(SignInError::Throttled)?;
        let user = store.user_by_email(email.trim().to_owned()).await?;
        let kept = user.as_ref().map(|user| user.password_hash.clone());
        let is_right = Password::typed(password).verify_in_turn(kept).await.map_err(SignInError::Busy)?;
        let Some(user) = user.filter(|_| is_right) else {
            self.failures.failed(client, now).map_err(SignInError::Throttled)?;
            return Err(SignInError::Wrong);
        };
        let text = SessionText(hex(&random));
        let expires = now.plus(Duration::from_secs(u64::from(SESSION_SECONDS)));
        store.create_session(NewSession { hash: text.hash(), user: user.id, now, expires }).await?;
        Ok(text)
    }

    /// Gives somebody who has signed in another password, and ends their other sessions.
    ///
    /// # Errors
    /// Any of [`ChangeError`].
    pub(crate) async fn change_password(
        &self,
        store: &dyn Store,
        visitor: &Visitor,
        change: PasswordChange<'_>,
    ) -> Result<(), ChangeError> {
        let PasswordChange { old, new, salt, client, now } = change;
        self.failures.check(&client, now).map_err(ChangeError::Throttled)?;
        // Otherwise whoever made a one-time password would go on knowing it.
        let is_same = old == new;
        let new = Password::chosen(new).map_err(ChangeError::New)?;
        let kept = Some(visitor.user.password_hash.clone());
        if !Password::typed(old).verify_in_turn(kept).await.map_err(ChangeError::New)? {
            self.failures.failed(client, now).map_err(ChangeError::Throttled)?;
            return Err(ChangeError::Wrong);
        }
        if is_same {
            return Err(ChangeError::Same);
        }
        let hash = new.hash_in_turn(salt).await.map_err(ChangeError::New)?;
        let new = NewPassword { hash, is_temporary: false, kept_session: Some(visitor.session) };
        Ok(store.set_password(visitor.user.id, new).await?)
    }
}

impl Visitor {
    /// Whose session the cookie of this name is, if it has not ended.
    pub(crate) async fn of_cookie(store: &dyn Store, text: &str, now: Millis) -> Result<Option<Visitor>, StoreError> {
        let session = SessionText(text.to_owned());
        let hash = session.hash();
        let Some(signed_in) = store.session(hash, now).await? else { return Ok(None) };
        let caller = Caller::member(signed_in.user.id, &signed_in.memberships);
        Ok(Some(Visitor { user: signed_in.user, caller, csrf: session.csrf(), session: hash }))
    }

    /// Whether a form holds what this session's forms hold. Hashes are compared: how long that takes says nothing of the token.
    pub(crate) fn is_csrf(&self, given: &str) -> bool {
        Sha256::digest(given) == Sha256::digest(&self.csrf)
    }

    /// Ends the session.
    pub(crate) async fn sign_out(&self, store: &dyn Store) -> Result<(), StoreError> {
        store.end_session(self.session).await
    }
}

impl SessionText {
    /// The text, for the cookie.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// Who knows this does not know the session's text.
    fn csrf(&self) -> String {
        let token: [u8; 32] = Sha256::new().chain_update(CSRF_PURPOSE).chain_update(&self.0).finalize().into();
        hex(&token)
    }
}

/// The value of a cookie.
pub(crate) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}
