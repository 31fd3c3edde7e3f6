//! Pairs of events with stack traces.

use serde_json::{Value, json};

use super::build::{chain, crash, crash_in, exception, library, own, script, with};
use super::{Pair, apart, only_here, together};

fn python() -> Value {
    crash(
        "python",
        &[own("shop.views", "checkout", "return total(cart)"), own("shop.cart", "total", "return int(amount)")],
    )
}

/// The last frame of [`python`] with these members instead.
fn last_frame(members: Value) -> Value {
    let frame = with(own("shop.cart", "total", "return int(amount)"), members);
    crash("python", &[own("shop.views", "checkout", "return total(cart)"), frame])
}

fn recursion(depth: usize) -> Value {
    let frames: Vec<Value> = (0..depth).map(|_| own("shop.tree", "walk", "walk(node.left)")).collect();
    crash("python", &frames)
}

fn mutual(depth: usize) -> Value {
    let pair = || [own("shop.tree", "left", "right(node)"), own("shop.tree", "right", "left(node)")];
    crash("python", &(0..depth).flat_map(|_| pair()).collect::<Vec<_>>())
}

fn java(line: u64) -> Value {
    let frame = json!({"module": "com.shop.Cart", "function": "total", "filename": "Cart.java", "lineno": line, "in_app": true});
    crash("java", &[frame])
}

pub(crate) fn moved() -> Vec<Pair> {
    let below = |name| crash("python", &[own("shop.views", "checkout", "x"), library("django.db", name)]);
    let libraries = |name| crash("python", &[library("celery", "run"), library("kombu", name)]);
    let filed = |path| crash("ruby", &[json!({"filename": path, "function": "total", "in_app": true})]);
    vec![
        together("the same code some lines further down", [python(), last_frame(json!({"lineno": 99, "colno": 3}))]),
        together("the same function, another of its lines, without source (Java)", [java(31), java(35)]),
        apart(
            "the same function, another of its lines, with source (Python)",
            [python(), last_frame(json!({"context_line": "return amounts[0]", "lineno": 11}))],
        ),
        together(
            "the same source line, indented otherwise",
            [python(), last_frame(json!({"context_line": "\treturn   int(amount)  "}))],
        ),
        together(
            "deployed to another folder",
            [filed("/srv/releases/41/app/Cart.rb"), filed("/srv/releases/42/app/cart.rb")],
        ),
        together("other local variables", [python(), last_frame(json!({"vars": {"amount": "x"}}))]),
        together(
            "other text in the exception",
            [python(), chain("python", &[exception("ValueError", "order 1017 has no price", &frames(&python()))])],
        ),
        apart(
            "another type of exception",
            [python(), chain("python", &[exception("TypeError", "bad amount", &frames(&python()))])],
        ),
        apart(
            "another function in between",
            [
                python(),
                crash(
                    "python",
                    &[
                        own("shop.views", "cancel", "return total(cart)"),
                        own("shop.cart", "total", "return int(amount)"),
                    ],
                ),
            ],
        ),
        together("the same own frames, other frames of libraries below them", [below("execute"), below("fetch")]),
        apart("frames of libraries only, other functions", [libraries("send"), libraries("receive")]),
        together("a recursion, 5 and 200 deep", [recursion(5), recursion(200)]),
        apart("two functions that call each other, 5 and 20 times", [mutual(5), mutual(20)]),
        apart(
            "without the outermost frame, as the stack was cut",
            [python(), crash("python", &frames(&python())[1..])],
        ),
    ]
}

/// The frames of an event's only exception.
fn frames(event: &Value) -> Vec<Value> {
    event["exception"]["values"][0]["stacktrace"]["frames"].as_array().cloned().unwrap_or_default()
}

const PAGE: &str = "https://shop.example.com/cart";
const SCRIPT: &str = "https://shop.example.com/static/app.3f2a1b.js";

/// A `TypeError` in a page, with the browser's own text.
fn page(value: &str, frames: &[Value]) -> Value {
    chain("javascript", &[exception("TypeError", value, frames)])
}

/// The same error as Chrome tells it.
fn chrome(functions: &[&str]) -> Value {
    let frames: Vec<Value> = functions.iter().map(|function| script(function, SCRIPT)).collect();
    page("Cannot read properties of undefined (reading 'price')", &frames)
}

/// The same error as Firefox tells it.
fn firefox(functions: &[&str]) -> Value {
    let frames: Vec<Value> = functions.iter().map(|function| script(function, SCRIPT)).collect();
    page("can't access property \"price\", item is undefined", &frames)
}

