//! Items: their header lines, and what each type counts as.

use super::{EnvelopeError, EventItemKind};
use crate::json::{Kind, Tape, Value};

/// What a type of item counts as, in rate limits and statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataCategory {
    /// `error`: crash reports that are not events.
    Error,
    /// `transaction`
    Transaction,
    /// `span`
    Span,
    /// `security`
    Security,
    /// `attachment`
    Attachment,
    /// `session`
    Session,
    /// `profile`
    Profile,
    /// `profile_chunk`
    ProfileChunk,
    /// `replay`
    Replay,
    /// `feedback`
    Feedback,
    /// `monitor`
    Monitor,
    /// `log_item`
    LogItem,
    /// `metric_bucket`
    MetricBucket,
    /// `trace_metric`
    TraceMetric,
    /// Client reports, and types that nobody knows: never limited.
    Uncategorised,
}

/// How many items were passed over, by category.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    counts: [u32; CATEGORIES.len()],
}

/// Every category, in the order of the enum.
const CATEGORIES: [DataCategory; 15] = [
    DataCategory::Error,
    DataCategory::Transaction,
    DataCategory::Span,
    DataCategory::Security,
    DataCategory::Attachment,
    DataCategory::Session,
    DataCategory::Profile,
    DataCategory::ProfileChunk,
    DataCategory::Replay,
    DataCategory::Feedback,
    DataCategory::Monitor,
    DataCategory::LogItem,
    DataCategory::MetricBucket,
    DataCategory::TraceMetric,
    DataCategory::Uncategorised,
];

/// What an item's header line says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ItemHeader {
    pub(super) kind: ItemKind,
    /// Bytes of the payload; without it the payload is one line.
    pub(super) length: Option<usize>,
    pub(super) release: Option<String>,
    pub(super) environment: Option<String>,
}

/// What becomes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemKind {
    Kept(EventItemKind),
    Dropped { category: DataCategory, belongs_to_event: bool },
}

impl DataCategory {
    /// Every category, for tables of counters.
    pub fn all() -> impl Iterator<Item = DataCategory> {
        CATEGORIES.into_iter()
    }

    /// Sentry's name; `default` for what has no category of its own.
    pub fn as_str(self) -> &'static str {
        match self {
            DataCategory::Error => "error",
            DataCategory::Transaction => "transaction",
            DataCategory::Span => "span",
            DataCategory::Security => "security",
            DataCategory::Attachment => "attachment",
            DataCategory::Session => "session",
            DataCategory::Profile => "profile",
            DataCategory::ProfileChunk => "profile_chunk",
            DataCategory::Replay => "replay",
            DataCategory::Feedback => "feedback",
            DataCategory::Monitor => "monitor",
            DataCategory::LogItem => "log_item",
            DataCategory::MetricBucket => "metric_bucket",
            DataCategory::TraceMetric => "trace_metric",
            DataCategory::Uncategorised => "default",
        }
    }
}

impl Dropped {
    /// The categories of which items were passed over, and how many.
    pub fn iter(&self) -> impl Iterator<Item = (DataCategory, u32)> + '_ {
        CATEGORIES.into_iter().zip(self.counts).filter(|&(_, count)| count > 0)
    }

    /// How many items were passed over.
    pub fn total(&self) -> u32 {
        self.counts.iter().fold(0, |total, &count| total.saturating_add(count))
    }

    pub(super) fn count(&mut self, category: DataCategory) {
        if let Some(count) = self.counts.get_mut(category as usize) {
            *count = count.saturating_add(1);
        }
    }
}

impl ItemHeader {
    /// Reads the line, without its line feed.
    pub(super) fn parse(line: &[u8], tape: &mut Tape) -> Result<Self, EnvelopeError> {
        let document = tape.parse(line).map_err(|_| EnvelopeError::ItemHeader)?;
        let root = document.root();
        if root.kind() != Kind::Object || root.end() != line.len() {
            return Err(EnvelopeError::ItemHeader);
        }
        let name = root.get("type").and_then(|value| value.text()).ok_or(EnvelopeError::ItemHeader)?;
        let kind = ItemKind::named(&name).ok_or(EnvelopeError::ReservedType)?;
        let length = match root.get("length") {
            Some(value) if !value.is_null() => Some(length(value).ok_or(EnvelopeError::ItemHeader)?),
            _ => None,
        };
        let text = |name| root.get(name).and_then(|value| value.text()).map(String::from);
        let (release, environment) = match kind {
            ItemKind::Kept(EventItemKind::RawSecurity) => (text("sentry_release"), text("sentry_environment")),
            _ => (None, None),
        };
        Ok(ItemHeader { kind, length, release, environment })
    }
}

impl ItemKind {
    /// What becomes of items of that type; none if the type is reserved.
    fn named(name: &str) -> Option<Self> {
        let belongs = |category| ItemKind::Dropped { category, belongs_to_event: true };
        let stands_alone = |category| ItemKind::Dropped { category, belongs_to_event: false };
        Some(match name {
            "event" => ItemKind::Kept(EventItemKind::Event),
            "security" => ItemKind::Kept(EventItemKind::Security),
            "raw_security" => ItemKind::Kept(EventItemKind::RawSecurity),
            "transaction" => belongs(DataCategory::Transaction),
            "attachment" => belongs(DataCategory::Attachment),
            "user_report" | "feedback" => belongs(DataCategory::Feedback),
            "unreal_report" => belongs(DataCategory::Error),
            "form_data" => belongs(DataCategory::Uncategorised),
            "profile" => belongs(DataCategory::Profile),
            "replay_event" | "replay_recording" | "replay_video" => belongs(DataCategory::Replay),
            "profile_chunk" | "profile_chunk_ui" => stands_alone(DataCategory::ProfileChunk),
            "session" | "sessions" => stands_alone(DataCategory::Session),
            "span" | "otel_span" | "otel_traces_data" => stands_alone(DataCategory::Span),
            "statsd" | "metric_buckets" | "metric_meta" => stands_alone(DataCategory::MetricBucket),
            "trace_metric" => stands_alone(DataCategory::TraceMetric),
            "check_in" => stands_alone(DataCategory::Monitor),
            "log" | "otel_log" | "otel_logs_data" => stands_alone(DataCategory::LogItem),
            "integration" => return None,
            _ => stands_alone(DataCategory::Uncategorised),
        })
    }
}

fn length(value: Value<'_, '_>) -> Option<usize> {
    usize::try_from(u32::try_from(value.integer()?).ok()?).ok()
}
