//! What the API said to a call that it did not do, taken apart for the page that shows it.

use http::StatusCode;
use serde_json::Value;

/// What the API said to a call that it did not do.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// An object of complaints by field, `{"detail": …}`, or a text.
    pub(super) said: Value,
}

impl Refusal {
    /// The sentence that is about all of it, if any.
    pub(super) fn sentence(&self) -> Option<String> {
        match &self.said {
            Value::String(text) => Some(text.clone()),
            Value::Object(fields) => {
                let about_all = fields.get("detail").or_else(|| fields.get("nonFieldErrors"))?;
                Some(texts(about_all).join(" "))
            }
            _ => None,
        }
    }

    /// What is said of a field, if anything.
    pub(super) fn about(&self, field: &str) -> Option<String> {
        let said = texts(self.said.get(field)?).join(" ");
        Some(said).filter(|said| !said.is_empty())
    }

    /// What is said of fields that are none of these: it must not go unseen.
    pub(super) fn beside(&self, fields: &[&str]) -> Option<String> {
        let Value::Object(said) = &self.said else { return self.sentence() };
        let known = |name: &str| fields.contains(&name);
        let others = said.iter().filter(|(name, _)| !known(name));
        let lines: Vec<String> = others
            .map(|(name, value)| match name.as_str() {
                "detail" | "nonFieldErrors" => texts(value).join(" "),
                _ => format!("{name}: {}", texts(value).join(" ")),
            })
            .collect();
        (!lines.is_empty()).then(|| lines.join(" "))
    }
}

/// Every text in it, however deep.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}