pub(crate) fn browsers() -> Vec<Pair> {
    let bare = |value| page(value, &[script("?", PAGE)]);
    let built = |url| page("x", &[script("checkout", url), script("total", url)]);
    let with_builtin = |builtin: Value| page("x", &[script("checkout", SCRIPT), builtin, script("total", SCRIPT)]);
    let safari = json!({"function": "map", "filename": "[native code]", "in_app": true});
    let in_chrome = json!({"function": "Array.map", "filename": "<anonymous>", "in_app": true});
    vec![
        together(
            "Chrome and Firefox: methods and handlers",
            [chrome(&["HTMLButtonElement.onclick", "Cart.total"]), firefox(&["onclick", "total"])],
        ),
        together("Chrome and Firefox: a top level without a name", [chrome(&["?", "total"]), firefox(&["total"])]),
        only_here(
            "Chrome and Firefox: a function without a name (`?`, `checkout/<`)",
            [chrome(&["checkout", "?", "total"]), firefox(&["checkout", "checkout/<", "total"])],
            "Firefox says what the function stands in; it has no name all the same",
        ),
        only_here(
            "Chrome and Firefox: an async function (`async total`, `async*total`)",
            [chrome(&["checkout", "async total"]), firefox(&["checkout", "async*total"])],
            "how a function was called is not its name",
        ),
        together(
            "a new build under another name (`app.3f2a1b.js`, `app.99c0de.js`)",
            [built(SCRIPT), built("https://cdn.example.com/static/app.99c0de.js")],
        ),
        apart("minified and not", [chrome(&["checkout", "total"]), chrome(&["t", "n"])]),
        apart("minified by two builds that chose other letters", [chrome(&["t", "n"]), chrome(&["t", "r"])]),
        only_here(
            "a built-in between (`Array.map`), as Chrome lists it and as Safari does",
            [with_builtin(in_chrome), with_builtin(safari.clone())],
            "code of the engine is listed by some browsers only",
        ),
        together(
            "a built-in between, as Safari lists it, and without",
            [with_builtin(safari), page("x", &[script("checkout", SCRIPT), script("total", SCRIPT)])],
        ),
        together(
            "one frame without a name in two pages, the same text",
            [bare("x is undefined"), page("x is undefined", &[script("?", "https://shop.example.com/help")])],
        ),
        apart("one frame without a name, another text", [bare("x is undefined"), bare("y is not a function")]),
        together(
            "an anonymous function of Node (`Object.<anonymous>`, `?`)",
            [crash_in("node", "app", "Object.<anonymous>"), crash_in("node", "app", "?")],
        ),
    ]
}

/// A crash in each of two modules' functions.
fn both(platform: &str, module: [&str; 2], function: [&str; 2]) -> [Value; 2] {
    [crash_in(platform, module[0], function[0]), crash_in(platform, module[1], function[1])]
}

fn same(name: &str) -> [&str; 2] {
    [name, name]
}

pub(crate) fn generated() -> Vec<Pair> {
    let mut pairs = generated_on_the_jvm();
    pairs.extend(generated_elsewhere());
    pairs
}

fn generated_on_the_jvm() -> Vec<Pair> {
    vec![
        together(
            "Java: the class of a lambda",
            both(
                "java",
                ["com.shop.Cart$$Lambda$14/0x0000000800c03000", "com.shop.Cart$$Lambda$99/0x0000000800d17a10"],
                same("run"),
            ),
        ),
        together(
            "Java: the method of a lambda (`lambda$total$0`, `lambda$total$1`)",
            both("java", same("com.shop.Cart"), ["lambda$total$0", "lambda$total$1"]),
        ),
        together(
            "Java: a proxy of Spring's (`…CGLIB$$1ebdddb0`)",
            both(
                "java",
                ["com.shop.Cart$$EnhancerBySpringCGLIB$$1ebdddb0", "com.shop.Cart$$EnhancerBySpringCGLIB$$7a01ff3c"],
                same("total"),
            ),
        ),
        together(
            "Java: an accessor that reflection made",
            both(
                "java",
                ["sun.reflect.GeneratedMethodAccessor12", "sun.reflect.GeneratedMethodAccessor470"],
                same("invoke"),
            ),
        ),
        together(
            "Clojure: a function's number (`fn__123`)",
            both("java", ["shop.core$fn__123", "shop.core$fn__456"], same("invoke")),
        ),
        apart(
            "Java: two anonymous classes (`Cart$1`, `Cart$2`)",
            both("java", ["com.shop.Cart$1", "com.shop.Cart$2"], same("run")),
        ),
    ]
}

