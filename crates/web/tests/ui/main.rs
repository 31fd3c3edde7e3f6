//! The pages as a browser gets them: forms in, statuses, headers and HTML out, over the real API and a real store.

#[cfg(test)]
mod account;
#[cfg(test)]
mod alert_editor;
#[cfg(test)]
mod alerts;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod figures;
#[cfg(test)]
#[path = "../api/harness.rs"]
#[expect(dead_code, reason = "the API's tests use more of it")]
mod harness;
#[cfg(test)]
mod hooks;
#[cfg(test)]
mod issue_events;
#[cfg(test)]
mod issues;
#[cfg(test)]
mod members;
#[cfg(test)]
mod person;
#[cfg(test)]
mod projects;
#[cfg(test)]
#[path = "../api/recording.rs"]
#[expect(dead_code, reason = "the API's tests use more of it")]
mod recording;
#[cfg(test)]
#[path = "../api/sent.rs"]
#[expect(dead_code, reason = "the API's tests use more of it")]
mod sent;
#[cfg(test)]
mod sign_in;
