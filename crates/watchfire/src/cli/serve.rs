//! `watchfire serve`.

use super::failure::Failure;
use crate::config::Settings;

pub(super) async fn run(_settings: Settings) -> Result<String, Failure> {
    Ok(String::new())
}
