//! Exchanges that several of the apps read: how to reach each, and what its frames mean.
//!
//! Not a program: apps take this folder in as a module. Decoders are pure, text in and events out; what else an
//! exchange sends (acknowledgements, heartbeats) is no event. A frame that does not fit is an error with its cause,
//! for the caller to count.
#![allow(dead_code, reason = "each app uses a part of it")]

pub(crate) mod coinbase;
pub(crate) mod kraken;
pub(crate) mod series;
pub(crate) mod tradier;

use serde::{Deserialize, Deserializer, de::Error as _};

/// Real Coinbase frames; see `recordings/README.md`.
pub(crate) const COINBASE_RECORDING: &str = include_str!("recordings/coinbase-btc-eth.jsonl");
/// Real Kraken frames.
pub(crate) const KRAKEN_RECORDING: &str = include_str!("recordings/kraken-2021.jsonl");

/// One thing that happened on an exchange.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// A trade.
    Trade(Trade),
    /// A five-minute candle so far, in the exchange's own totals.
    Candle { symbol: String, candle: Candle },
    /// Best prices and day figures.
    Ticker(Ticker),
}

/// One trade.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trade {
    pub(crate) id: String,
    pub(crate) symbol: String,
    pub(crate) price: f64,
    pub(crate) quantity: f64,
    /// Whether the taker sold; exchanges that do not say count as bought.
    pub(crate) sold: bool,
    /// Milliseconds since the Unix epoch.
    pub(crate) time: i64,
    /// Told as it happened; history, told once at the start, otherwise.
    pub(crate) live: bool,
}

/// Open, high, low, close and volume of one span of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Candle {
    /// Its start, in milliseconds since the Unix epoch.
    pub(crate) time: i64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    pub(crate) volume: f64,
}

/// Best prices and day figures of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticker {
    pub(crate) symbol: String,
    pub(crate) exchange: &'static str,
    pub(crate) price: f64,
    pub(crate) bid: f64,
    pub(crate) bid_quantity: f64,
    pub(crate) ask: f64,
    pub(crate) ask_quantity: f64,
    /// Highest and lowest price and quantity of the last 24 hours.
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) volume: f64,
    /// Against the price 24 hours ago, in per cent.
    pub(crate) change_percent: f64,
    /// Milliseconds since the Unix epoch; 0 where the exchange does not say.
    pub(crate) time: i64,
}

/// Numbers arrive as strings.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    let value: f64 = text.parse().map_err(|_| D::Error::custom(format!("`{text}` is not a number")))?;
    if value.is_finite() { Ok(value) } else { Err(D::Error::custom(format!("`{text}` is not finite"))) }
}
