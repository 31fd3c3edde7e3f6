//! What pages load: embedded in the binary, compressed once, named by its hash so that a browser asks for it once.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode};
use sha2::{Digest as _, Sha256};

/// Something that pages load.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
    gzip: Vec<u8>,
}

/// All of them, and the hash that stands for their content.
struct Assets {
    all: Vec<Asset>,
    hash: String,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    const CSS: &str = "text/css; charset=utf-8";
    const JS: &str = "text/javascript; charset=utf-8";
    let all: Vec<Asset> = [
        ("app.css", CSS, include_bytes!("../../assets/app.css").as_slice()),
        ("noscript.css", CSS, include_bytes!("../../assets/noscript.css")),
        ("app.js", JS, include_bytes!("../../assets/app.js")),
        ("htmx.min.js", JS, include_bytes!("../../assets/htmx.min.js")),
        ("mark.svg", "image/svg+xml", include_bytes!("../../assets/mark.svg")),
    ]
    .into_iter()
    .map(|(name, media_type, bytes)| Asset { name, media_type, bytes, gzip: gzip(bytes, Compression::best()) })
    .collect();
    let mut hash = Sha256::new();
    for asset in &all {
        hash.update(asset.bytes);
    }
    let hash = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Assets { all, hash }
});

/// The path of the asset of this name, without what stands before all paths.
pub(super) fn path(name: &str) -> String {
    format!("/_assets/{}/{name}", ASSETS.hash)
}

/// The bytes as gzip has them.
pub(super) fn gzip(bytes: &[u8], level: Compression) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), level);
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Whether the client takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        let mut codings = value.split(',').map(|coding| coding.replace(' ', ""));
        codings.any(|coding| coding == "gzip" || (coding.starts_with("gzip;q=") && !coding.ends_with("=0")))
    })
}

/// `GET /_assets/{hash}/{name}`. A hash of another release gets what there is now, not to be kept.
pub(super) async fn serve(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let Some(asset) = ASSETS.all.iter().find(|asset| asset.name == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kept = if hash == ASSETS.hash { "public, max-age=31536000, immutable" } else { "no-cache" };
    let always = [
        (CONTENT_TYPE, asset.media_type),
        (CACHE_CONTROL, kept),
        (VARY, "accept-encoding"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    if takes_gzip(&headers) {
        (always, [(CONTENT_ENCODING, "gzip")], asset.gzip.as_slice()).into_response()
    } else {
        (always, asset.bytes).into_response()
    }
}
