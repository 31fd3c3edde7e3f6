//! [`Catalog`] on SQLite: which thread each method runs on; the statements are in the rooms beside, one for each resource.

use async_trait::async_trait;
use model::ids::{HookGuid, Millis, OrganizationId, ProjectId, RuleId, Seq, TeamId, TokenId};
use protocol::PublicKey;
use rusqlite::{Connection, OptionalExtension};

use super::{Sqlite, history, hooks, keys, projects, rules, teams, tokens};
use crate::catalog::{
    Catalog, DirectoryRows, Hook, HookChange, KeyChange, NewHook, NewProject, NewToken, Organization, Project,
    ProjectChange, ProjectKey, Rotation, Team, TeamChange, Token,
};
use crate::error::StoreError;
use crate::rules::{FiredRange, FiredRow, NewRule, RuleChange, RuleIssue, RuleRow, RuleSnooze, Rules};
use crate::secret_key::SecretKey;

#[async_trait]
impl Catalog for Sqlite {
    async fn directory(&self) -> Result<DirectoryRows, StoreError> {
        let key = self.secret_key()?;
        self.read(move |connection| directory(connection, &key)).await
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
        self.write(move |transaction| projects::create_organization(transaction, slug, name, now)).await
    }

    async fn organizations(&self) -> Result<Vec<Organization>, StoreError> {
        self.read(projects::organizations).await
    }

    async fn teams(&self, organization: OrganizationId) -> Result<Vec<Team>, StoreError> {
        self.read(move |connection| teams::of_organization(connection, organization)).await
    }

    async fn create_team(
        &self,
        organization: OrganizationId,
        slug: String,
        name: String,
        now: Millis,
    ) -> Result<Team, StoreError> {
        self.write(move |transaction| teams::create(transaction, organization, (slug, name), now)).await
    }

    async fn update_team(&self, team: TeamId, change: TeamChange) -> Result<Team, StoreError> {
        self.write(move |transaction| teams::update(transaction, team, &change)).await
    }

    async fn delete_team(&self, team: TeamId) -> Result<(), StoreError> {
        self.write(move |transaction| teams::delete(transaction, team)).await
    }

    async fn create_project(&self, project: NewProject) -> Result<Project, StoreError> {
        self.write(move |transaction| projects::create(transaction, &project)).await
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        self.read(projects::all).await
    }

    async fn former_slug(&self, organization: OrganizationId, slug: String) -> Result<Option<String>, StoreError> {
        self.read(move |connection| projects::former_slug(connection, organization, &slug)).await
    }

    async fn update_project(&self, project: ProjectId, change: ProjectChange) -> Result<Project, StoreError> {
        self.write(move |transaction| projects::update(transaction, project, &change)).await
    }

    async fn add_team(&self, project: ProjectId, team: TeamId) -> Result<Project, StoreError> {
        self.write(move |transaction| projects::add_team(transaction, project, team)).await
    }

    async fn remove_team(&self, project: ProjectId, team: TeamId) -> Result<Project, StoreError> {
        self.write(move |transaction| projects::remove_team(transaction, project, team)).await
    }

    async fn delete_project(&self, project: ProjectId) -> Result<(), StoreError> {
        self.write(move |transaction| projects::delete(transaction, project)).await
    }

    async fn keys(&self, project: ProjectId) -> Result<Vec<ProjectKey>, StoreError> {
        self.read(move |connection| keys::of_project(connection, project)).await
    }

    async fn create_key(&self, key: ProjectKey) -> Result<ProjectKey, StoreError> {
        self.write(move |transaction| keys::create(transaction, key)).await
    }

    async fn update_key(
        &self,
        project: ProjectId,
        key: PublicKey,
        change: KeyChange,
    ) -> Result<ProjectKey, StoreError> {
        self.write(move |transaction| keys::update(transaction, (project, key), &change)).await
    }

    async fn delete_key(&self, project: ProjectId, key: PublicKey) -> Result<(), StoreError> {
        self.write(move |transaction| keys::delete(transaction, project, key)).await
    }

