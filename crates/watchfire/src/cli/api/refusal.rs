//! Why the API says no, out of Sentry's error shapes: `{"detail": …}`, what is wrong with each field, or one text.

use http::StatusCode;
use http::header::{HeaderMap, HeaderName, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use serde_json::Value;

use super::answer::Answer;
use crate::cli::failure::{ApiError, Complaint};
use crate::cli::report::tame;

/// What error texts name: the server with its URL, the token, and where each is written.
pub(super) struct Places {
    pub(super) server: String,
    pub(super) token: String,
}

/// The answer if it is a success, else what it says.
pub(super) fn judged(places: &Places, answer: Answer) -> Result<Answer, ApiError> {
    if answer.status.is_success() { Ok(answer) } else { Err(refusal(places, &answer)) }
}

fn refusal(places: &Places, answer: &Answer) -> ApiError {
    let place = || places.server.clone();
    let said = Said::of(answer);
    if answer.status.is_redirection() {
        return redirection(places, answer, &said);
    }
    match (answer.status, said) {
        // Watchfire's own answer to a path that it does not know.
        (StatusCode::NOT_FOUND, Said::Nothing) => ApiError::NoSuchCall { place: place() },
        (StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT | StatusCode::SERVICE_UNAVAILABLE, said) => {
            ApiError::Unavailable { place: place(), detail: said.detail(), pause: pause(&answer.headers) }
        }
        // Watchfire has every call that is made here: what has the path and not the method is something else.
        (_, Said::Nothing | Said::Other) | (StatusCode::METHOD_NOT_ALLOWED, _) => answer.is_strange(),
        (StatusCode::UNAUTHORIZED, said) => {
            ApiError::UnknownToken { place: place(), token_place: places.token.clone(), detail: said.detail() }
        }
        (StatusCode::FORBIDDEN, said) => {
            let scopes = scopes(&answer.headers);
            ApiError::Forbidden { token_place: places.token.clone(), scopes, detail: said.detail() }
        }
        (StatusCode::NOT_FOUND, _) => ApiError::NotFound { place: place() },
        (StatusCode::TOO_MANY_REQUESTS, said) => {
            ApiError::TooMany { place: place(), detail: said.detail(), pause: pause(&answer.headers) }
        }
        (status, said) if status.is_server_error() => {
            ApiError::Faulty { place: place(), status: status.as_u16(), detail: said.detail() }
        }
        (_, Said::Fields(complaints)) => ApiError::Invalid { place: place(), complaints },
        (status, Said::Detail(detail)) => ApiError::Refused { place: place(), status: status.as_u16(), detail },
    }
}

/// A renamed project is a redirection that Watchfire itself answers; any other one comes from what stands before it.
fn redirection(places: &Places, answer: &Answer, said: &Said) -> ApiError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (said, body["slug"].as_str()) {
        (Said::Fields(_) | Said::Detail(_), Some(slug)) => ApiError::Renamed { slug: tame(slug) },
        _ => {
            let to = text(&answer.headers, LOCATION).unwrap_or_else(|| "nowhere".to_owned());
            ApiError::Redirected { place: places.server.clone(), to }
        }
    }
}

/// What a body says.
enum Said {
    /// It is empty.
    Nothing,
    /// It is nothing that this API says.
    Other,
    Detail(String),
    Fields(Vec<Complaint>),
}

impl Said {
    fn of(answer: &Answer) -> Said {
        if answer.body.is_empty() {
            return Said::Nothing;
        }
        match serde_json::from_slice(&answer.body) {
            Ok(Value::Object(object)) => match object.get("detail") {
                Some(Value::String(detail)) => Said::Detail(match object.get("errorId") {
                    Some(Value::String(id)) => tame(&format!("{detail}, see error.id={id} in the server's log")),
                    _ => tame(detail),
                }),
                _ => {
                    let mut complaints = Vec::new();
                    complain(&Value::Object(object), "", &mut complaints);
                    if complaints.is_empty() { Said::Other } else { Said::Fields(complaints) }
                }
            },
            // So a 429 is worded.
            Ok(Value::String(text)) => Said::Detail(tame(&text)),
            Ok(_) | Err(_) => Said::Other,
        }
    }

    fn detail(self) -> String {
        match self {
            Said::Nothing | Said::Other => String::new(),
            Said::Detail(detail) => detail,
            Said::Fields(complaints) => complaints.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        }
    }
}

