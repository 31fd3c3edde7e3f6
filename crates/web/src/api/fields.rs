//! Reading the fields of a JSON object, with every complaint at once and in the words that Sentry's clients know.
//!
//! Responsible for what is common to all resources: presence, null, types, blanks, lengths. Refuses to know what a field
//! means: a resource passes readers for that. Called by every handler that takes a body.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

/// What is wrong with one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Complaint {
    /// With the value itself.
    Whole(Cow<'static, str>),
    /// With members of an object.
    Members(FieldErrors),
    /// With some items of a list, by index.
    Items(Vec<(usize, Cow<'static, str>)>),
}

/// What is wrong with each field, in the order in which they were read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct FieldErrors(Vec<(&'static str, Complaint)>);

/// An object whose fields are being read.
pub(super) struct Fields<'j> {
    object: &'j Map<String, Value>,
    errors: FieldErrors,
}

/// What a reader makes of a value that is not null.
pub(super) type Read<T> = Result<T, Complaint>;

/// The complaint about a field that must be there.
pub(super) const REQUIRED: &str = "This field is required.";
const NULL: &str = "This field may not be null.";
/// The complaint about a text of nothing but blanks.
pub(super) const BLANK: &str = "This field may not be blank.";
const NOT_TEXT: &str = "Not a valid string.";
const NOT_BOOLEAN: &str = "Must be a valid boolean.";

impl<'j> Fields<'j> {
    /// The fields of a body, which must be an object.
    ///
    /// # Errors
    /// A complaint about the body as a whole.
    pub(super) fn of(body: &'j Value) -> Result<Self, FieldErrors> {
        match body {
            Value::Object(object) => Ok(Self { object, errors: FieldErrors::default() }),
            Value::Null => Err(FieldErrors::about_all("No data provided")),
            other => {
                let kind = type_name(other);
                Err(FieldErrors::about_all(format!("Invalid data. Expected a dictionary, but got {kind}.")))
            }
        }
    }

    /// A field that must be there. `None` where there is a complaint about it.
    pub(super) fn required<T>(&mut self, name: &'static str, read: impl FnOnce(&Value) -> Read<T>) -> Option<T> {
        if self.object.contains_key(name) {
            return self.optional(name, read);
        }
        self.errors.add(name, REQUIRED);
        None
    }

    /// A field that may be absent but not null. `None` where it is absent or there is a complaint about it.
    pub(super) fn optional<T>(&mut self, name: &'static str, read: impl FnOnce(&Value) -> Read<T>) -> Option<T> {
        match self.object.get(name)? {
            Value::Null => {
                self.errors.add(name, NULL);
                None
            }
            value => read(value).map_err(|complaint| self.errors.0.push((name, complaint))).ok(),
        }
    }

    /// A field that may be absent or null: the outer `None` is absence (or a complaint), the inner one null.
    pub(super) fn nullable<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Value) -> Read<T>,
    ) -> Option<Option<T>> {
        match self.object.get(name)? {
            Value::Null => Some(None),
            _ => self.optional(name, read).map(Some),
        }
    }

    /// A complaint about a field that follows from another.
    pub(super) fn complain(&mut self, name: &'static str, text: impl Into<Cow<'static, str>>) {
        self.errors.add(name, text);
    }

    /// Whether there is a complaint about a field.
    pub(super) fn has_complaint(&self, name: &str) -> bool {
        self.errors.0.iter().any(|(field, _)| *field == name)
    }

    /// Ends the reading: what was required, where there was no complaint about anything.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub(super) fn finish<T>(self, required: Option<T>) -> Result<T, FieldErrors> {
        match required {
            Some(value) if self.errors.0.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }
}

impl FieldErrors {
    /// A complaint about no field in particular.
    pub(super) fn about_all(text: impl Into<Cow<'static, str>>) -> Self {
        Self::about("non_field_errors", text)
    }

    /// A complaint about one field.
    pub(super) fn about(name: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self(vec![(name, Complaint::Whole(text.into()))])
    }

    /// Field → list of texts, or index → list of texts where the field is a list with bad items.
    pub(super) fn to_json(&self) -> Value {
        self.0.iter().map(|(name, complaint)| ((*name).to_owned(), complaint.to_json())).collect::<Map<_, _>>().into()
    }

    fn add(&mut self, name: &'static str, text: impl Into<Cow<'static, str>>) {
        self.0.push((name, Complaint::Whole(text.into())));
    }
}

