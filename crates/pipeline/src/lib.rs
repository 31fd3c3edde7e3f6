//! TODO

pub mod egress;
