//! Names of modules and functions as each family of platforms writes them, without the parts that tools number anew.

use std::borrow::Cow;

/// What JavaScript engines call a function without a name, and code outside of any.
const NAMELESS_JAVASCRIPT: [&str; 9] = [
    "?",
    "anonymous",
    "<anonymous>",
    "<anonymous function>",
    "Anonymous function",
    "eval",
    "eval code",
    "global code",
    "module code",
];

/// Classes that Java's reflection makes as it runs: only the number at their end differs.
const JAVA_REFLECTION: [&str; 2] = ["sun.reflect.Generated", "jdk.internal.reflect.Generated"];

/// Marks that Java libraries put before a number or hash of a class that they made.
const JAVA_MARKS: [&str; 4] = ["CGLIB$$", "$$_javassist_seam_", "$$_javassist_", "fn__"];

/// Platforms whose names follow the same customs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    JavaScript,
    Python,
    Php,
    Ruby,
    Java,
    Go,
    Native,
    Other,
}

impl Family {
    pub(super) fn of(platform: &str) -> Self {
        match platform {
            "python" => Family::Python,
            "javascript" | "node" => Family::JavaScript,
            "php" => Family::Php,
            "ruby" => Family::Ruby,
            "java" => Family::Java,
            "go" => Family::Go,
            "native" | "c" | "objc" | "cocoa" => Family::Native,
            _ => Family::Other,
        }
    }

    /// Whether SDKs send the source line as a person wrote it.
    pub(super) fn has_telling_lines(self) -> bool {
        matches!(self, Family::JavaScript | Family::Python | Family::Php | Family::Ruby | Family::Go)
    }
}

/// The module's stable name; none where all of it is made up at run time.
pub(super) fn module(name: &str, family: Family) -> Option<Cow<'_, str>> {
    match family {
        Family::Java => java_module(name),
        Family::Php => Some(php_name(name)),
        _ => Some(name.into()),
    }
}

/// The function's stable name; none where it has none.
pub(super) fn function(name: &str, family: Family) -> Option<Cow<'_, str>> {
    match family {
        Family::JavaScript => javascript_function(name).map(Cow::Borrowed),
        Family::Java if name.starts_with("lambda$") => None,
        Family::Java => Some(java_generated(name)),
        Family::Php => Some(php_name(name)),
        Family::Ruby => Some(ruby_function(name).into()),
        Family::Native if matches!(name, "<redacted>" | "<unknown>") => None,
        Family::Python | Family::Go | Family::Native | Family::Other => Some(name.into()),
    }
}

/// `async Foo.bar [as baz]` is `bar`: what it is called on, and what it stands in, depends on the engine. Firefox writes
/// `async*bar`, `outer/bar` for a function within another, and `outer/<` for one without a name.
fn javascript_function(name: &str) -> Option<&str> {
    let name = name.split(" [as ").next().unwrap_or(name);
    let name = name.strip_prefix("async ").or(name.strip_prefix("async*")).unwrap_or(name);
    let name = name.strip_prefix("new ").unwrap_or(name);
    let name = name.rsplit(['.', '/']).next().unwrap_or(name).trim();
    if name.is_empty() || name == "<" || NAMELESS_JAVASCRIPT.contains(&name) { None } else { Some(name) }
}

fn java_module(name: &str) -> Option<Cow<'_, str>> {
    if name.contains("$$Lambda") {
        return None;
    }
    if JAVA_REFLECTION.iter().any(|prefix| name.starts_with(prefix)) {
        return Some(name.trim_end_matches(|character: char| character.is_ascii_digit()).into());
    }
    Some(java_generated(name))
}

/// The name without the number or hash that follows each mark.
fn java_generated(name: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut rest = name;
    while let Some((end, run)) = JAVA_MARKS.iter().filter_map(|mark| marked_run(rest, mark)).min() {
        out.push_str(&rest[..end]);
        rest = &rest[end + run..];
    }
    if out.is_empty() {
        return name.into();
    }
    out.push_str(rest);
    out.into()
}

/// Where the first such mark with a number or hash after it ends, and how long that is. A run that has no digit, or that other
/// letters follow, is a word.
fn marked_run(name: &str, mark: &str) -> Option<(usize, usize)> {
    let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f' | b'_');
    name.match_indices(mark).find_map(|(at, _)| {
        let end = at + mark.len();
        let after = &name.as_bytes()[end..];
        let run = after.iter().take_while(|byte| is_part(byte)).count();
        let is_word = after.get(run).is_some_and(u8::is_ascii_alphanumeric);
        let is_number = after[..run].iter().any(u8::is_ascii_digit);
        if is_number && !is_word { Some((end, run)) } else { None }
    })
}

