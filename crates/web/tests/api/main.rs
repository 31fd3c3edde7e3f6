//! The management API as its users see it: requests in, statuses, headers and bodies out, on a real store.

#[cfg(test)]
mod access;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod deliveries_again;
#[cfg(test)]
mod events;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod hook_fields;
#[cfg(test)]
mod hook_rotation;
#[cfg(test)]
mod hook_settings;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod issue_changes;
#[cfg(test)]
mod issue_lists;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod live;
#[cfg(test)]
mod organizations;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod projects;
#[cfg(test)]
mod recording;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod rule_actions;
mod rule_fields;
#[cfg(test)]
mod rule_history;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod sent;
#[cfg(test)]
mod stats;
#[cfg(test)]
mod terraform;
#[cfg(test)]
mod terraform_places;
#[cfg(test)]
mod throttle;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod verify;
#[cfg(test)]
mod why;
