//! The e-mail address by which somebody signs in.

/// The longest one, in characters.
pub const EMAIL_CHARACTERS_MAX: usize = 254;

/// A text that is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an e-mail address, such as ada@example.com")]
pub struct BadEmail;

/// The text, if it can be one. Whether mail arrives there is nobody's business: `admin@localhost` is one.
///
/// # Errors
/// If it is too long, has blanks or control characters, or nothing on a side of its last `@`.
pub fn email(text: &str) -> Result<String, BadEmail> {
    let is_legal = |letter: char| !letter.is_whitespace() && !letter.is_control();
    let (name, host) = text.rsplit_once('@').ok_or(BadEmail)?;
    let fits = !name.is_empty() && !host.is_empty() && text.chars().count() <= EMAIL_CHARACTERS_MAX;
    if fits && text.chars().all(is_legal) { Ok(text.to_owned()) } else { Err(BadEmail) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_two_sides_and_no_blanks() {
        for good in ["admin@localhost", "ada@example.com", "a@b@c"] {
            assert_eq!(email(good), Ok(good.to_owned()));
        }
        for bad in ["", "admin", "@localhost", "admin@", "a b@c", "a@b\n", &format!("{}@b", "a".repeat(300))] {
            assert_eq!(email(bad), Err(BadEmail), "{bad}");
        }
    }
}
