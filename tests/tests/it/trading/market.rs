//! A market whose prices tests know: a recording of their own, replayed by the server under test.

use std::fs;

use e2e::{Spawned, TempPath, TestSocket};
use serde_json::{Value, json};

/// The one symbol of the recording.
pub(super) const SYMBOL: &str = "BTC-USD";

/// Prices of the trades, again and again, one every 20 ms; each is of one unit.
const PRICES: [u32; 4] = [100, 110, 100, 90];
const TRADES: u32 = 3_000;

/// A server that replays these prices for a minute and tells nothing else, with more arguments.
pub(super) fn market(arguments: &[&str]) -> Spawned {
    replaying(TRADES, arguments)
}

/// The same of so many trades.
pub(super) fn replaying(trades: u32, arguments: &[&str]) -> Spawned {
    let recording = TempPath::new("market.jsonl");
    let lines: Vec<String> = (0..trades).map(line).collect();
    fs::write(&recording, lines.join("\n")).expect("a recording");
    let feed = format!("replay:{}", recording.display());
    let fixed = ["--feed", feed.as_str(), "--bar-symbols", "", "--bar-interval", "0.05"];
    // The server has read all of it when it listens.
    Spawned::start("trading", &[&fixed, arguments].concat())
}

fn line(number: u32) -> String {
    let milliseconds = number * 20;
    let time = format!(
        "2026-08-09T21:{:02}:{:02}.{:03}Z",
        milliseconds / 60_000,
        milliseconds / 1_000 % 60,
        milliseconds % 1_000
    );
    let price = PRICES[number as usize % PRICES.len()].to_string();
    let trade = json!({ "product_id": SYMBOL, "trade_id": number.to_string(), "price": price, "size": "1", "time": time, "side": "BUY" });
    let frame = json!({ "channel": "market_trades", "events": [{ "type": "update", "trades": [trade] }] });
    json!({ "t": "recv", "ts": f64::from(number) * 0.02, "data": frame.to_string() }).to_string()
}

/// An order of one account for the market's symbol, with more members.
pub(super) fn order(account: &str, kind: u8, side: i8, qty: f64, more: &Value) -> Value {
    let mut payload =
        json!({ "accountId": account, "symbol": SYMBOL, "type": kind, "side": side, "qty": qty });
    let more = more.as_object().cloned().unwrap_or_default();
    payload.as_object_mut().expect("just made").extend(more);
    payload
}

/// The payload of the answer to a request; what comes before it is let go.
pub(super) async fn ask(socket: &mut TestSocket, request: &str, payload: &Value) -> Value {
    socket.send(&json!({ "type": request, "id": "q", "payload": payload })).await;
    socket.next_of(&format!("{request}.response")).await["payload"].clone()
}

/// Waits for a trade, without which nothing can be bought.
pub(super) async fn price(socket: &mut TestSocket) {
    let symbol = json!({ "symbol": SYMBOL });
    socket.subscribe("trades", &symbol).await;
    socket.next_of("trades.update").await;
    socket.send(&json!({ "type": "trades.unsubscribe", "payload": symbol })).await;
    socket.next_of("trades.unsubscribe.response").await;
}
