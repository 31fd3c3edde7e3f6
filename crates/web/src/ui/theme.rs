//! Light or dark: as the system says, or as the person chose here.

use std::str::FromStr;

use http::HeaderMap;

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
    pub(super) const COOKIE: &str = "watchfire-theme";

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
pub(super) fn cookie(theme: Option<Theme>, links: &Links) -> String {
    let (value, age) = theme.map_or(("", 0), |theme| (theme.as_str(), 31_536_000));
    let secure = if links.is_https() { "; Secure" } else { "" };
    format!("{}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}", Theme::COOKIE)
}

/// The name of the theme that the person chose; empty where the system decides.
pub(super) fn theme_name(headers: &HeaderMap) -> &'static str {
    let chosen = auth::cookie(headers, Theme::COOKIE).and_then(|value| value.parse::<Theme>().ok());
    chosen.map(Theme::as_str).unwrap_or_default()
}
