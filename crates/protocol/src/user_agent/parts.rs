//! The grammar of the header: products with versions, and comments in parentheses.

/// A header, taken apart.
#[derive(Debug, Default)]
pub(super) struct Parts<'a> {
    products: [(&'a str, &'a str); PRODUCTS_MAX],
    count: usize,
    /// The first comment: what the program runs on.
    pub(super) platform: &'a str,
    /// Whether a product or a comment is one that robots have.
    robot: bool,
}

/// Products that are looked at; real headers have up to ten.
const PRODUCTS_MAX: usize = 16;

impl<'a> Parts<'a> {
    pub(super) fn of(header: &'a str) -> Self {
        let mut parts = Parts::default();
        let mut rest = header.trim_start();
        while !rest.is_empty() {
            if let Some(comment) = rest.strip_prefix('(') {
                let end = comment_end(comment);
                parts.comment(&comment[..end]);
                rest = comment.get(end + 1..).unwrap_or_default().trim_start();
            } else {
                let end = rest.find([' ', '(']).unwrap_or(rest.len());
                parts.product(&rest[..end]);
                rest = rest[end..].trim_start();
            }
        }
        parts
    }

    /// Names and versions, in order.
    pub(super) fn products(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.products[..self.count].iter().copied()
    }

    /// The version of a product; empty where it states none.
    pub(super) fn version_of(&self, name: &str) -> Option<&'a str> {
        self.products().find(|product| product.0 == name).map(|product| product.1)
    }

    /// Whether it is a crawler.
    pub(super) fn is_robot(&self) -> bool {
        self.robot
    }

    fn comment(&mut self, comment: &'a str) {
        if self.platform.is_empty() {
            self.platform = comment;
        }
        self.robot = self.robot || is_of_a_robot(comment);
    }

    fn product(&mut self, product: &'a str) {
        if let Some(place) = self.products.get_mut(self.count) {
            // One maker writes its name before its browser's.
            let product = product.strip_prefix("XiaoMi/").unwrap_or(product);
            *place = product.split_once('/').unwrap_or((product, ""));
            self.robot = self.robot || is_of_a_robot(product);
            self.count += 1;
        }
    }
}

/// Crawlers say what they are, or where to read about them.
fn is_of_a_robot(text: &str) -> bool {
    const SIGNS: [&[u8]; 4] = [b"+http", b"bot/", b"crawl", b"spider"];
    let is_sign =
        |window: &[u8], sign: &[u8]| window.get(..sign.len()).is_some_and(|head| head.eq_ignore_ascii_case(sign));
    let bytes = text.as_bytes();
    (0..bytes.len()).any(|at| {
        let may_begin = matches!(bytes[at], b'+' | b'b' | b'B' | b'c' | b'C' | b's' | b'S');
        may_begin && SIGNS.iter().any(|sign| is_sign(&bytes[at..], sign))
    })
}

/// Where a comment ends that began before the text: at the parenthesis that closes it.
fn comment_end(text: &str) -> usize {
    let mut depth = 1;
    for (place, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place;
        }
    }
    text.len()
}
