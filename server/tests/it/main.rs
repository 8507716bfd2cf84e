//! The runtime over real sockets, with a contract written by hand in the style of generated code.
#![expect(clippy::expect_used, reason = "a test that cannot go on says why")]

mod auth;
mod authenticator;
mod bursts;
mod by_hand;
mod compression;
mod connection;
mod contract;
mod cors;
mod echo;
mod frames;
mod handshake;
mod harness;
mod held;
mod history;
mod hostile;
mod http;
mod http_requests;
mod joined;
mod membership;
mod operations;
mod overflow;
mod publishing;
mod replay;
mod services;
mod shutdown;
mod slow;
mod state;
mod subscriptions;
mod tokens;
