//! JSON in the order in which it was written: keys and raw texts, repeated keys included.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object, as written.
#[derive(Debug)]
pub(crate) struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// Reads the text of an object.
    pub(crate) fn of(text: &str) -> Members {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
    }

    /// The keys in their order.
    pub(crate) fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(key, _)| key.as_str()).collect()
    }

    /// The raw text of a member's value.
    pub(crate) fn raw(&self, key: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == key);
        found.unwrap_or_else(|| panic!("no {key} in {:?}", self.keys())).1.get()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_order_and_their_text() {
        let members = Members::of(r#"{"b":1.0,"a":{"z":2, "y":3},"b":2}"#);
        assert_eq!(members.keys(), ["b", "a", "b"]);
        assert_eq!(members.raw("b"), "1.0");
        assert_eq!(Members::of(members.raw("a")).keys(), ["z", "y"]);
    }
}
