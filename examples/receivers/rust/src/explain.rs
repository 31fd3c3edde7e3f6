//! Why a signature does not hold, in the doctor's words: for finding a mistake, and off unless it is asked for.
//!
//! Whoever reaches the port can send a signature that does not hold, and an explanation costs a hundred times what a check does.
//! So it is given for small bodies, for the one header that is checked, to one request at a time, and away from the threads that
//! answer the others.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::HeaderMap;
use tokio::sync::Semaphore;
use webhook::doctor::{Doctor, Received};
use webhook::headers::{self, HeaderName};

use crate::header::text;

const BODY_MAX_BYTES: usize = 64 * 1024;
const SIGNATURES: [HeaderName; 3] = [headers::SIGNATURE, headers::SERVICE_HOOK_SIGNATURE, headers::WEBHOOK_SIGNATURE];

pub(crate) struct Explainer {
    doctor: Arc<Doctor>,
    /// The header that is checked.
    wanted: HeaderName,
    turn: Arc<Semaphore>,
}

impl Explainer {
    pub(crate) fn new(doctor: Doctor, wanted: HeaderName) -> Explainer {
        Explainer { doctor: Arc::new(doctor), wanted, turn: Arc::new(Semaphore::new(1)) }
    }

    /// What most likely happened; nothing where the body is large, or another one is being looked at.
    pub(crate) async fn explain(&self, received: &HeaderMap, body: &Bytes, now_unix_seconds: u64) -> Option<String> {
        if body.len() > BODY_MAX_BYTES {
            return None;
        }
        let turn = Arc::clone(&self.turn).try_acquire_owned().ok()?;
        let (doctor, wanted) = (Arc::clone(&self.doctor), self.wanted);
        let (received, body) = (received.clone(), body.clone());
        let examining = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            examine(&doctor, &received, &body, wanted, now_unix_seconds)
        });
        examining.await.ok()
    }
}

fn examine(doctor: &Doctor, received: &HeaderMap, body: &Bytes, wanted: HeaderName, now_unix_seconds: u64) -> String {
    let is_looked_at = |name| name == wanted || !SIGNATURES.contains(&name);
    let received = Received::new(body, |name| text(received, name).filter(|_| is_looked_at(name)));
    let examination = doctor.examine(&received, now_unix_seconds);
    let finding = examination.signatures.first().and_then(|diagnosis| diagnosis.finding());
    finding.map_or_else(|| "it is missing".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use webhook::Secret;

    use super::*;

    fn explainer(wanted: HeaderName) -> Explainer {
        Explainer::new(Doctor::new(&Secret::from_random([1; 32])), wanted)
    }

    /// All three headers, none of which holds.
    fn received() -> HeaderMap {
        let value = |name: HeaderName| (name.wire.parse().unwrap(), "00".repeat(32).parse().unwrap());
        SIGNATURES.into_iter().map(value).collect()
    }

    #[tokio::test]
    async fn one_small_body_at_a_time_is_explained() {
        let explainer = explainer(headers::SIGNATURE);
        let small = Bytes::from(vec![b' '; BODY_MAX_BYTES]);
        let large = Bytes::from(vec![b' '; BODY_MAX_BYTES + 1]);
        assert!(explainer.explain(&received(), &small, 0).await.is_some());
        assert_eq!(explainer.explain(&received(), &large, 0).await, None);
        let turn = Arc::clone(&explainer.turn).try_acquire_owned().unwrap();
        assert_eq!(explainer.explain(&received(), &small, 0).await, None);
        drop(turn);
        assert!(explainer.explain(&received(), &small, 0).await.is_some());
    }

    #[tokio::test]
    async fn the_header_that_is_checked_is_looked_at_and_no_other() {
        let explainer = explainer(headers::WEBHOOK_SIGNATURE);
        let mut received = received();
        received.remove(headers::WEBHOOK_SIGNATURE.wire);
        let explained = explainer.explain(&received, &Bytes::from("{}"), 0).await;
        assert_eq!(explained.as_deref(), Some("it is missing"));
    }
}
