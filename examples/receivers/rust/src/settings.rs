//! What the environment says: the secrets, how signatures are checked and explained, the port.

use std::env;

use webhook::doctor::Doctor;
use webhook::headers::{self, HeaderName};
use webhook::{BadSecret, Secret, Signer};

use crate::explain::Explainer;

const PORT_DEFAULT: u16 = 9100;

/// All of it.
pub struct Settings {
    pub(crate) hook: Hook,
    pub(crate) port: u16,
}

/// What is known of the hook that sends.
pub(crate) struct Hook {
    /// One for each secret: two while it is rotated.
    pub(crate) signers: Vec<Signer>,
    pub(crate) scheme: Scheme,
    /// Where it is asked for.
    pub(crate) explainer: Option<Explainer>,
}

/// Which signature is checked.
#[derive(Clone, Copy)]
pub(crate) enum Scheme {
    /// `X-Sentry-Hook-Signature`.
    Hex,
    /// That of Standard Webhooks.
    Standard,
}

/// What cannot be meant.
#[derive(Debug)]
pub enum BadSetting {
    /// There is none in `WATCHFIRE_SECRET`.
    NoSecret,
    /// What is in `WATCHFIRE_SECRET` is none.
    Secret(BadSecret),
    /// `WATCHFIRE_VERIFY` is neither of the two.
    Scheme,
    /// `WATCHFIRE_EXPLAIN` is neither of the two.
    Explain,
    /// `PORT` is none.
    Port,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// A variable with a value that cannot be meant, or no secret.
    pub fn of_environment() -> Result<Settings, BadSetting> {
        let texts = env::var("WATCHFIRE_SECRET").map_err(|_| BadSetting::NoSecret)?;
        let secrets: Result<Vec<Secret>, _> = texts.split_whitespace().map(str::parse).collect();
        let secrets = secrets.map_err(BadSetting::Secret)?;
        let scheme = match env::var("WATCHFIRE_VERIFY").as_deref() {
            Err(_) | Ok("hex") => Scheme::Hex,
            Ok("standard") => Scheme::Standard,
            Ok(_) => return Err(BadSetting::Scheme),
        };
        let is_explained = match env::var("WATCHFIRE_EXPLAIN").as_deref() {
            Err(_) | Ok("false") => false,
            Ok("true") => true,
            Ok(_) => return Err(BadSetting::Explain),
        };
        let port = match env::var("PORT") {
            Ok(text) => text.parse().map_err(|_| BadSetting::Port)?,
            Err(_) => PORT_DEFAULT,
        };
        let mut doctor = Doctor::new(secrets.first().ok_or(BadSetting::NoSecret)?);
        if let Some(previous) = secrets.get(1) {
            doctor = doctor.with_overlapping(previous);
        }
        let explainer = is_explained.then(|| Explainer::new(doctor, scheme.signature()));
        let hook = Hook { signers: secrets.iter().map(Signer::new).collect(), scheme, explainer };
        Ok(Settings { hook, port })
    }
}

impl Scheme {
    /// The header that is checked.
    pub(crate) fn signature(self) -> HeaderName {
        match self {
            Scheme::Hex => headers::SIGNATURE,
            Scheme::Standard => headers::WEBHOOK_SIGNATURE,
        }
    }

    /// The header that names the delivery. In the standard scheme it is signed too.
    pub(crate) fn delivery(self) -> HeaderName {
        match self {
            Scheme::Hex => headers::DELIVERY,
            Scheme::Standard => headers::WEBHOOK_ID,
        }
    }
}

impl std::fmt::Display for BadSetting {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            BadSetting::NoSecret => out.write_str("WATCHFIRE_SECRET must hold the hook's `secret`: 64 hex digits"),
            BadSetting::Secret(error) => write!(out, "WATCHFIRE_SECRET must hold the hook's `secret`: {error}"),
            BadSetting::Scheme => out.write_str("WATCHFIRE_VERIFY must be hex or standard"),
            BadSetting::Explain => out.write_str("WATCHFIRE_EXPLAIN must be true or false"),
            BadSetting::Port => out.write_str("PORT must be a number up to 65535"),
        }
    }
}

impl std::error::Error for BadSetting {}
