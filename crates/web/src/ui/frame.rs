//! What is around a page: where one is, where one can go, who one is, and what was just done.

use http::{HeaderMap, HeaderValue};
use model::scope::Scope;
use serde::Deserialize;

use super::client::Client;
use super::cookie::set_cookie;
use super::links::Links;
use super::problem::Problem;
use super::theme::theme_name;
use crate::auth::{Visitor, cookie};

/// Everything that the layout shows.
pub(super) struct Frame {
    pub(super) links: Links,
    pub(super) theme: &'static str,
    pub(super) who: String,
    pub(super) csrf: String,
    pub(super) organization: Option<OrganizationName>,
    pub(super) organizations: Vec<OrganizationName>,
    pub(super) here: Here,
    pub(super) flash: Option<Flash>,
    /// Whether the person may change projects, hooks and rules.
    pub(super) may_write: bool,
    /// Whether the person may delete them.
    pub(super) may_delete: bool,
    /// Whether the person may delete issues.
    pub(super) may_delete_issues: bool,
    /// Whether the person may change members.
    pub(super) may_manage: bool,
}

/// What a frame is made from.
pub(super) struct Around<'p> {
    pub(super) api: &'p Client,
    pub(super) links: &'p Links,
    pub(super) visitor: &'p Visitor,
    pub(super) headers: &'p HeaderMap,
}

/// An organization as links name it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OrganizationName {
    pub(super) slug: String,
    pub(super) name: String,
    id: String,
}

/// Which part of the rail is the present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Here {
    Overview,
    Issues,
    Projects,
    Members,
    Account,
    Tokens,
    Nowhere,
}

/// A sentence for the next page. Kept in a cookie by its name, so that no address can make a page say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flash {
    Saved,
    HookCreated,
    HookDeleted,
    HookEnabled,
    HookDisabled,
    SecretRotated,
    RotationFinished,
    SentAgain,
    ReplayStarted,
    ReplayStopped,
    RuleCreated,
    RuleDeleted,
    RuleSnoozed,
    RuleUnsnoozed,
    ProjectCreated,
    ProjectDeleted,
    KeyCreated,
    KeyDeleted,
    MemberChanged,
    MemberRemoved,
    TokenRevoked,
    PasswordChanged,
    IssuesChanged,
    IssuesDeleted,
    TestEventSent,
}

impl Frame {
    /// What is around this page of this organization, or of the first one that the person is in.
    pub(super) async fn of(around: Around<'_>, organization: Option<&str>, here: Here) -> Result<Frame, Problem> {
        let Around { api, links, visitor, headers } = around;
        let organizations: Vec<OrganizationName> = api.list("/api/0/organizations/").await?.items;
        let organization = match organization {
            Some(slug) => organizations.iter().find(|known| known.slug == slug).cloned(),
            None => organizations.first().cloned(),
        };
        let caller = &visitor.caller;
        let here_caller = organization.as_ref().and_then(|found| caller.within(found.id.parse().ok()?));
        let may = |scope| here_caller.as_ref().is_some_and(|caller| caller.may(scope));
        Ok(Frame {
            links: links.clone(),
            theme: theme_name(headers),
            who: visitor.user.email.clone(),
            csrf: visitor.csrf.clone(),
            organization,
            organizations,
            here,
            flash: Flash::of(headers),
            may_write: may(Scope::ProjectWrite),
            may_delete: may(Scope::ProjectAdmin),
            may_delete_issues: may(Scope::EventAdmin),
            may_manage: may(Scope::MemberAdmin),
        })
    }

    /// The header that htmx sends with everything, as an attribute has it.
    pub(super) fn htmx_headers(&self) -> String {
        serde_json::json!({ super::csrf::HEADER: self.csrf }).to_string()
    }
}

impl Here {
    /// Whether the part of this name is the present one.
    pub(super) fn is(&self, name: &str) -> bool {
        let present = match self {
            Here::Overview => "overview",
            Here::Issues => "issues",
            Here::Projects => "projects",
            Here::Members => "members",
            Here::Account => "account",
            Here::Tokens => "tokens",
            Here::Nowhere => return false,
        };
        present == name
    }
}

impl Flash {
    const COOKIE: &str = "watchfire-flash";

    const ALL: [(Flash, &str, &str); 25] = [
        (Flash::Saved, "saved", "Changes saved."),
        (Flash::HookCreated, "hook-created", "Service hook created. Send a test to check it."),
        (Flash::HookDeleted, "hook-deleted", "Service hook deleted. What was still to be sent is cancelled."),
        (Flash::HookEnabled, "hook-enabled", "Service hook enabled."),
        (Flash::HookDisabled, "hook-disabled", "Service hook disabled. Nothing is sent to it."),
        (
            Flash::SecretRotated,
            "secret-rotated",
            "The new secret is in use. The old one is valid too until the overlap ends.",
        ),
        (Flash::RotationFinished, "rotation-finished", "The old secret is not valid any more."),
        (Flash::SentAgain, "sent-again", "The delivery is being sent again."),
        (Flash::ReplayStarted, "replay-started", "The replay has started."),
        (Flash::ReplayStopped, "replay-stopped", "The replay has stopped."),
        (Flash::RuleCreated, "rule-created", "Alert rule created."),
        (Flash::RuleDeleted, "rule-deleted", "Alert rule deleted."),
        (Flash::RuleSnoozed, "rule-snoozed", "The rule is silent until then."),
        (Flash::RuleUnsnoozed, "rule-unsnoozed", "The rule alerts again."),
        (Flash::ProjectCreated, "project-created", "Project created."),
        (Flash::ProjectDeleted, "project-deleted", "Project deleted."),
        (Flash::KeyCreated, "key-created", "Client key created."),
        (Flash::KeyDeleted, "key-deleted", "Client key deleted. Events that use it are refused."),
        (Flash::MemberChanged, "member-changed", "Role changed."),
        (Flash::MemberRemoved, "member-removed", "Member removed."),
        (Flash::TokenRevoked, "token-revoked", "Token revoked."),
        (Flash::PasswordChanged, "password-changed", "Password changed. You are signed out everywhere else."),
        (Flash::IssuesChanged, "issues-changed", "Issues updated."),
        (Flash::IssuesDeleted, "issues-deleted", "Issues deleted."),
        (Flash::TestEventSent, "test-event-sent", "The test event is recorded."),
    ];

    /// What the last page left to be said.
    pub(super) fn of(headers: &HeaderMap) -> Option<Flash> {
        let name = cookie(headers, Self::COOKIE)?;
        Self::ALL.iter().find(|(_, known, _)| *known == name).map(|(flash, _, _)| *flash)
    }

    /// The sentence.
    pub(super) fn text(&self) -> &'static str {
        Self::ALL.iter().find(|(flash, _, _)| flash == self).map_or("", |(_, _, text)| text)
    }

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(flash, _, _)| *flash == self).map_or("", |(_, name, _)| name)
    }

    /// The cookie that keeps it for the next page.
    pub(super) fn remembered(self, links: &Links) -> HeaderValue {
        set_cookie(Self::COOKIE, self.name(), 60, links)
    }

    /// The cookie that forgets it.
    pub(super) fn forgotten(links: &Links) -> HeaderValue {
        set_cookie(Self::COOKIE, "", 0, links)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_has_a_name_of_its_own() {
        for (flash, name, text) in Flash::ALL {
            assert_eq!((flash.name(), flash.text()), (name, text));
        }
    }
}
