//! Frames of the Coinbase Advanced Trade WebSocket as market events. Pure: text in, events out.
//!
//! Only the three channels with prices are read; what else the exchange sends (`subscriptions`, `heartbeats`) is no
//! event. A frame that does not fit is an error with its cause, for the caller to count.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::{MarketEvent, Ticker};
use crate::generated::types::{Bar, Trade, TradeSide};

#[derive(Deserialize)]
struct Frame {
    channel: String,
    #[serde(default)]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    trades: Vec<RawTrade>,
    #[serde(default)]
    candles: Vec<RawCandle>,
    #[serde(default)]
    tickers: Vec<RawTicker>,
}

#[derive(Deserialize)]
struct RawTrade {
    product_id: String,
    trade_id: String,
    #[serde(deserialize_with = "number")]
    price: f64,
    #[serde(deserialize_with = "number")]
    size: f64,
    time: Timestamp,
    side: RawSide,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum RawSide {
    Buy,
    Sell,
}

#[derive(Deserialize)]
struct RawCandle {
    product_id: String,
    #[serde(deserialize_with = "number")]
    start: f64,
    #[serde(deserialize_with = "number")]
    open: f64,
    #[serde(deserialize_with = "number")]
    high: f64,
    #[serde(deserialize_with = "number")]
    low: f64,
    #[serde(deserialize_with = "number")]
    close: f64,
    #[serde(deserialize_with = "number")]
    volume: f64,
}

#[derive(Deserialize)]
struct RawTicker {
    product_id: String,
    #[serde(deserialize_with = "number")]
    price: f64,
    #[serde(deserialize_with = "number")]
    volume_24_h: f64,
    #[serde(deserialize_with = "number")]
    low_24_h: f64,
    #[serde(deserialize_with = "number")]
    high_24_h: f64,
    #[serde(deserialize_with = "number")]
    price_percent_chg_24_h: f64,
    #[serde(deserialize_with = "number")]
    best_bid: f64,
    #[serde(deserialize_with = "number")]
    best_ask: f64,
    #[serde(deserialize_with = "number")]
    best_bid_quantity: f64,
    #[serde(deserialize_with = "number")]
    best_ask_quantity: f64,
}

/// Reads one frame; a snapshot's trades come oldest first and are not live.
pub(crate) fn parse(frame: &str) -> serde_json::Result<Vec<MarketEvent>> {
    let frame: Frame = serde_json::from_str(frame)?;
    let mut events = Vec::new();
    if !matches!(frame.channel.as_str(), "market_trades" | "candles" | "ticker") {
        return Ok(events);
    }
    for event in frame.events {
        let live = event.kind == "update";
        // The exchange lists trades newest first.
        events
            .extend(event.trades.into_iter().rev().map(|raw| MarketEvent::Trade { trade: trade(raw), live }));
        events.extend(event.candles.into_iter().map(candle));
        events.extend(event.tickers.into_iter().map(|raw| MarketEvent::Ticker(ticker(raw))));
    }
    Ok(events)
}

fn trade(raw: RawTrade) -> Trade {
    Trade {
        trade_id: raw.trade_id,
        symbol: raw.product_id,
        price: raw.price,
        quantity: raw.size,
        side: match raw.side {
            RawSide::Buy => TradeSide::Buy,
            RawSide::Sell => TradeSide::Sell,
        },
        time: raw.time.as_millisecond(),
    }
}

fn candle(raw: RawCandle) -> MarketEvent {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds since the epoch, far below 2^53")]
    let time = raw.start as i64 * 1_000;
    let candle =
        Bar { time, open: raw.open, high: raw.high, low: raw.low, close: raw.close, volume: raw.volume };
    MarketEvent::Candle { symbol: raw.product_id, candle }
}

fn ticker(raw: RawTicker) -> Ticker {
    Ticker {
        symbol: raw.product_id,
        exchange: "COINBASE",
        price: raw.price,
        bid: raw.best_bid,
        bid_quantity: raw.best_bid_quantity,
        ask: raw.best_ask,
        ask_quantity: raw.best_ask_quantity,
        high: raw.high_24_h,
        low: raw.low_24_h,
        volume: raw.volume_24_h,
        change_percent: raw.price_percent_chg_24_h,
    }
}

/// Numbers arrive as strings.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    let value: f64 = text.parse().map_err(|_| D::Error::custom(format!("`{text}` is not a number")))?;
    if value.is_finite() { Ok(value) } else { Err(D::Error::custom(format!("`{text}` is not finite"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_trade() {
        let events = parse(
            r#"{"channel":"market_trades","events":[{"type":"update","trades":[{"product_id":"BTC-USD","trade_id":"1068572091","price":"65083.67","size":"0.01034361","time":"2026-08-09T21:05:48.167634Z","side":"SELL"}]}]}"#,
        )
        .unwrap();
        let [MarketEvent::Trade { trade, live: true }] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((trade.price, trade.side, trade.time), (65083.67, TradeSide::Sell, 1_786_309_548_167));
    }

    #[test]
    fn other_channels_are_no_events() {
        assert!(
            parse(r#"{"channel":"heartbeats","events":[{"heartbeat_counter":41691}]}"#).unwrap().is_empty()
        );
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for frame in ["", "[]", r#"{"channel":"ticker","events":[{"tickers":[{"product_id":"X"}]}]}"#] {
            assert!(parse(frame).is_err(), "{frame}");
        }
        let odd = r#"{"channel":"candles","events":[{"candles":[{"product_id":"X","start":"1","open":"NaN","high":"1","low":"1","close":"1","volume":"1"}]}]}"#;
        assert!(parse(odd).unwrap_err().to_string().contains("`NaN` is not finite"));
    }
}
