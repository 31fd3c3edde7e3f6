//! [`Catalog`] on SQLite: organizations, teams, projects and keys; hooks are in `hooks`, tokens and users in `tokens`.
//!
//! Every change to what the directory holds calls [`touch`]: it moves the directory's version, and the project's generation.

use async_trait::async_trait;
use model::ids::{Generation, HookGuid, Millis, OrganizationId, ProjectId, TeamId, TokenId, UserId};
use protocol::PublicKey;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{Sqlite, hooks, tokens};
use crate::catalog::{
    Catalog, DirectoryRows, Hook, HookChange, KeyChange, NewHook, NewProject, NewToken, Organization, Project,
    ProjectChange, ProjectKey, Team, Token, User,
};
use crate::error::StoreError;

#[async_trait]
impl Catalog for Sqlite {
    async fn directory(&self) -> Result<DirectoryRows, StoreError> {
        self.read(directory).await
    }

    async fn directory_version(&self) -> Result<i64, StoreError> {
        self.read(directory_version).await
    }

    async fn base_url(&self) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let url = connection.query_row("select value from meta where name = 'base_url'", [], |row| row.get(0));
            Ok(url.optional()?)
        })
        .await
    }

    async fn set_base_url(&self, url: String) -> Result<(), StoreError> {
        self.write(move |transaction| {
            transaction.execute(
                "insert into meta (name, value) values ('base_url', ?1) on conflict do update set value = ?1",
                [url],
            )?;
            Ok(())
        })
        .await
    }

    async fn create_organization(&self, slug: String, name: String, now: Millis) -> Result<Organization, StoreError> {
        self.write(move |transaction| create_organization(transaction, slug, name, now)).await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.read(organizations).await
    }

    async fn teams(&self, organization: OrganizationId) -> Result<Vec<Team>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "select id, organization_id, slug, name, created_ms from team where organization_id = ? order by id desc",
            )?;
            collect(statement.query([organization.get()])?, team_of)
        })
        .await
    }

    async fn create_team(
        &self,
        organization: OrganizationId,
        slug: String,
        name: String,
        now: Millis,
    ) -> Result<Team, StoreError> {
        self.write(move |transaction| {
            transaction
                .execute(
                    "insert into team (organization_id, slug, name, created_ms) values (?, ?, ?, ?)",
                    params![organization.get(), slug, name, now.0],
                )
                .map_err(|error| taken(error, "slug"))?;
            Ok(Team { id: TeamId::new(transaction.last_insert_rowid())?, organization, slug, name, created: now })
        })
        .await
    }

    async fn create_project(&self, project: NewProject) -> Result<Project, StoreError> {
        self.write(move |transaction| create_project(transaction, &project)).await
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        self.read(projects).await
    }

    async fn former_slug(&self, organization: OrganizationId, slug: String) -> Result<Option<String>, StoreError> {
        self.read(move |connection| {
            let found = connection.query_row(
                "select p.slug from former_slug f
                 join project p on p.id = f.project_id and p.deleted_ms is null
                 where f.organization_id = ? and f.slug = ?",
                params![organization.get(), slug],
                |row| row.get(0),
            );
            Ok(found.optional()?)
        })
        .await
    }

    async fn update_project(&self, project: ProjectId, change: ProjectChange) -> Result<Project, StoreError> {
        self.write(move |transaction| update_project(transaction, project, &change)).await
    }

    async fn delete_project(&self, project: ProjectId) -> Result<(), StoreError> {
        self.write(move |transaction| delete_project(transaction, project)).await
    }

    async fn keys(&self, project: ProjectId) -> Result<Vec<ProjectKey>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection
                .prepare_cached(&format!("{SELECT_KEY} where project_id = ? order by created_ms desc, public"))?;
            collect(statement.query([project.get()])?, key_of)
        })
        .await
    }

    async fn create_key(&self, key: ProjectKey) -> Result<ProjectKey, StoreError> {
        self.write(move |transaction| {
            insert_key(transaction, &key)?;
            touch(transaction, key.project)?;
            Ok(key)
        })
        .await
    }

    async fn update_key(
        &self,
        project: ProjectId,
        key: PublicKey,
        change: KeyChange,
    ) -> Result<ProjectKey, StoreError> {
        self.write(move |transaction| {
            let changed = transaction.execute(
                "update project_key set name = coalesce(?, name), active = coalesce(?, active)
                 where project_id = ? and public = ?",
                params![change.name, change.active, project.get(), key.0],
            )?;
            found(changed, "key")?;
            touch(transaction, project)?;
            let mut statement = transaction.prepare_cached(&format!("{SELECT_KEY} where public = ?"))?;
            let mut rows = statement.query([key.0])?;
            key_of(rows.next()?.ok_or(StoreError::Missing { what: "key" })?)
        })
        .await
    }

    async fn delete_key(&self, project: ProjectId, key: PublicKey) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let deleted = transaction.execute(
                "delete from project_key where project_id = ? and public = ?",
                params![project.get(), key.0],
            )?;
            found(deleted, "key")?;
            touch(transaction, project)
        })
        .await
    }

    async fn hooks(&self, project: ProjectId) -> Result<Vec<Hook>, StoreError> {
        self.read(move |connection| hooks::of_project(connection, project)).await
    }

    async fn create_hook(&self, hook: NewHook) -> Result<Hook, StoreError> {
        self.write(move |transaction| hooks::create(transaction, hook)).await
    }

    async fn update_hook(&self, project: ProjectId, guid: HookGuid, change: HookChange) -> Result<Hook, StoreError> {
        self.write(move |transaction| hooks::update(transaction, (project, guid), &change)).await
    }

    async fn delete_hook(&self, project: ProjectId, guid: HookGuid) -> Result<(), StoreError> {
        self.write(move |transaction| hooks::delete(transaction, (project, guid))).await
    }

    async fn create_token(&self, token: NewToken) -> Result<Token, StoreError> {
        self.write(move |transaction| tokens::create(transaction, token)).await
    }

    async fn token_by_hash(&self, hash: [u8; 32]) -> Result<Option<Token>, StoreError> {
        self.read(move |connection| tokens::by_hash(connection, hash)).await
    }

    async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.read(tokens::all).await
    }

    async fn revoke_token(&self, token: TokenId) -> Result<(), StoreError> {
        self.write(move |transaction| {
            found(transaction.execute("delete from token where id = ?", [token.get()])?, "token")
        })
        .await
    }

    async fn create_user(&self, email: String, password_hash: String, now: Millis) -> Result<User, StoreError> {
        self.write(move |transaction| tokens::create_user(transaction, email, password_hash, now)).await
    }

    async fn users(&self) -> Result<Vec<User>, StoreError> {
        self.read(tokens::users).await
    }

    async fn set_password(&self, user: UserId, password_hash: String) -> Result<(), StoreError> {
        self.write(move |transaction| {
            let changed = transaction
                .execute("update user set password_hash = ? where id = ?", params![password_hash, user.get()])?;
            found(changed, "user")
        })
        .await
    }
}

