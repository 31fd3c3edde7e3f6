//! Names under which an event has texts: tags, and the attributes that Sentry's rules know.

use std::fmt;

/// Where a rule looks in an event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A tag, by its key in lower case.
    Tag(String),
    /// An attribute.
    Attribute(Attribute),
}

/// An attribute of an event that rules compare.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Attribute {
    /// `message`: the message, the title, and the exception's whole value.
    Message,
    /// `platform`
    Platform,
    /// `environment`
    Environment,
    /// `type`: error, default or csp.
    Type,
    /// `error.handled`: of every exception that says so.
    ErrorHandled,
    /// `error.unhandled`: the inverse.
    ErrorUnhandled,
    /// `error.main_thread`: whether the thread of an exception is the main one.
    ErrorMainThread,
    /// `exception.type`, of every exception.
    ExceptionType,
    /// `exception.value`, of every exception.
    ExceptionValue,
    /// `user.…`
    User(UserField),
    /// `http.method`
    HttpMethod,
    /// `http.url`
    HttpUrl,
    /// `http.status_code`, of the response context.
    HttpStatusCode,
    /// `sdk.name`
    SdkName,
    /// `stacktrace.code`: each line of context of every frame.
    StacktraceCode,
    /// `stacktrace.module`
    StacktraceModule,
    /// `stacktrace.filename`
    StacktraceFilename,
    /// `stacktrace.abs_path`
    StacktraceAbsPath,
    /// `stacktrace.package`
    StacktracePackage,
    /// `unreal.crash_type`
    UnrealCrashType,
    /// `app.in_foreground`
    AppInForeground,
    /// `os.…`: a member of the os context.
    Os(String),
    /// `device.…`: a member of the device context.
    Device(String),
    /// `extra.…`: a path into the extra data; lists give many values.
    Extra(Vec<String>),
}

/// Part of the event's user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UserField {
    /// `id`
    Id,
    /// `email`
    Email,
    /// `username`
    Username,
    /// `ip_address`
    IpAddress,
    /// Anything else, of the user's data.
    Other(String),
}

impl Attribute {
    /// The attribute of this name.
    pub fn named(name: &str) -> Option<Attribute> {
        let fixed = match name {
            "message" => Attribute::Message,
            "platform" => Attribute::Platform,
            "environment" => Attribute::Environment,
            "type" => Attribute::Type,
            "error.handled" => Attribute::ErrorHandled,
            "error.unhandled" => Attribute::ErrorUnhandled,
            "error.main_thread" => Attribute::ErrorMainThread,
            "exception.type" => Attribute::ExceptionType,
            "exception.value" => Attribute::ExceptionValue,
            "http.method" => Attribute::HttpMethod,
            "http.url" => Attribute::HttpUrl,
            "http.status_code" => Attribute::HttpStatusCode,
            "sdk.name" => Attribute::SdkName,
            "stacktrace.code" => Attribute::StacktraceCode,
            "stacktrace.module" => Attribute::StacktraceModule,
            "stacktrace.filename" => Attribute::StacktraceFilename,
            "stacktrace.abs_path" => Attribute::StacktraceAbsPath,
            "stacktrace.package" => Attribute::StacktracePackage,
            "unreal.crash_type" => Attribute::UnrealCrashType,
            "app.in_foreground" => Attribute::AppInForeground,
            _ => return Attribute::with_path(name),
        };
        Some(fixed)
    }

    /// Every name without a part that the user chooses, for the list that the API offers.
    pub const NAMES: [&str; 29] = [
        "message",
        "platform",
        "environment",
        "type",
        "error.handled",
        "error.unhandled",
        "error.main_thread",
        "exception.type",
        "exception.value",
        "user.id",
        "user.email",
        "user.username",
        "user.ip_address",
        "http.method",
        "http.url",
        "http.status_code",
        "sdk.name",
        "stacktrace.code",
        "stacktrace.module",
        "stacktrace.filename",
        "stacktrace.abs_path",
        "stacktrace.package",
        "unreal.crash_type",
        "app.in_foreground",
        "os.distribution_name",
        "os.distribution_version",
        "device.screen_density",
        "device.screen_dpi",
        "device.screen_height_pixels",
    ];

