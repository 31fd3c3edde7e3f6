//! What a stack frame says about *which* bug it is: module or file, function and source line, cleaned of what changes from
//! build to build and from run to run. Never line numbers, columns, whole paths or variables.

use std::borrow::Cow;

use protocol::event::Frame;

use super::frame_names::{self, Family};

/// The most frames of one stack that count: the newest.
const MAX_FRAMES: usize = 250;
/// A longer source line is minified or generated code, and says nothing.
const MAX_LINE_CHARACTERS: usize = 120;

/// Which frames of a chain count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The application's own.
    Own,
    /// All, as none of the application's own says anything.
    All,
}

/// What counts of one frame; at least one of them is there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CleanFrame<'f> {
    pub(super) module: Option<Cow<'f, str>>,
    /// The file's name without its folders, in lower case; only where there is no module.
    pub(super) file: Option<Cow<'f, str>>,
    pub(super) function: Option<Cow<'f, str>>,
    /// The source line, blanks collapsed.
    pub(super) line: Option<Cow<'f, str>>,
}

/// The frames of one stack that count, in order, cleaned.
pub(super) struct Stack<'f> {
    frames: &'f [Frame<'f>],
    next: usize,
    platform: &'f str,
    choice: Choice,
}

/// Which frames of these stacks count; none where no frame says anything.
pub(super) fn choose<'f>(stacks: impl IntoIterator<Item = &'f [Frame<'f>]>, platform: &'f str) -> Option<Choice> {
    let mut any = None;
    for frames in stacks {
        if Stack::new(frames, platform, Choice::Own).next().is_some() {
            return Some(Choice::Own);
        }
        if any.is_none() && Stack::new(frames, platform, Choice::All).next().is_some() {
            any = Some(Choice::All);
        }
    }
    any
}

impl<'f> Stack<'f> {
    /// The frames of `frames` that `choice` lets count.
    pub(super) fn new(frames: &'f [Frame<'f>], platform: &'f str, choice: Choice) -> Self {
        let newest = &frames[frames.len().saturating_sub(MAX_FRAMES)..];
        Self { frames: newest, next: 0, platform, choice }
    }

    fn cleaned(&self, index: usize) -> Option<CleanFrame<'f>> {
        let frame = &self.frames[index];
        if self.choice == Choice::Own && frame.in_app != Some(true) {
            return None;
        }
        // However deep a recursion was, it is the same bug.
        let before = index.checked_sub(1).and_then(|before| self.frames.get(before));
        if before.is_some_and(|before| is_same_place(before, frame)) {
            return None;
        }
        let family = Family::of(present(&frame.platform).unwrap_or(self.platform));
        let cleaned = clean(frame, family)?;
        // One nameless frame in a page's script is the browser's guess: any error of the page has it.
        let is_guess = family == Family::JavaScript && self.frames.len() == 1 && cleaned.function.is_none();
        if is_guess && is_web_url(path(frame)) { None } else { Some(cleaned) }
    }
}

impl<'f> Iterator for Stack<'f> {
    type Item = CleanFrame<'f>;

    fn next(&mut self) -> Option<CleanFrame<'f>> {
        while self.next < self.frames.len() {
            let index = self.next;
            self.next += 1;
            if let Some(frame) = self.cleaned(index) {
                return Some(frame);
            }
        }
        None
    }
}

fn clean<'f>(frame: &'f Frame<'_>, family: Family) -> Option<CleanFrame<'f>> {
    if family == Family::JavaScript && is_engine_code(path(frame)) {
        return None;
    }
    let module = present(&frame.module).filter(|module| !repeats_url(module, frame, family));
    let module = module.and_then(|module| frame_names::module(module, family));
    let file = if module.is_none() { file(frame) } else { None };
    let function = present(&frame.function).and_then(|function| frame_names::function(function, family));
    let line = if family.has_telling_lines() { source_line(frame) } else { None };
    let says_nothing = module.is_none() && file.is_none() && function.is_none() && line.is_none();
    if says_nothing { None } else { Some(CleanFrame { module, file, function, line }) }
}

