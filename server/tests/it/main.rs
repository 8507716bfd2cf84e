//! The runtime over real sockets, with a contract written by hand in the style of generated code.

mod connection;
mod contract;
mod frames;
mod harness;
mod hostile;
mod http;
mod operations;
mod publishing;
mod shutdown;
mod slow;
mod subscriptions;
