//! Small pictures of figures, as SVG. Sizes are attributes and colours are classes: a page has no style of its own.

use std::fmt::Write as _;

use askama::filters::HtmlSafe;

use super::words::duration;

/// An SVG that a template shows as it is.
pub(super) struct Svg(String);

impl HtmlSafe for Svg {}

impl std::fmt::Display for Svg {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Bars side by side, the highest as high as there is room; `said` is what a screen reader says instead.
pub(super) fn sparkline(values: &[u64], said: &str) -> Svg {
    const HEIGHT: u64 = 28;
    const STEP: usize = 5;
    let most = values.iter().copied().max().unwrap_or(0).max(1);
    let width = (values.len() * STEP).max(STEP);
    let mut svg = format!(
        r#"<svg class="spark" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{}">"#,
        escaped(said)
    );
    for (index, value) in values.iter().enumerate() {
        // What is there is seen, however little it is.
        let height = if *value == 0 { 1 } else { (value * HEIGHT / most).max(2) };
        let _ =
            write!(svg, r#"<rect x="{}" y="{}" width="4" height="{height}" rx="1"/>"#, index * STEP, HEIGHT - height);
    }
    svg.push_str("</svg>");
    Svg(svg)
}

/// A part of an attempt's time.
pub(super) struct Phase {
    /// Its colour: the same for each part of this name.
    pub(super) colour: usize,
    pub(super) name: &'static str,
    pub(super) millis: f64,
}

impl Phase {
    /// How long it took.
    pub(super) fn took(&self) -> String {
        if self.millis < 10.0 { format!("{:.1} ms", self.millis) } else { duration(self.millis.round() as i64) }
    }
}

/// Where the time went, in the order in which it did. What took any time is seen.
pub(super) fn phases(phases: &[Phase]) -> Svg {
    const WIDTH: f64 = 1_000.0;
    const LEAST: f64 = 3.0;
    let all: f64 = phases.iter().map(|phase| phase.millis).sum::<f64>().max(f64::MIN_POSITIVE);
    let said: Vec<_> = phases.iter().map(|phase| format!("{} {}", phase.name, phase.took())).collect();
    let mut svg = format!(
        r#"<svg class="phases" viewBox="0 0 {WIDTH} 8" preserveAspectRatio="none" role="img" aria-label="{}">"#,
        escaped(&said.join(", "))
    );
    let mut x = 0.0;
    for phase in phases {
        let width = (phase.millis / all * WIDTH).max(if phase.millis > 0.0 { LEAST } else { 0.0 }).min(WIDTH - x);
        let _ = write!(svg, r#"<rect class="p{}" x="{x:.1}" y="0" width="{width:.1}" height="8"/>"#, phase.colour);
        x += width;
    }
    svg.push_str("</svg>");
    Svg(svg)
}

/// A bar of a chart: how much, and what one reads who points at it.
pub(super) struct Bar {
    pub(super) value: u64,
    pub(super) said: String,
}

/// Bars that fill the width that there is, the highest as high as there is room; what stands below and beside them is the
/// page's own. `said` is what a screen reader says instead.
pub(super) fn bars(bars: &[Bar], said: &str) -> Svg {
    const HEIGHT: u64 = 100;
    const STEP: usize = 10;
    let most = bars.iter().map(|bar| bar.value).max().unwrap_or(0).max(1);
    let width = (bars.len() * STEP).max(STEP);
    let mut svg = format!(
        r#"<svg class="bars" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{}">"#,
        escaped(said)
    );
    for (index, bar) in bars.iter().enumerate() {
        let height = if bar.value == 0 { 0 } else { (bar.value * HEIGHT / most).max(3) };
        let (x, y) = (index * STEP + 1, HEIGHT - height);
        // The room of the whole column shows the text, however low the bar is.
        let _ = write!(
            svg,
            r#"<g><title>{}</title><rect class="room" x="{}" y="0" width="{STEP}" height="{HEIGHT}"/>"#,
            escaped(&bar.said),
            index * STEP
        );
        let _ = write!(svg, r#"<rect class="bar" x="{x}" y="{y}" width="8" height="{height}"/></g>"#);
    }
    svg.push_str("</svg>");
    Svg(svg)
}

/// A text as an attribute has it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_bar_of_a_sparkline_fills_its_height_and_none_is_seen_too() {
        let svg = sparkline(&[0, 5, 10], "\"<events>\"").to_string();
        assert!(svg.contains(r#"aria-label="&quot;&lt;events>&quot;""#), "{svg}");
        assert!(svg.contains(r#"height="28""#) && svg.contains(r#"height="14""#) && svg.contains(r#"height="1""#));
    }

    #[test]
    fn a_picture_says_what_it_shows_and_what_took_any_time_is_seen() {
        let phase = |colour, name, millis| Phase { colour, name, millis };
        let svg = phases(&[phase(1, "\"<DNS>\"", 0.001), phase(2, "Connect", 0.0), phase(4, "Rest", 99.0)]).to_string();
        assert!(svg.contains(r#"aria-label="&quot;&lt;DNS>&quot; 0.0 ms, Connect 0.0 ms, Rest 99 ms""#), "{svg}");
        assert!(svg.contains(r#"x="0.0" y="0" width="3.0""#) && svg.contains(r#"x="3.0" y="0" width="0.0""#), "{svg}");
    }

    #[test]
    fn bars_say_each_what_they_stand_for_and_what_is_little_is_seen() {
        let bar = |value, said: &str| Bar { value, said: said.to_owned() };
        let svg = bars(&[bar(0, "none"), bar(1, "<one>"), bar(1_000, "many")], "all").to_string();
        assert!(svg.contains("<title>none</title>") && svg.contains("<title>&lt;one></title>"), "{svg}");
        for height in ["y=\"100\" width=\"8\" height=\"0\"", "y=\"97\" width=\"8\" height=\"3\"", "y=\"0\" width=\"8\""]
        {
            assert!(svg.contains(height), "{height}: {svg}");
        }
    }
}
