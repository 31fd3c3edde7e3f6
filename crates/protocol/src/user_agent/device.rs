//! Devices, from the comment that says what a program runs on. A machine that only says its system is none.

use super::Device;

/// Longer texts are no model.
const MODEL_CHARACTERS_MAX: usize = 64;

const APPLE: [(&str, &str); 5] =
    [("iPhone", "iPhone"), ("iPad", "iPad"), ("iPod touch", "iPod touch"), ("iPod", "iPod"), ("Macintosh", "Mac")];

/// Samsung's models are numbers, which its name makes readable.
const SAMSUNG: [&str; 6] = ["SM-", "GT-", "SCH-", "SGH-", "SHV-", "SPH-"];
const GOOGLE: &str = "Pixel";

pub(super) fn recognise(platform: &str) -> Option<Device> {
    let first = platform.split(';').next()?.trim();
    if let Some((_, name)) = APPLE.iter().find(|(known, _)| *known == first) {
        return Some(Device { family: (*name).to_owned(), model: (*name).to_owned(), brand: Some("Apple") });
    }
    let model = android_model(platform)?;
    let is_samsung = SAMSUNG.iter().any(|prefix| model.starts_with(prefix));
    let model = model.to_owned();
    Some(match is_samsung {
        true => Device { family: format!("Samsung {model}"), model, brand: Some("Samsung") },
        false => Device { family: model.clone(), brand: model.starts_with(GOOGLE).then_some("Google"), model },
    })
}

/// What stands after the system: `Linux; Android 13; SM-S918B Build/TP1A`. A language may stand between.
fn android_model(platform: &str) -> Option<&str> {
    let mut parts = platform.split(';').map(str::trim).skip_while(|part| !is_android(part)).skip(1);
    let part = parts.find(|part| !is_language(part))?;
    let model = part.split(" Build").next()?.trim();
    let says_nothing = matches!(model, "K" | "Mobile" | "Tablet" | "wv")
        || ["rv:", "Build/", "Opera "].iter().any(|other| model.starts_with(other));
    (!says_nothing && (2..=MODEL_CHARACTERS_MAX).contains(&model.chars().count())).then_some(model)
}

fn is_android(part: &str) -> bool {
    part == "Android" || part.starts_with("Android ")
}

/// `en`, `en-us` and `de_DE`, as old browsers sent them.
fn is_language(part: &str) -> bool {
    match part.as_bytes() {
        [first, second] | [first, second, b'-' | b'_'] => {
            [first, second].iter().all(|letter| letter.is_ascii_alphabetic())
        }
        [first, second, b'-' | b'_', third, fourth] => {
            [first, second, third, fourth].iter().all(|letter| letter.is_ascii_alphabetic())
        }
        _ => false,
    }
}
