//! The behaviour suite that every backend runs: one function for each behaviour, named as a sentence.
//!
//! A backend's tests implement [`Bench`] and let [`every_behaviour`](crate::every_behaviour) make one test of each function,
//! so no behaviour can be forgotten. What only one database can do (refuse a row by a CHECK, run out of disk) is tested
//! beside it. A behaviour panics where the store misbehaves, and returns what the store says where it should have worked.

pub mod accounts;
pub mod again;
pub mod ageing;
pub mod alerts;
pub mod catalog;
pub mod changing;
pub mod claiming;
pub mod deliveries;
pub mod directory;
pub mod expiry;
pub mod figures;
pub mod filling;
pub mod folding;
pub mod hindsight;
pub mod hooks;
pub mod issues;
pub mod leases;
pub mod reading;
pub mod recording;
pub mod refusals;
pub mod replaying;
pub mod retention;
mod ruled;
pub mod rules;
pub mod searching;
pub mod secrets;
pub mod settling;
pub mod standing;
pub mod standings;
pub mod teams;
pub mod windows;
mod world;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use model::ids::HookGuid;
use protocol::EventId;

use crate::error::StoreError;
use crate::secret_key::{KEY_BYTES, SecretKey};
use crate::{SecretKeyId, Store};

/// A backend under test, empty at first.
#[async_trait]
pub trait Bench: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn Store>;

    /// Takes the store away as a killed process would leave it, and opens what is left. Handles of before must not be used.
    async fn crash(&mut self);

    /// Lets the database itself refuse the row of this event from now on, as if it broke a constraint.
    async fn poison(&mut self, event: EventId);

    /// Lets the database itself refuse to count an event in the hour that begins then, which is found out only after the
    /// event's own rows are written.
    async fn poison_hour(&mut self, hour_s: i64);

    /// Damages what is sealed in a column of a hook's row. Columns have the same names in every backend.
    async fn damage(&mut self, hook: HookGuid, column: &'static str);

    /// Puts what is sealed in a column of the second hook's row into the first one's.
    async fn swap(&mut self, column: &'static str, hooks: [HookGuid; 2]);

    /// Unlocks the store, which is unlocked with [`secret_key`] already, with another key.
    async fn unlock_with_another(&mut self, key: SecretKey) -> Result<(), StoreError>;

    /// Gives the store another key, and opens it with that one.
    async fn replace_key(&mut self, key: SecretKey) -> Result<(), StoreError>;

    /// The id of the key that the store's secrets are sealed with.
    async fn secret_key_id(&self) -> Result<Option<SecretKeyId>, StoreError>;

    /// How many rows a table has: what upkeep leaves shows nowhere else. Tables have the same names in every backend.
    async fn count_rows(&self, table: &'static str) -> u64;
}

/// The key that stores under test are unlocked with.
pub fn secret_key() -> SecretKey {
    test_key(7)
}

/// A key of these bytes, with random numbers that differ from each other and nothing more.
fn test_key(byte: u8) -> SecretKey {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    SecretKey::new([byte; KEY_BYTES], |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let next = NEXT.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            chunk.iter_mut().zip(next).for_each(|(to, from)| *to = from);
        }
    })
}

/// What a behaviour answers: what the store said where it should have worked.
pub type Outcome = Result<(), StoreError>;

