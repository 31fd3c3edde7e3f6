//! tmp
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u32);
impl std::fmt::Display for Scopes { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) } }
impl std::str::FromStr for Scopes { type Err = std::num::ParseIntError; fn from_str(s: &str) -> Result<Self, Self::Err> { s.parse().map(Scopes) } }
