//! What is known of every symbol: bars, the quote, the best prices.
//!
//! Pure state: events go in, values come out. It publishes nothing and knows no clock; [`crate::service`] does and
//! does.

mod bars;
pub(crate) mod resolution;

use std::collections::BTreeMap;

use bars::BarBook;

use crate::feed::{MarketEvent, Ticker};
use crate::generated::types::{
    Bar, OrderBook, Quote, QuoteFailed, QuoteFailure, QuoteOk, QuoteValues, Resolution,
};

/// Symbols remembered; events of further ones are dropped, so that a broken feed cannot fill the memory.
const SYMBOLS_KEPT: usize = 10_000;

/// What is known of every symbol.
#[derive(Debug, Default)]
pub(crate) struct Market {
    symbols: BTreeMap<String, Instrument>,
}

#[derive(Debug, Default)]
struct Instrument {
    bars: BarBook,
    ticker: Option<Ticker>,
    book_sequence: u64,
}

impl Market {
    /// Takes in one event of a feed.
    pub(crate) fn apply(&mut self, event: &MarketEvent) {
        let symbol = event.symbol();
        if self.symbols.len() >= SYMBOLS_KEPT && !self.symbols.contains_key(symbol) {
            return;
        }
        let instrument = self.symbols.entry(symbol.to_owned()).or_default();
        match event {
            MarketEvent::Trade { trade, live } => {
                instrument.bars.trade(trade.time, trade.price, trade.quantity, *live);
            }
            MarketEvent::Candle { candle, .. } => instrument.bars.candle(*candle),
            MarketEvent::Ticker(ticker) => {
                instrument.ticker = Some(ticker.clone());
                instrument.book_sequence += 1;
            }
        }
    }

    /// The newest bar.
    pub(crate) fn latest_bar(&self, symbol: &str, resolution: Resolution) -> Option<Bar> {
        self.symbols.get(symbol)?.bars.latest(resolution)
    }

    /// Bars that start after `after` (milliseconds since the epoch), oldest first.
    pub(crate) fn bars_since(&self, symbol: &str, resolution: Resolution, after: i64) -> Vec<Bar> {
        self.symbols.get(symbol).map(|known| known.bars.since(resolution, after)).unwrap_or_default()
    }

    /// The quote of a symbol, or why there is none.
    pub(crate) fn quote(&self, symbol: &str) -> Quote {
        match self.symbols.get(symbol).and_then(|known| known.ticker.as_ref()) {
            Some(ticker) => Quote::Ok(QuoteOk {
                s: Default::default(),
                n: symbol.to_owned(),
                v: quote_values(symbol, ticker),
            }),
            None => Quote::Error(QuoteFailed {
                s: Default::default(),
                n: symbol.to_owned(),
                v: QuoteFailure { error: "Symbol not found".to_owned() },
            }),
        }
    }

    /// The best prices of a symbol on both sides.
    pub(crate) fn order_book(&self, symbol: &str) -> Option<OrderBook> {
        let known = self.symbols.get(symbol)?;
        let ticker = known.ticker.as_ref()?;
        Some(OrderBook {
            symbol: symbol.to_owned(),
            bids: vec![(ticker.bid, ticker.bid_quantity)],
            asks: vec![(ticker.ask, ticker.ask_quantity)],
            sequence: known.book_sequence,
        })
    }
}

fn quote_values(symbol: &str, ticker: &Ticker) -> QuoteValues {
    let open = ticker.price / (1.0 + ticker.change_percent / 100.0);
    QuoteValues {
        lp: ticker.price,
        ask: ticker.ask,
        bid: ticker.bid,
        spread: round(ticker.ask - ticker.bid),
        open_price: round(open),
        high_price: ticker.high,
        low_price: ticker.low,
        prev_close_price: round(open),
        volume: ticker.volume,
        ch: round(ticker.price - open),
        chp: round(ticker.change_percent),
        short_name: symbol.to_owned(),
        exchange: ticker.exchange.to_owned(),
        description: symbol.to_owned(),
        original_name: format!("{}:{symbol}", ticker.exchange),
    }
}

/// Rounds derived figures to eight decimals: prices come as decimals, and binary noise such as 0.009999999 helps nobody.
fn round(value: f64) -> f64 {
    (value * 1e8).round() / 1e8
}
