//! What is said about a rule's fields, word for word.

use serde_json::{Value, json};

use crate::harness::Api;
use crate::rules::{RULES, least, make, path};

/// Posts and puts a body: what is said must be the same, but for what only a new rule requires.
async fn refusal(api: &Api, body: Value) -> Value {
    let posted = api.post(RULES, body.clone()).await.with_status(400);
    let rule = make(api, least("Kept", 17)).await;
    if body.get("frequency").is_some() {
        assert_eq!(api.put(&path(&rule), body).await.with_status(400), posted);
    }
    assert_eq!(api.get(&path(&rule)).await.with_status(200), rule, "a refused change changes nothing");
    assert_eq!(api.delete(&path(&rule)).await.status, 202);
    posted
}

/// The body of a good rule, but for one field.
fn with(field: &str, value: Value) -> Value {
    let mut body = least("Rule", 30);
    body["filterMatch"] = json!("all");
    body[field] = value;
    body
}

#[tokio::test]
async fn what_is_missing_is_said_at_once() {
    let api = Api::start().await;
    let required = "This field is required.";
    let expected =
        json!({"name": [required], "actionMatch": [required], "actions": [required], "frequency": [required]});
    assert_eq!(refusal(&api, json!({})).await, expected);
}

#[tokio::test]
async fn each_field_says_what_is_wrong_with_it() {
    let api = Api::start().await;
    let long = "a".repeat(257);
    for (field, value, complaint) in [
        ("name", json!(""), "This field may not be blank."),
        ("name", json!(null), "This field may not be null."),
        ("name", json!(long), "Ensure this field has no more than 256 characters."),
        ("actionMatch", json!("most"), "\"most\" is not a valid choice."),
        ("filterMatch", json!("most"), "\"most\" is not a valid choice."),
        ("frequency", json!("x"), "A valid integer is required."),
        ("frequency", json!(30.5), "A valid integer is required."),
        ("frequency", json!(null), "This field may not be null."),
        ("frequency", json!(4), "Ensure this value is greater than or equal to 5."),
        ("frequency", json!(-1), "Ensure this value is greater than or equal to 5."),
        ("frequency", json!(43_201), "Ensure this value is less than or equal to 43200."),
        ("frequency", json!(99_999_999_999_i64), "Ensure this value is less than or equal to 43200."),
        ("environment", json!("a/b"), "\"a/b\" is not a name that an environment can have."),
        ("environment", json!(""), "\"\" is not a name that an environment can have."),
        ("environment", json!(1), "Not a valid string."),
        ("owner", json!("jane"), "Could not parse actor. Format should be `type:id` where type is `team` or `user`."),
        ("owner", json!("user:99"), "User is not a member of this organization"),
        ("owner", json!("team:99"), "Team is not a member of this organization"),
        ("isActive", json!("nah"), "Must be a valid boolean."),
        ("status", json!("snoozed"), "\"snoozed\" is not a valid choice."),
        ("actions", json!([]), "You must add an action for this alert to fire."),
        ("actions", json!("x"), "Expected a list of items but got type \"str\"."),
        ("actions", json!(["x"]), "Each item must be an object with an id and its parameters."),
        ("actions", json!([{"service": "mail"}]), "Missing attribute 'id'."),
        ("actions", json!([{"id": "x"}]), "'x' is not a known action."),
    ] {
        let complaints: Value = [(field.to_owned(), json!([complaint]))].into_iter().collect();
        assert_eq!(refusal(&api, with(field, value.clone())).await, complaints, "{field}: {value}");
    }
}

#[tokio::test]
async fn forms_of_numbers_and_environments_that_clients_send_are_taken() {
    let api = Api::start().await;
    for (frequency, minutes) in [(json!("45"), 45), (json!(46.0), 46), (json!(5), 5), (json!(43_200), 43_200)] {
        assert_eq!(make(&api, with("frequency", frequency)).await["frequency"], minutes);
    }
    let rule = make(&api, with("environment", json!(" staging "))).await;
    assert_eq!(rule["environment"], "staging", "though no event has come from there");
    make(&api, with("environment", json!(null))).await;
}

#[tokio::test]
async fn filters_want_to_know_how_many_of_them_must_hold() {
    let api = Api::start().await;
    let mut body = least("Rule", 30);
    body["filters"] = json!([{"id": "sentry.rules.filters.latest_release.LatestReleaseFilter"}]);
    let said = json!({"filterMatch": ["Must select a filter match (all, any, none) if filters are supplied."]});
    assert_eq!(refusal(&api, body.clone()).await, said);
    body["filterMatch"] = json!(null);
    assert_eq!(refusal(&api, body.clone()).await, said);
    body["filterMatch"] = json!("some");
    assert_eq!(refusal(&api, body).await, json!({"filterMatch": ["\"some\" is not a valid choice."]}));
}