    fn with_path(name: &str) -> Option<Attribute> {
        let (root, rest) = name.split_once('.')?;
        if rest.is_empty() || rest.split('.').any(str::is_empty) {
            return None;
        }
        match root {
            "user" => Some(Attribute::User(UserField::named(rest))),
            "os" => Some(Attribute::Os(rest.to_owned())),
            "device" => Some(Attribute::Device(rest.to_owned())),
            "extra" => Some(Attribute::Extra(rest.split('.').map(str::to_owned).collect())),
            _ => None,
        }
    }

    /// Whether the normalised event alone does not hold it, so that the stored JSON is read.
    pub(super) fn needs_document(&self) -> bool {
        match self {
            Attribute::Message
            | Attribute::Platform
            | Attribute::Environment
            | Attribute::Type
            | Attribute::ErrorHandled
            | Attribute::ErrorUnhandled
            | Attribute::ExceptionType
            | Attribute::ExceptionValue
            | Attribute::HttpUrl
            | Attribute::StacktraceModule
            | Attribute::StacktraceFilename
            | Attribute::StacktraceAbsPath => false,
            Attribute::User(field) => matches!(field, UserField::Other(_)),
            Attribute::ErrorMainThread
            | Attribute::HttpMethod
            | Attribute::HttpStatusCode
            | Attribute::SdkName
            | Attribute::StacktraceCode
            | Attribute::StacktracePackage
            | Attribute::UnrealCrashType
            | Attribute::AppInForeground
            | Attribute::Os(_)
            | Attribute::Device(_)
            | Attribute::Extra(_) => true,
        }
    }
}

impl UserField {
    fn named(name: &str) -> UserField {
        match name {
            "id" => UserField::Id,
            "email" => UserField::Email,
            "username" => UserField::Username,
            "ip_address" => UserField::IpAddress,
            other => UserField::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Attribute {
    /// Sentry's name.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fixed = match self {
            Attribute::Message => "message",
            Attribute::Platform => "platform",
            Attribute::Environment => "environment",
            Attribute::Type => "type",
            Attribute::ErrorHandled => "error.handled",
            Attribute::ErrorUnhandled => "error.unhandled",
            Attribute::ErrorMainThread => "error.main_thread",
            Attribute::ExceptionType => "exception.type",
            Attribute::ExceptionValue => "exception.value",
            Attribute::User(UserField::Id) => "user.id",
            Attribute::User(UserField::Email) => "user.email",
            Attribute::User(UserField::Username) => "user.username",
            Attribute::User(UserField::IpAddress) => "user.ip_address",
            Attribute::User(UserField::Other(name)) => return write!(out, "user.{name}"),
            Attribute::HttpMethod => "http.method",
            Attribute::HttpUrl => "http.url",
            Attribute::HttpStatusCode => "http.status_code",
            Attribute::SdkName => "sdk.name",
            Attribute::StacktraceCode => "stacktrace.code",
            Attribute::StacktraceModule => "stacktrace.module",
            Attribute::StacktraceFilename => "stacktrace.filename",
            Attribute::StacktraceAbsPath => "stacktrace.abs_path",
            Attribute::StacktracePackage => "stacktrace.package",
            Attribute::UnrealCrashType => "unreal.crash_type",
            Attribute::AppInForeground => "app.in_foreground",
            Attribute::Os(name) => return write!(out, "os.{name}"),
            Attribute::Device(name) => return write!(out, "device.{name}"),
            Attribute::Extra(path) => return write!(out, "extra.{}", path.join(".")),
        };
        out.write_str(fixed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_offered_name_is_an_attribute_that_is_called_so() {
        for name in Attribute::NAMES.into_iter().chain(["extra.cart.items", "user.plan", "os.build"]) {
            assert_eq!(Attribute::named(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn names_without_a_meaning_are_no_attributes() {
        for name in ["", "extra", "extra.", "extra..a", "user.", "request.url", "Message", "stacktrace.lineno"] {
            assert_eq!(Attribute::named(name), None, "{name}");
        }
    }
}