const SELECT_KEY: &str = "select public, secret, project_id, name, active, created_ms from project_key";
const SELECT_PROJECT: &str =
    "select id, organization_id, team_id, slug, name, platform, scrub, allowed_domains, generation,
                                     created_ms
                              from project";

/// Moves the directory's version and the project's generation: what was matched before is matched again.
pub(super) fn touch(transaction: &Transaction<'_>, project: ProjectId) -> Result<(), StoreError> {
    transaction.execute("update project set generation = generation + 1 where id = ?", [project.get()])?;
    transaction.execute("update meta set value = value + 1 where name = 'directory_version'", [])?;
    Ok(())
}

/// An error where a statement touched no row.
pub(super) fn found(rows: usize, what: &'static str) -> Result<(), StoreError> {
    if rows == 0 { Err(StoreError::Missing { what }) } else { Ok(()) }
}

/// `Taken` where a unique constraint refused the statement.
pub(super) fn taken(error: rusqlite::Error, what: &'static str) -> StoreError {
    match error.sqlite_error() {
        Some(cause) if cause.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE => StoreError::Taken { what },
        _ => StoreError::from(error),
    }
}

/// Every row, read by `read`.
pub(super) fn collect<T>(
    mut rows: rusqlite::Rows<'_>,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(read(row)?);
    }
    Ok(all)
}

fn directory_version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("select value from meta where name = 'directory_version'")?
        .query_row([], |row| row.get(0))?)
}

