//! TODO

pub mod attempt;
pub mod egress;
