//! Every kind of error, with the status, the header and the body that it is answered with.

use http_body_util::BodyExt as _;
use model::delivery::DeliveryState;
use model::ids::ReplayId;
use model::scope::Scope;

use super::*;

/// Status, body, and the header that belongs to it.
type Expected = (u16, Value, Option<(&'static str, &'static str)>);

async fn assert_answers(cases: impl IntoIterator<Item = (ApiError, Expected)>) {
    for (error, (status, body, header)) in cases {
        let name = format!("{error:?}");
        let response = error.into_response();
        assert_eq!(response.status().as_u16(), status, "{name}");
        let found = ["www-authenticate", "location", "retry-after"]
            .into_iter()
            .find_map(|name| Some((name, response.headers().get(name)?.to_str().unwrap().to_owned())));
        assert_eq!(found.as_ref().map(|(name, value)| (*name, value.as_str())), header, "{name}");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), body, "{name}");
    }
}

fn said(status: u16, text: &str) -> Expected {
    (status, detail(text), None)
}

#[tokio::test]
async fn who_may_not_is_answered_401_or_403() {
    let unknown = |text| (401, detail(text), Some(("www-authenticate", "xBasic realm=\"api\"")));
    let challenge = "Bearer error=\"insufficient_scope\", scope=\"org:read project:read\"";
    assert_answers([
        (AuthError::NoCredentials.into(), unknown("Authentication credentials were not provided.")),
        (AuthError::EmptyToken.into(), unknown("Invalid token header. No credentials provided.")),
        (AuthError::TokenWithSpaces.into(), unknown("Invalid token header. Token string should not contain spaces.")),
        (AuthError::UnknownToken.into(), unknown("Invalid token")),
        (
            AuthError::MissingScope(&[Scope::OrgRead, Scope::ProjectRead]).into(),
            (403, detail("You do not have permission to perform this action."), Some(("www-authenticate", challenge))),
        ),
    ])
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_answered_404_405_or_302() {
    let path = "/api/0/projects/o/new/?a=1";
    let moved = Moved { slug: "new".to_owned(), path: path.to_owned() };
    let way = json!({"slug": "new", "detail": {"extra": {"url": path, "slug": "new"}}});
    assert_answers([
        (ApiError::NotFound, said(404, "The requested resource does not exist")),
        (ApiError::MethodNotAllowed(Method::PATCH), said(405, "Method \"PATCH\" not allowed.")),
        (ApiError::Moved(moved), (302, way, Some(("location", path)))),
    ])
    .await;
}

#[tokio::test]
async fn what_cannot_be_read_is_answered_by_what_is_wrong_with_it() {
    let not_json = serde_json::from_str::<Value>("{").unwrap_err();
    let media_type = "text/plain".to_owned();
    assert_answers([
        (
            BadBody::NotJson(not_json).into(),
            said(400, "JSON parse error - EOF while parsing an object at line 1 column 1"),
        ),
        (BadBody::BrokenOff.into(), said(400, "The request body broke off.")),
        (BadBody::TooSlow.into(), said(408, "The request body arrived too slowly.")),
        (BadBody::TooLarge { bytes_max: 262_144 }.into(), said(413, "The request body is longer than 262144 bytes.")),
        (BadBody::MediaType { media_type }.into(), said(415, "Unsupported media type \"text/plain\" in request.")),
    ])
    .await;
}

#[tokio::test]
async fn what_makes_no_sense_is_answered_400_and_what_is_taken_409() {
    let many = "The range has more than 9 points: ask for a shorter one, or for a coarser resolution.";
    assert_answers([
        (BadPage::PerPage { name: "per_page" }.into(), said(400, "Invalid per_page parameter.")),
        (BadPage::PerPageRange { name: "limit" }.into(), said(400, "Invalid limit value. Must be between 1 and 100.")),
        (BadPage::Cursor.into(), said(400, "Invalid cursor parameter.")),
        (BadSearch::OpenQuote.into(), said(400, "Error parsing search query: a quotation mark is not closed.")),
        (BadStats::Resolution.into(), said(400, "Invalid resolution")),
        (BadStats::Until.into(), said(400, "until must be a numeric timestamp.")),
        (BadStats::Since.into(), said(400, "since must be a numeric timestamp")),
        (BadStats::Order.into(), said(400, "start must be before or equal to end")),
        (BadStats::TooManyPoints { most: 9 }.into(), said(400, many)),
        (BadSpan::Order.into(), said(400, "start must be before end")),
        (BadSpan::TooLong.into(), said(400, "Invalid date range: at most 90 days.")),
        (
            DuplicateRule { name: "Other".to_owned(), id: RuleId::new(7).unwrap() }.into(),
            (
                400,
                json!({
                    "name": ["This rule is an exact duplicate of 'Other' in this project and may not be created."],
                    "ruleId": [7],
                }),
                None,
            ),
        ),
        (ApiError::Snoozed, said(410, "RuleSnooze already exists for this rule and scope.")),
        (FieldErrors::about("url", "No.").into(), (400, json!({"url": ["No."]}), None)),
        (ApiError::Taken(Taken::ProjectSlug), said(409, "A project with this slug already exists.")),
        (ApiError::Taken(Taken::TeamSlug), said(409, "A team with this slug already exists.")),
    ])
    .await;
}

#[tokio::test]
async fn what_the_store_says_is_answered_by_its_kind() {
    let text = "The store is not available at the moment. Look whether the change was made before you try again.";
    let not_available = || (503, detail(text), Some(("retry-after", "5")));
    assert_answers([
        (StoreError::Missing { what: "hook" }.into(), said(404, "The requested resource does not exist")),
        (StoreError::Taken { what: "slug" }.into(), said(409, "The slug is taken.")),
        (
            StoreError::TooMany { what: "rules", most: 9 }.into(),
            said(400, "A project has at most 9 rules. Delete one first."),
        ),
        (
            StoreError::Unopened(Unopened::Headers).into(),
            said(409, "The hook's stored headers are damaged. Set them again."),
        ),
        (
            StoreError::Unopened(Unopened::Secret).into(),
            said(409, "The hook's stored secret is damaged. Rotate it with an overlap of 0."),
        ),
        (StoreError::Closed.into(), not_available()),
        (AuthError::Store(StoreError::Closed).into(), not_available()),
    ])
    .await;
}

#[tokio::test]
async fn a_fault_of_ours_is_answered_with_an_id_that_the_log_has_too() {
    let response = ApiError::from(StoreError::Damaged { what: "hook secret" }).into_response();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body["detail"], "Internal Error");
    let id = body["errorId"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert!(!body.to_string().contains("secret"), "what is damaged is for the log");
}

#[tokio::test]
async fn what_is_not_sent_now_is_answered_with_what_to_do() {
    let replay = ReplayId::new(3).unwrap();
    let running = "The replay 3 of this hook is still running. Wait until it ends, or stop it with a DELETE first.";
    let no_stream = "No live stream is free: there are 100 at most. The list of deliveries shows the same.";
    let moved = "The delivery has moved meanwhile. Look at it again.";
    assert_answers([
        (BadFilter::Order.into(), said(400, "since must be before or equal to until")),
        (Refusal::Unsettled(DeliveryState::Failed).into(), said(409, moved)),
        (Refusal::Replaying(replay).into(), said(409, running)),
        (
            Refusal::BodyGone.into(),
            said(410, "The event of this delivery is not kept any more, so there is nothing to send again."),
        ),
        (
            Refusal::HookDisabled.into(),
            said(409, "The hook is disabled, so nothing is sent to it. Enable it first, with isActive."),
        ),
        (Refusal::NoStream.into(), (503, detail(no_stream), Some(("retry-after", "5")))),
    ])
    .await;
}
