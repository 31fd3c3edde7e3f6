//! Levels, and the nodes that hold for every event.

use serde_json::{Value, json};

use super::*;

#[test]
fn levels_compare_in_their_order() {
    let levels = [("debug", 10), ("info", 20), ("warning", 30), ("error", 40), ("fatal", 50)];
    for (name, number) in levels {
        let event = json!({"message": "m", "level": name});
        for other in [0, 10, 20, 30, 40, 50] {
            for (order, holds) in [("eq", number == other), ("gte", number >= other), ("lte", number <= other)] {
                assert_eq!(passes(&event, &level(order, &other.to_string())), holds, "{name} {order} {other}");
            }
        }
    }
}

#[test]
fn a_level_is_the_event_s_whatever_its_tag_says_and_error_where_it_says_none() {
    assert!(passes(&json!({"message": "m"}), &level("eq", "40")));
    assert!(passes(&json!({"message": "m", "level": "warning", "tags": {"level": "fatal"}}), &level("eq", "30")));
    assert!(passes(&json!({"message": "m", "level": "shouting"}), &level("eq", "40")));
}

#[test]
fn a_level_may_be_written_as_a_number_and_as_a_condition() {
    let event = json!({"message": "m", "level": "fatal"});
    for (id, written) in [
        (format!("{FILTERS}level.LevelFilter"), json!(50)),
        (format!("{FILTERS}level.LevelFilter"), json!(50.0)),
        (format!("{CONDITIONS}level.LevelCondition"), json!("50")),
        (format!("{CONDITIONS}level.LevelCondition"), json!(" 50 ")),
    ] {
        assert!(passes(&event, &json!({"id": id, "match": "eq", "level": written})), "{id} {written}");
    }
}

fn category(value: Value, include: Value) -> Value {
    json!({"id": format!("{FILTERS}issue_category.IssueCategoryFilter"), "value": value, "include": include})
}

fn issue_type(value: &str, include: Value) -> Value {
    json!({"id": format!("{FILTERS}issue_type.IssueTypeFilter"), "value": value, "include": include})
}

#[test]
fn every_event_is_an_error_of_category_one_and_of_no_other() {
    let event = json!({"message": "m"});
    for node in [
        category(json!("1"), Value::Null),
        category(json!(1), json!(true)),
        category(json!(1), json!("true")),
        category(json!("2"), json!(false)),
        category(json!(6), json!("false")),
        issue_type("error", Value::Null),
        issue_type("performance_n_plus_one_db_queries", json!(false)),
        json!({"id": format!("{CONDITIONS}every_event.EveryEventCondition")}),
    ] {
        assert!(passes(&event, &node), "{node}");
    }
}

#[test]
fn what_no_event_here_can_be_is_refused_instead_of_never_holding() {
    for node in [
        category(json!(2), json!(true)),
        category(json!(2), Value::Null),
        category(json!(1), json!(false)),
        issue_type("performance_slow_db_query", json!(true)),
        issue_type("error", json!("false")),
    ] {
        assert!(matches!(read(&node), Err(NodeError::NotKept { .. })), "{node}");
    }
}