/// `Foo@anonymous…path and offset…::bar` is `Foo@anonymous::bar`; a closure's name is not where it stands.
fn php_name(name: &str) -> Cow<'_, str> {
    const ANONYMOUS: &str = "@anonymous";
    const CLOSURE: &str = "{closure:";
    if let Some(at) = name.find(ANONYMOUS) {
        let (class, rest) = name.split_at(at + ANONYMOUS.len());
        let method = rest.rfind("::").map_or("", |colons| &rest[colons..]);
        return [class, method].concat().into();
    }
    match name.find(CLOSURE) {
        Some(at) => [&name[..at], "{closure}"].concat().into(),
        None => name.into(),
    }
}

/// A block is a block, wherever it stands; a compiled view is not its number.
fn ruby_function(name: &str) -> &str {
    if name.starts_with("block ") {
        return "block";
    }
    let is_number = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    match name.find("__") {
        Some(at) if at > 0 && name.starts_with('_') && is_number(&name[at..]) => &name[..at],
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn functions_lose_what_tools_number_anew() {
        for (family, name, expected) in [
            (Family::JavaScript, "Foo.bar", Some("bar")),
            (Family::JavaScript, "async Object.handle [as run]", Some("handle")),
            (Family::JavaScript, "new Promise", Some("Promise")),
            (Family::JavaScript, "Object.<anonymous>", None),
            (Family::JavaScript, "?", None),
            (Family::JavaScript, "async*handle", Some("handle")),
            (Family::JavaScript, "Cart.prototype.total/price", Some("price")),
            (Family::JavaScript, "checkout/</inner", Some("inner")),
            (Family::JavaScript, "checkout/<", None),
            (Family::JavaScript, "global code", None),
            (Family::Python, "<lambda>", Some("<lambda>")),
            (Family::Python, "Foo.bar", Some("Foo.bar")),
            (Family::Java, "lambda$main$0", None),
            (Family::Java, "invoke", Some("invoke")),
            (Family::Php, "class@anonymous\0/srv/a.php:12$0::handle", Some("class@anonymous::handle")),
            (Family::Php, "App\\{closure:App\\Kernel::boot():31}", Some("App\\{closure}")),
            (Family::Php, "App\\Kernel::handle", Some("App\\Kernel::handle")),
            (Family::Ruby, "block in show", Some("block")),
            (Family::Ruby, "block (2 levels) in show", Some("block")),
            (Family::Ruby, "_app_views_users_show_html_erb__4123_2041", Some("_app_views_users_show_html_erb")),
            (Family::Ruby, "_app_views_users_show_html_erb___4123_2041", Some("_app_views_users_show_html_erb")),
            (Family::Ruby, "__send__", Some("__send__")),
            (Family::Native, "<redacted>", None),
            (Family::Native, "main", Some("main")),
            (Family::Go, "(*Server).Serve.func1", Some("(*Server).Serve.func1")),
        ] {
            assert_eq!(function(name, family).as_deref(), expected, "{family:?} {name:?}");
        }
    }

    #[test]
    fn modules_lose_what_tools_number_anew() {
        for (family, name, expected) in [
            (Family::Java, "com.shop.Cart", Some("com.shop.Cart")),
            (Family::Java, "com.shop.Cart$1", Some("com.shop.Cart$1")),
            (Family::Java, "com.shop.Cart$$Lambda$14/0x0000000800c03000", None),
            (Family::Java, "sun.reflect.GeneratedMethodAccessor12", Some("sun.reflect.GeneratedMethodAccessor")),
            (Family::Java, "a.B$$EnhancerBySpringCGLIB$$1ebdddb0", Some("a.B$$EnhancerBySpringCGLIB$$")),
            (Family::Java, "a.B$$FastClassBySpringCGLIB$$e7645040_12.x", Some("a.B$$FastClassBySpringCGLIB$$.x")),
            (Family::Java, "a.B_$$_javassist_seam_3", Some("a.B_$$_javassist_seam_")),
            (Family::Java, "a.B_$$_javassist_47", Some("a.B_$$_javassist_")),
            (Family::Java, "shop.core$fn__123$fn__456", Some("shop.core$fn__$fn__")),
            (Family::Java, "shop.core$fn__face$fn__9", Some("shop.core$fn__face$fn__")),
            (Family::Java, "shop.core$fn__foo$fn__9", Some("shop.core$fn__foo$fn__")),
            (Family::Python, "app.fn__123", Some("app.fn__123")),
        ] {
            assert_eq!(module(name, family).as_deref(), expected, "{family:?} {name:?}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_taken_and_what_is_clean_stays_as_it_is(
            name in "(\\PC|CGLIB\\$\\$|fn__|@anonymous|::|\\{closure:|__|[0-9a-f]|block |async |\\.){0,12}",
        ) {
            let families = ["python", "node", "php", "ruby", "java", "go", "native", "other"].map(Family::of);
            for family in families {
                for clean in [module, function] {
                    let Some(once) = clean(&name, family) else { continue };
                    // JavaScript's prefixes may be stacked; all others are cleaned in one go.
                    let twice = clean(&once, family);
                    prop_assert!(twice.as_deref() == Some(&*once) || family == Family::JavaScript, "{:?} {:?}", family, once);
                }
            }
        }
    }
}
