//! The settings as a list for people: each with its value and where it comes from. Called by `config show`.

use serde::Serialize;

use super::settings::Settings;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The flag's name without its dashes, which is also the key in the file.
    pub key: &'static str,
    /// Its value; empty where there is none.
    pub value: String,
    /// Where the value comes from.
    pub origin: String,
}

const SECONDS_PER_DAY: u64 = 24 * 3600;

/// Every setting, in the order of `serve --help`.
pub fn rows(settings: &Settings) -> Vec<Row> {
    let egress = &settings.egress;
    let row = |key, value: String| Row { key, value, origin: settings.origin(key).to_string() };
    vec![
        row("data", settings.data.display().to_string()),
        row("secret-key-file", settings.secret_key_file.display().to_string()),
        row("listen", settings.listen.to_string()),
        row("url", optional(settings.url.as_ref())),
        row("metrics-listen", optional(settings.metrics_listen.as_ref())),
        row("trusted-proxy", list(&settings.trusted_proxies)),
        row("dev", settings.dev.to_string()),
        row("egress-allow", list(&egress.allowed)),
        row("egress-allow-http", egress.http.to_string()),
        row("egress-ca", egress.ca_file.as_ref().map(|file| file.display().to_string()).unwrap_or_default()),
        row("egress-nat64", egress.nat64.to_string()),
        row("retention-days", (settings.retention.as_secs() / SECONDS_PER_DAY).to_string()),
        row("log-format", settings.log_format.to_string()),
    ]
}

fn optional(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn list(values: &[impl ToString]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
