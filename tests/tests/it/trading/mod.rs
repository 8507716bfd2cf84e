//! The trading server as its users meet it: a process, its arguments, its sockets and its pages.

mod accounts;
mod bars;
mod broadcaster;
mod broker;
mod closes;
mod feeds;
mod market;
mod publish;
mod restart;
mod secrets;
mod served;
mod settings;
mod shutdown;
mod subscriptions;

use e2e::Spawned;

/// The default server with bars every 50 ms, so that tests wait for events and not for the clock.
fn trading(arguments: &[&str]) -> Spawned {
    let quick = ["--bar-interval", "0.05", "--speed", "100"];
    Spawned::start("trading", &[&quick, arguments].concat())
}
