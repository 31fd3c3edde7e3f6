//! One webhook, from its bytes to its answer: its signature is checked, and it is handled unless it has been.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use webhook::headers;
use webhook::verify::{self, StandardHeaders};

use crate::deliveries::{Begun, Deliveries};
use crate::header::value;
use crate::settings::{Hook, Scheme};
use crate::{Failed, Webhook, say};

/// What is known of the hook, what came from it, and what is done with it.
pub(crate) struct Receiver<H> {
    hook: Hook,
    deliveries: Deliveries,
    handle: H,
}

/// Why a request is no webhook of ours, or was not handled, and what it is answered.
pub(crate) struct Refused {
    status: StatusCode,
    reason: String,
}

impl<H, F> Receiver<H>
where
    H: Fn(Webhook) -> F,
    F: Future<Output = Result<(), Failed>>,
{
    pub(crate) fn new(hook: Hook, handle: H) -> Receiver<H> {
        Receiver { hook, deliveries: Deliveries::default(), handle }
    }

    pub(crate) async fn receive(&self, received: &HeaderMap, body: Bytes) -> Result<(), Refused> {
        self.check(received, &body).await?;
        let delivery = value(received, self.hook.scheme.delivery());
        if delivery.is_empty() {
            return Err(Refused::new(StatusCode::BAD_REQUEST, "the delivery has no id"));
        }
        let handling = match self.deliveries.begin(delivery) {
            Begun::Now(handling) => handling,
            // Not 2xx: were it answered so, and then its handling failed, nobody would send it again.
            Begun::Before => return Err(Refused::new(StatusCode::CONFLICT, "the delivery is being handled")),
            Begun::Ended => {
                say(&format!("repeated {delivery:?}"));
                return Ok(());
            }
        };
        let kind = value(received, headers::EVENT).to_owned();
        let handled = (self.handle)(Webhook { kind, body }).await;
        handled.map_err(|error| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error))?;
        handling.succeeded();
        Ok(())
    }

    /// One of the secrets must have signed it. Checks take the same time whatever is wrong.
    async fn check(&self, received: &HeaderMap, body: &Bytes) -> Result<(), Refused> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let holds = self.hook.signers.iter().any(|signer| match self.hook.scheme {
            Scheme::Hex => verify::hex(signer, body, value(received, headers::SIGNATURE)).is_ok(),
            Scheme::Standard => {
                let signed = StandardHeaders {
                    id: value(received, headers::WEBHOOK_ID),
                    timestamp: value(received, headers::WEBHOOK_TIMESTAMP),
                    signatures: value(received, headers::WEBHOOK_SIGNATURE),
                };
                verify::standard(signer, body, signed, now).is_ok()
            }
        });
        if holds {
            return Ok(());
        }
        let mut reason = format!("{} does not match", self.hook.scheme.signature().display);
        if let Some(explainer) = &self.hook.explainer
            && let Some(why) = explainer.explain(received, body, now).await
        {
            reason = format!("{reason}: {why}");
        }
        Err(Refused::new(StatusCode::UNAUTHORIZED, reason))
    }
}

impl Refused {
    pub(crate) fn new(status: StatusCode, reason: impl ToString) -> Refused {
        Refused { status, reason: reason.to_string() }
    }

    /// The status, once the line is printed.
    pub(crate) fn told(self) -> StatusCode {
        let Refused { status, reason } = self;
        if status.is_server_error() {
            say(&format!("failed {reason}"));
        } else {
            say(&format!("refused {} {reason}", status.as_u16()));
        }
        status
    }
}
