//! tmp
#![expect(missing_docs, reason="tmp")]
pub const EVENT_MAX_BYTES: usize = 1024*1024;
pub const REQUEST_COMPRESSED_MAX_BYTES: usize = 20*1024*1024;
pub const REQUEST_DECOMPRESSED_MAX_BYTES: usize = 100*1024*1024;
pub const CONNECTIONS_MAX: usize = 4096;
pub const REQUEST_HEADER_MAX_BYTES: usize = 32*1024;
