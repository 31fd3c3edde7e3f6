//! The account: who one is, and another password.

use askama::Template;
use http::{Extensions, StatusCode};

use crate::auth::{ChangeError, PasswordChange};
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;

#[derive(Template)]
#[template(path = "account/password.html")]
struct PasswordPage {
    frame: Frame,
    /// Somebody else has seen the present password.
    is_temporary: bool,
    /// What is wrong with the present password that was typed.
    old_complaint: Option<String>,
    new_complaint: Option<String>,
}

/// `GET /settings/account/`
pub(super) async fn show(page: Page) -> Shown {
    form(&page, StatusCode::OK, [None, None]).await
}

/// `POST /settings/account/`
pub(super) async fn change(page: Page, extensions: Extensions, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let new = form.text("new").unwrap_or_default();
    if form.text("again") != Some(new) {
        let complaint = "The two are not the same.".to_owned();
        return self::form(&page, StatusCode::UNPROCESSABLE_ENTITY, [None, Some(complaint)]).await;
    }
    let change = PasswordChange {
        old: form.text("old").unwrap_or_default(),
        new,
        salt: page.ui.state.random_bytes(),
        client: page.ui.state.client_of(&extensions, &page.headers),
        now: page.ui.state.clock.now(),
    };
    let changed = page.ui.sign_in.change_password(page.ui.state.store.as_ref(), &page.visitor, change).await;
    let (status, complaints) = match changed {
        Ok(()) => return page.done(page.ui.links.account(), Flash::PasswordChanged),
        Err(ChangeError::Store(error)) => return Err(Problem::Auth(error.into())),
        Err(refusal @ ChangeError::Throttled(_)) => (StatusCode::TOO_MANY_REQUESTS, [Some(refusal.to_string()), None]),
        Err(refusal @ ChangeError::Wrong) => (StatusCode::UNPROCESSABLE_ENTITY, [Some(refusal.to_string()), None]),
        Err(refusal @ (ChangeError::Same | ChangeError::New(_))) => {
            (StatusCode::UNPROCESSABLE_ENTITY, [None, Some(refusal.to_string())])
        }
    };
    self::form(&page, status, complaints).await
}

async fn form(page: &Page, status: StatusCode, complaints: [Option<String>; 2]) -> Shown {
    let frame = page.frame(Here::Account).await?;
    let [old_complaint, new_complaint] = complaints;
    let is_temporary = page.visitor.user.password_is_temporary;
    page.show_with(status, &PasswordPage { frame, is_temporary, old_complaint, new_complaint })
}
