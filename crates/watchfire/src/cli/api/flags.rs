//! Where the server is, who asks, and which project it is about: the flags that every command over the API has.

use std::convert::Infallible;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use http::HeaderValue;

use super::choose::choose;
use super::exchange::{Api, Credential};
use super::subject::Project;
use crate::cli::connect::TrustFlags;
use crate::cli::failure::{ApiError, Failure};
use crate::config::{BaseUrl, Origin, Origins, base_url};

/// What is read of a token's file at most.
const TOKEN_FILE_MAX_BYTES: u64 = 4096;

/// Where, who, what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
pub(in crate::cli) struct ServerFlags {
    /// URL of the Watchfire: the same that people and SDKs reach it under
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9000", value_parser = base_url)]
    url: BaseUrl,
    /// API token. Better in the variable than here, where other users of this machine can read it
    #[arg(long, value_name = "TOKEN", hide_default_value = true, conflicts_with = "token_file")]
    token: Option<Token>,
    /// File with the API token
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Organization of the project; needed only where there are several
    #[arg(long, value_name = "ORG")]
    org: Option<String>,
    /// Project, by its slug or id; needed only where there are several
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    #[command(flatten)]
    trust: TrustFlags,
}

/// A token as it is written. Its text is in no output and no log.
#[derive(Clone)]
pub(super) struct Token(String);

impl ServerFlags {
    /// The project that the command is about.
    pub(in crate::cli) async fn project(self, origins: &Origins) -> Result<Project, Failure> {
        let (token, place) = token(self.token, self.token_file, origins)?;
        let authorization = authorization(&token, &place)?;
        let trust = self.trust.read()?;
        let api = Api::new(&self.url, origins.of("url"), Credential { authorization, place }, trust);
        Ok(choose(api, self.org, self.project).await?)
    }
}

/// The token, and where it is written. Of a token and a file the one that was written nearer to the command counts.
fn token(given: Option<Token>, file: Option<PathBuf>, origins: &Origins) -> Result<(Token, String), Failure> {
    let (of_token, of_file) = (origins.of("token"), origins.of("token-file"));
    match (given, file) {
        (Some(token), file) if file.is_none() || distance(of_token) < distance(of_file) => {
            Ok((token, of_token.to_string()))
        }
        (_, Some(path)) => Ok((read(&path)?, path.display().to_string())),
        (_, None) => Err(ApiError::NoToken.into()),
    }
}

fn distance(origin: &Origin) -> u8 {
    match origin {
        Origin::Flag(_) => 0,
        Origin::Environment(_) => 1,
        Origin::File { .. } => 2,
        Origin::Default => 3,
    }
}

fn read(path: &Path) -> Result<Token, Failure> {
    let failed = |source| Failure::File { doing: "read the token in", path: path.to_owned(), source };
    let mut text = Vec::new();
    File::open(path).map_err(failed)?.take(TOKEN_FILE_MAX_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
    let is_small = text.len() as u64 <= TOKEN_FILE_MAX_BYTES;
    let text = String::from_utf8(text).ok().filter(|_| is_small);
    let text = text.ok_or_else(|| ApiError::BadToken { place: path.display().to_string() })?;
    Ok(Token(text.trim().to_owned()))
}

fn authorization(token: &Token, place: &str) -> Result<HeaderValue, ApiError> {
    let bad = || ApiError::BadToken { place: place.to_owned() };
    let is_one_word = !token.0.is_empty() && token.0.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::from_str(&format!("Bearer {}", token.0)).ok().filter(|_| is_one_word);
    let mut value = value.ok_or_else(bad)?;
    value.set_sensitive(true);
    Ok(value)
}

impl FromStr for Token {
    type Err = Infallible;

    /// Whatever is no token is refused later, in words that do not repeat it.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Token(text.trim().to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins(of_token: Origin, of_file: Origin) -> Origins {
        [("token".to_owned(), of_token), ("token-file".to_owned(), of_file)].into_iter().collect()
    }

    fn in_file() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "of-file\n").unwrap();
        file
    }

    #[test]
    fn of_token_and_file_the_nearer_one_counts() {
        let file = in_file();
        let path = Some(file.path().to_owned());
        let flag = |name: &str| Origin::Flag(name.to_owned());
        let variable = |name: &str| Origin::Environment(name.to_owned());
        let taken = |origins: &Origins| token(Some(Token("given".to_owned())), path.clone(), origins).unwrap().0.0;
        assert_eq!(taken(&origins(variable("WATCHFIRE_TOKEN"), flag("token-file"))), "of-file");
        assert_eq!(taken(&origins(flag("token"), variable("WATCHFIRE_TOKEN_FILE"))), "given");
        let config = Origin::File { path: "watchfire.toml".into(), line: 3 };
        assert_eq!(taken(&origins(variable("WATCHFIRE_TOKEN"), config)), "given");
        assert!(matches!(token(None, None, &Origins::default()), Err(Failure::Api(ApiError::NoToken))));
    }

    #[test]
    fn a_token_is_one_word_and_what_is_none_is_not_repeated() {
        for text in ["", "two words", "se\ncret", "sécret"] {
            let refusal = authorization(&Token(text.to_owned()), "--token").unwrap_err().to_string();
            assert!(refusal.contains("--token") && (text.is_empty() || !refusal.contains(text)), "{refusal}");
        }
        assert_eq!(authorization(&Token("sntryu_1".to_owned()), "--token").unwrap(), "Bearer sntryu_1");
        assert_eq!(format!("{:?}", Token("sntryu_1".to_owned())), "Token");
    }
}
