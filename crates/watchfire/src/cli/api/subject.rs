//! What calls are about: the project, its hooks, one hook, one delivery; and what is said where that is not there.

use std::fmt::Write as _;

use http::Method;
use serde_json::Value;

use super::answer::Answer;
use super::exchange::{Api, Streamed};
use crate::cli::failure::ApiError;
use crate::cli::report::tame;

/// The project of a command, and the way to it.
pub(in crate::cli) struct Project {
    api: Api,
    organization: String,
    slug: String,
}

/// A thing of the API: a path, and the words for where nothing is there.
pub(in crate::cli) struct Subject<'p> {
    project: &'p Project,
    path: String,
    /// Such as `hook 4f1c…`.
    name: String,
    /// What shows which there are.
    list: String,
}

impl Project {
    /// The project of these names.
    pub(super) fn new(api: Api, organization: String, slug: String) -> Project {
        Project { api, organization, slug }
    }

    /// The server, and where its URL is written, for error texts.
    pub(super) fn place(&self) -> &str {
        self.api.place()
    }

    /// The same server, and a project of these names.
    pub(super) fn named(self, organization: String, slug: String) -> Project {
        Project { organization, slug, ..self }
    }

    /// All projects of the server, whatever this one is.
    pub(super) fn every_project(&self) -> Subject<'_> {
        Subject {
            project: self,
            path: "/api/0/projects/".to_owned(),
            name: "list of projects".to_owned(),
            list: "watchfire hooks list".to_owned(),
        }
    }

    /// All hooks of the project.
    pub(in crate::cli) fn hooks(&self) -> Subject<'_> {
        let (organization, slug) = (escaped(&self.organization), escaped(&self.slug));
        Subject {
            project: self,
            path: format!("/api/0/projects/{organization}/{slug}/hooks/"),
            name: format!("project {self}"),
            list: "watchfire hooks list --project NAME".to_owned(),
        }
    }

    /// One hook.
    pub(in crate::cli) fn hook(&self, id: &str) -> Subject<'_> {
        let hooks = self.hooks();
        Subject {
            path: format!("{}{}/", hooks.path, escaped(id)),
            name: format!("hook {} in the project {self}", tame(id)),
            list: "watchfire hooks list".to_owned(),
            ..hooks
        }
    }

    /// One delivery of a hook.
    pub(in crate::cli) fn delivery(&self, hook: &str, id: &str) -> Subject<'_> {
        let of = self.hook(hook);
        Subject {
            path: format!("{}deliveries/{}/", of.path, escaped(id)),
            name: format!("delivery {} of the {}", tame(id), of.name),
            list: format!("watchfire deliveries list {}", tame(hook)),
            ..of
        }
    }

    /// One replay of a hook.
    pub(in crate::cli) fn replay(&self, hook: &str, id: &str) -> Subject<'_> {
        let of = self.hook(hook);
        Subject {
            path: format!("{}replays/{}/", of.path, escaped(id)),
            name: format!("replay {} of the {}", tame(id), of.name),
            list: format!("watchfire deliveries replays {}", tame(hook)),
            ..of
        }
    }
}

impl Subject<'_> {
    /// What is there.
    pub(in crate::cli) async fn get(&self, below: &str) -> Result<Answer, ApiError> {
        self.call(Method::GET, below, None).await
    }

    /// Does something with it.
    pub(in crate::cli) async fn post(&self, below: &str, body: &Value) -> Result<Answer, ApiError> {
        self.call(Method::POST, below, Some(body)).await
    }

    /// Changes it.
    pub(in crate::cli) async fn put(&self, body: &Value) -> Result<Answer, ApiError> {
        self.call(Method::PUT, "", Some(body)).await
    }

    /// Deletes it, or ends what is below.
    pub(in crate::cli) async fn delete(&self, below: &str) -> Result<Answer, ApiError> {
        self.call(Method::DELETE, below, None).await
    }

    /// What happens to it from now on.
    pub(in crate::cli) async fn live(&self) -> Result<Streamed, ApiError> {
        let streamed = self.project.api.stream(&format!("{}live/", self.path)).await;
        streamed.map_err(|error| self.named(error))
    }

    pub(super) async fn call(&self, method: Method, below: &str, body: Option<&Value>) -> Result<Answer, ApiError> {
        let called = self.project.api.call(method, &format!("{}{below}", self.path), body).await;
        called.map_err(|error| self.named(error))
    }

    /// Says what is not there.
    fn named(&self, error: ApiError) -> ApiError {
        match error {
            ApiError::NotFound { place } => {
                ApiError::Missing { name: self.name.clone(), place, list: self.list.clone() }
            }
            other => other,
        }
    }
}

impl std::fmt::Display for Project {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}/{}", tame(&self.organization), tame(&self.slug))
    }
}

/// A text as one part of a path, or as a value in a query.
pub(in crate::cli) fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            escaped.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
        escaped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_as_an_id_stays_one_part_of_the_path() {
        assert_eq!(escaped("4f1c/../x?y=é"), "4f1c%2F..%2Fx%3Fy%3D%C3%A9");
    }
}
