//! The benchmark API as one writes it by hand: axum's WebSocket, a task per socket, a `broadcast` channel per topic.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::{any, post};
use axum::{Json, Router};
use axum::serve::ListenerExt as _;
use serde_json::{Value, json};
use tokio::sync::broadcast;

/// Updates kept for a subscriber that is behind.
const BEHIND: usize = 4096;

type Topics = Arc<Mutex<HashMap<String, broadcast::Sender<Utf8Bytes>>>>;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--port");
    let port: u16 = arguments.nth(1).and_then(|port| port.parse().ok()).unwrap_or(8000);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    let router = Router::new()
        .route("/ws", any(upgrade))
        .route("/publish", post(over_http))
        .with_state(Topics::default());
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await
}

async fn upgrade(socket: WebSocketUpgrade, State(topics): State<Topics>) -> Response {
    socket.on_upgrade(move |socket| serve(socket, topics))
}

async fn over_http(State(topics): State<Topics>, Json(payload): Json<Value>) -> Json<Value> {
    publish(&topics, payload);
    Json(json!({}))
}

async fn serve(mut socket: WebSocket, topics: Topics) {
    let mut updates: Option<broadcast::Receiver<Utf8Bytes>> = None;
    loop {
        let next = async {
            match &mut updates {
                Some(updates) => updates.recv().await,
                None => std::future::pending().await,
            }
        };
        let reply = tokio::select! {
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => answer(&text, &topics, &mut updates),
                Some(Ok(_)) => None,
                _ => return,
            },
            update = next => match update {
                Ok(update) => Some(update),
                Err(broadcast::error::RecvError::Lagged(_)) => None,
                Err(broadcast::error::RecvError::Closed) => return,
            },
        };
        if let Some(reply) = reply
            && socket.send(Message::Text(reply)).await.is_err()
        {
            return;
        }
    }
}

fn answer(
    text: &str,
    topics: &Topics,
    updates: &mut Option<broadcast::Receiver<Utf8Bytes>>,
) -> Option<Utf8Bytes> {
    let mut message: Value = serde_json::from_str(text).ok()?;
    let payload = message["payload"].take();
    let respond = |payload: Value| {
        let (kind, id) = (message["type"].as_str().unwrap_or_default(), &message["id"]);
        // The type goes first: by it the load generator knows a frame.
        Some(format!(r#"{{"type":"{kind}.response","id":{id},"payload":{payload}}}"#).into())
    };
    match message["type"].as_str()? {
        "publish" => {
            publish(topics, payload);
            None
        }
        "echo" => respond(json!({ "status": "ok", "result": payload })),
        "bars.subscribe" => {
            let topic = topic_of(&payload);
            *updates = Some(sender(topics, &topic).subscribe());
            respond(json!({ "status": "ok", "topic": topic }))
        }
        _ => None,
    }
}

fn publish(topics: &Topics, mut payload: Value) {
    let topic = topic_of(&payload);
    if let Some(members) = payload.as_object_mut() {
        members.remove("symbol");
        members.remove("resolution");
    }
    let update = json!({ "type": "bars.update", "topic": topic, "payload": payload });
    let _ = sender(topics, &topic).send(update.to_string().into());
}

fn topic_of(payload: &Value) -> String {
    format!("bars:{}", json!({ "resolution": payload["resolution"], "symbol": payload["symbol"] }))
}

fn sender(topics: &Topics, topic: &str) -> broadcast::Sender<Utf8Bytes> {
    let mut topics = topics.lock().unwrap_or_else(PoisonError::into_inner);
    topics.entry(topic.to_owned()).or_insert_with(|| broadcast::channel(BEHIND).0).clone()
}