fn generated_elsewhere() -> Vec<Pair> {
    vec![
        together(
            "PHP: an anonymous class in another folder",
            both(
                "php",
                ["class@anonymous\u{0}/srv/41/a.php:12$0", "class@anonymous\u{0}/srv/42/a.php:12$3"],
                same("handle"),
            ),
        ),
        only_here(
            "PHP 8.4: a closure whose name has its line (`{closure:App\\Kernel::boot():31}`)",
            both(
                "php",
                same("App"),
                ["App\\{closure:App\\Kernel::boot():31}", "App\\{closure:App\\Kernel::boot():37}"],
            ),
            "line numbers never count, wherever they are written",
        ),
        together(
            "Ruby: a block, at another depth",
            both("ruby", same("shop"), ["block in total", "block (2 levels) in total"]),
        ),
        together(
            "Ruby: a compiled view's number",
            both("ruby", same("shop"), ["_app_views_cart_html_erb__4123_2041", "_app_views_cart_html_erb__88_19"]),
        ),
        apart("Go: two closures (`func1`, `func2`)", both("go", same("shop/cart"), ["Total.func1", "Total.func2"])),
        together(
            "native: a function that is not known (`<redacted>`, `<unknown>`)",
            both("native", same("Shop"), ["<redacted>", "<unknown>"]),
        ),
    ]
}

pub(crate) fn exceptions() -> Vec<Pair> {
    let frame = || own("shop.cart", "total", "return int(amount)");
    let cause = |value| exception("KeyError", value, &[]);
    let outer = || exception("CartError", "no total", &[frame()]);
    let signal = |ty| {
        let mechanism = json!({"mechanism": {"type": "signalhandler", "synthetic": true}});
        chain("native", &[with(exception(ty, "crash", &[own("Shop", "total", "")]), mechanism)])
    };
    let captured = |text: &str| {
        let carrier = json!({"value": text, "mechanism": {"type": "generic", "handled": true, "synthetic": true},
            "stacktrace": {"frames": [own("app", "report", "Sentry.captureMessage(text)")]}});
        with(chain("node", &[carrier]), json!({ "message": text }))
    };
    let bare = |value| chain("python", &[exception("OrderError", value, &[])]);
    let thread = |count: u64, text: &str| {
        let stack = json!({"frames": [frame()]});
        let threads: Vec<Value> = (0..count).map(|id| json!({"id": id, "stacktrace": stack})).collect();
        json!({"platform": "python", "message": text, "threads": {"values": threads}})
    };
    let beside = |mut event: Value| {
        event["threads"]["values"].as_array_mut().unwrap().push(json!({"id": 9}));
        event
    };
    vec![
        apart(
            "the same two exceptions, chained the other way round",
            [
                chain("python", &[exception("KeyError", "", &[frame()]), exception("CartError", "", &[frame()])]),
                chain("python", &[exception("CartError", "", &[frame()]), exception("KeyError", "", &[frame()])]),
            ],
        ),
        apart("with a cause and without", [chain("python", &[cause("'a'"), outer()]), chain("python", &[outer()])]),
        only_here(
            "a cause without frames says something else, under the same own frames",
            [chain("python", &[cause("'price'"), outer()]), chain("python", &[cause("'name'"), outer()])],
            "texts count only where no frame of the whole chain says anything: a cause from a database is full of ids",
        ),
        together(
            "exceptions without frames, other numbers in the text",
            [bare("order 1017 failed"), bare("order 99 failed")],
        ),
        apart("exceptions without frames, other words in the text", [bare("disk is full"), bare("no route to host")]),
        together("two signals (`SIGABRT`, `SIGSEGV`) in one function", [signal("SIGABRT"), signal("SIGSEGV")]),
        together(
            "`captureMessage` of Node with a stack, two texts from one line of code",
            [captured("cache miss ratio high"), captured("queue is long")],
        ),
        together(
            "a message with the stack of its only thread, another text",
            [thread(1, "slow"), thread(1, "very slow")],
        ),
        only_here(
            "a message with two threads of which one has a stack, another text",
            [beside(thread(1, "slow")), beside(thread(1, "very slow"))],
            "a thread without a stack says nothing",
        ),
        apart("a message with the stacks of two threads, another text", [thread(2, "slow"), thread(2, "very slow")]),
    ]
}
