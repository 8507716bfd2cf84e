//! Kraken: its public WebSocket (version 1) and the array-shaped frames of its channel `trade`.
//!
//! A trade frame is `[channelID, [[price, volume, time, side, orderType, misc], …], "trade", pair]`; everything else,
//! objects and other channels, is no event. Source: the exchange's WebSocket v1 documentation and the recording.

use bellwire::feed::WebSocketProvider;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Event, Trade, number};

/// The public endpoint.
pub(crate) const URL: &str = "wss://ws.kraken.com";

/// The exchange as a provider: no authentication; subscribes to trades of the wanted symbols (`BTC-USD`).
pub(crate) fn provider(url: &str) -> WebSocketProvider {
    let messages = |kind: &'static str| {
        move |change: bellwire::feed::Change<'_>| {
            let pairs: Vec<String> = change.keys.iter().map(|symbol| pair(symbol)).collect();
            vec![json!({ "event": kind, "pair": pairs, "subscription": { "name": "trade" } }).to_string()]
        }
    };
    WebSocketProvider::new("kraken", url)
        .subscribe(messages("subscribe"))
        .unsubscribe(messages("unsubscribe"))
}

#[derive(Deserialize)]
struct Frame(u64, Vec<RawTrade>, #[expect(dead_code, reason = "a position of the frame")] String, String);

#[derive(Deserialize)]
struct RawTrade(
    #[serde(deserialize_with = "number")] f64,
    #[serde(deserialize_with = "number")] f64,
    #[serde(deserialize_with = "number")] f64,
    String,
    #[expect(dead_code, reason = "a position of the frame")] String,
    #[expect(dead_code, reason = "a position of the frame")] String,
);

/// Reads one frame.
pub(crate) fn parse(frame: &str) -> serde_json::Result<Vec<Event>> {
    let value: Value = serde_json::from_str(frame)?;
    if value.is_object() || value.get(2).is_some_and(|channel| channel != "trade") {
        return Ok(Vec::new());
    }
    let Frame(channel, trades, _, pair) = serde_json::from_value(value)?;
    let symbol = symbol(&pair);
    let event = |(index, RawTrade(price, quantity, seconds, side, ..)): (usize, RawTrade)| {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch, far below 2^53")]
        let time = (seconds * 1_000.0) as i64;
        let id = format!("{channel}-{time}-{index}");
        Event::Trade(Trade {
            id,
            symbol: symbol.clone(),
            price,
            quantity,
            sold: side == "s",
            time,
            live: true,
        })
    };
    Ok(trades.into_iter().enumerate().map(event).collect())
}

/// `BTC-USD` as the exchange writes it: `XBT/USD`.
fn pair(symbol: &str) -> String {
    symbol.split('-').map(|part| if part == "BTC" { "XBT" } else { part }).collect::<Vec<_>>().join("/")
}

fn symbol(pair: &str) -> String {
    pair.split('/').map(|part| if part == "XBT" { "BTC" } else { part }).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_trades_of_the_recording() {
        let recording = bellwire::feed::Recording::parse(super::super::KRAKEN_RECORDING).unwrap();
        let frames = recording.frames().iter().map(|(_, frame)| parse(frame).unwrap());
        let events: Vec<Event> = frames.flatten().collect();
        assert_eq!(events.len(), 10);
        let Event::Trade(first) = &events[0] else { panic!("{events:?}") };
        assert_eq!((first.symbol.as_str(), first.price, first.time), ("XMR-USD", 354.11, 1_618_678_142_557));
        assert!(first.sold);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for frame in ["", "[1]", r#"[1,[["x","1","1","b","m",""]],"trade","A/B"]"#] {
            assert!(parse(frame).is_err(), "{frame}");
        }
        assert_eq!((pair("BTC-USD"), symbol("XBT/USD")), ("XBT/USD".to_owned(), "BTC-USD".to_owned()));
    }
}
