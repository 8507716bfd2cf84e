//! A trading bot's dashboard: what the bot does, told to everyone who looks on, and kept for who comes later.
//!
//! `updates` is what a bot calls, from any thread; `demo` is a bot that only pretends; `service` joins both to the
//! generated requests.

mod banner;
mod demo;
#[rustfmt::skip] // the generator formats what it writes
mod generated;
mod service;
mod settings;
mod updates;

use bellwire::{App, Node};
use clap::Parser;

use generated::BotApi;
use service::BotService;
use settings::Args;
use updates::Updates;

/// Ports that are tried, from the first on.
const PORTS: u16 = 10;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    bellwire::init_logging(&args.server)?;
    let node = Node::new();
    let updates = Updates::new(&node);
    if !args.no_demo {
        demo::start(updates.clone(), args.interval, args.seed)?;
    }
    let api = BotApi { requests: BotService::new(node.clone(), updates) };
    App::new(node, args.server)
        .endpoint(api.into_endpoint())
        .port_range(PORTS)
        .on_bound(banner::print)
        .serve()
        .await?;
    Ok(())
}
