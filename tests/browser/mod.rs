//! The web UI in a real browser: what people do, step by step, in Chromium.
//!
//! Each flow is a program in `flows`; what they share is in `lib.mjs`, where it is also said what fails any of them: an error on the
//! console, something that the Content Security Policy refused, a request to another host, what axe-core finds serious. Pictures
//! of the pages are in `target/test-logs/screenshots`.

mod stage;
mod weeks;

use stage::{play, play_after_weeks};

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn people_sign_in_and_out_and_come_back_to_pages_of_ours_only() {
    play("sign-in");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn people_change_their_password() {
    play("account");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn people_make_and_revoke_tokens() {
    play("tokens");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn a_project_is_made_and_set_up_until_its_first_event_shows() {
    play("projects");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn a_form_needs_its_sessions_token_and_a_role_that_allows_it() {
    play("permissions");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn everything_works_without_javascript() {
    play("no-script");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn pages_are_used_with_the_keyboard_alone() {
    play("keyboard");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn what_goes_wrong_is_said_and_nothing_is_sent_twice_or_lost() {
    play("script");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn the_sdk_for_browsers_sends_from_pages_of_another_origin() {
    play("browser-sdk");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn four_weeks_of_errors_and_deliveries_are_seen_at_a_glance() {
    play_after_weeks("weeks");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn a_hook_is_made_tested_rotated_examined_and_deleted() {
    play("hooks");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn deliveries_show_as_they_happen_and_are_sent_again() {
    play("deliveries");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn members_are_added_choose_their_password_and_are_removed() {
    play("members");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn client_keys_are_limited_disabled_and_deleted() {
    play("keys");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn a_rule_is_written_previewed_fired_snoozed_and_deleted() {
    play("rules");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn a_first_visit_weighs_little_and_a_second_one_loads_nothing_again() {
    play("weight");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn issues_of_a_real_sdk_are_searched_read_and_changed() {
    play("issues");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn nothing_that_comes_from_outside_is_ever_markup() {
    play("markup");
}

#[test]
#[ignore = "needs Chromium and Node: run by scripts/test"]
fn figures_are_shown_of_the_organization_its_projects_and_a_hook() {
    play("overview");
}
