//! Browsers: nearly all claim to be others too, so the one that claims the most counts.

use super::parts::Parts;
use super::{Product, numbers};

/// A product, and what it is called on a desk and on a phone.
#[derive(Clone, Copy)]
struct Known {
    product: &'static str,
    desktop: &'static str,
    mobile: &'static str,
}

const fn known(product: &'static str, desktop: &'static str, mobile: &'static str) -> Known {
    Known { product, desktop, mobile }
}

/// Browsers with a product of their own, those first that claim to be one of the later ones.
const KNOWN: [Known; 29] = [
    known("Edg", "Edge", "Edge Mobile"),
    known("EdgA", "Edge Mobile", "Edge Mobile"),
    known("EdgiOS", "Edge Mobile", "Edge Mobile"),
    known("Edge", "Edge", "Edge Mobile"),
    known("OPR", "Opera", "Opera Mobile"),
    known("OPT", "Opera Touch", "Opera Touch"),
    known("OPiOS", "Opera Mini", "Opera Mini"),
    known("SamsungBrowser", "Samsung Internet", "Samsung Internet"),
    known("YaBrowser", "Yandex Browser", "Yandex Browser"),
    known("Vivaldi", "Vivaldi", "Vivaldi"),
    known("UCBrowser", "UC Browser", "UC Browser"),
    known("DuckDuckGo", "DuckDuckGo", "DuckDuckGo Mobile"),
    known("MiuiBrowser", "MiuiBrowser", "MiuiBrowser"),
    known("HuaweiBrowser", "Huawei Browser", "Huawei Browser"),
    known("Whale", "Whale", "Whale"),
    known("QQBrowser", "QQ Browser", "QQ Browser Mobile"),
    known("MQQBrowser", "QQ Browser Mobile", "QQ Browser Mobile"),
    known("Electron", "Electron", "Electron"),
    known("HeadlessChrome", "HeadlessChrome", "HeadlessChrome"),
    known("Instagram", "Instagram", "Instagram"),
    known("[FBAN", "Facebook", "Facebook"),
    known("[FB_IAB", "Facebook", "Facebook"),
    known("GSA", "Google", "Google"),
    known("CriOS", "Chrome Mobile iOS", "Chrome Mobile iOS"),
    known("FxiOS", "Firefox iOS", "Firefox iOS"),
    known("SeaMonkey", "SeaMonkey", "SeaMonkey"),
    known("Chromium", "Chromium", "Chromium"),
    known("Firefox", "Firefox", "Firefox Mobile"),
    known("Chrome", "Chrome", "Chrome Mobile"),
];

pub(super) fn recognise(parts: &Parts<'_>) -> Option<Product> {
    let rank = |(name, version)| {
        let place = KNOWN.iter().position(|known| known.product == name)?;
        Some((place, version))
    };
    match parts.products().filter_map(rank).min_by_key(|found| found.0) {
        Some((place, version)) => {
            let Known { product, desktop, mobile } = KNOWN[place];
            let name = match product {
                "Chrome" if is_web_view(parts) => "Chrome Mobile WebView",
                _ if is_mobile(parts) => mobile,
                _ => desktop,
            };
            Some(Product { name, version: numbers(version, '.') })
        }
        None => opera_mini(parts.platform).or_else(|| safari(parts)).or_else(|| internet_explorer(parts.platform)),
    }
}

/// Phones say `Mobile` as a product, Firefox says it or `Tablet` of what it runs on.
fn is_mobile(parts: &Parts<'_>) -> bool {
    parts.version_of("Mobile").is_some() || segments(parts.platform).any(|part| matches!(part, "Mobile" | "Tablet"))
}

/// Android tells an app's own pages from those of the browser.
fn is_web_view(parts: &Parts<'_>) -> bool {
    parts.version_of("Version").is_some() || segments(parts.platform).any(|part| part == "wv")
}

/// Safari says its version in a product `Version`; so did the browser of old Androids, which is not meant here.
fn safari(parts: &Parts<'_>) -> Option<Product> {
    parts.version_of("AppleWebKit")?;
    let is_phone = segments(parts.platform).next().is_some_and(|first| first.starts_with("iP"));
    let is_mac = parts.platform.starts_with("Macintosh");
    let version = parts.version_of("Version").filter(|_| parts.version_of("Safari").is_some());
    match (version, is_phone, is_mac) {
        (Some(version), true, _) => Some(Product { name: "Mobile Safari", version: numbers(version, '.') }),
        (Some(version), _, true) => Some(Product { name: "Safari", version: numbers(version, '.') }),
        // An app's own pages.
        (None, true, _) if parts.version_of("Mobile").is_some() => {
            Some(Product { name: "Mobile Safari UI/WKWebView", version: None })
        }
        _ => None,
    }
}

/// Opera Mini is in the comment: `Opera/9.80 (Android; Opera Mini/36.2; U; id)`.
fn opera_mini(platform: &str) -> Option<Product> {
    let version = segments(platform).find_map(|part| part.strip_prefix("Opera Mini/"))?;
    Some(Product { name: "Opera Mini", version: numbers(version, '.') })
}

/// Internet Explorer is in the comment: `MSIE 10.0`, and since 11 `Trident/7.0; rv:11.0`.
fn internet_explorer(platform: &str) -> Option<Product> {
    // Its phones are gone, and others used to claim to be it.
    if !platform.contains("Windows NT ") {
        return None;
    }
    let version = segments(platform).find_map(|part| part.strip_prefix("MSIE "));
    let newer =
        || segments(platform).find_map(|part| part.strip_prefix("rv:")).filter(|_| platform.contains("Trident/"));
    Some(Product { name: "IE", version: numbers(version.or_else(newer)?, '.') })
}

fn segments(comment: &str) -> impl Iterator<Item = &str> {
    comment.split(';').map(str::trim)
}
