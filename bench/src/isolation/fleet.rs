//! A fleet: ten projects with as many hooks as a project may have, and one more project with a single hook.
//!
//! One hook of each of the ten points to an endpoint of its own, which may stall; the others to the receiver. It is made once,
//! through the API; each run starts a copy of its data folder. Says nothing about what is sent: `run` does.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::endpoint::{Behaviour, Endpoint};
use crate::api::Api;
use crate::error::BenchError;
use crate::load::Ingest;
use crate::receiver::Receiver;
use crate::rules::HOOKS;
use crate::target::{self, Target};
use crate::work::Surroundings;

/// Projects that take the load.
pub(super) const PROJECTS: u32 = 10;

/// Hooks of each that are watched: all but the one that may stall.
pub(super) const WATCHED_HOOKS: u32 = HOOKS as u32 - 1;

/// What every hook wants.
const KINDS: [&str; 1] = ["event.created"];

/// The projects and their hooks.
pub(super) struct Fleet {
    /// The ten.
    pub(super) projects: Vec<Ingest>,
    /// The one whose only hook may die.
    pub(super) fed: Ingest,
    /// Who gets the webhooks of the watched hooks.
    pub(super) receiver: Receiver,
    stalling: Vec<Endpoint>,
    dying: Endpoint,
    data: PathBuf,
    _folder: TempDir,
}

impl Fleet {
    /// Makes it, with a server that ends afterwards.
    ///
    /// # Errors
    /// When the server does not start, or its API does not answer as the design says.
    pub(super) fn make(receiver: Receiver, surroundings: &Surroundings) -> Result<Self, BenchError> {
        let folder = target::new_folder(surroundings)?;
        let data = folder.path().join(target::DATA_FOLDER);
        let address = target::free_address()?;
        let first = target::init_server(&surroundings.server, &data, address)?;
        let child = target::serve(&surroundings.server, &data, address)?;
        let api = Api::new(address, Some(first.token));
        let dying = Endpoint::start()?;
        let project = format!("/api/0/projects/{}/{}", first.organization, first.project);
        make_hook(&api, &project, &dying.url())?;
        let team: Named =
            api.post(&format!("/api/0/organizations/{}/teams/", first.organization), &json!({"name": "bench"}))?;
        let team = format!("/api/0/teams/{}/{}", first.organization, team.slug);
        let (mut projects, mut stalling) = (Vec::new(), Vec::new());
        for number in 1..=PROJECTS {
            let endpoint = Endpoint::start()?;
            let named: Named = api.post(&format!("{team}/projects/"), &json!({"name": format!("fleet {number}")}))?;
            let project = format!("/api/0/projects/{}/{}", first.organization, named.slug);
            make_hook(&api, &project, &endpoint.url())?;
            for hook in 0..WATCHED_HOOKS {
                make_hook(&api, &project, &receiver.numbered_url(hook))?;
            }
            projects.push(Ingest::from_dsn(&first_dsn(&api, &project)?)?);
            stalling.push(endpoint);
        }
        child.stop()?;
        let fed = Ingest::from_dsn(&first.dsn)?;
        Ok(Self { projects, fed, receiver, stalling, dying, data, _folder: folder })
    }

    /// Starts a server on a fresh copy, with endpoints that behave as told: the one of each project in turn, and the single one.
    ///
    /// # Errors
    /// When it does not start.
    pub(super) fn start(&mut self, ways: &Ways, surroundings: &Surroundings) -> Result<Target, BenchError> {
        for (endpoint, behaviour) in self.stalling.iter_mut().zip(ways.stalling.iter().cycle()) {
            endpoint.behave(*behaviour)?;
        }
        self.dying.behave(ways.dying)?;
        Target::start_copy(&self.data, &self.fed, surroundings)
    }

    /// Has every endpoint drop its connections and answer again, so that a server that stops need not wait for them.
    ///
    /// # Errors
    /// When a port was taken in between.
    pub(super) fn recover(&mut self) -> Result<(), BenchError> {
        self.stalling.iter_mut().chain([&mut self.dying]).try_for_each(|endpoint| endpoint.behave(Behaviour::Answers))
    }
}

/// How the endpoints of a run behave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    /// The ten projects' own endpoints, in turn.
    pub(super) stalling: &'static [Behaviour],
    /// The single hook's.
    pub(super) dying: Behaviour,
}

/// A created team or project, as far as it is needed here.
#[derive(Deserialize)]
struct Named {
    slug: String,
}

/// A project's key, as far as it is needed here.
#[derive(Deserialize)]
struct Key {
    dsn: Dsns,
}

#[derive(Deserialize)]
struct Dsns {
    public: String,
}

fn make_hook(api: &Api, project: &str, url: &str) -> Result<(), BenchError> {
    let _made: Value = api.post(&format!("{project}/hooks/"), &json!({"url": url, "events": KINDS}))?;
    Ok(())
}

fn first_dsn(api: &Api, project: &str) -> Result<String, BenchError> {
    let path = format!("{project}/keys/");
    let keys: Vec<Key> = serde_json::from_str(&api.get(&path)?)
        .map_err(|source| BenchError::ApiShape { request: format!("GET {path}"), source })?;
    keys.into_iter().next().map(|key| key.dsn.public).ok_or(BenchError::Dsn)
}
