//! Names that a hook may name.
//!
//! Responsible for the shape of a DNS name and for the names that never lead to a public host. Refuses to look anything
//! up. Called by the URL verdict and by the policy, which reads names to allow.

/// Suffixes that belong to one machine, one network or nobody; each is refused itself and with anything before it.
const SPECIAL_SUFFIXES: [&str; 10] = [
    "localhost",
    "localdomain",
    "local",
    "internal",
    "home.arpa",
    "svc",
    "onion",
    "test",
    "invalid",
    // Google's metadata service answers under a public suffix.
    "metadata.goog",
];

const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// Whether the name, in lower case and without a final dot, could be that of a host: labels of letters, digits, hyphens
/// (inside) and underscores, 63 bytes a label, 253 in all.
pub(super) fn is_well_formed(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX && name.split('.').all(is_label)
}

/// Whether the well-formed name may be looked up in the public DNS.
pub(super) fn is_public(name: &str) -> bool {
    name.contains('.') && !SPECIAL_SUFFIXES.into_iter().any(|suffix| is_at_or_under(name, suffix))
}

/// Whether `name` is `parent` or ends in `.parent`.
pub(super) fn is_at_or_under(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn is_label(label: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    (1..=LABEL_BYTES_MAX).contains(&label.len())
        && label.bytes().all(allowed)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_public() {
        for name in
            ["example.com", "a.b", "hooks.xn--bcher-kva.example", "_hook.example.com", "mylocalhost.com", "x.tests"]
        {
            assert!(is_well_formed(name) && is_public(name), "{name}");
        }
    }

    #[test]
    fn one_label_and_each_special_suffix_are_not() {
        assert!(!is_public("kubernetes"));
        for suffix in SPECIAL_SUFFIXES {
            assert!(!is_public(suffix), "{suffix}");
            assert!(!is_public(&format!("a.{suffix}")), "{suffix}");
            assert!(is_public(&format!("{suffix}.example.com")), "{suffix}");
        }
    }

    #[test]
    fn malformed_names_are_told_apart() {
        let long_label = format!("{}.com", "a".repeat(64));
        let long_name = format!("{}com", "a.".repeat(126));
        for name in
            ["", ".", "a..b", ".a", "a.", "-a.com", "a-.com", "a b.com", "a*.com", "ä.com", &long_label, &long_name]
        {
            assert!(!is_well_formed(name), "{name}");
        }
        assert!(is_well_formed(&format!("{}.com", "a".repeat(63))));
    }
}
