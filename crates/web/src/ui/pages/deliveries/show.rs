//! A delivery with everything that is known of it: what was sent, every attempt, what came back.

use askama::Template;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::OfDelivery;
use super::chart::outcome_in_words;
use super::row::{Delivery, colour};
use crate::ui::chart::{Phase, Svg, phases};
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Frame, Here};
use crate::ui::json::Highlighted;
use crate::ui::links::{Place, part};
use crate::ui::page::{Page, Shown};
use crate::ui::project::{ProjectHead, Tab};
use crate::ui::refusal::Refusal;
use crate::ui::words::{Moment, bytes};

/// What the page reads of a delivery.
#[derive(Deserialize)]
struct Whole {
    #[serde(flatten)]
    delivery: Delivery,
    request: Request,
    log: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
    headers: Option<Headers>,
    body: Option<String>,
}

/// Pairs of name and value.
type Headers = Vec<(String, String)>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    number: u32,
    /// How often the same happened in a row.
    repeats: u32,
    first_started: String,
    started: String,
    outcome: String,
    went_out: bool,
    status: Option<u16>,
    reused: bool,
    peer: Option<String>,
    certificate_expires: Option<String>,
    timings: Timings,
    error: Option<String>,
    response: Option<Response>,
}

/// In milliseconds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Timings {
    queue: Option<f64>,
    resolve: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    first_byte: Option<f64>,
    total: f64,
}

#[derive(Deserialize)]
struct Response {
    headers: Headers,
    body: String,
}

/// An attempt as the page shows it.
struct Shot {
    attempt: Attempt,
    started: Moment,
    first: Option<Moment>,
    bar: Svg,
    phases: Vec<Phase>,
    response_body: Option<Highlighted>,
}

#[derive(Template)]
#[template(path = "deliveries/show.html")]
struct DeliveryPage {
    frame: Frame,
    project: ProjectHead,
    hook: Place,
    issue: Option<Place>,
    event: Option<Place>,
    part: DeliveryPart,
}

/// The part that asks for itself again until the delivery is settled.
#[derive(Template)]
#[template(path = "deliveries/show_part.html")]
struct DeliveryPart {
    place: Place,
    delivery: Delivery,
    created: Moment,
    due: Option<Moment>,
    settled: Option<Moment>,
    request: Request,
    request_body: Option<Highlighted>,
    request_bytes: String,
    shots: Vec<Shot>,
    csrf: String,
    may_write: bool,
    refusal: Option<Refusal>,
}

impl askama::filters::HtmlSafe for DeliveryPart {}

impl DeliveryPart {
    /// What it says of what it shows.
    fn shown(&self) -> String {
        shown_of(&self.delivery)
    }

    /// Whether nothing more happens to it by itself.
    fn is_settled(&self) -> bool {
        !matches!(self.delivery.state.as_str(), "waiting" | "sending")
    }
}

impl Shot {
    fn of(page: &Page<OfDelivery>, attempt: Attempt) -> Shot {
        let Timings { queue, resolve, connect, tls, first_byte, total } = attempt.timings;
        let known = [
            ("Queue", queue),
            ("DNS", resolve),
            ("Connect", connect),
            ("TLS", tls),
            ("First byte", first_byte),
            ("Rest", Some(total - [resolve, connect, tls, first_byte].into_iter().flatten().sum::<f64>())),
        ];
        let phase = |(colour, (name, millis)): (usize, (&'static str, Option<f64>))| {
            Some(Phase { colour, name, millis: millis?.max(0.0) })
        };
        let phases: Vec<Phase> = known.into_iter().enumerate().filter_map(phase).collect();
        let first = (attempt.repeats > 1).then(|| page.moment(&attempt.first_started));
        Shot {
            started: page.moment(&attempt.started),
            first,
            bar: self::phases(&phases),
            phases,
            response_body: attempt.response.as_ref().map(|response| Highlighted::of(&response.body)),
            attempt,
        }
    }

    fn colour(&self) -> &'static str {
        if self.attempt.outcome == "succeeded" { colour("delivered") } else { colour("failed") }
    }

    /// What came of it, in words.
    fn outcome(&self) -> &str {
        outcome_in_words(&self.attempt.outcome)
    }

    /// When the receiver's certificate expires.
    fn certificate(&self) -> Option<&str> {
        self.attempt.certificate_expires.as_deref().map(|iso| iso.get(..10).unwrap_or(iso))
    }
}

/// `GET …/deliveries/{delivery}/`
pub(super) async fn show(page: Page<OfDelivery>) -> Shown {
    shown(&page, StatusCode::OK, None).await
}

/// `POST …/deliveries/{delivery}/redeliver/`
pub(super) async fn redeliver(page: Page<OfDelivery>, form: Form) -> Shown {
    form.checked(&page.visitor)?;
    let path = format!("{}redeliver/", page.path.api_path());
    match page.api().send::<Value>(Method::POST, &path, &json!({})).await? {
        Ok(_) => {
            let hook = page.path.hook.place(&page.ui.links);
            page.done(hook.one("deliveries", &page.path.delivery), Flash::SentAgain)
        }
        Err(refusal) => shown(&page, StatusCode::CONFLICT, Some(refusal)).await,
    }
}

impl OfDelivery {
    fn api_path(&self) -> String {
        format!("{}deliveries/{}/", self.hook.api_path(), part(&self.delivery))
    }
}

/// What may change of a delivery by itself.
fn shown_of(delivery: &Delivery) -> String {
    format!("{}-{}", delivery.state, delivery.attempts)
}

async fn shown(page: &Page<OfDelivery>, status: StatusCode, refusal: Option<Refusal>) -> Shown {
    let api = page.api();
    let Whole { delivery, request, log } = api.get(&page.path.api_path()).await?;
    if let Some(answer) = page.nothing_new(&shown_of(&delivery)) {
        return Ok(answer);
    }
    let project = page.path.hook.of_project().head(&api, &page.ui.links, Tab::Hooks).await?;
    let hook = page.path.hook.place(&page.ui.links);
    let frame = page.frame(Here::Projects).await?;
    let issues = page.ui.links.organization(&page.path.hook.organization).to("issues");
    let issue = delivery.issue.as_ref().map(|issue| issues.to(issue));
    let event = issue.as_ref().zip(delivery.event.as_ref()).map(|(issue, event)| issue.one("events", event));
    let part = DeliveryPart {
        place: hook.one("deliveries", &page.path.delivery),
        created: page.moment(&delivery.created),
        due: delivery.due.as_deref().map(|due| page.moment(due)),
        settled: delivery.settled.as_deref().map(|settled| page.moment(settled)),
        request_body: request.body.as_deref().map(Highlighted::of),
        request_bytes: request.body.as_ref().map(|body| bytes(body.len() as u64)).unwrap_or_default(),
        shots: log.into_iter().rev().map(|attempt| Shot::of(page, attempt)).collect(),
        csrf: frame.csrf.clone(),
        may_write: frame.may_write,
        delivery,
        request,
        refusal,
    };
    if page.wants_part() {
        return page.show_with(status, &part);
    }
    page.show_with(status, &DeliveryPage { frame, project, hook, issue, event, part })
}
