//! The commands over the API: whoever has a URL and a token runs their hooks from a terminal or a script.

mod again;
mod command;
mod hooks;
mod private_authority;
mod refusals;
