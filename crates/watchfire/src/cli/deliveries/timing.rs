//! Where the time of an attempt went: a bar of letters, and the numbers.

use serde::Deserialize;

/// The bar, in characters.
const BAR: usize = 40;

/// In milliseconds; nothing where there was no such phase.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timings {
    pub(super) queue: Option<f64>,
    resolve: Option<f64>,
    connect: Option<f64>,
    tls: Option<f64>,
    first_byte: Option<f64>,
    total: f64,
}

/// A part of the time: its letter, its name, its milliseconds.
type Part = (char, &'static str, f64);

impl Timings {
    /// `[rrcwwwww] 12.5 ms: resolve 2, connect 1, wait 9.5`.
    pub(super) fn text(&self) -> String {
        let parts = self.parts();
        let named: Vec<String> = parts.iter().map(|(_, name, ms)| format!("{name} {}", rounded(*ms))).collect();
        let colon = if named.is_empty() { "" } else { ": " };
        format!("[{}] {} ms{colon}{}", bar(&parts, self.total), rounded(self.total), named.join(", "))
    }

    fn parts(&self) -> Vec<Part> {
        let known: [(char, &'static str, Option<f64>); 4] = [
            ('r', "resolve", self.resolve),
            ('c', "connect", self.connect),
            ('t', "tls", self.tls),
            ('w', "wait", self.first_byte),
        ];
        let mut parts: Vec<Part> =
            known.into_iter().filter_map(|(letter, name, ms)| ms.map(|ms| (letter, name, ms))).collect();
        let rest = self.total - parts.iter().map(|(_, _, ms)| ms).sum::<f64>();
        if self.first_byte.is_some() && rest > 0.0 {
            parts.push(('b', "body", rest));
        }
        parts
    }
}

/// Each part as long as its share; what no part stands for is dotted.
fn bar(parts: &[Part], total: f64) -> String {
    let mut bar = String::new();
    let mut end_ms = 0.0;
    for (letter, _, ms) in parts {
        end_ms += ms;
        let end = cells(end_ms, total);
        bar.extend(std::iter::repeat_n(*letter, end.saturating_sub(bar.len())));
    }
    let left = BAR.saturating_sub(bar.len());
    bar + &".".repeat(left)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is between 0 and the length of the bar"
)]
fn cells(ms: f64, total: f64) -> usize {
    if total > 0.0 { (ms / total).clamp(0.0, 1.0).mul_add(BAR as f64, 0.5) as usize } else { 0 }
}

/// With two decimals, which is what a person compares.
fn rounded(ms: f64) -> String {
    let text = format!("{ms:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timings(json: &str) -> Timings {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn each_phase_is_as_long_as_its_share_and_the_body_has_the_rest() {
        let all = timings(r#"{"queue":null,"resolve":10,"connect":10,"tls":20,"firstByte":50,"total":100}"#);
        let bar = format!("{}{}{}{}{}", "r".repeat(4), "c".repeat(4), "t".repeat(8), "w".repeat(20), "b".repeat(4));
        let expected = format!("[{bar}] 100 ms: resolve 10, connect 10, tls 20, wait 50, body 10");
        assert_eq!(all.text(), expected);
    }

    #[test]
    fn a_connection_that_was_kept_has_no_phases_before_the_wait() {
        let kept = timings(r#"{"queue":0.5,"resolve":null,"connect":null,"tls":null,"firstByte":1.234,"total":1.234}"#);
        assert_eq!(kept.text(), format!("[{}] 1.23 ms: wait 1.23", "w".repeat(40)));
    }

    #[test]
    fn an_attempt_that_ended_early_is_dotted_from_there_on() {
        let early = timings(r#"{"queue":null,"resolve":null,"connect":null,"tls":null,"firstByte":null,"total":5000}"#);
        assert_eq!(early.text(), format!("[{}] 5000 ms", ".".repeat(40)));
        let refused = timings(r#"{"queue":null,"resolve":2.5,"connect":null,"tls":null,"firstByte":null,"total":5}"#);
        assert_eq!(refused.text(), format!("[{}{}] 5 ms: resolve 2.5", "r".repeat(20), ".".repeat(20)));
        let none = timings(r#"{"queue":null,"resolve":null,"connect":null,"tls":null,"firstByte":null,"total":0}"#);
        assert_eq!(none.text(), format!("[{}] 0 ms", ".".repeat(40)));
    }
}
