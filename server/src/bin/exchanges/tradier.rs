//! Tradier: a session over HTTP, then its streaming socket, and the frames `trade` and `timesale`.
//!
//! The session is `POST /v1/markets/events/session` with a bearer token, answered `{"stream":{"sessionid":…}}`. Each
//! subscription names the whole list of symbols. Source: the broker's documentation, "Streaming" (market WebSocket).

use bellwire::feed::{FeedError, HttpStep, Incoming, WebSocketProvider};
use serde::Deserialize;
use serde_json::json;

use super::{Event, Trade, number};

/// Where sessions come from.
pub(crate) const SESSION_URL: &str = "https://api.tradier.com/v1/markets/events/session";
/// The streaming socket.
pub(crate) const URL: &str = "wss://ws.tradier.com/v1/markets/events";

/// The broker as a provider; sessions are asked for with `token`.
pub(crate) fn provider(session_url: &str, url: &str, token: &str) -> WebSocketProvider {
    let step = HttpStep::post(session_url, "/stream/sessionid")
        .header("authorization", format!("Bearer {token}"))
        .header("accept", "application/json");
    let whole_list = |change: bellwire::feed::Change<'_>| {
        let list = json!({
            "symbols": change.all,
            "sessionid": change.session,
            "filter": ["trade"],
            "linebreak": false,
            "validOnly": true,
        });
        vec![list.to_string()]
    };
    WebSocketProvider::new("tradier", url)
        .session(step)
        .subscribe(whole_list)
        .unsubscribe(whole_list)
        .classify(classify)
}

/// Ends the session where the broker says that it is none: nothing comes on it any more, and the next has a new one.
fn classify(text: String) -> Result<Incoming, FeedError> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    // Trades come by the thousand, refusals hardly ever.
    if !text.contains("\"error\"") {
        return Ok(Incoming::Frame(text));
    }
    match serde_json::from_str(&text) {
        Ok(Refusal { error }) => Err(FeedError::Unavailable(format!("the broker says: {error}"))),
        Err(_) => Ok(Incoming::Frame(text)),
    }
}

#[derive(Deserialize)]
struct Frame {
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct RawTrade {
    symbol: String,
    #[serde(deserialize_with = "number")]
    price: f64,
    #[serde(deserialize_with = "number")]
    size: f64,
    /// Milliseconds since the epoch.
    #[serde(deserialize_with = "number")]
    date: f64,
}

/// Reads one frame.
pub(crate) fn parse(frame: &str) -> serde_json::Result<Vec<Event>> {
    let head: Frame = serde_json::from_str(frame)?;
    if head.kind != "trade" {
        return Ok(Vec::new());
    }
    let raw: RawTrade = serde_json::from_str(frame)?;
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since the epoch, far below 2^53")]
    let time = raw.date as i64;
    let id = format!("{}-{time}", raw.symbol);
    let trade =
        Trade { id, symbol: raw.symbol, price: raw.price, quantity: raw.size, sold: false, time, live: true };
    Ok(vec![Event::Trade(trade)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_trade_and_nothing_else() {
        let frame = r#"{"type":"trade","symbol":"SPY","exch":"J","price":"281.85","size":"100","cvol":"27978993","date":"1557757204760","last":"281.85"}"#;
        let events = parse(frame).unwrap();
        let [Event::Trade(trade)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!((trade.price, trade.quantity, trade.time), (281.85, 100.0, 1_557_757_204_760));
        assert!(parse(r#"{"type":"quote","symbol":"SPY"}"#).unwrap().is_empty());
        assert!(parse(r#"{"type":"trade","symbol":"SPY"}"#).is_err());
    }

    #[test]
    fn an_error_ends_the_session_and_all_else_is_for_the_app() {
        let refused = classify(r#"{"error":"Session not found"}"#.to_owned()).unwrap_err();
        assert!(refused.to_string().contains("Session not found"), "{refused}");
        for text in [r#"{"type":"trade","symbol":"SPY"}"#, "not json", "[]"] {
            assert_eq!(classify(text.to_owned()), Ok(Incoming::Frame(text.to_owned())));
        }
    }
}