    async fn hooks(&self, project: ProjectId) -> Result<Vec<Hook>, StoreError> {
        let key = self.secret_key()?;
        self.read(move |connection| hooks::of_project(connection, &key, project)).await
    }

    async fn create_hook(&self, hook: NewHook) -> Result<Hook, StoreError> {
        let key = self.secret_key()?;
        self.write(move |transaction| hooks::create(transaction, &key, hook)).await
    }

    async fn update_hook(&self, project: ProjectId, guid: HookGuid, change: HookChange) -> Result<Hook, StoreError> {
        let key = self.secret_key()?;
        self.write(move |transaction| hooks::update(transaction, &key, (project, guid), &change)).await
    }

    async fn rotate_secret(&self, project: ProjectId, guid: HookGuid, rotation: Rotation) -> Result<Hook, StoreError> {
        let key = self.secret_key()?;
        self.write(move |transaction| hooks::rotate(transaction, &key, (project, guid), &rotation)).await
    }

    async fn finish_rotation(&self, project: ProjectId, guid: HookGuid) -> Result<Hook, StoreError> {
        let key = self.secret_key()?;
        self.write(move |transaction| hooks::finish_rotation(transaction, &key, (project, guid))).await
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
        self.write(move |transaction| tokens::revoke(transaction, token)).await
    }
}

#[async_trait]
impl Rules for Sqlite {
    async fn rules(&self, project: ProjectId) -> Result<Vec<RuleRow>, StoreError> {
        self.read(move |connection| rules::of_project(connection, project)).await
    }

    async fn create_rule(&self, rule: NewRule) -> Result<RuleRow, StoreError> {
        self.write_rules(move |transaction| rules::create(transaction, &rule)).await
    }

    async fn update_rule(&self, project: ProjectId, rule: RuleId, change: RuleChange) -> Result<RuleRow, StoreError> {
        self.write_rules(move |transaction| rules::update(transaction, (project, rule), &change)).await
    }

    async fn delete_rule(&self, project: ProjectId, rule: RuleId) -> Result<(), StoreError> {
        self.write_rules(move |transaction| rules::delete(transaction, (project, rule))).await
    }

    async fn snooze_rule(
        &self,
        project: ProjectId,
        rule: RuleId,
        snooze: Option<RuleSnooze>,
    ) -> Result<RuleRow, StoreError> {
        self.write(move |transaction| rules::snooze(transaction, (project, rule), snooze)).await
    }

    async fn rules_last_fired(&self, project: ProjectId) -> Result<Vec<(RuleId, Millis)>, StoreError> {
        self.read(move |connection| history::last_fired(connection, project)).await
    }

    async fn rule_hours(&self, rule: RuleId, range: FiredRange) -> Result<Vec<(Millis, u64)>, StoreError> {
        self.read(move |connection| history::hours(connection, rule, range)).await
    }

    async fn rule_issues(&self, rule: RuleId, range: FiredRange) -> Result<Vec<RuleIssue>, StoreError> {
        self.read(move |connection| history::issues(connection, rule, range)).await
    }

    async fn fired_on(&self, project: ProjectId, event: Seq) -> Result<Vec<FiredRow>, StoreError> {
        self.read(move |connection| history::on_event(connection, project, event)).await
    }
}

fn directory_version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("select value from meta where name = 'directory_version'")?
        .query_row([], |row| row.get(0))?)
}

fn directory(connection: &Connection, key: &SecretKey) -> Result<DirectoryRows, StoreError> {
    let look = connection.unchecked_transaction()?;
    let rows = DirectoryRows {
        version: directory_version(&look)?,
        organizations: projects::organizations(&look)?,
        projects: projects::all(&look)?,
        keys: keys::all(&look)?,
        hooks: hooks::all(&look, key)?,
        rules: rules::all(&look)?,
    };
    look.finish()?;
    Ok(rows)
}
