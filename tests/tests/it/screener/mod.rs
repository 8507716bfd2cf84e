//! The market screener as its users meet it: a process, its socket, its HTTP, and the upstream it connects to.

mod faults;
mod hours;
mod http;
mod stream;

use e2e::{Exchange, Spawned, TestSocket, eventually, get};
use serde_json::{Value, json};

/// A Friday noon in Mumbai.
const NOON: &str = "2026-01-23T12:00:00+05:30";

/// A screener that follows this exchange, the market open.
fn following(exchange: &Exchange, more: &[&str]) -> Spawned {
    screener(exchange, NOON, more)
}

/// The same at another time.
fn screener(exchange: &Exchange, now: &str, more: &[&str]) -> Spawned {
    let own = ["--feed", &exchange.socket(), "--now", now];
    Spawned::start("screener", &[&own, more].concat())
}

/// An exchange that says nothing by itself.
async fn quiet() -> Exchange {
    Exchange::talking(|_, _| Vec::new()).await
}

fn tick(symbol: &str, ltp: f64) -> String {
    json!({ "symbol": symbol, "ltp": ltp, "ch": 1.2 }).to_string()
}

async fn ask(socket: &mut TestSocket, action: &str, symbols: &[&str]) -> Value {
    socket.send(&json!({ "action": action, "symbols": symbols })).await;
    socket.next_of("ack").await
}

fn ack(action: &str, count: usize) -> Value {
    json!({ "type": "ack", "action": action, "count": count })
}

/// Waits until a page says so.
async fn page(server: &Spawned, path: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let url = server.url(path);
    eventually(path, || {
        let page = get(&url).json();
        holds(&page).then_some(page)
    })
    .await
}

async fn connected(server: &Spawned) {
    page(server, "/api/websocket/status", |status| status["connected"] == true).await;
}

async fn health(server: &Spawned, status: &str) -> Value {
    page(server, "/api/system/health", |health| health["status"] == status).await
}
