//! Light or dark: as the system says, or as the person chose here.

use std::str::FromStr;

use http::{HeaderMap, HeaderValue};

use super::cookie::set_cookie;
use super::links::Links;
use crate::auth;

/// What a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// Where the choice is kept: for a year, in the browser alone.
    const COOKIE: &str = "watchfire-theme";
    const KEPT_SECONDS: u32 = 365 * 86_400;

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }
}

impl FromStr for Theme {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.as_str() == text).ok_or(())
    }
}

/// The cookie that keeps a choice; `None` goes with the system again.
pub(super) fn cookie(theme: Option<Theme>, links: &Links) -> HeaderValue {
    let (value, age_seconds) = theme.map_or(("", 0), |theme| (theme.as_str(), Theme::KEPT_SECONDS));
    set_cookie(Theme::COOKIE, value, age_seconds, links)
}

/// The name of the theme that the person chose; empty where the system decides.
pub(super) fn theme_name(headers: &HeaderMap) -> &'static str {
    let chosen = auth::cookie(headers, Theme::COOKIE).and_then(|value| value.parse::<Theme>().ok());
    chosen.map(Theme::as_str).unwrap_or_default()
}
