//! tmp
/// k
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupingKey {
    /// The algorithm's version.
    pub version: u16,
    /// hash
    pub hash: [u8; 16],
}
/// tmp
pub fn group(event: &protocol::event::Event<'_>) -> GroupingKey { use sha2::Digest; let t = crate::title::Title::of(event); let h: [u8;32] = sha2::Sha256::digest(t.as_str()).into(); let mut hash=[0;16]; hash.copy_from_slice(&h[..16]); GroupingKey{version:1,hash} }
