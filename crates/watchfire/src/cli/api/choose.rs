//! Which project a command is about, where not both names are given: the only one that fits.

use std::fmt::Write as _;

use serde::Deserialize;

use super::exchange::Api;
use super::pages::Item;
use super::subject::Project;
use crate::cli::failure::ApiError;
use crate::cli::report::tame;

/// Projects that an error text lists at most; it says how many there are beside them.
const LISTED_PROJECTS: usize = 20;

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

/// The project of these names; the only one that fits where not both are given.
pub(super) async fn choose(api: Api, organization: Option<String>, slug: Option<String>) -> Result<Project, ApiError> {
    let (organization, slug) = match (organization, slug) {
        (Some(organization), Some(slug)) => return Ok(Project::new(api, organization, slug)),
        names => names,
    };
    let nowhere = Project::new(api, String::new(), String::new());
    let listed = nowhere.every_project().list("", "", usize::MAX).await?;
    let projects = listed.items.iter().map(Item::read).collect::<Result<Vec<Listed>, _>>()?;
    let (organization, slug) = only_one(projects, organization.as_deref(), slug.as_deref(), nowhere.place())?;
    Ok(nowhere.named(organization, slug))
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
}
