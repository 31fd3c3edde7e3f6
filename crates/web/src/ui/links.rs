//! Where each page is. The only place that writes a path of the UI: templates and redirects ask here.

use std::fmt::Display;

use http::header::REFERER;
use http::{HeaderMap, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::Serializer;
use url::{Position, Url};

use super::assets;

/// What a part of a path may hold as it is.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where people reach this Watchfire.
#[derive(Debug, Clone)]
pub(super) struct Links {
    /// Before every path: empty, or the path under which a proxy has us.
    root: String,
    is_https: bool,
}

/// A part of a path, with everything encoded that would end it.
pub(super) fn part(text: impl Display) -> String {
    utf8_percent_encode(&text.to_string(), PART).to_string()
}

impl Links {
    /// Under this origin and path.
    pub(super) fn under(base_url: &str) -> Self {
        let url = Url::parse(base_url).ok();
        let root = url.as_ref().map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        Links { root, is_https: url.is_some_and(|url| url.scheme() == "https") }
    }

    pub(super) const ACCOUNT: &str = "/settings/account/";
    pub(super) const TOKENS: &str = "/settings/account/api/auth-tokens/";
    pub(super) const SIGN_OUT: &str = "/auth/logout/";
    pub(super) const THEME: &str = "/auth/theme/";
    /// In the query of the sign-in, where a form was not taken.
    pub(super) const LOST: &str = "lost";

    /// The cookie that keeps a session. Browsers take the prefix over https only, and from this host alone.
    pub(super) fn session_cookie(&self) -> &'static str {
        if self.is_https { "__Host-watchfire" } else { "watchfire" }
    }

    /// A path and query of ours to go on to; home for anything else. What stands in an address may be anybody's words.
    pub(super) fn own(&self, next: &str) -> String {
        let is_own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\t', '\r', '\n']);
        // The path that browsers make of it: one that names a host has another origin.
        let here = Url::parse("http://here.invalid/").ok();
        let there = here.as_ref().and_then(|here| here.join(next).ok());
        match (here, there) {
            (Some(here), Some(there)) if is_own && there.origin() == here.origin() => self.at(next),
            _ => self.home(),
        }
    }

    /// Whether people come over https.
    pub(super) fn is_https(&self) -> bool {
        self.is_https
    }

    /// A path of ours as a browser has to ask for it.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// The path of ours that the browser says it came from: for [`Links::own`], since a browser says what it likes.
    pub(super) fn came_from(&self, headers: &HeaderMap) -> Option<String> {
        let page = Url::parse(headers.get(REFERER)?.to_str().ok()?).ok()?;
        page[Position::BeforePath..Position::AfterQuery].strip_prefix(&self.root).map(str::to_owned)
    }

    pub(super) fn home(&self) -> String {
        self.at("/")
    }

    pub(super) fn sign_in(&self) -> String {
        self.at("/auth/login/")
    }

    /// To the sign-in, and afterwards to this path of ours.
    pub(super) fn sign_in_and_then(&self, next: Option<&str>) -> String {
        let query = next.map(|next| Serializer::for_suffix("?".to_owned(), 1).append_pair("next", next).finish());
        format!("{}{}", self.sign_in(), query.unwrap_or_default())
    }

    /// The same for somebody whose form came too late: the sign-in says that nothing was done.
    pub(super) fn sign_in_after_loss(&self, next: Option<&str>) -> String {
        let there = self.sign_in_and_then(next);
        let joint = if there.contains('?') { '&' } else { '?' };
        format!("{there}{joint}{}=yes", Self::LOST)
    }

    /// A page of a project that has another slug by now, where the path is one.
    pub(super) fn of_renamed(&self, uri: &Uri, slug: &str) -> Option<String> {
        let parts: Vec<&str> = uri.path().splitn(6, '/').collect();
        let ["", "settings", organization, "projects", _, page] = parts[..] else { return None };
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        Some(self.at(&format!("/settings/{organization}/projects/{}/{page}{query}", part(slug))))
    }

    /// What a page loads.
    pub(super) fn asset(&self, name: &str) -> String {
        self.at(&assets::path(name))
    }

    pub(super) fn sign_out(&self) -> String {
        self.at(Self::SIGN_OUT)
    }

    pub(super) fn theme(&self) -> String {
        self.at(Self::THEME)
    }

    pub(super) fn organization(&self, organization: &str) -> Place {
        Place(self.at(&format!("/organizations/{}/", part(organization))))
    }

    pub(super) fn settings(&self, organization: &str) -> Place {
        Place(self.at(&format!("/settings/{}/", part(organization))))
    }

    pub(super) fn project(&self, organization: &str, project: &str) -> Place {
        Place(self.at(&format!("/settings/{}/projects/{}/", part(organization), part(project))))
    }

    pub(super) fn account(&self) -> String {
        self.at(Self::ACCOUNT)
    }

    pub(super) fn tokens(&self) -> String {
        self.at(Self::TOKENS)
    }
}

/// A page with pages below it.
#[derive(Debug, Clone)]
pub(super) struct Place(String);

impl Place {
    /// The page of that name below this one.
    pub(super) fn to(&self, name: &str) -> Place {
        Place(format!("{}{}/", self.0, part(name)))
    }

    /// One of many below this one: `hooks`, and a hook's id.
    pub(super) fn one(&self, kind: &str, id: impl Display) -> Place {
        Place(format!("{}{}/{}/", self.0, part(kind), part(id)))
    }
}

impl Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_our_own_are_gone_on_to() {
        let links = Links::under("https://watch.example/fire");
        assert_eq!(links.own("/settings/account/?a=b#c"), "/fire/settings/account/?a=b#c");
        for foreign in [
            "",
            "//evil.example/",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
        ] {
            assert_eq!(links.own(foreign), "/fire/", "{foreign}");
        }
    }

    #[test]
    fn links_lie_under_the_path_that_people_use_and_no_part_ends_another() {
        let links = Links::under("https://watch.example/fire");
        assert_eq!(
            links.project("my-org", "a/b?c").one("hooks", 7).to_string(),
            "/fire/settings/my-org/projects/a%2Fb%3Fc/hooks/7/"
        );
        assert_eq!(Links::under("http://localhost:9000").home(), "/");
        assert!(links.is_https());
    }

    #[test]
    fn a_page_of_a_renamed_project_keeps_the_rest_of_its_address() {
        let links = Links::under("https://watch.example/fire");
        let moved = |path: &'static str| links.of_renamed(&Uri::from_static(path), "new");
        let page = moved("/settings/projects/projects/old/hooks/7/?a=b").unwrap();
        assert_eq!(page, "/fire/settings/projects/projects/new/hooks/7/?a=b");
        assert_eq!(moved("/organizations/my-org/projects/old/"), None);
    }
}