/// Calls `$each!` with every behaviour of the suite, as `room::behaviour`.
#[macro_export]
macro_rules! every_behaviour {
    ($each:ident) => {
        $each! {
            accounts::a_token_is_found_by_its_hash_until_it_is_revoked,
            accounts::an_address_has_one_account,
            accounts::a_user_has_one_role_in_each_organization_that_they_belong_to,
            accounts::an_organization_keeps_at_least_one_admin,
            accounts::a_session_is_found_by_its_hash_until_it_ends,
            again::what_is_sent_again_is_owed_anew_and_its_log_goes_on,
            again::what_is_not_settled_is_not_sent_again,
            again::nothing_is_sent_again_to_a_disabled_or_deleted_hook,
            again::what_has_no_body_any_more_is_not_sent_again,
            again::what_is_sent_again_has_its_patience_anew,
            ageing::counts_go_when_no_window_reaches_them,
            ageing::what_a_window_reaches_is_left_to_count,
            ageing::a_counter_that_nobody_asks_for_goes,
            ageing::throttles_go_when_they_hold_nothing_back,
            ageing::firings_go_with_their_day_and_deleted_rules_with_their_firings,
            ageing::a_deleted_project_takes_its_rules_issues_and_releases_along,
            alerts::an_alert_is_owed_with_its_event,
            alerts::each_hook_is_owed_one_alert_about_the_rules_that_fired_for_it,
            alerts::an_alert_is_born_leased_where_it_has_a_place,
            alerts::a_rule_fires_once_for_an_issue_in_its_frequency,
            alerts::what_decided_is_kept,
            alerts::a_refused_event_leaves_no_throttle_and_no_count,
            alerts::a_refused_event_takes_no_place_for_an_alert,
            alerts::what_may_not_fire_leaves_no_history,
            alerts::a_moved_event_or_a_duplicate_fires_nothing,
            alerts::the_issue_after_a_deleted_one_is_new_to_rules,
            catalog::organizations_and_teams_have_slugs_of_their_own,
            catalog::a_project_starts_with_a_key,
            catalog::a_project_changes_only_what_is_named,
            catalog::a_former_slug_leads_to_its_project_until_it_is_used_again,
            catalog::a_deleted_project_is_gone_at_once,
            catalog::keys_belong_to_their_project,
            catalog::hooks_belong_to_their_project,
            catalog::a_project_has_no_more_hooks_than_it_may_have,
            changing::issues_are_changed_together,
            changing::a_new_issue_that_is_opened_stays_new,
            changing::an_ignored_issue_comes_back_when_its_snooze_ends,
            changing::a_deleted_issue_is_gone_and_its_next_event_makes_another,
            changing::what_a_deleted_issue_leaves_goes,
            changing::events_are_paged_newest_first,
            changing::a_page_of_large_events_ends_early,
            changing::an_event_is_found_between_its_neighbours,
            claiming::a_claim_takes_the_most_urgent_first_and_no_more_than_it_wants,
            claiming::a_claim_by_age_lets_no_priority_starve,
            claiming::nothing_is_claimed_before_it_is_due,
            claiming::hooks_with_due_deliveries_are_named_once,
            claiming::claims_of_several_hooks_are_answered_in_order,
            deliveries::deliveries_are_found_by_what_is_true_of_them,
            deliveries::pages_of_deliveries_lead_forth_and_back,
            deliveries::a_page_that_looks_for_too_long_says_where_it_goes_on,
            deliveries::deliveries_name_their_issue_until_it_is_deleted,
            deliveries::a_delivery_is_shown_with_its_body_and_its_log,
            deliveries::of_a_long_log_the_newest_attempts_are_shown,
            directory::the_directory_holds_what_is_there_now,
            directory::every_change_of_the_directory_moves_its_version,
            directory::events_do_not_move_the_directory,
            directory::the_base_url_is_kept,
            expiry::what_waits_for_a_disabled_hook_is_cancelled,
            expiry::what_waits_for_what_is_deleted_is_cancelled_and_goes,
            expiry::what_waits_too_long_for_its_first_attempt_expires,
            expiry::what_is_leased_is_left_to_its_process,
            expiry::each_hook_has_its_own_patience,
            expiry::of_too_much_that_waits_the_oldest_repeats_expire,
            expiry::a_pass_of_small_slices_reaches_everything_and_ends,
            figures::events_are_counted_by_the_hour,
            figures::attempts_are_counted_by_outcome_and_latency,
            figures::figures_are_forgotten_in_time,
            filling::a_counter_is_filled_with_what_was_recorded_before,
            filling::a_filling_ends_once,
            filling::a_rule_hears_of_what_was_filled,
            filling::rules_that_ask_for_the_same_share_a_counter,
            filling::a_slice_of_large_events_ends_early,
            folding::attempts_that_never_went_out_are_folded_while_they_repeat,
            folding::another_cause_or_a_sent_request_begins_a_new_row,
            folding::deliveries_are_folded_each_by_itself,
            hooks::a_hook_keeps_its_settings,
            hooks::a_hook_changes_only_the_settings_that_are_named,
            hooks::a_hook_that_a_person_disables_says_so,
            hooks::headers_are_not_set_back,
            hooks::a_rotation_keeps_both_secrets_until_its_overlap_ends,
            hooks::a_second_rotation_waits_for_the_first_or_ends_both,
            secrets::secrets_open_after_a_restart,
            secrets::a_store_knows_its_key,
            secrets::a_damaged_row_is_a_hook_that_says_so_and_leaves_the_others_alone,
            secrets::what_is_sealed_for_one_hook_does_not_open_for_another,
            secrets::a_new_secret_without_overlap_mends_a_hook,
            secrets::new_headers_mend_a_hook,
            secrets::a_store_whose_key_is_lost_may_be_given_another,
            issues::an_issue_adds_up_its_events,
            issues::an_issue_shows_its_last_event,
            issues::a_duplicate_is_not_counted,
            issues::issues_are_numbered_from_one_in_each_project,
            issues::a_new_grouping_version_makes_new_issues,
            leases::a_lease_that_is_given_back_is_free_at_once,
            leases::only_the_owner_gives_a_lease_back,
            leases::leases_of_a_process_are_listed_page_by_page,
            leases::leases_of_a_dead_process_are_freed_in_slices,
            leases::an_interrupted_attempt_is_numbered_after_the_others,
            reading::a_body_is_head_value_and_tail_byte_for_byte,
            reading::bodies_are_read_up_to_a_limit_of_bytes,
            reading::an_event_is_found_by_its_id_on_any_day,
            reading::recorded_events_are_found_with_what_they_owe,
            reading::the_deliveries_of_an_event_are_listed,
            reading::the_backlog_of_a_hook_is_what_waits_for_it,
            recording::an_acknowledged_event_survives_a_crash,
            recording::an_id_of_today_or_yesterday_is_a_duplicate_and_an_older_one_is_not,
            recording::a_duplicate_within_a_batch_is_recorded_once,
            recording::the_same_id_in_two_projects_is_two_events,
            recording::events_are_numbered_in_the_order_of_recording,
            recording::the_first_event_of_an_issue_goes_before_its_repeats,
            recording::a_delivery_is_born_leased_only_where_there_is_room,
            recording::an_event_that_webhooks_led_to_too_often_owes_nothing,
            recording::an_event_matched_before_a_change_is_moved,
            recording::every_change_of_a_project_moves_its_generation,
            recording::a_batch_is_its_callers_alone_once_it_is_answered,
            recording::a_probe_changes_nothing,
            refusals::a_refused_event_leaves_no_trace_in_its_batch,
            refusals::a_refused_repeat_is_not_counted,
            refusals::what_is_refused_when_it_is_counted_fails_alone,
            refusals::a_refused_outcome_fails_its_delivery_alone,
            hindsight::an_event_is_kept_with_what_it_did_to_its_issue,
            hindsight::events_are_read_newest_first_in_slices,
            hindsight::a_slice_of_large_kept_events_ends_early,
            hindsight::an_issue_stands_where_its_events_left_it,
            hindsight::a_firing_is_kept_with_what_decided_it,
            hindsight::a_firing_is_found_from_the_next_event_of_its_issue,
            hindsight::releases_are_listed_newest_first,
            hindsight::a_history_goes_with_the_days_that_are_kept,
            replaying::a_replay_sends_again_what_was_not_delivered_in_its_period,
            replaying::a_replay_takes_the_states_that_it_was_asked_for,
            replaying::a_replay_takes_nothing_twice,
            replaying::a_replay_goes_on_after_a_crash,
            replaying::a_hook_has_one_replay_at_a_time,
            replaying::a_replay_can_be_stopped_and_stops_with_its_hook,
            replaying::a_replay_gets_past_what_it_does_not_take,
            replaying::replays_are_listed_and_go_with_time_and_hook,
            retention::events_of_earlier_days_go_with_all_that_leads_to_them,
            retention::an_issue_goes_with_its_last_event,
            retention::a_number_is_never_given_twice,
            retention::a_hook_number_is_never_given_twice,
            retention::a_deleted_project_goes_with_everything,
            retention::counts_are_kept_as_long_as_their_resolution,
            rules::a_rule_is_read_as_it_was_written,
            rules::rules_belong_to_their_project,
            rules::a_rule_is_replaced_whole,
            rules::a_snooze_is_kept_until_it_is_ended,
            rules::every_change_of_a_rule_moves_its_project,
            rules::the_directory_holds_the_rules_that_are_there_now,
            rules::a_rule_that_never_fired_has_no_history,
            rules::a_hook_keeps_its_filters,
            searching::a_search_finds_those_for_which_every_test_holds,
            searching::every_sort_is_paged_forth_and_back_without_gaps,
            searching::an_issue_is_found_by_its_number,
            searching::what_events_left_beside_an_issue_is_listed,
            searching::the_tags_of_an_issue_are_listed_up_to_a_number,
            searching::hours_of_issues_are_kept_for_90_days,
            searching::a_search_reaches_the_last_of_thousands,
            settling::a_settled_delivery_is_in_the_state_it_was_moved_to,
            settling::an_attempt_is_read_as_it_was_written,
            settling::both_attempts_of_a_stale_connection_are_logged,
            settling::a_failure_after_the_lease_was_lost_is_logged_and_moves_nothing,
            settling::a_success_after_the_lease_was_lost_delivers,
            settling::a_late_outcome_takes_the_place_of_its_interrupted_row,
            settling::a_panicked_attempt_is_not_replaced,
            settling::a_settlement_that_comes_twice_is_logged_once,
            settling::an_outcome_of_a_delivery_that_is_gone_is_dropped,
            settling::attempts_are_counted_in_three_resolutions,
            standings::a_standing_is_read_as_it_was_written,
            standings::a_probe_is_counted_once_and_takes_the_least_important_delivery,
            standings::a_gone_receiver_disables_its_hook_until_somebody_enables_it,
            standings::what_is_skipped_is_settled_as_it_is_owed,
            standings::a_test_is_a_leased_delivery_without_an_event,
            standing::one_event_reopens_a_resolved_issue,
            standing::an_issue_that_is_resolved_in_a_release_stays_so_for_older_ones,
            standing::one_event_ends_a_snooze,
            standing::a_user_counts_once_for_an_issue,
            standing::an_issue_is_new_in_each_environment_once,
            standing::a_placeholder_takes_no_titles_place,
            standing::an_issue_knows_its_first_and_last_release,
            standing::an_issue_may_turn_out_to_be_older,
            teams::a_team_changes_only_what_is_named,
            teams::a_project_has_the_teams_that_it_was_given_to,
            teams::a_deleted_team_leaves_its_projects,
            teams::rules_of_a_team_that_goes_have_no_owner,
            teams::every_change_of_a_projects_teams_moves_the_directory,
            windows::events_in_a_window_are_counted_wherever_they_were_recorded,
            windows::a_window_begins_with_a_bucket,
            windows::users_in_a_window_are_counted_once,
            windows::a_rule_of_an_environment_counts_its_events_alone,
            windows::a_percentage_compares_two_windows,
            windows::what_fires_nothing_is_counted,
            windows::the_latest_release_is_the_last_one_that_was_first_seen,
            windows::a_refused_event_does_not_disturb_what_is_counted,
            windows::windows_hold_what_counting_by_hand_finds,
        }
    };
}
