//! API tokens.

use serde_json::{Value, json};
use store::catalog::Catalog as _;

use crate::harness::Api;

const TOKENS: &str = "/api/0/api-tokens/";

async fn revoke(api: &Api, body: Value) -> crate::harness::Answer {
    api.raw("DELETE", TOKENS, "application/json", body.to_string()).await
}

#[tokio::test]
async fn a_new_token_works_and_its_text_is_shown_once() {
    let api = Api::start().await;
    let made =
        api.post(TOKENS, json!({"name": "deploy", "scopes": ["project:write", "org:read"]})).await.with_status(201);
    let text = made["token"].as_str().unwrap().to_owned();
    let digits = text.strip_prefix("sntryu_").unwrap();
    assert!(digits.len() == 64 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{text}");
    assert_eq!(made["name"], "deploy");
    assert_eq!(made["scopes"], json!(["org:read", "project:write"]));
    assert_eq!(made["dateCreated"], "2018-11-06T21:20:08.143Z");
    assert_eq!(made["tokenLastCharacters"], text[text.len() - 4..]);
    let answer = api.call("GET", "/api/0/", &text, None).await.with_status(200);
    assert_eq!(answer["auth"]["scopes"], json!(["org:read", "project:write"]));

    let listed = api.get(TOKENS).await;
    assert!(!listed.text.contains(&text));
    let mut expected = made.clone();
    expected.as_object_mut().unwrap().remove("token");
    assert_eq!(listed.with_status(200)[0], expected);
}

#[tokio::test]
async fn only_the_hash_of_a_token_is_on_the_disk() {
    let api = Api::start().await;
    let made = api.post(TOKENS, json!({"scopes": ["org:read"]})).await.with_status(201);
    let text = made["token"].as_str().unwrap().to_owned();
    let hash = watchfire_web::auth::token::hash(&text);
    assert!(api.store.token_by_hash(hash).await.unwrap().is_some());
    let mut holds_hash = false;
    for entry in std::fs::read_dir(api.folder()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!holds(text.as_bytes()) && !holds(&text.as_bytes()[7..]));
        holds_hash |= holds(&hash);
    }
    assert!(holds_hash, "the search would have found the text");
}

#[tokio::test]
async fn a_token_makes_none_that_may_do_more_than_itself() {
    let api = Api::start().await;
    let user = api.store_user("ada@example.com").await;
    let maker = api.token_of(user, "org:admin project:write").await;
    let body = json!({"scopes": ["project:read", "project:admin", "event:read"]});
    let refused = api.call("POST", TOKENS, &maker, Some(body)).await.with_status(400);
    let complaint = json!({"scopes": {
        "1": ["You do not have project:admin yourself."],
        "2": ["You do not have event:read yourself."],
    }});
    assert_eq!(refused, complaint);
    let body = json!({"scopes": ["project:read", "org:write"]});
    let made = api.call("POST", TOKENS, &maker, Some(body)).await.with_status(201);
    let answer = api.call("GET", "/api/0/", made["token"].as_str().unwrap(), None).await.with_status(200);
    assert_eq!(answer["user"]["email"], "ada@example.com", "it belongs to whom its maker belongs");
}

#[tokio::test]
async fn what_is_wrong_with_a_new_token_is_said() {
    let api = Api::start().await;
    for (body, complaint) in [
        (json!({}), json!({"scopes": ["This field is required."]})),
        (json!({"scopes": []}), json!({"scopes": ["This selection may not be empty."]})),
        (json!({"scopes": null}), json!({"scopes": ["This field may not be null."]})),
        (json!({"scopes": "org:read"}), json!({"scopes": ["Expected a list of items but got type \"str\"."]})),
        (
            json!({"scopes": ["org:chmod", 1]}),
            json!({"scopes": {
                "0": ["\"org:chmod\" is not a valid choice."],
                "1": ["\"1\" is not a valid choice."],
            }}),
        ),
        (json!({"scopes": ["org:read"], "name": " "}), json!({"name": ["This field may not be blank."]})),
    ] {
        assert_eq!(api.post(TOKENS, body.clone()).await.with_status(400), complaint, "{body}");
    }
}

#[tokio::test]
async fn a_token_is_revoked_by_its_id() {
    let api = Api::start().await;
    let made = api.post(TOKENS, json!({"scopes": ["org:read"]})).await.with_status(201);
    let answer = revoke(&api, json!({"tokenId": made["id"]})).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(api.call("GET", "/api/0/", made["token"].as_str().unwrap(), None).await.status, 401);
    assert_eq!(revoke(&api, json!({"tokenId": made["id"]})).await.status, 404);
    assert_eq!(revoke(&api, json!({"tokenId": "x"})).await.status, 404);
    let number = made["id"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(revoke(&api, json!({"tokenId": number})).await.status, 404, "a number is an id too");
    assert_eq!(revoke(&api, json!({})).await.with_status(400), json!({"tokenId": ["This field is required."]}));
}