fn file<'f>(frame: &'f Frame<'_>) -> Option<Cow<'f, str>> {
    let name = present(&frame.filename)?;
    if is_web_url(path(frame)) || is_web_url(name) || matches!(name, "<anonymous>" | "[native code]") {
        return None;
    }
    let base = name.rsplit(['/', '\\']).next().filter(|base| !base.is_empty())?;
    // ASCII only: what Unicode calls lower case changes with its version, and the key with it.
    let has_upper = base.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if has_upper { base.to_ascii_lowercase().into() } else { base.into() })
}

fn source_line<'f>(frame: &'f Frame<'_>) -> Option<Cow<'f, str>> {
    let line = collapse_blanks(present(&frame.context_line)?);
    let too_long = line.len() > MAX_LINE_CHARACTERS && line.chars().nth(MAX_LINE_CHARACTERS).is_some();
    if line.is_empty() || too_long { None } else { Some(line) }
}

/// The text with each run of blanks as one space, and none at its ends.
fn collapse_blanks(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let is_plain = |pair: &[u8]| !pair[1].is_ascii_whitespace() || (pair[1] == b' ' && pair[0] != b' ');
    if text.is_ascii() && text.as_bytes().windows(2).all(is_plain) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out.into()
}

fn is_same_place(one: &Frame<'_>, other: &Frame<'_>) -> bool {
    // The line first: it tells most neighbours apart at once.
    one.lineno == other.lineno
        && one.colno == other.colno
        && one.function == other.function
        && one.module == other.module
        && one.filename == other.filename
        && one.abs_path == other.abs_path
}

/// Code of the engine, or text that was run as code: some browsers list it, others do not.
fn is_engine_code(path: &str) -> bool {
    matches!(path, "native" | "native code" | "[native code]" | "eval code" | "<anonymous>")
        || path.starts_with("eval at ")
}

/// Whether the module is only the end of the script's URL: made up from what changes with every build.
fn repeats_url(module: &str, frame: &Frame<'_>, family: Family) -> bool {
    let url = path(frame);
    if family != Family::JavaScript || !is_web_url(url) {
        return false;
    }
    let place = url.split(['?', '#']).next().unwrap_or_default();
    let base_at = place.rfind('/').map_or(0, |slash| slash + 1);
    let without_extension = place[base_at..].rfind('.').map_or(place, |dot| &place[..base_at + dot]);
    place.ends_with(module) || without_extension.ends_with(module)
}

fn is_web_url(path: &str) -> bool {
    path.starts_with("http://") || path.starts_with("https://")
}

fn path<'f>(frame: &'f Frame<'_>) -> &'f str {
    present(&frame.abs_path).or(present(&frame.filename)).unwrap_or_default()
}

