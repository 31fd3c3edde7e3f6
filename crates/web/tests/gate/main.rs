//! The door of the server on real sockets.

#[cfg(test)]
mod doors;
