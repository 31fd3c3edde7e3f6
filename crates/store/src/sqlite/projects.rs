//! Organizations and projects. A deleted project keeps its row until nothing of it is left.

use model::ids::{Generation, Millis, OrganizationId, ProjectId, TeamId};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::rows::{collect, one, taken, touch, touch_directory};
use super::{keys, rules, teams};
use crate::catalog::{NewProject, Organization, Project, ProjectChange, ProjectKey};
use crate::error::StoreError;

const SELECT: &str = "select id, organization_id,
            (select json_group_array(team_id order by id) from project_team where project_id = project.id),
            slug, name, platform, scrub, allowed_domains, generation, created_ms
     from project";

/// Every organization, newest first.
pub(super) fn organizations(connection: &Connection) -> Result<Vec<Organization>, StoreError> {
    let mut statement =
        connection.prepare_cached("select id, slug, name, created_ms from organization order by id desc")?;
    collect(statement.query([])?, |row| {
        Ok(Organization {
            id: OrganizationId::new(row.get(0)?)?,
            slug: row.get(1)?,
            name: row.get(2)?,
            created: Millis(row.get(3)?),
        })
    })
}

/// Every project that is not deleted, newest first.
pub(super) fn all(connection: &Connection) -> Result<Vec<Project>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("{SELECT} where deleted = 0 order by id desc"))?;
    collect(statement.query([])?, project_of)
}

/// The present slug of the project that was called so before.
pub(super) fn former_slug(
    connection: &Connection,
    organization: OrganizationId,
    slug: &str,
) -> Result<Option<String>, StoreError> {
    let found = connection.query_row(
        "select p.slug from former_slug f
         join project p on p.id = f.project_id and p.deleted = 0
         where f.organization_id = ? and f.slug = ?",
        params![organization.get(), slug],
        |row| row.get(0),
    );
    Ok(found.optional()?)
}

/// Makes an organization with a team of the same slug.
pub(super) fn create_organization(
    transaction: &Transaction<'_>,
    slug: String,
    name: String,
    now: Millis,
) -> Result<Organization, StoreError> {
    transaction
        .execute("insert into organization (slug, name, created_ms) values (?, ?, ?)", params![slug, name, now.0])
        .map_err(|error| taken(error, "slug"))?;
    let id = OrganizationId::new(transaction.last_insert_rowid())?;
    transaction.execute(
        "insert into team (organization_id, slug, name, created_ms) values (?, ?, ?, ?)",
        params![id.get(), slug, name, now.0],
    )?;
    touch_directory(transaction)?;
    Ok(Organization { id, slug, name, created: now })
}

/// Makes a project of a team, with one key.
pub(super) fn create(transaction: &Transaction<'_>, new: &NewProject) -> Result<Project, StoreError> {
    transaction
        .execute(
            "insert into project (organization_id, slug, name, platform, created_ms) values (?, ?, ?, ?, ?)",
            params![new.organization.get(), new.slug, new.name, new.platform, new.now.0],
        )
        .map_err(|error| taken(error, "slug"))?;
    let id = ProjectId::new(transaction.last_insert_rowid())?;
    // A slug that somebody uses now is nobody's former slug.
    transaction.execute(
        "delete from former_slug where organization_id = ? and slug = ?",
        params![new.organization.get(), new.slug],
    )?;
    keys::insert(
        transaction,
        &ProjectKey {
            public: new.key,
            secret: new.key_secret,
            project: id,
            name: "Default".to_owned(),
            active: true,
            rate_limit: None,
            created: new.now,
        },
    )?;
    teams::give(transaction, new.team, id)?;
    project(transaction, id)
}

/// Changes a project, and remembers its old slug.
pub(super) fn update(
    transaction: &Transaction<'_>,
    id: ProjectId,
    change: &ProjectChange,
) -> Result<Project, StoreError> {
    let before = project(transaction, id)?;
    let platform = change.platform.clone().unwrap_or(before.platform);
    let domains = change.allowed_domains.as_ref().unwrap_or(&before.allowed_domains).join("\n");
    transaction
        .execute(
            "update project
             set slug = coalesce(?, slug), name = coalesce(?, name), platform = ?, scrub = coalesce(?, scrub),
                 allowed_domains = ?
             where id = ?",
            params![change.slug, change.name, platform, change.scrub, domains, id.get()],
        )
        .map_err(|error| taken(error, "slug"))?;
    if let Some(slug) = change.slug.as_ref().filter(|slug| **slug != before.slug) {
        let organization = before.organization.get();
        transaction
            .execute("delete from former_slug where organization_id = ? and slug = ?", params![organization, slug])?;
        transaction.execute(
            "insert or replace into former_slug (organization_id, slug, project_id) values (?, ?, ?)",
            params![organization, before.slug, id.get()],
        )?;
    }
    touch(transaction, id)?;
    project(transaction, id)
}

/// Gives a project to a team.
pub(super) fn add_team(transaction: &Transaction<'_>, id: ProjectId, team: TeamId) -> Result<Project, StoreError> {
    teams::give(transaction, team, id)?;
    project(transaction, id)
}

/// Takes a project from a team.
pub(super) fn remove_team(transaction: &Transaction<'_>, id: ProjectId, team: TeamId) -> Result<Project, StoreError> {
    teams::take(transaction, team, id)?;
    project(transaction, id)
}

/// Deletes a project with its keys, hooks and rules. Sweep deletes its events and its row.
pub(super) fn delete(transaction: &Transaction<'_>, id: ProjectId) -> Result<(), StoreError> {
    touch(transaction, id)?;
    transaction.execute("update project set deleted = 1 where id = ?", [id.get()])?;
    transaction.execute("delete from project_key where project_id = ?", [id.get()])?;
    transaction.execute("update hook set deleted = 1, active = 0 where project_id = ?", [id.get()])?;
    transaction.execute("delete from former_slug where project_id = ?", [id.get()])?;
    teams::take_from_all(transaction, id)?;
    rules::delete_of_project(transaction, id)
}

fn project(transaction: &Transaction<'_>, id: ProjectId) -> Result<Project, StoreError> {
    let mut statement = transaction.prepare_cached(&format!("{SELECT} where id = ? and deleted = 0"))?;
    one(statement.query([id.get()])?, "project", project_of)
}

fn project_of(row: &Row<'_>) -> Result<Project, StoreError> {
    let teams: String = row.get(2)?;
    let teams: Vec<i64> =
        serde_json::from_str(&teams).map_err(|_| StoreError::Damaged { what: "teams of a project" })?;
    let domains: String = row.get(7)?;
    Ok(Project {
        id: ProjectId::new(row.get(0)?)?,
        organization: OrganizationId::new(row.get(1)?)?,
        teams: teams.into_iter().map(TeamId::new).collect::<Result<_, _>>()?,
        slug: row.get(3)?,
        name: row.get(4)?,
        platform: row.get(5)?,
        scrub: row.get(6)?,
        allowed_domains: domains.lines().map(str::to_owned).collect(),
        generation: Generation(row.get(8)?),
        created: Millis(row.get(9)?),
    })
}
