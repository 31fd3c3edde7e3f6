//! What an SDK sends comes out as a signed webhook: the captured requests, the payload, the headers, the doors, the answers.

mod answers;
mod bombs;
mod captured;
mod encodings;
mod hooks;
mod payload;
mod sent;
