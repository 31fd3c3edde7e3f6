//! API tokens of one's own: made, shown once, revoked.

use askama::Template;
use http::{Method, StatusCode};
use model::scope::{Scope, Scopes};
use serde::Deserialize;
use serde_json::json;

use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::links::{Links, part};
use crate::ui::page::{Page, Shown};
use crate::ui::refusal::Refusal;
use crate::ui::words::Moment;

const API: &str = "/api/0/api-tokens/";

/// What the page reads of a token.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    id: String,
    name: String,
    scopes: Vec<String>,
    date_created: String,
    token_last_characters: String,
    /// The text, of one that was just made.
    token: Option<String>,
}

/// A token's line.
struct Row {
    token: Token,
    made: Moment,
    revoke: String,
}

/// A box of the form.
struct Choice {
    scope: String,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "account/tokens.html")]
struct TokensPage<'p> {
    frame: Frame,
    rows: Vec<Row>,
    /// The one that was just made, whose text is never shown again.
    made: Option<Token>,
    /// The scopes to choose from, those of a family together.
    families: Vec<Vec<Choice>>,
    name: &'p str,
    refusal: Option<Refusal>,
}

impl Row {
    /// Its scopes, without those that others of them imply.
    fn highest_scopes(&self) -> Vec<&str> {
        let scopes = Scopes::from_names(self.token.scopes.iter().map(String::as_str));
        // What an earlier release knew is shown as it is.
        let known = |scopes: Scopes| scopes.highest().map(Scope::as_str).collect();
        scopes.map_or_else(|_| self.token.scopes.iter().map(String::as_str).collect(), known)
    }
}

impl Choice {
    fn family(&self) -> &str {
        self.scope.split(':').next().unwrap_or_default()
    }
}

/// Those that begin alike together.
fn families_of(choices: Vec<Choice>) -> Vec<Vec<Choice>> {
    let mut families: Vec<Vec<Choice>> = Vec::new();
    for choice in choices {
        match families.last_mut() {
            Some(family) if family[0].family() == choice.family() => family.push(choice),
            _ => families.push(vec![choice]),
        }
    }
    families
}

impl TokensPage<'_> {
    fn about(&self, field: &str) -> Option<String> {
        self.refusal.as_ref().and_then(|refusal| refusal.about(field))
    }

    fn about_all(&self) -> Option<String> {
        self.refusal.as_ref().and_then(|refusal| refusal.beside(&["name", "scopes"]))
    }
}

/// `GET /settings/account/api/auth-tokens/`
pub(super) async fn list(page: Page) -> Shown {
    let read = ["project:read".to_owned(), "event:read".to_owned(), "org:read".to_owned()];
    show(&page, StatusCode::OK, None, ("", &read), None).await
}

/// `POST /settings/account/api/auth-tokens/`. The answer is the page itself: a text that is shown once is in no address.
pub(super) async fn create(page: Page, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let (name, scopes) = (form.trimmed("name"), form.all("scopes"));
    let body = json!({"name": name, "scopes": scopes});
    match page.api().send::<Token>(Method::POST, API, &body).await? {
        Ok(made) => show(&page, StatusCode::OK, Some(made), ("", &[]), None).await,
        Err(refusal) => {
            let scopes: Vec<String> = scopes.into_iter().map(str::to_owned).collect();
            show(&page, StatusCode::BAD_REQUEST, None, (name, &scopes), Some(refusal)).await
        }
    }
}

/// `POST /settings/account/api/auth-tokens/{token}/revoke/`
pub(super) async fn revoke(page: Page<String>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let call = (Method::DELETE, API, json!({"tokenId": page.path}));
    page.act(call, page.ui.links.tokens(), Flash::TokenRevoked).await
}

async fn show(
    page: &Page,
    status: StatusCode,
    made: Option<Token>,
    (name, ticked): (&str, &[String]),
    refusal: Option<Refusal>,
) -> Shown {
    let tokens = page.api().list::<Token>(API).await?.items;
    let row = |token: Token| {
        let revoke = page.ui.links.at(&format!("{}{}/revoke/", Links::TOKENS, part(&token.id)));
        Row { made: page.moment(&token.date_created), revoke, token }
    };
    let own = Scope::ALL.iter().filter(|scope| page.visitor.caller.may(**scope)).map(|scope| scope.to_string());
    let choices: Vec<Choice> = own.map(|scope| Choice { is_ticked: ticked.contains(&scope), scope }).collect();
    let families = families_of(choices);
    let rows = tokens.into_iter().map(row).collect();
    let frame = page.frame(Here::Tokens).await?;
    page.show_with(status, &TokensPage { frame, rows, made, families, name, refusal })
}
