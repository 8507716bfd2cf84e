//! Coinbase Advanced Trade: its public WebSocket and the frames of its channels `market_trades`, `candles` and `ticker`.
//!
//! Source: the exchange's WebSocket documentation, "Advanced Trade WebSocket Channels", and the recording.

use bellwire::feed::WebSocketProvider;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{Candle, Event, Ticker, Trade, number};

/// The public endpoint.
pub(crate) const URL: &str = "wss://advanced-trade-ws.coinbase.com";

/// The exchange as a provider: no authentication; subscribes to trades, candles and heartbeats of the wanted symbols.
pub(crate) fn provider(url: &str) -> WebSocketProvider {
    let messages = |kind: &'static str| {
        move |change: bellwire::feed::Change<'_>| {
            let channel = |channel: &str| {
                json!({ "type": kind, "product_ids": change.keys, "channel": channel }).to_string()
            };
            ["market_trades", "candles", "heartbeats"].map(channel).to_vec()
        }
    };
    WebSocketProvider::new("coinbase", url)
        .subscribe(messages("subscribe"))
        .unsubscribe(messages("unsubscribe"))
}

#[derive(Deserialize)]
struct Frame {
    channel: String,
    timestamp: Option<Timestamp>,
    #[serde(default)]
    events: Vec<Batch>,
}

#[derive(Deserialize)]
struct Batch {
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
pub(crate) fn parse(frame: &str) -> serde_json::Result<Vec<Event>> {
    let frame: Frame = serde_json::from_str(frame)?;
    let mut events = Vec::new();
    if !matches!(frame.channel.as_str(), "market_trades" | "candles" | "ticker") {
        return Ok(events);
    }
    let time = frame.timestamp.map_or(0, Timestamp::as_millisecond);
    for event in frame.events {
        let live = event.kind == "update";
        // The exchange lists trades newest first.
        events.extend(event.trades.into_iter().rev().map(|raw| Event::Trade(trade(raw, live))));
        events.extend(event.candles.into_iter().map(candle));
        events.extend(event.tickers.into_iter().map(|raw| Event::Ticker(ticker(raw, time))));
    }
    Ok(events)
}

fn trade(raw: RawTrade, live: bool) -> Trade {
    Trade {
        id: raw.trade_id,
        symbol: raw.product_id,
        price: raw.price,
        quantity: raw.size,
        sold: matches!(raw.side, RawSide::Sell),
        time: raw.time.as_millisecond(),
        live,
    }
}

fn candle(raw: RawCandle) -> Event {
    #[expect(clippy::cast_possible_truncation, reason = "whole seconds since the epoch, far below 2^53")]
    let time = raw.start as i64 * 1_000;
    let candle =
        Candle { time, open: raw.open, high: raw.high, low: raw.low, close: raw.close, volume: raw.volume };
    Event::Candle { symbol: raw.product_id, candle }
}

fn ticker(raw: RawTicker, time: i64) -> Ticker {
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
        time,
    }
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
        let [Event::Trade(trade @ Trade { live: true, .. })] = events.as_slice() else {
            panic!("{events:?}")
        };
        assert_eq!((trade.price, trade.sold, trade.time), (65083.67, true, 1_786_309_548_167));
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
