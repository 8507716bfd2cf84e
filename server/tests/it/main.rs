//! The runtime over real sockets, with a contract written by hand in the style of generated code.

mod contract;
mod frames;
mod harness;