fn present<'f>(text: &'f Option<Cow<'_, str>>) -> Option<&'f str> {
    text.as_deref().filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &'static str) -> Option<Cow<'static, str>> {
        if text.is_empty() { None } else { Some(text.into()) }
    }

    /// A frame of function, file and whole path.
    fn frame([function, filename, abs_path]: [&'static str; 3]) -> Frame<'static> {
        Frame { function: text(function), filename: text(filename), abs_path: text(abs_path), ..Frame::default() }
    }

    fn cleaned(frames: &[Frame<'_>], platform: &str) -> Vec<[String; 4]> {
        let texts = |frame: CleanFrame<'_>| {
            [frame.module, frame.file, frame.function, frame.line].map(|text| text.unwrap_or_default().into_owned())
        };
        Stack::new(frames, platform, Choice::All).map(texts).collect()
    }

    /// File and function of the only frame.
    fn only(parts: [&'static str; 3], platform: &str) -> Option<[String; 2]> {
        // A second one keeps the rule for single frames away.
        let frames = [frame(["last", "last.x", ""]), frame(parts)];
        cleaned(&frames, platform).into_iter().nth(1).map(|[_, file, function, _]| [file, function])
    }

    #[test]
    fn a_file_counts_by_its_name_without_folders_and_case() {
        for (filename, expected) in [
            ("app/views/Index.py", "index.py"),
            ("C:\\App\\Views.PY", "views.py"),
            ("index.py", "index.py"),
            ("app/", ""),
            ("<anonymous>", ""),
            ("[native code]", ""),
        ] {
            assert_eq!(only(["f", filename, ""], "python"), Some([expected.into(), "f".into()]), "{filename}");
        }
    }

    #[test]
    fn a_file_that_is_a_url_does_not_count() {
        let url = "https://shop.example.com/static/app.3f2a1b.js";
        assert_eq!(only(["pay", "/static/app.3f2a1b.js", url], "javascript"), Some(["".into(), "pay".into()]));
        assert_eq!(only(["pay", url, ""], "javascript"), Some(["".into(), "pay".into()]));
        assert_eq!(only(["?", url, url], "javascript"), None);
    }

    #[test]
    fn a_module_beats_the_file() {
        let framed = Frame { module: text("app.views"), ..frame(["get", "app/views.py", ""]) };
        assert_eq!(cleaned(&[framed], "python"), [["app.views", "", "get", ""].map(String::from)]);
    }

    #[test]
    fn a_module_that_repeats_the_script_s_url_does_not_count() {
        let with_module =
            |module| Frame { module: text(module), ..frame(["pay", "", "https://h.example/static/app.3f2a.js?v=1"]) };
        for (module, counts) in [("static/app.3f2a", false), ("app.3f2a.js", false), ("shop/cart", true)] {
            let frames = [with_module(module), with_module(module)];
            assert_eq!(!cleaned(&frames, "javascript")[0][0].is_empty(), counts, "{module}");
        }
    }

    #[test]
    fn code_of_the_engine_and_evaluated_text_do_not_count() {
        for path in ["[native code]", "native", "eval code", "<anonymous>", "eval at f (https://h.example/a.js:1:2)"] {
            assert_eq!(only(["map", "", path], "javascript"), None, "{path}");
            assert!(only(["map", "", path], "python").is_some(), "{path}");
        }
    }

    #[test]
    fn a_single_nameless_frame_of_a_page_does_not_count() {
        let line = Some("boom()".into());
        let nameless = Frame { context_line: line, ..frame(["?", "", "https://shop.example.com/cart"]) };
        assert!(cleaned(std::slice::from_ref(&nameless), "javascript").is_empty());
        let named = Frame { function: text("pay"), ..nameless.clone() };
        assert_eq!(cleaned(&[named], "javascript").len(), 1);
        assert_eq!(cleaned(&[nameless], "python").len(), 1);
    }

    #[test]
    fn a_source_line_counts_where_people_wrote_it() {
        let lined = |line: &str| Frame { context_line: Some(line.to_owned().into()), ..frame(["f", "a.x", ""]) };
        let line_of = |line: &str, platform: &str| cleaned(&[lined(line)], platform)[0][3].clone();
        assert_eq!(line_of("  return   total\t+ 1 ", "python"), "return total + 1");
        assert_eq!(line_of("a\u{a0}b", "node"), "a b");
        assert_eq!(line_of(&"x".repeat(120), "php"), "x".repeat(120));
        assert_eq!(line_of(&"é".repeat(120), "php"), "é".repeat(120));
        assert_eq!(line_of(&"x".repeat(121), "php"), "");
        assert_eq!(line_of("  ", "ruby"), "");
        assert_eq!(line_of("return total", "java"), "");
    }

    #[test]
    fn a_frame_s_own_platform_decides_its_customs() {
        let named = Frame { platform: text("javascript"), ..frame(["Foo.bar", "a.x", ""]) };
        assert_eq!(cleaned(&[named], "python")[0][2], "bar");
    }

    #[test]
    fn blanks_are_collapsed_as_one_would_by_hand() {
        for (line, expected) in
            [("", ""), (" \t ", ""), ("a", "a"), ("a b", "a b"), ("a  b", "a b"), ("a\tb\n c", "a b c")]
        {
            assert_eq!(collapse_blanks(line), expected, "{line:?}");
        }
        assert!(matches!(collapse_blanks("  return total "), Cow::Borrowed(_)));
    }
}
