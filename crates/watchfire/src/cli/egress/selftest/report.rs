//! What the self-test found, row by row, for people and for programs.

use serde::Serialize;

use crate::cli::report::{columns, tame};

/// The object of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    verdict: Conclusion,
    /// URLs of the built-in table that were judged.
    cases: usize,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Conclusion {
    Holds,
    DoesNotHold,
}

/// One thing that was checked.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) check: Check,
    pub(super) subject: String,
    pub(super) verdict: Verdict,
    pub(super) detail: String,
}

/// What there is to check, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Check {
    Table,
    Metadata,
    OwnAddress,
    Gateway,
    NameServer,
    Name,
    Proxy,
    Dns,
}

/// What came of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// As it must be.
    Held,
    /// A public address: webhooks may go there, as anybody may.
    Public,
    /// A case of the table that the settings let through.
    Allowed,
    /// Something of this machine's network that the settings let webhooks reach.
    Open,
    /// Not as it must be, whatever the settings say.
    Failed,
    /// This machine does not say.
    NotChecked,
}

impl Report {
    pub(super) fn of(cases: usize, rows: Vec<Row>) -> Self {
        let mut report = Report { verdict: Conclusion::Holds, cases, rows };
        if report.count(Verdict::Open) + report.count(Verdict::Failed) > 0 {
            report.verdict = Conclusion::DoesNotHold;
        }
        report
    }

    /// How many rows came out like this.
    pub(super) fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }

    /// The rows for people.
    pub(super) fn table(&self) -> String {
        let mut rows = vec![["CHECK", "SUBJECT", "VERDICT", "WHY"].map(str::to_owned)];
        rows.extend(self.rows.iter().map(|row| {
            let (check, verdict) = (row.check.in_words(), row.verdict.in_words());
            [check.to_owned(), tame(&row.subject), verdict.to_owned(), tame(&row.detail)]
        }));
        columns(&rows)
    }
}

impl Row {
    pub(super) fn new(check: Check, subject: impl Into<String>, verdict: Verdict, detail: impl Into<String>) -> Self {
        Row { check, subject: subject.into(), verdict, detail: detail.into() }
    }
}

impl Check {
    fn in_words(self) -> &'static str {
        match self {
            Check::Table => "table",
            Check::Metadata => "metadata",
            Check::OwnAddress => "own address",
            Check::Gateway => "gateway",
            Check::NameServer => "name server",
            Check::Name => "name",
            Check::Proxy => "proxy",
            Check::Dns => "dns",
        }
    }
}

impl Verdict {
    fn in_words(self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::Public => "public",
            Verdict::Allowed => "allowed",
            Verdict::Open => "OPEN",
            Verdict::Failed => "FAILED",
            Verdict::NotChecked => "not checked",
        }
    }
}
