//! What upstream frames mean, and the upstream that speaks JSON over a WebSocket. Decoding is pure.
//!
//! The upstream is told `{"action":"subscribe","symbols":[…]}` and `unsubscribe`, and tells ticks: one object, a list of
//! them, or `{"type":"ticker","data":…}`, so that a screener can follow another. It refuses with
//! `{"type":"error","code":…}`: `rate-limited` or 429, with `retry_after_ms`; `token-expired`, 401, or one of the negative
//! codes that Indian brokers use.

use std::time::Duration;

use bellwire::feed::{Change, FeedError, Incoming, WebSocketProvider};
use serde_json::{Value, json};

use crate::desk::full;
use crate::exchanges::{Event, coinbase, kraken};
use crate::generated::types::Tick;
use crate::token::Token;

/// Name of the provider whose frames are Coinbase's.
pub(crate) const COINBASE: &str = "coinbase";
/// Name of the provider whose frames are Kraken's.
pub(crate) const KRAKEN: &str = "kraken";

/// Wait where a refusal names none.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// Codes by which brokers say that a token is no good any more.
const EXPIRED: [i64; 5] = [401, -8, -15, -16, -17];

/// The upstream at this address.
pub(crate) fn provider(url: &str, token: &Token) -> WebSocketProvider {
    let messages = |action: &'static str| {
        move |change: Change<'_>| vec![json!({ "action": action, "symbols": change.keys }).to_string()]
    };
    let provider = WebSocketProvider::new("upstream", url)
        .subscribe(messages("subscribe"))
        .unsubscribe(messages("unsubscribe"))
        .classify(classify);
    token.authorize(provider)
}

/// Tells refusals from what the decoder is to read.
fn classify(text: String) -> Result<Incoming, FeedError> {
    // Ticks come by the thousand, refusals hardly ever.
    if !text.contains("\"error\"") {
        return Ok(Incoming::Frame(text));
    }
    let Ok(frame) = serde_json::from_str::<Value>(&text) else { return Ok(Incoming::Frame(text)) };
    let said = if frame["data"].is_object() { &frame["data"] } else { &frame };
    let code = &said["code"];
    if code == "rate-limited" || code == 429 {
        let retry_after = said["retry_after_ms"].as_u64().map_or(RETRY_AFTER, Duration::from_millis);
        return Ok(Incoming::RateLimited { retry_after });
    }
    if code == "token-expired" || code.as_i64().is_some_and(|code| EXPIRED.contains(&code)) {
        return Err(FeedError::TokenExpired);
    }
    Ok(Incoming::Frame(text))
}

/// Reads a frame of a provider.
pub(crate) fn read(provider: &str, text: &str) -> serde_json::Result<Vec<Tick>> {
    match provider {
        COINBASE => Ok(of_exchange("COINBASE", coinbase::parse(text)?)),
        KRAKEN => Ok(of_exchange("KRAKEN", kraken::parse(text)?)),
        _ => match serde_json::from_str(text)? {
            Value::Array(ticks) => ticks.into_iter().map(tick).collect(),
            Value::Object(mut frame) => match frame.get("type").and_then(Value::as_str) {
                Some("ticker") => Ok(vec![tick(frame.remove("data").unwrap_or_default())?]),
                Some("error") => Err(serde::de::Error::custom(Value::Object(frame))),
                // Acknowledgements, pongs, notices.
                Some(_) => Ok(Vec::new()),
                None => Ok(vec![tick(Value::Object(frame))?]),
            },
            _ => Err(serde::de::Error::custom("neither a tick nor a list of ticks")),
        },
    }
}

fn tick(value: Value) -> serde_json::Result<Tick> {
    let mut tick: Tick = serde_json::from_value(value)?;
    tick.symbol = full(&tick.symbol);
    Ok(tick)
}

fn of_exchange(exchange: &str, events: Vec<Event>) -> Vec<Tick> {
    let plain = |symbol: &str, ltp: f64| Tick {
        symbol: format!("{exchange}:{symbol}"),
        ltp,
        open_price: None,
        high_price: None,
        low_price: None,
        prev_close_price: None,
        vol_traded_today: None,
        ch: None,
        chp: None,
    };
    let tick = |event| match event {
        Event::Trade(trade) => Some(plain(&trade.symbol, trade.price)),
        Event::Ticker(ticker) => Some(Tick {
            high_price: Some(ticker.high),
            low_price: Some(ticker.low),
            vol_traded_today: Some(ticker.volume),
            chp: Some(ticker.change_percent),
            ..plain(&ticker.symbol, ticker.price)
        }),
        Event::Candle { .. } => None,
    };
    events.into_iter().filter_map(tick).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ticks_in_every_form() {
        for (text, symbols) in [
            (r#"{"symbol":"NSE:SBIN-EQ","ltp":1}"#, &["NSE:SBIN-EQ"][..]),
            (r#"[{"symbol":"SBIN","ltp":1},{"symbol":"TCS","ltp":2}]"#, &["NSE:SBIN-EQ", "NSE:TCS-EQ"]),
            (r#"{"type":"ticker","data":{"symbol":"TCS","ltp":2,"more":3}}"#, &["NSE:TCS-EQ"]),
            (r#"{"type":"ack","count":2}"#, &[]),
        ] {
            let ticks = read("upstream", text).unwrap();
            assert_eq!(ticks.iter().map(|tick| &tick.symbol).collect::<Vec<_>>(), symbols, "{text}");
        }
        for text in ["", "1", r#"{"symbol":"X"}"#, r#"{"type":"ticker"}"#, r#"{"type":"error","code":500}"#] {
            assert!(read("upstream", text).is_err(), "{text}");
        }
    }

    #[test]
    fn tells_refusals_apart() {
        let limited =
            |retry_after| Ok(Incoming::RateLimited { retry_after: Duration::from_millis(retry_after) });
        for (text, want) in [
            (r#"{"type":"error","code":"rate-limited","retry_after_ms":50}"#, limited(50)),
            (r#"{"type":"error","data":{"code":"rate-limited"}}"#, limited(2_000)),
            (r#"{"s":"error","code":429}"#, limited(2_000)),
            (r#"{"s":"error","code":-15}"#, Err(FeedError::TokenExpired)),
            (r#"{"type":"error","code":"token-expired"}"#, Err(FeedError::TokenExpired)),
        ] {
            assert_eq!(classify(text.to_owned()), want, "{text}");
        }
        let other = r#"{"type":"error","code":7}"#.to_owned();
        assert_eq!(classify(other.clone()), Ok(Incoming::Frame(other)));
    }
}
