//! What is allowed and what is not, each line with its reason. Change it in a commit of its own.

/// Licences whose terms a binary can meet by carrying their texts. None asks for the source of what links to it.
pub(super) const ALLOWED_LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    // The root certificates of `webpki-roots`: data, not code.
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that may not come in, for tests neither.
pub(super) const BANNED_CRATES: &[(&str, &str)] = &[
    ("openssl-sys", "TLS is rustls with ring: one binary that needs no library of the machine"),
    ("native-tls", "TLS is rustls with ring: the same behaviour on every machine"),
    ("aws-lc-sys", "a second crypto library, and one that needs cmake to build (decision 0002)"),
    ("chrono", "time is jiff: two calendars in one binary disagree sooner or later"),
];

/// Crates of which one version is enough: their types meet at our edges, or their weight is felt.
pub(super) const SINGLE_CRATES: &[(&str, &str)] = &[
    ("axum", "its types cross our modules"),
    ("http", "its types cross our crates"),
    ("hyper", "two HTTP stacks have two sets of bugs"),
    ("libsqlite3-sys", "two copies of SQLite in one process break its file locks"),
    ("ring", "one crypto library"),
    ("rustls", "one TLS stack, configured once"),
    ("serde_json", "its values cross our crates"),
    ("tokio", "one runtime"),
    ("zstd-sys", "one compressor"),
];