impl Complaint {
    /// A complaint about the value itself.
    pub(super) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Complaint::Whole(text.into())
    }

    /// The same about a member of an object, which it names.
    pub(super) fn within(self, member: &str) -> Self {
        match self {
            Complaint::Whole(text) => Complaint::new(format!("{member}: {text}")),
            Complaint::Items(_) | Complaint::Members(_) => self,
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Complaint::Whole(text) => json!([text]),
            Complaint::Members(errors) => errors.to_json(),
            Complaint::Items(items) => {
                items.iter().map(|(index, text)| (index.to_string(), json!([text]))).collect::<Map<_, _>>().into()
            }
        }
    }
}

/// A text without blanks around it, not empty, at most so many characters. A number counts as its text.
pub(super) fn text(characters_max: usize) -> impl Fn(&Value) -> Read<String> {
    move |value| {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Null => return Err(Complaint::new(NULL)),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(Complaint::new(NOT_TEXT)),
        };
        if text.is_empty() {
            return Err(Complaint::new(BLANK));
        }
        if text.chars().count() > characters_max {
            return Err(Complaint::new(too_long(characters_max)));
        }
        if text.contains('\0') {
            return Err(Complaint::new("Null characters are not allowed."));
        }
        Ok(text)
    }
}

/// True or false, in any of the forms that HTML forms and people use.
pub(super) fn boolean(value: &Value) -> Read<bool> {
    let known = match value {
        Value::Bool(value) => Some(*value),
        Value::Number(number) if number.as_f64() == Some(1.0) => Some(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Some(false),
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "t" | "y" | "yes" | "true" | "on" | "1" => Some(true),
            "f" | "n" | "no" | "false" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    };
    known.ok_or(Complaint::new(NOT_BOOLEAN))
}

/// A whole number in a range; its text counts too, as in forms.
pub(super) fn whole(range: RangeInclusive<u64>) -> impl Fn(&Value) -> Read<u64> {
    move |value| {
        let number = match value {
            Value::Number(number) => {
                number.as_i64().or_else(|| number.as_f64().filter(|it| it.fract() == 0.0).map(whole_part))
            }
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let number = number.ok_or(Complaint::new("A valid integer is required."))?;
        let (least, most) = (range.start(), range.end());
        match u64::try_from(number) {
            Ok(number) if number > *most => {
                Err(Complaint::new(format!("Ensure this value is less than or equal to {most}.")))
            }
            Ok(number) if number >= *least => Ok(number),
            Ok(_) | Err(_) => Err(Complaint::new(format!("Ensure this value is greater than or equal to {least}."))),
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "what is beyond 64 bits is out of every range, whatever it becomes"
)]
fn whole_part(number: f64) -> i64 {
    number as i64
}

/// A list whose items `read` understands; complaints about items come by index.
pub(super) fn list<T>(read: impl Fn(&Value) -> Read<T>) -> impl Fn(&Value) -> Read<Vec<T>> {
    move |value| {
        let Value::Array(items) = value else {
            let kind = type_name(value);
            return Err(Complaint::new(format!("Expected a list of items but got type \"{kind}\".")));
        };
        let mut complaints = Vec::new();
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match read(item) {
                Ok(value) => values.push(value),
                Err(Complaint::Whole(text)) => complaints.push((index, text)),
                Err(Complaint::Items(_) | Complaint::Members(_)) => complaints.push((index, Cow::Borrowed(NOT_TEXT))),
            }
        }
        if complaints.is_empty() { Ok(values) } else { Err(Complaint::Items(complaints)) }
    }
}

/// A list of at most so many items, whatever they are.
pub(super) fn items(most: usize) -> impl Fn(&Value) -> Read<Vec<Value>> {
    move |value| {
        let items = list(|item| Ok(item.clone()))(value)?;
        if items.len() > most {
            return Err(Complaint::new(format!("Ensure this field has no more than {most} elements.")));
        }
        Ok(items)
    }
}

/// The complaint about a text of more characters than that.
pub(super) fn too_long(characters_max: usize) -> String {
    format!("Ensure this field has no more than {characters_max} characters.")
}

/// A value as complaints quote it: a text as it is, anything else as Python's clients of Sentry are used to see it.
pub(super) fn quoted(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        other => other.to_string(),
    }
}

/// The name of a value's type, in the words of Sentry's framework.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}
