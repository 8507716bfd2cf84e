//! The market screener: live prices of the symbols that a screen shows, and of no others.
//!
//! `service` joins what clients ask to the generated traits, `desk` knows what all of them want together, `upstream`
//! brings ticks from a feed, and `health` says how it all is doing.

mod banner;
mod demo;
mod desk;
#[path = "../exchanges/mod.rs"]
mod exchanges;
#[rustfmt::skip] // the generator formats what it writes
mod generated;
mod health;
mod service;
mod settings;
mod ticks;
mod token;
mod upstream;

use std::sync::Arc;

use bellwire::{App, Node};
use clap::Parser;

use desk::Desk;
use generated::{ScreenerApi, ScreenerPublishers};
use service::ScreenerService;
use settings::Args;
use upstream::Upstream;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    bellwire::init_logging(&args.server)?;
    let (hours, clock) = (args.hours()?, args.clock());
    let feed = args.feed(&hours, &clock)?;
    let node = Node::new();
    let publish = ScreenerPublishers::new(&node);
    service::complete_published(&node);
    let desk = Arc::new(Desk::new(args.max_symbols()));
    let upstream = Upstream::new(desk.clone(), publish.ticks, clock.clone());
    let view = upstream.view();
    tokio::spawn(upstream.run(feed));

    let (source, opening) = (args.source(), hours.at(clock.now()));
    let service = ScreenerService::new(desk, view, hours, clock).with_token_file(args.has_token_file());
    let api = ScreenerApi { ticks: service.clone(), requests: service.clone(), operations: service };
    App::new(node, args.server)
        .endpoint(api.into_endpoint())
        .on_bound(move |address| banner::print(address, &source, opening))
        .serve()
        .await?;
    Ok(())
}
