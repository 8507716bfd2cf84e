//! The trading API: market data from a replayed recording or random walks, and a paper-trading account.
//!
//! `feed` brings events, `market` knows what they mean, `broadcaster` publishes bars, `broker` trades, and the two
//! services join them to the generated topics and requests.

mod banner;
mod broadcaster;
mod broker;
mod broker_service;
#[path = "../exchanges/mod.rs"]
mod exchanges;
mod feed;
#[rustfmt::skip] // the generator formats what it writes
mod generated;
mod market;
mod requests;
mod service;
mod settings;
mod symbols;

use std::sync::Arc;

use bellwire::{App, Node};
use clap::Parser;

use banner::Opening;
use broadcaster::Broadcaster;
use broker_service::BrokerService;
use feed::Feed;
use generated::{TradingApi, TradingPublishers};
use requests::Requests;
use service::MarketService;
use settings::Args;
use symbols::Symbols;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = Args::parse();
    args.server = args.server.with_file()?;
    bellwire::init_logging(&args.server)?;
    let (source, pace) = args.feed();
    let named = args.broadcaster.named();
    let feed = Feed::start(source, pace, if args.broadcaster.enabled { &named } else { &[] })?;
    let opening = Opening::new(&args, &feed);
    let symbols = Symbols::new(feed.symbols.clone(), args.server.publish_token.is_some());
    let node = Node::new();
    let publish = TradingPublishers::new(&node);
    let market = MarketService::new(symbols.clone());
    let account = BrokerService::new(node.clone(), publish.clone(), symbols);

    let broadcaster = Arc::new(Broadcaster::new(&args.broadcaster, &feed));
    node.register_metrics(|registry| broadcaster.register(registry));
    if args.broadcaster.enabled {
        tokio::spawn(Arc::clone(&broadcaster).run(market.market(), publish.bars.clone()));
    }
    tokio::spawn(market.clone().run(feed.events, account.clone(), publish));

    let api = TradingApi {
        bars: market.clone(),
        quotes: market.clone(),
        trades: market.clone(),
        orderbook: market,
        orders: account.clone(),
        positions: account.clone(),
        executions: account.clone(),
        equity: account.clone(),
        broker_connection: account.clone(),
        account: account.clone(),
        notifications: (),
        requests: Requests { broker: account, broadcaster },
    };
    App::new(node, args.server)
        .endpoint(api.into_endpoint())
        .on_bound(move |address| opening.print(address))
        .serve()
        .await?;
    Ok(())
}
