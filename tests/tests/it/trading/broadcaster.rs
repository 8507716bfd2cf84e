//! The bar broadcaster: its environment variables, and what it tells of itself.

use e2e::{Spawned, TestSocket, eventually, get};
use serde_json::{Value, json};

use super::trading;

fn status(server: &Spawned) -> Value {
    get(&server.url("/api/v1/broadcaster")).json()
}

fn count(server: &Spawned, member: &str) -> u64 {
    status(server)[member].as_u64().unwrap_or_else(|| panic!("{member}"))
}

#[tokio::test]
async fn its_variables_are_those_of_the_reference() {
    let variables = [
        ("BAR_BROADCASTER_ENABLED", "true"),
        ("BAR_BROADCASTER_INTERVAL", "0.05"),
        ("BAR_BROADCASTER_SYMBOLS", "AAPL, NVDA"),
        ("BAR_BROADCASTER_RESOLUTIONS", "1,5,D"),
    ];
    let server = Spawned::start_with("trading", &[], &variables);
    let told = status(&server);
    let settings = json!([told["is_running"], told["interval"], told["symbols"], told["resolutions"]]);
    assert_eq!(settings, json!([true, 0.05, ["AAPL", "NVDA"], ["1", "5", "D"]]));
    let mut socket = TestSocket::connect(server.socket()).await;
    for (symbol, resolution) in [("NVDA", "1"), ("AAPL", "D")] {
        let params = json!({ "symbol": symbol, "resolution": resolution });
        let topic = socket.subscribe("bars", &params).await["topic"].clone();
        while socket.next_of("bars.update").await["topic"] != topic {}
    }
}

#[test]
fn by_default_it_tells_every_two_seconds_of_all_there_is() {
    let server = Spawned::start("trading", &[]);
    let told = status(&server);
    assert_eq!((&told["is_running"], told["interval"].as_f64()), (&json!(true), Some(2.0)));
    assert_eq!(told["symbols"], json!(["BTC-USD", "ETH-USD", "AAPL", "GOOGL", "MSFT"]));
    assert_eq!(told["resolutions"], json!(["1", "5", "15", "30", "60", "D", "W", "M"]));
    let members: Vec<String> = told.as_object().expect("an object").keys().cloned().collect();
    let expected = [
        "is_running",
        "interval",
        "symbols",
        "resolutions",
        "broadcasts_sent",
        "broadcasts_skipped",
        "errors",
    ];
    assert_eq!(members, expected);
    let printed = server.output();
    assert!(printed.contains("BTC-USD, ETH-USD (recorded); AAPL, GOOGL, MSFT (random walks)"), "{printed}");
}

#[tokio::test]
async fn it_publishes_only_where_someone_listens() {
    let server = trading(&[]);
    eventually("topics to be passed over", || (count(&server, "broadcasts_skipped") > 0).then_some(())).await;
    assert_eq!(count(&server, "broadcasts_sent"), 0, "nobody listens");
    let mut socket = TestSocket::connect(server.socket()).await;
    socket.subscribe("bars", &json!({ "symbol": "BTC-USD" })).await;
    socket.next_of("bars.update").await;
    assert!(count(&server, "broadcasts_sent") > 0);
    socket.close().await;
    eventually("the subscriber to be gone", || {
        (get(&server.url("/health")).json()["active_connections"] == 0).then_some(())
    })
    .await;
    let sent = count(&server, "broadcasts_sent");
    let skipped = count(&server, "broadcasts_skipped");
    eventually("further rounds", || (count(&server, "broadcasts_skipped") > skipped + 80).then_some(()))
        .await;
    assert_eq!(count(&server, "broadcasts_sent"), sent);
}

#[test]
fn it_can_be_turned_off() {
    for off in ["false", "0", "no"] {
        let server = Spawned::start_with("trading", &[], &[("BAR_BROADCASTER_ENABLED", off)]);
        assert_eq!(status(&server)["is_running"], false);
        assert!(get(&server.url("/metrics")).body.contains("bar_broadcaster_is_running 0"), "{off}");
    }
}

#[tokio::test]
async fn what_nobody_tells_about_without_it_is_unknown() {
    let server = Spawned::start_with("trading", &[], &[("BAR_BROADCASTER_ENABLED", "false")]);
    let mut socket = TestSocket::connect(server.socket()).await;
    let known = socket.subscribe("bars", &json!({ "symbol": "BTC-USD" })).await;
    assert_eq!(known["status"], "ok", "{known}");
    let unknown = socket.subscribe("bars", &json!({ "symbol": "AAPL" })).await;
    assert_eq!(unknown["code"], "unknown-symbol", "{unknown}");
}

#[test]
fn without_symbols_of_its_own_it_tells_of_the_feed_alone() {
    let server = Spawned::start_with("trading", &["--feed", "synthetic"], &[("BAR_BROADCASTER_SYMBOLS", "")]);
    assert_eq!(status(&server)["symbols"], json!(["AAPL", "GOOGL", "MSFT", "TSLA"]));
}

#[test]
fn its_metrics_are_those_of_its_status() {
    let server = trading(&["--bar-symbols", "AAPL,TSLA", "--bar-resolutions", "1,5"]);
    let metrics = get(&server.url("/metrics")).body;
    for line in [
        "bar_broadcaster_is_running 1",
        "bar_broadcaster_interval_seconds 0.05",
        "bar_broadcaster_topics_info{symbols=\"AAPL,TSLA\",resolutions=\"1,5\"} 1",
        "bar_broadcaster_broadcasts_sent_total 0",
        "bar_broadcaster_broadcasts_skipped_total ",
        "bar_broadcaster_errors_total 0",
    ] {
        assert!(metrics.lines().any(|told| told.contains(line)), "{line} in\n{metrics}");
    }
}
