//! What calls are about: the project, its hooks, one hook, one delivery; and what is said where that is not there.

use std::fmt::Write as _;

use http::Method;
use serde::Deserialize;
use serde_json::Value;

use super::answer::Answer;
use super::exchange::{Api, Streamed};
use crate::cli::failure::ApiError;
use crate::cli::report::tame;

/// Projects that an error text lists at most; it says how many there are beside them.
const LISTED_PROJECTS: usize = 20;

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

/// A project as the API lists it.
#[derive(Deserialize)]
struct Listed {
    id: String,
    slug: String,
    organization: ListedOrganization,
}

#[derive(Deserialize)]
struct ListedOrganization {
    id: String,
    slug: String,
}

impl Project {
    /// The project of these names; the only one that fits where not both are given.
    pub(super) async fn find(
        api: Api,
        organization: Option<String>,
        slug: Option<String>,
    ) -> Result<Project, ApiError> {
        if let (Some(organization), Some(slug)) = (&organization, &slug) {
            return Ok(Project { organization: organization.clone(), slug: slug.clone(), api });
        }
        // Looked up without a project: only the path counts.
        let nowhere = Project { api, organization: String::new(), slug: String::new() };
        let every = Subject {
            project: &nowhere,
            path: "/api/0/projects/".to_owned(),
            name: "list of projects".to_owned(),
            list: "watchfire hooks list".to_owned(),
        };
        let listed = every.list("", "", usize::MAX).await?;
        let projects = listed.items.iter().map(super::Item::read).collect::<Result<Vec<Listed>, _>>()?;
        let (organization, slug) = only_one(projects, organization.as_deref(), slug.as_deref(), nowhere.api.place())?;
        Ok(Project { organization, slug, ..nowhere })
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

/// The one project that the given names leave.
fn only_one(
    projects: Vec<Listed>,
    organization: Option<&str>,
    slug: Option<&str>,
    place: &str,
) -> Result<(String, String), ApiError> {
    let is = |wanted: Option<&str>, names: [&str; 2]| wanted.is_none_or(|wanted| names.contains(&wanted));
    let fits = |project: &&Listed| {
        let of = &project.organization;
        is(organization, [&of.id, &of.slug]) && is(slug, [&project.id, &project.slug])
    };
    let fitting: Vec<&Listed> = projects.iter().filter(fits).collect();
    match fitting[..] {
        [only] => Ok((only.organization.slug.clone(), only.slug.clone())),
        [] if projects.is_empty() => Err(ApiError::NoProject { place: place.to_owned() }),
        [] => Err(ApiError::OtherProjects { projects: listed(&projects.iter().collect::<Vec<_>>()) }),
        _ => Err(ApiError::SeveralProjects { projects: listed(&fitting) }),
    }
}

fn listed(projects: &[&Listed]) -> String {
    let name = |project: &&Listed| tame(&format!("{}/{}", project.organization.slug, project.slug));
    let mut text = projects.iter().take(LISTED_PROJECTS).map(name).collect::<Vec<_>>().join(", ");
    if let Some(others) = projects.len().checked_sub(LISTED_PROJECTS).filter(|others| *others > 0) {
        // Writing to a String cannot fail.
        let _ = write!(text, " and {others} others");
    }
    text
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

    fn projects(names: &[&str]) -> Vec<Listed> {
        let one = |(index, name): (usize, &&str)| {
            let (organization, slug) = name.split_once('/').unwrap();
            let organization = ListedOrganization { id: "1".to_owned(), slug: organization.to_owned() };
            Listed { id: (index + 1).to_string(), slug: slug.to_owned(), organization }
        };
        names.iter().enumerate().map(one).collect()
    }

    fn chosen(names: &[&str], organization: Option<&str>, slug: Option<&str>) -> Result<String, String> {
        let chosen = only_one(projects(names), organization, slug, "http://w");
        chosen.map(|(organization, slug)| format!("{organization}/{slug}")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_only_project_need_not_be_named_and_of_several_one_must_be() {
        assert_eq!(chosen(&["a/web"], None, None), Ok("a/web".to_owned()));
        assert_eq!(chosen(&["a/web", "b/app"], Some("b"), None), Ok("b/app".to_owned()));
        assert_eq!(chosen(&["a/web", "b/app"], None, Some("1")), Ok("a/web".to_owned()));
        let several = chosen(&["a/web", "b/web", "b/app"], None, Some("web")).unwrap_err();
        assert!(several.contains("a/web, b/web") && !several.contains("b/app"), "{several}");
        let other = chosen(&["a/web"], None, Some("wbe")).unwrap_err();
        assert!(other.contains("a/web") && other.contains("--project"), "{other}");
        assert!(chosen(&[], None, None).unwrap_err().contains("no project"));
    }

    #[test]
    fn many_projects_are_counted_beyond_the_first_ones() {
        let names: Vec<String> = (0..25).map(|number| format!("a/p{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let text = chosen(&names, None, None).unwrap_err();
        assert!(text.contains("a/p19 and 5 others"), "{text}");
    }

    #[test]
    fn what_is_given_as_an_id_stays_one_part_of_the_path() {
        assert_eq!(escaped("4f1c/../x?y=é"), "4f1c%2F..%2Fx%3Fy%3D%C3%A9");
    }
}
