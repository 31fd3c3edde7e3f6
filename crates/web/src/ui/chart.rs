//! Small pictures of figures, as SVG. Sizes are attributes and colours are classes: a page has no style of its own.

use std::fmt::Write as _;

use askama::filters::HtmlSafe;

use super::words::latency;

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
        latency(self.millis)
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

/// A column of a chart: what one reads who points at it, and its parts from the bottom up, each with its colour.
pub(super) struct Column {
    pub(super) said: String,
    pub(super) parts: Vec<(&'static str, u64)>,
}

/// Columns of parts that stand on one another, the highest as high as there is room.
pub(super) fn stacks(columns: &[Column], said: &str) -> Svg {
    const HEIGHT: f64 = 100.0;
    const STEP: usize = 10;
    /// What is there is seen, however little it is.
    const LEAST: f64 = 2.0;
    let sum = |column: &Column| column.parts.iter().map(|(_, value)| *value).sum::<u64>();
    let most = columns.iter().map(sum).max().unwrap_or(0).max(1) as f64;
    let width = (columns.len() * STEP).max(STEP);
    let mut svg = format!(
        r#"<svg class="bars" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{}">"#,
        escaped(said)
    );
    for (index, column) in columns.iter().enumerate() {
        let x = index * STEP;
        let _ = write!(
            svg,
            r#"<g><title>{}</title><rect class="room" x="{x}" y="0" width="{STEP}" height="{HEIGHT}"/>"#,
            escaped(&column.said)
        );
        let mut top = HEIGHT;
        for (colour, value) in column.parts.iter().filter(|(_, value)| *value > 0) {
            let height = (*value as f64 / most * HEIGHT).max(LEAST).min(top);
            top -= height;
            let _ = write!(
                svg,
                r#"<rect class="fill-{colour}" x="{}" y="{top:.1}" width="8" height="{height:.1}"/>"#,
                x + 1
            );
        }
        svg.push_str("</g>");
    }
    svg.push_str("</svg>");
    Svg(svg)
}

/// Lines through values at places from 0 on, each with its colour. The scale is logarithmic: what is ten times as much is one step
/// higher.
pub(super) fn lines(places: usize, series: &[(&'static str, Vec<(usize, f64)>)], said: &str) -> Svg {
    const HEIGHT: f64 = 60.0;
    const STEP: usize = 10;
    /// Half a thickness of room above and below.
    const EDGE: f64 = 2.0;
    let values = || series.iter().flat_map(|(_, points)| points.iter().map(|(_, value)| value.max(0.01).log10()));
    let (least, most) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    let span = (most - least).max(0.3);
    let y = |value: f64| HEIGHT - EDGE - (value.max(0.01).log10() - least) / span * (HEIGHT - 2.0 * EDGE);
    let width = (places * STEP).max(STEP);
    let mut svg = format!(
        r#"<svg class="lines" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{}">"#,
        escaped(said)
    );
    for (colour, points) in series {
        let point = |(place, value): &(usize, f64)| format!("{},{:.1}", place * STEP + STEP / 2, y(*value));
        let mut path: Vec<String> = points.iter().map(point).collect();
        // One point alone would be no line.
        if let [(place, value)] = points.as_slice() {
            path = vec![
                format!("{},{:.1}", place * STEP + 1, y(*value)),
                format!("{},{:.1}", place * STEP + 9, y(*value)),
            ];
        }
        let _ = write!(svg, r#"<polyline class="line-{colour}" points="{}"/>"#, path.join(" "));
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
    fn parts_stand_on_one_another_and_lines_keep_to_their_picture() {
        let column = |parts: Vec<(&'static str, u64)>| Column { said: "<day>".to_owned(), parts };
        let svg = stacks(&[column(vec![("good", 99), ("bad", 1)]), column(vec![("good", 0)])], "all").to_string();
        assert!(svg.contains(r#"<rect class="fill-good" x="1" y="1.0" width="8" height="99.0"/>"#), "{svg}");
        assert!(svg.contains(r#"<rect class="fill-bad" x="1" y="0.0" width="8" height="1.0"/>"#), "{svg}");
        assert!(svg.contains("<title>&lt;day></title>") && svg.matches("fill-").count() == 2, "{svg}");
        let svg = lines(2, &[("good", vec![(0, 1.0), (1, 100.0)]), ("bad", vec![(1, 10.0)])], "x").to_string();
        assert!(svg.contains(r#"class="line-good" points="5,58.0 15,2.0""#), "{svg}");
        assert!(svg.contains(r#"class="line-bad" points="11,30.0 19,30.0""#), "{svg}");
        assert_eq!(lines(0, &[("good", Vec::new())], "x").to_string().matches("NaN").count(), 0);
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
