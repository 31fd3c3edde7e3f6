//! Every kind of error, with the status, the header and the body that it is answered with.

use http_body_util::BodyExt as _;
use model::scope::Scope;

use super::*;

struct Answered {
    status: u16,
    header: Option<(&'static str, String)>,
    body: Value,
}

async fn answered(error: ApiError) -> Answered {
    let response = error.into_response();
    let header = ["www-authenticate", "location", "retry-after"]
        .into_iter()
        .find_map(|name| Some((name, response.headers().get(name)?.to_str().unwrap().to_owned())));
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Answered { status, header, body: serde_json::from_slice(&bytes).unwrap() }
}

#[tokio::test]
async fn every_kind_has_its_status_header_and_body() {
    let challenge = Some(("www-authenticate", "xBasic realm=\"api\"".to_owned()));
    let insufficient =
        Some(("www-authenticate", "Bearer error=\"insufficient_scope\", scope=\"org:read project:read\"".to_owned()));
    let detail = |text: &str| json!({"detail": text});
    let not_json = serde_json::from_str::<Value>("{").unwrap_err();
    let moved = Moved { slug: "new".to_owned(), path: "/api/0/projects/o/new/?a=1".to_owned() };
    let media_type = "text/plain".to_owned();
    let retry = || Some(("retry-after", "5".to_owned()));
    let not_available =
        detail("The store is not available at the moment. Look whether the change was made before you try again.");
    let cases = [
        (
            ApiError::from(AuthError::NoCredentials),
            (401, challenge.clone(), detail("Authentication credentials were not provided.")),
        ),
        (
            ApiError::from(AuthError::EmptyToken),
            (401, challenge.clone(), detail("Invalid token header. No credentials provided.")),
        ),
        (
            ApiError::from(AuthError::TokenWithSpaces),
            (401, challenge.clone(), detail("Invalid token header. Token string should not contain spaces.")),
        ),
        (ApiError::from(AuthError::UnknownToken), (401, challenge, detail("Invalid token"))),
        (
            ApiError::from(AuthError::MissingScope(&[Scope::OrgRead, Scope::ProjectRead])),
            (403, insufficient, detail("You do not have permission to perform this action.")),
        ),
        (ApiError::from(AuthError::Store(StoreError::Closed)), (503, retry(), not_available.clone())),
        (ApiError::NotFound, (404, None, detail("The requested resource does not exist"))),
        (ApiError::MethodNotAllowed(Method::PATCH), (405, None, detail("Method \"PATCH\" not allowed."))),
        (
            ApiError::Moved(moved),
            (
                302,
                Some(("location", "/api/0/projects/o/new/?a=1".to_owned())),
                json!({"slug": "new", "detail": {"extra": {"url": "/api/0/projects/o/new/?a=1", "slug": "new"}}}),
            ),
        ),
        (
            ApiError::from(BadBody::NotJson(not_json)),
            (400, None, detail("JSON parse error - EOF while parsing an object at line 1 column 1")),
        ),
        (ApiError::from(BadBody::BrokenOff), (400, None, detail("The request body broke off."))),
        (ApiError::from(BadBody::TooSlow), (408, None, detail("The request body took longer than 30 seconds."))),
        (ApiError::from(BadBody::TooLarge), (413, None, detail("The request body is longer than 262144 bytes."))),
        (
            ApiError::from(BadBody::MediaType { media_type }),
            (415, None, detail("Unsupported media type \"text/plain\" in request.")),
        ),
        (ApiError::from(BadPage::PerPage), (400, None, detail("Invalid per_page parameter."))),
        (
            ApiError::from(BadPage::PerPageRange),
            (400, None, detail("Invalid per_page value. Must be between 1 and 100.")),
        ),
        (ApiError::from(BadPage::Cursor), (400, None, detail("Invalid cursor parameter."))),
        (ApiError::from(BadStats::Resolution), (400, None, detail("Invalid resolution"))),
        (ApiError::from(BadStats::Until), (400, None, detail("until must be a numeric timestamp."))),
        (ApiError::from(BadStats::Since), (400, None, detail("since must be a numeric timestamp"))),
        (ApiError::from(BadStats::Order), (400, None, detail("start must be before or equal to end"))),
        (
            ApiError::from(BadStats::TooManyPoints { most: 9 }),
            (
                400,
                None,
                detail("The range has more than 9 points: ask for a shorter one, or for a coarser resolution."),
            ),
        ),
        (ApiError::from(FieldErrors::about("url", "No.")), (400, None, json!({"url": ["No."]}))),
        (ApiError::Taken(Taken::ProjectSlug), (409, None, detail("A project with this slug already exists."))),
        (ApiError::Taken(Taken::TeamSlug), (409, None, detail("A team with this slug already exists."))),
        (
            ApiError::from(StoreError::Missing { what: "hook" }),
            (404, None, detail("The requested resource does not exist")),
        ),
        (ApiError::from(StoreError::Taken { what: "slug" }), (409, None, detail("The slug is taken."))),
        (ApiError::from(StoreError::Closed), (503, retry(), not_available)),
    ];
    for (error, (status, header, body)) in cases {
        let name = format!("{error:?}");
        let answered = answered(error).await;
        assert_eq!((answered.status, answered.header, answered.body), (status, header, body), "{name}");
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_answered_with_an_id_that_the_log_has_too() {
    let answered = answered(ApiError::from(StoreError::Damaged { what: "hook secret" })).await;
    assert_eq!(answered.status, 500);
    assert_eq!(answered.body["detail"], "Internal Error");
    let id = answered.body["errorId"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    assert!(!answered.body.to_string().contains("secret"), "what is damaged is for the log");
}
