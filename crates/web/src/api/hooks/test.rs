//! `POST …/hooks/{hook}/test/`: the sample is delivered now, and the answer is what the receiver said.

use std::time::Duration;

use axum::Json;
use bytes::Bytes;
use http::StatusCode;
use model::ids::IssueId;
use model::payload::{Place, sample};
use model::scope::Scope;
use pipeline::egress::Attempt;
use pipeline::{TestError, Tested};
use protocol::EventId;
use serde::Serialize;

use super::super::error::{Answer, ApiError, Untested};
use super::super::lookup::{Call, HookPath};

/// The issue that the sample names: the one of the documentation. It leads to none.
const SAMPLE_ISSUE: i64 = 12_345;

/// What came of a test. It is answered 200 whatever the receiver said: the call did what was asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(in super::super) struct Outcome {
    /// The delivery in the log.
    delivery: String,
    succeeded: bool,
    outcome: &'static str,
    cause: Option<&'static str>,
    /// The receiver's own status.
    status: Option<u16>,
    /// What went wrong, in words.
    error: Option<String>,
    /// The whole attempt.
    duration_ms: f64,
    response: Response,
}

#[derive(Serialize)]
struct Response {
    headers: String,
    body: String,
}

/// `POST …/hooks/{hook}/test/`
pub(in super::super) async fn test(call: Call<HookPath>) -> Answer<(StatusCode, Json<Outcome>)> {
    let hook = call.hook(&[Scope::ProjectWrite]).await?;
    let api = &call.api;
    let directory = api.directory.current();
    let project = directory.project(hook.project).ok_or(ApiError::NotFound)?;
    let place = Place {
        base_url: &api.base_url,
        organization: &project.organization.slug,
        project_id: hook.project,
        project_slug: &project.project.slug,
        project_name: &project.project.name,
    };
    let issue = IssueId::new(SAMPLE_ISSUE).map_err(|error| ApiError::Store(error.into()))?;
    let body = sample(EventId(api.random_bytes()), api.clock.now(), issue, &place);
    let body = body.map_err(|_| ApiError::Untested(Untested::NotNow))?;
    let tested = api.sending.test(hook.number, Bytes::from(body)).await.map_err(|error| match error {
        TestError::NotFiring => ApiError::Untested(Untested::Disabled),
        TestError::Unsigned => ApiError::Untested(Untested::Unsigned),
        TestError::Testing => ApiError::Untested(Untested::Testing),
        TestError::Unavailable => ApiError::Untested(Untested::NotNow),
    })?;
    Ok((StatusCode::OK, Json(Outcome::of(tested))))
}

impl Outcome {
    fn of(tested: Tested) -> Outcome {
        let Attempt { outcome, status, timings, excerpt, error, .. } = tested.attempt;
        Outcome {
            delivery: tested.delivery.to_string(),
            succeeded: outcome.is_success(),
            outcome: outcome.as_str(),
            cause: outcome.cause(),
            status,
            error: error.map(Into::into),
            duration_ms: millis(timings.total),
            response: Response { headers: excerpt.headers, body: excerpt.body },
        }
    }
}

/// Milliseconds with three decimals.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