fn directory(connection: &Connection) -> Result<DirectoryRows, StoreError> {
    let look = connection.unchecked_transaction()?;
    let rows = DirectoryRows {
        version: directory_version(&look)?,
        organizations: organizations(&look)?,
        projects: projects(&look)?,
        keys: collect(look.prepare_cached(SELECT_KEY)?.query([])?, key_of)?,
        hooks: hooks::all(&look)?,
    };
    look.finish()?;
    Ok(rows)
}

fn organizations(connection: &Connection) -> Result<Vec<Organization>, StoreError> {
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

fn projects(connection: &Connection) -> Result<Vec<Project>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("{SELECT_PROJECT} where deleted_ms is null order by id desc"))?;
    collect(statement.query([])?, project_of)
}

fn create_organization(
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
    transaction.execute("update meta set value = value + 1 where name = 'directory_version'", [])?;
    Ok(Organization { id, slug, name, created: now })
}

fn create_project(transaction: &Transaction<'_>, new: &NewProject) -> Result<Project, StoreError> {
    transaction
        .execute(
            "insert into project (organization_id, team_id, slug, name, platform, created_ms) values (?, ?, ?, ?, ?, ?)",
            params![new.organization.get(), new.team.get(), new.slug, new.name, new.platform, new.now.0],
        )
        .map_err(|error| taken(error, "slug"))?;
    let id = ProjectId::new(transaction.last_insert_rowid())?;
    // A slug that somebody uses now is nobody's former slug.
    transaction.execute(
        "delete from former_slug where organization_id = ? and slug = ?",
        params![new.organization.get(), new.slug],
    )?;
    insert_key(
        transaction,
        &ProjectKey {
            public: new.key,
            secret: new.key_secret,
            project: id,
            name: "Default".to_owned(),
            active: true,
            created: new.now,
        },
    )?;
    touch(transaction, id)?;
    project(transaction, id)
}

fn project(transaction: &Transaction<'_>, id: ProjectId) -> Result<Project, StoreError> {
    let mut statement = transaction.prepare_cached(&format!("{SELECT_PROJECT} where id = ? and deleted_ms is null"))?;
    let mut rows = statement.query([id.get()])?;
    project_of(rows.next()?.ok_or(StoreError::Missing { what: "project" })?)
}

fn update_project(transaction: &Transaction<'_>, id: ProjectId, change: &ProjectChange) -> Result<Project, StoreError> {
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

fn delete_project(transaction: &Transaction<'_>, id: ProjectId) -> Result<(), StoreError> {
    let deleted =
        transaction.execute("update project set deleted_ms = 0 where id = ? and deleted_ms is null", [id.get()])?;
    found(deleted, "project")?;
    transaction.execute("delete from project_key where project_id = ?", [id.get()])?;
    transaction.execute("update hook set deleted_ms = 0, active = 0 where project_id = ?", [id.get()])?;
    transaction.execute("delete from former_slug where project_id = ?", [id.get()])?;
    touch(transaction, id)
}

fn insert_key(transaction: &Transaction<'_>, key: &ProjectKey) -> Result<(), StoreError> {
    transaction
        .execute(
            "insert into project_key (public, secret, project_id, name, active, created_ms) values (?, ?, ?, ?, ?, ?)",
            params![key.public.0, key.secret.0, key.project.get(), key.name, key.active, key.created.0],
        )
        .map_err(|error| taken(error, "key"))?;
    Ok(())
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

fn project_of(row: &Row<'_>) -> Result<Project, StoreError> {
    let team: Option<i64> = row.get(2)?;
    let domains: String = row.get(7)?;
    Ok(Project {
        id: ProjectId::new(row.get(0)?)?,
        organization: OrganizationId::new(row.get(1)?)?,
        team: team.map(TeamId::new).transpose()?,
        slug: row.get(3)?,
        name: row.get(4)?,
        platform: row.get(5)?,
        scrub: row.get(6)?,
        allowed_domains: domains.lines().map(str::to_owned).collect(),
        generation: Generation(row.get(8)?),
        created: Millis(row.get(9)?),
    })
}

fn key_of(row: &Row<'_>) -> Result<ProjectKey, StoreError> {
    Ok(ProjectKey {
        public: PublicKey(row.get(0)?),
        secret: PublicKey(row.get(1)?),
        project: ProjectId::new(row.get(2)?)?,
        name: row.get(3)?,
        active: row.get(4)?,
        created: Millis(row.get(5)?),
    })
}
