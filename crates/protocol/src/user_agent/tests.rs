//! Headers as real programs send them, and some that nobody should.

use super::*;

/// Browser, system and the device's family as they are shown (`-` where there is none), and the header.
const REAL: &str = include_str!("real.tsv");

fn shown(product: Option<&Product>) -> String {
    match product {
        Some(Product { name, version: Some(version) }) => format!("{name} {version}"),
        Some(Product { name, version: None }) => (*name).to_owned(),
        None => "-".to_owned(),
    }
}

#[test]
fn real_headers_are_recognised() {
    for line in REAL.lines() {
        let [browser, system, family, header] = *line.split('\t').collect::<Vec<_>>() else { panic!("{line}") };
        let found = recognise(header);
        let device = found.device.as_ref().map_or("-", |device| &*device.family);
        let shown = [&*shown(found.browser.as_ref()), &*shown(found.system.as_ref()), device];
        assert_eq!(shown, [browser, system, family], "{header}");
    }
}

#[test]
fn a_device_has_a_model_and_where_it_is_known_a_brand() {
    let device = |header| recognise(header).device.unwrap();
    let samsung = device("Mozilla/5.0 (Linux; Android 13; SM-S918B) Chrome/124.0.0.0 Mobile");
    assert_eq!((&*samsung.family, &*samsung.model, samsung.brand), ("Samsung SM-S918B", "SM-S918B", Some("Samsung")));
    let pixel = device("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/124.0.0.0 Mobile");
    assert_eq!((&*pixel.family, pixel.brand), ("Pixel 8", Some("Google")));
    let other = device("Mozilla/5.0 (Linux; U; Android 12; de-de; CPH2305 Build/SP1A) Chrome/124.0.0.0 Mobile");
    assert_eq!((&*other.model, other.brand), ("CPH2305", None));
}

#[test]
fn a_header_of_nobody_is_nothing() {
    let long = format!("Mozilla/5.0 ({}) Chrome/1.0", "Ä".repeat(100_000));
    let nested = "(".repeat(10_000);
    for header in ["", " ", "(", ")", "/", "()", "(;;;)", "a", "Mozilla/5.0 (Android", &long, &nested] {
        let found = recognise(header);
        assert!(found.browser.is_none() && found.device.is_none(), "{header:.40}: {found:?}");
    }
}

#[test]
fn a_number_that_is_no_version_is_left_out() {
    let browser = recognise("Mozilla/5.0 (X11; Linux x86_64) Chrome/4111111111111111 Safari/537.36").browser;
    assert_eq!(shown(browser.as_ref()), "Chrome");
    let model = format!("Mozilla/5.0 (Linux; Android 14; {}) Chrome/124.0 Mobile", "m".repeat(65));
    assert_eq!(recognise(&model).device, None);
}

#[test]
fn crawlers_are_no_browsers_whatever_they_claim_to_be() {
    for robot in [
        "Mozilla/5.0 (compatible; MSIE 6.0; Windows NT 5.1; Baiduspider)",
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 \
         Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "SomeCrawler/1.0 Chrome/124.0.0.0",
    ] {
        assert_eq!(recognise(robot), UserAgent::default(), "{robot}");
    }
}