/// Every text in what a validation says, with the path of its field. What Sentry says of no field in particular has none.
fn complain(value: &Value, field: &str, complaints: &mut Vec<Complaint>) {
    match value {
        Value::Object(object) => {
            for (name, inner) in object {
                let name = tame(name);
                let field = match (field, name.as_str()) {
                    (field, "non_field_errors") => field.to_owned(),
                    ("", name) => name.to_owned(),
                    (field, name) => format!("{field}.{name}"),
                };
                complain(inner, &field, complaints);
            }
        }
        Value::Array(values) => values.iter().for_each(|inner| complain(inner, field, complaints)),
        Value::String(text) => complaints.push(Complaint { field: field.to_owned(), text: tame(text) }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The scopes of which a token would need one.
fn scopes(headers: &HeaderMap) -> Option<String> {
    let challenge = text(headers, WWW_AUTHENTICATE)?;
    let (_, rest) = challenge.split_once("scope=\"")?;
    let (scopes, _) = rest.split_once('"')?;
    Some(scopes.split_whitespace().collect::<Vec<_>>().join(" or "))
}

fn pause(headers: &HeaderMap) -> Option<String> {
    text(headers, RETRY_AFTER)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(tame)
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::*;

    fn told(status: u16, header: Option<(HeaderName, &str)>, body: &'static str) -> String {
        let mut headers = HeaderMap::new();
        headers.extend(header.map(|(name, value)| (name, value.parse().unwrap())));
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers, body: Bytes::from(body), place: "http://w".to_owned() };
        let server = "https://watch.example.com/below (of WATCHFIRE_URL)".to_owned();
        judged(&Places { server, token: "WATCHFIRE_TOKEN".to_owned() }, answer).unwrap_err().to_string()
    }

    fn holds(text: &str, parts: &[&str]) {
        for part in parts {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn who_may_not_is_told_where_the_token_came_from_and_how_to_make_another() {
        let unknown = told(401, None, r#"{"detail":"Invalid token"}"#);
        holds(&unknown, &["WATCHFIRE_TOKEN", "Invalid token", "watchfire token create", "watch.example.com"]);
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"project:admin project:write\"";
        let forbidden = told(403, Some((WWW_AUTHENTICATE, challenge)), r#"{"detail":"You do not"}"#);
        holds(&forbidden, &["project:admin or project:write", "--scope"]);
    }

    #[test]
    fn what_is_wrong_with_each_field_is_told_with_its_place() {
        let body = r#"{"timeout":["Ensure this value is less than or equal to 30."],
            "filters":[{"value":["This field is required."]}],"non_field_errors":["Too many."]}"#;
        let text = told(400, None, body);
        holds(&text, &["timeout: Ensure this", "filters.value: This field is required.", "Too many."]);
        assert!(!text.contains("non_field"), "{text}");
    }

    #[test]
    fn a_conflict_is_told_in_the_servers_words_and_a_busy_server_with_when_to_come_again() {
        assert!(told(409, None, r#"{"detail":"The hook is disabled."}"#).contains("The hook is disabled."));
        holds(&told(503, Some((RETRY_AFTER, "5")), r#"{"detail":"Not now."}"#), &["Not now", "5 s"]);
        holds(&told(429, Some((RETRY_AFTER, "7")), r#"{"detail":"Slowly."}"#), &["Slowly", "7 s"]);
        let ours = r#""You are attempting to use this endpoint too frequently. Limit is 20 requests in 60 seconds""#;
        holds(&told(429, Some((RETRY_AFTER, "3")), ours), &["too many requests", "Limit is 20 requests", "in 3 s"]);
        let broke = told(500, None, r#"{"detail":"Internal Error","errorId":"00ff"}"#);
        holds(&broke, &["Internal Error", "error.id=00ff"]);
    }

    #[test]
    fn what_is_no_watchfire_is_told_with_what_it_answered() {
        holds(&told(404, None, "<html>"), &["no Watchfire", "404"]);
        holds(&told(400, None, "[1]"), &["no Watchfire", "400"]);
        holds(&told(405, None, r#"{"detail":"a webhook is a POST"}"#), &["no Watchfire", "405"]);
        holds(&told(404, None, ""), &["no such call"]);
        holds(&told(301, Some((LOCATION, "https://b/")), ""), &["https://b/", "--url"]);
    }

    #[test]
    fn a_renamed_project_is_told_by_its_present_name() {
        let text = told(302, None, r#"{"slug":"new-name","detail":{"extra":{"url":"/x","slug":"new-name"}}}"#);
        holds(&text, &["--project new-name"]);
    }

    #[test]
    fn nothing_in_an_answer_steers_the_terminal() {
        let text = told(409, None, "{\"detail\":\"red \\u001b[31m\"}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
