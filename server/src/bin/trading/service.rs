//! What the service decides per topic, and the task that turns the feed's events into publications.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bellwire::contract::{Caller, Refusal};
use tokio::sync::mpsc;

use crate::{
    broker_service::BrokerService,
    feed::MarketEvent,
    generated::{
        BarsService, OrderbookService, QuotesService, TradesService, TradingPublishers,
        types::{Bar, BarsParams, OrderBook, Quote, QuotesParams, SymbolParams},
    },
    market::Market,
    symbols::Symbols,
};

/// The market, as topics see it.
#[derive(Debug, Clone, Default)]
pub(crate) struct MarketService {
    symbols: Symbols,
    market: Arc<Mutex<Market>>,
    /// Lists of symbols that someone watches.
    watched: Arc<Mutex<HashSet<QuotesParams>>>,
}

impl MarketService {
    /// A market of these symbols, of which nothing is known yet.
    pub(crate) fn new(symbols: Symbols) -> Self {
        Self { symbols, ..Self::default() }
    }

    /// The market behind the service.
    pub(crate) fn market(&self) -> Arc<Mutex<Market>> {
        Arc::clone(&self.market)
    }

    /// Takes in the feed's events and publishes what follows from them, until the feed ends.
    pub(crate) async fn run(
        self,
        mut events: mpsc::Receiver<MarketEvent>,
        broker: BrokerService,
        publish: TradingPublishers,
    ) {
        while let Some(event) = events.recv().await {
            lock(&self.market).apply(&event);
            broker.take(&event);
            match event {
                MarketEvent::Trade { trade, .. } => {
                    publish.trades.publish(&SymbolParams { symbol: trade.symbol.clone() }, &trade);
                }
                MarketEvent::Ticker(ticker) => self.publish_ticker(&ticker.symbol, &publish),
                // Bars go out by the broadcaster.
                MarketEvent::Candle { .. } => {}
            }
        }
    }

    fn publish_ticker(&self, symbol: &str, publish: &TradingPublishers) {
        let (quote, book) = {
            let market = lock(&self.market);
            (market.quote(symbol), market.order_book(symbol))
        };
        if let Some(book) = book {
            publish.orderbook.publish(&SymbolParams { symbol: symbol.to_owned() }, &book);
        }
        let watched = lock(&self.watched);
        for list in watched.iter().filter(|list| names(list).any(|name| name == symbol)) {
            publish.quotes.publish(list, &quote);
        }
    }
}

impl BarsService for MarketService {
    async fn authorize(&self, _caller: &Caller, params: &BarsParams) -> Result<(), Refusal> {
        self.symbols.check_topic(&params.symbol)
    }

    async fn snapshot(&self, _caller: &Caller, params: &BarsParams) -> Option<Bar> {
        lock(&self.market).latest_bar(&params.symbol, params.resolution)
    }
}

impl TradesService for MarketService {
    async fn authorize(&self, _caller: &Caller, params: &SymbolParams) -> Result<(), Refusal> {
        self.symbols.check_topic(&params.symbol)
    }
}

impl OrderbookService for MarketService {
    async fn authorize(&self, _caller: &Caller, params: &SymbolParams) -> Result<(), Refusal> {
        self.symbols.check_topic(&params.symbol)
    }

    async fn snapshot(&self, _caller: &Caller, params: &SymbolParams) -> Option<OrderBook> {
        lock(&self.market).order_book(&params.symbol)
    }
}

impl QuotesService for MarketService {
    async fn authorize(&self, _caller: &Caller, params: &QuotesParams) -> Result<(), Refusal> {
        if names(params).next().is_none() {
            return Err(
                Refusal::new("invalid-payload", "no symbol is named").at("/symbols", "names no symbol")
            );
        }
        Ok(())
    }

    async fn snapshot(&self, _caller: &Caller, params: &QuotesParams) -> Option<Vec<Quote>> {
        let market = lock(&self.market);
        let symbols: std::collections::BTreeSet<&str> = names(params).collect();
        Some(symbols.into_iter().map(|symbol| market.quote(symbol)).collect())
    }

    fn first_subscriber(&self, params: &QuotesParams) {
        lock(&self.watched).insert(params.clone());
    }

    fn last_subscriber(&self, params: &QuotesParams) {
        lock(&self.watched).remove(params);
    }
}

/// Every symbol a list names; the slow and the fast ones are served alike.
fn names(params: &QuotesParams) -> impl Iterator<Item = &str> {
    params.symbols.iter().chain(&params.fast_symbols).map(String::as_str)
}

/// Nothing that panics while it holds one of these locks leaves a value half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
