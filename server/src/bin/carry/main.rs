//! A cash-and-carry monitor: tells dashboards of positions, equity, risk, scouts, workers and the log.
//!
//! `demo` trades on paper so that something moves, `risk` holds the rules it must obey, `log` tells the log, `service`
//! greets connections and answers over HTTP. A real strategy publishes through the same publishers, or by `POST /publish`.

mod banner;
mod demo;
#[rustfmt::skip] // the generator formats what it writes
mod generated;
mod log;
mod risk;
mod service;
mod settings;
mod values;

use bellwire::{App, Node};
use clap::Parser;

use demo::Demo;
use generated::{CarryApi, CarryPublishers};
use service::CarryService;
use settings::Args;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let node = Node::new();
    let publish = CarryPublishers::new(&node);
    bellwire::init_logging_with(&args.server, log::layer(publish.system_log.clone()))?;
    if args.demo {
        tokio::spawn(demo::run(Demo::new(args.equity), publish, args.interval));
    }
    let service = CarryService::new(&node);
    let api = CarryApi { requests: service.clone(), operations: service.clone(), connect: service };
    App::new(node, args.server)
        .endpoint(api.into_endpoint())
        .on_bound(move |address| banner::print(address, args.demo))
        .serve()
        .await?;
    Ok(())
}
