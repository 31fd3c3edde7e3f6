//! What a Watchfire webhook is, byte for byte, for whoever sends one and for whoever receives one.
//!
//! Responsible for the names of the headers, the two signatures (made by [`Signer`], checked by [`verify`]; why one does
//! not hold says the [`doctor`]), the kinds, and the types a receiver reads a body into. It refuses to do I/O, to read a
//! clock and to make randomness: bytes, times and secrets are passed in. Called by the sender, by test receivers, by the
//! command line, by the management API, and by receivers written in Rust.
//!
//! A receiver needs three lines:
//!
//! ```
//! use watchfire_webhook::{EventCreated, Secret, Signer, verify};
//! # let secret = "8fcac28aaa4c4f5fa572b61d40a8e084364db25fd37449c299e5a41c0504cbc2";
//! # let raw_body: &[u8] = b"{}";
//! # let header = "7399600edfeb77014917d19b57555cd9b4b39b78cb08b63a0d3b3a1e9ba39390";
//! let signer = Signer::new(&secret.parse::<Secret>()?);
//! verify::hex(&signer, raw_body, header)?;                // the bytes as they arrived, before any parsing
//! let event: Result<EventCreated, _> = serde_json::from_slice(raw_body);
//! # assert!(event.is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod doctor;
pub mod headers;
mod hex;
mod kind;
mod payload;
mod secret;
mod sign;
pub mod verify;

pub use kind::{Kind, UnknownKind};
pub use payload::{Event, EventAlert, EventCreated, Exception, Exceptions, Frame, Stacktrace};
pub use secret::{BadSecret, Secret};
pub use sign::{HEX_SIGNATURE_BYTES, STANDARD_SIGNATURE_BYTES, Signer};
