//! Pages of lists and the links between them.

use serde_json::{Value, json};

use crate::harness::{Answer, Api};

const HOOKS: &str = "/api/0/projects/my-org/my-project/hooks/";

/// An API with hooks of these numbers, newest first in the answer.
async fn with_hooks(count: usize) -> Api {
    let api = Api::start().await;
    for number in 1..=count {
        api.post(HOOKS, json!({"url": format!("https://example.com/{number}")})).await.with_status(201);
    }
    api
}

fn numbers(answer: &Answer) -> Vec<u32> {
    let list = answer.with_status(200);
    let number = |hook: &Value| hook["url"].as_str().unwrap().rsplit('/').next().unwrap().parse().unwrap();
    list.as_array().unwrap().iter().map(number).collect()
}

fn links(query: &str, previous: (&str, bool), next: (&str, bool)) -> String {
    let one = |(cursor, results): (&str, bool), relation: &str| {
        format!(
            "<https://watch.example{HOOKS}?{query}&cursor={cursor}>; rel=\"{relation}\"; results=\"{results}\"; cursor=\"{cursor}\""
        )
    };
    format!("{}, {}", one(previous, "previous"), one(next, "next"))
}

#[tokio::test]
async fn five_hooks_by_two_are_paged_as_sentry_pages_them() {
    let api = with_hooks(5).await;
    for (cursor, shown, previous, next) in [
        ("", vec![5, 4], ("5:0:1", false), ("3:0:0", true)),
        ("&cursor=3:0:0", vec![3, 2], ("3:0:1", true), ("1:0:0", true)),
        ("&cursor=1:0:0", vec![1], ("1:0:1", true), ("1:2:0", false)),
        ("&cursor=3:0:1", vec![5, 4], ("5:0:1", false), ("3:0:0", true)),
    ] {
        let answer = api.get(&format!("{HOOKS}?per_page=2{cursor}")).await;
        assert_eq!(numbers(&answer), shown, "{cursor}");
        assert_eq!(answer.header("link"), Some(links("per_page=2", previous, next).as_str()), "{cursor}");
    }
}

#[tokio::test]
async fn an_empty_list_has_both_links_and_a_lone_ampersand() {
    let api = Api::start().await;
    let answer = api.get(HOOKS).await;
    assert_eq!(answer.with_status(200), json!([]));
    assert_eq!(answer.header("link"), Some(links("", ("0:0:1", false), ("0:0:0", false)).as_str()));
}

#[tokio::test]
async fn other_parameters_stay_in_the_links() {
    let api = with_hooks(2).await;
    let answer = api.get(&format!("{HOOKS}?status=active&cursor=&per_page=1&x=%20y")).await;
    assert_eq!(numbers(&answer), [2]);
    let expected = links("status=active&per_page=1&x=%20y", ("2:0:1", false), ("1:0:0", true));
    assert_eq!(answer.header("link"), Some(expected.as_str()));
}

#[tokio::test]
async fn a_client_that_follows_next_sees_each_hook_once_though_others_come_and_go() {
    let api = with_hooks(5).await;
    let first = api.get(&format!("{HOOKS}?per_page=2")).await;
    assert_eq!(numbers(&first), [5, 4]);
    let newest = api.post(HOOKS, json!({"url": "https://example.com/6"})).await.with_status(201);
    let oldest_shown = first.json()[1]["id"].as_str().unwrap().to_owned();
    assert_eq!(api.delete(&format!("{HOOKS}{oldest_shown}/")).await.status, 204);
    assert_eq!(numbers(&api.get(&format!("{HOOKS}?per_page=2&cursor=3:0:0")).await), [3, 2]);
    assert_eq!(numbers(&api.get(&format!("{HOOKS}?per_page=2&cursor=3:0:1")).await), [6, 5]);
    assert_eq!(newest["status"], "active");
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let api = Api::start().await;
    for (query, detail) in [
        ("per_page=x", "Invalid per_page parameter."),
        ("per_page=", "Invalid per_page parameter."),
        ("per_page=0", "Invalid per_page value. Must be between 1 and 100."),
        ("per_page=101", "Invalid per_page value. Must be between 1 and 100."),
        ("cursor=x", "Invalid cursor parameter."),
        ("cursor=1:2", "Invalid cursor parameter."),
        ("cursor=a:0:0", "Invalid cursor parameter."),
    ] {
        let answer = api.get(&format!("{HOOKS}?{query}")).await;
        assert_eq!(answer.with_status(400), json!({"detail": detail}), "{query}");
    }
}

#[tokio::test]
async fn every_list_is_paged() {
    let api = Api::start().await;
    for path in [
        "/api/0/organizations/",
        "/api/0/organizations/my-org/projects/",
        "/api/0/organizations/my-org/teams/",
        "/api/0/projects/",
        "/api/0/projects/my-org/my-project/keys/",
        "/api/0/api-tokens/",
    ] {
        let answer = api.get(&format!("{path}?per_page=1")).await;
        assert_eq!(answer.with_status(200).as_array().unwrap().len(), 1, "{path}");
        let link = answer.header("link").unwrap();
        assert!(link.contains("rel=\"previous\"; results=\"false\""), "{path}: {link}");
        assert!(link.contains("rel=\"next\"; results=\"false\""), "{path}: {link}");
        assert_eq!(api.get(&format!("{path}?per_page=0")).await.status, 400, "{path}");
    }
}

#[tokio::test]
async fn keys_of_one_moment_are_each_on_one_page() {
    let api = Api::start().await;
    let keys = "/api/0/projects/my-org/my-project/keys/";
    for _ in 0..4 {
        api.post(keys, json!({})).await.with_status(201);
    }
    let all = api.get(keys).await.with_status(200);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..5 {
        let answer = api.get(&format!("{keys}?per_page=1&cursor={cursor}")).await;
        seen.extend(answer.with_status(200).as_array().unwrap().iter().cloned());
        let next = answer.header("link").unwrap().rsplit("cursor=\"").next().unwrap();
        cursor = next.trim_end_matches('"').to_owned();
    }
    assert_eq!(json!(seen), all);
}