#[tokio::test]
async fn a_node_that_cannot_be_read_is_named_in_its_list() {
    let api = Api::start().await;
    let frequency = "sentry.rules.conditions.event_frequency.EventFrequencyCondition";
    let tag = "sentry.rules.filters.tagged_event.TaggedEventFilter";
    let intervals = "1m, 5m, 15m, 1h, 1d, 1w, 30d";
    for (field, node, complaint) in [
        ("conditions", json!("x"), "Each item must be an object with an id and its parameters.".to_owned()),
        ("conditions", json!({}), "Missing attribute 'id'.".to_owned()),
        ("conditions", json!({"id": "a.b"}), "'a.b' is not a known condition or filter.".to_owned()),
        ("conditions", json!({"id": frequency, "interval": "1h"}), "value: This field is required.".to_owned()),
        (
            "conditions",
            json!({"id": frequency, "value": 1, "interval": "2h"}),
            format!("interval: Select a valid choice: {intervals}."),
        ),
        (
            "conditions",
            json!({"id": frequency, "value": 1, "interval": "1h", "comparisonType": "percent"}),
            "comparisonInterval: This field is required.".to_owned(),
        ),
        ("filters", json!({"id": tag, "key": "a", "match": "eq"}), "value: This field is required.".to_owned()),
        (
            "filters",
            json!({"id": "sentry.rules.filters.event_attribute.EventAttributeFilter", "attribute": "colour", "match": "is"}),
            "attribute: 'colour' is not an attribute of an event.".to_owned(),
        ),
    ] {
        let complaints: Value = [(field.to_owned(), json!([complaint]))].into_iter().collect();
        assert_eq!(refusal(&api, with(field, json!([node]))).await, complaints, "{node}");
    }
    let good = json!({"id": tag, "key": "a", "match": "is"});
    let second = with("filters", json!([good, {"id": tag, "match": "is"}, good]));
    let said = json!({"filters": ["key: This field is required. (number 2 of 3)"]});
    assert_eq!(refusal(&api, second).await, said);
    let many = json!(vec![json!({"id": tag, "key": "a", "match": "is"}); 101]);
    let said = json!({"filters": ["Ensure this field has no more than 100 elements."]});
    assert_eq!(refusal(&api, with("filters", many)).await, said);
}

#[tokio::test]
async fn what_needs_data_that_nobody_keeps_is_refused_and_says_so() {
    let api = Api::start().await;
    for (field, id, what) in [
        ("conditions", "sentry.rules.conditions.event_frequency.EventFrequencyPercentCondition", "counts of sessions"),
        ("filters", "sentry.rules.filters.assigned_to.AssignedToFilter", "assignees"),
        (
            "filters",
            "sentry.rules.filters.latest_adopted_release_filter.LatestAdoptedReleaseFilter",
            "how far releases are adopted",
        ),
        ("filters", "sentry.rules.filters.issue_severity.IssueSeverityFilter", "a severity score of issues"),
    ] {
        let text = format!("'{id}' needs {what}, which Watchfire does not keep: it could never be true.");
        let complaints: Value = [(field.to_owned(), json!([text]))].into_iter().collect();
        assert_eq!(refusal(&api, with(field, json!([{"id": id}]))).await, complaints);
    }
}

#[tokio::test]
async fn users_with_conditions_cannot_take_over_filters_of_which_any_may_hold() {
    let api = Api::start().await;
    let id = "sentry.rules.conditions.event_frequency.EventUniqueUserFrequencyConditionWithConditions";
    let mut body = with("conditions", json!([{"id": id, "value": 5, "interval": "1h"}]));
    body["filters"] =
        json!([{"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": "a", "match": "eq", "value": "b"}]);
    body["filterMatch"] = json!("any");
    let said = refusal(&api, body.clone()).await;
    assert!(said["conditions"][0].as_str().unwrap().contains("cannot do so where the filter match is any"), "{said}");
    body["filterMatch"] = json!("all");
    make(&api, body).await;
}

#[tokio::test]
async fn a_rule_may_belong_to_a_person_or_a_team() {
    let api = Api::start().await;
    let user = api.store_user("jane@example.com").await;
    let (person, team) = (format!("user:{user}"), format!("team:{}", api.team.id));
    assert_eq!(make(&api, with("owner", json!(person))).await["owner"], json!(person));
    let mut body = with("owner", json!(team));
    body["frequency"] = json!(31);
    assert_eq!(make(&api, body).await["owner"], json!(team));
}
