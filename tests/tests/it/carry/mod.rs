//! The cash-and-carry monitor as its users meet it: a process, its socket and its HTTP.

mod access;
mod contract;
mod tokens;

use e2e::{Spawned, TestSocket};
use serde_json::{Value, json};

/// Lets tests publish.
const TOKEN: &str = "t0ken";

/// Starts one that tells only what is published over HTTP, and its own log.
fn quiet(arguments: &[&str], variables: &[(&str, &str)]) -> Spawned {
    let own = ["--demo", "false", "--publish-token", TOKEN];
    Spawned::start_with("carry", &[&own, arguments].concat(), variables)
}

/// Publishes a frame and says how many got it.
fn publish(server: &Spawned, frame: &Value) -> u64 {
    let answer = e2e::post(&server.url("/publish"), Some(TOKEN), &frame.to_string());
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["subscribers"].as_u64().expect("a number")
}

fn equity(total: &str) -> Value {
    let data = json!({"total_equity": total, "peak_equity": "10500.00", "current_equity": total});
    json!({"type": "equity_update", "data": data})
}

/// The next frames of a kind, whatever the log says meanwhile.
async fn take(socket: &mut TestSocket, kind: &str, count: usize) -> Vec<Value> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let frame = socket.next().await;
        if frame["type"] == kind {
            taken.push(frame["data"].clone());
        }
    }
    taken
}

/// Whether a text is a moment as the document writes it: `2024-01-15T10:30:00.000Z`.
fn is_moment(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00.000Z"
}
