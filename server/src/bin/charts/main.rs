//! Chart updates: tells dashboards which chart to draw again, and keeps a picture of each.
//!
//! `ingest` brings bars from an exchange, `exporter` makes pictures of them in the background, and `service` joins
//! both to the generated requests and broadcasts.

mod banner;
mod bars;
mod book;
#[path = "../exchanges/mod.rs"]
mod exchanges;
mod exporter;
#[rustfmt::skip] // the generator formats what it writes
mod generated;
mod ingest;
mod render;
mod service;
mod settings;
mod zones;

use std::sync::Arc;

use bellwire::{App, Node};
use clap::Parser;

use book::Book;
use exporter::Exporter;
use generated::{ChartsApi, ChartsPublishers};
use ingest::Ingest;
use service::ChartsService;
use settings::Args;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    bellwire::init_logging(&args.server)?;
    let hours = args.hours()?;
    let node = Node::new();
    let publish = ChartsPublishers::new(&node);
    let book = Arc::new(Book::new(args.symbol.clone()));
    let source = book.clone();
    let exporter = Exporter::new(
        args.folder(),
        args.cool_down,
        |timeframe| timeframe.as_str(),
        Arc::new(move |timeframe| source.chart(timeframe)),
    );
    let ingest = Ingest::new(book, publish.chart_updates.clone(), exporter.clone());
    let status = ingest.status();
    tokio::spawn(ingest.run(args.source()?));

    let (symbol, folder) = (args.symbol.clone(), args.folder());
    let service = ChartsService::new(publish.chart_updates, exporter, status, hours, args.symbol.clone());
    let api = ChartsApi { requests: service.clone(), connect: service };
    App::new(node, args.server)
        .endpoint(api.into_endpoint())
        .on_bound(move |address| banner::print(address, &symbol, &folder))
        .serve()
        .await?;
    Ok(())
}
