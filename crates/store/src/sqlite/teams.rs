//! Teams, and which projects are theirs. Deletes a team and leaves its projects.

use model::ids::{Millis, OrganizationId, ProjectId, TeamId};
use rusqlite::{Connection, Row, Transaction, params};

use super::rows::{collect, found, missing_or_taken, one, taken, touch};
use super::rules;
use crate::catalog::{Team, TeamChange};
use crate::error::StoreError;

/// The teams of an organization, newest first.
pub(super) fn of_organization(connection: &Connection, organization: OrganizationId) -> Result<Vec<Team>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select id, organization_id, slug, name, created_ms
         from team
         where organization_id = ?
         order by id desc",
    )?;
    collect(statement.query([organization.get()])?, team_of)
}

/// Makes a team.
pub(super) fn create(
    transaction: &Transaction<'_>,
    organization: OrganizationId,
    (slug, name): (String, String),
    now: Millis,
) -> Result<Team, StoreError> {
    transaction
        .execute(
            "insert into team (organization_id, slug, name, created_ms) values (?, ?, ?, ?)",
            params![organization.get(), slug, name, now.0],
        )
        .map_err(|error| missing_or_taken(error, "organization", "slug"))?;
    Ok(Team { id: TeamId::new(transaction.last_insert_rowid())?, organization, slug, name, created: now })
}

/// Changes a team.
pub(super) fn update(transaction: &Transaction<'_>, id: TeamId, change: &TeamChange) -> Result<Team, StoreError> {
    transaction
        .execute(
            "update team
             set slug = coalesce(?, slug), name = coalesce(?, name)
             where id = ?",
            params![change.slug, change.name, id.get()],
        )
        .map_err(|error| taken(error, "slug"))?;
    team(transaction, id)
}

/// Deletes a team. Its projects stay, without it, and so do its rules, without an owner.
pub(super) fn delete(transaction: &Transaction<'_>, id: TeamId) -> Result<(), StoreError> {
    let organization = team(transaction, id)?.organization;
    // A rule may belong to a team that its project does not.
    let mut statement =
        transaction.prepare_cached("select id from project where organization_id = ? and deleted = 0")?;
    for project in collect(statement.query([organization.get()])?, |row| Ok(ProjectId::new(row.get(0)?)?))? {
        rules::disown(transaction, project, id)?;
        touch(transaction, project)?;
    }
    transaction.execute("delete from project_team where team_id = ?", [id.get()])?;
    transaction.execute("delete from team where id = ?", [id.get()])?;
    Ok(())
}

/// Gives a project to a team of its organization. Nothing changes where the team has it already.
pub(super) fn give(transaction: &Transaction<'_>, id: TeamId, project: ProjectId) -> Result<(), StoreError> {
    touch(transaction, project)?;
    let is_team = transaction
        .prepare_cached(
            "select 1
             from team
             where id = ? and organization_id = (select organization_id from project where id = ?)",
        )?
        .exists([id.get(), project.get()])?;
    found(usize::from(is_team), "team")?;
    transaction.execute(
        "insert into project_team (project_id, team_id) values (?, ?) on conflict do nothing",
        [project.get(), id.get()],
    )?;
    Ok(())
}

/// Takes a project from a team, which may not have it. What of its rules was the team's has no owner then.
pub(super) fn take(transaction: &Transaction<'_>, id: TeamId, project: ProjectId) -> Result<(), StoreError> {
    touch(transaction, project)?;
    let taken = transaction
        .execute("delete from project_team where project_id = ? and team_id = ?", [project.get(), id.get()])?;
    if taken > 0 {
        rules::disown(transaction, project, id)?;
    }
    Ok(())
}

/// Takes a project that goes from all teams.
pub(super) fn take_from_all(transaction: &Transaction<'_>, project: ProjectId) -> Result<(), StoreError> {
    transaction.execute("delete from project_team where project_id = ?", [project.get()])?;
    Ok(())
}

fn team(transaction: &Transaction<'_>, id: TeamId) -> Result<Team, StoreError> {
    let mut statement =
        transaction.prepare_cached("select id, organization_id, slug, name, created_ms from team where id = ?")?;
    one(statement.query([id.get()])?, "team", team_of)
}

fn team_of(row: &Row<'_>) -> Result<Team, StoreError> {
    Ok(Team {
        id: TeamId::new(row.get(0)?)?,
        organization: OrganizationId::new(row.get(1)?)?,
        slug: row.get(2)?,
        name: row.get(3)?,
        created: Millis(row.get(4)?),
    })
}
