//! The ingest client against local exchanges that play both recordings, refuse, and keep quiet.

use e2e::{Exchange, eventually, get, recorded_frames};
use serde_json::{Value, json};

use super::{Charts, charts};

/// Waits until the status page says so.
async fn status(charts: &Charts, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let url = charts.server.url("/status");
    eventually(what, || {
        let status = get(&url).json();
        holds(&status).then_some(status)
    })
    .await
}

async fn picture(charts: &Charts, name: &str) {
    let url = charts.server.url(&format!("/charts/{name}.png"));
    eventually(name, || (get(&url).status == 200).then_some(())).await;
}

#[tokio::test]
async fn candles_of_coinbase_become_pictures() {
    let exchange = Exchange::playing(recorded_frames("coinbase-btc-eth.jsonl"), false).await;
    let charts = charts(&["--providers", "coinbase", "--coinbase-url", &exchange.socket()]);
    let heard = exchange.hears(3).await;
    for (text, channel) in heard.iter().zip(["market_trades", "candles", "heartbeats"]) {
        let said: Value = serde_json::from_str(text).unwrap();
        let want = json!({ "type": "subscribe", "product_ids": ["BTC-USD"], "channel": channel });
        assert_eq!(said, want);
    }
    for name in ["2M", "5M", "15M", "zones"] {
        picture(&charts, name).await;
    }
    let status = status(&charts, "the exchange", |status| status["feed"] == "live").await;
    assert_eq!((&status["provider"], &status["frames_skipped"]), (&json!("coinbase"), &json!(0)), "{status}");
}

#[tokio::test]
async fn trades_of_kraken_become_a_picture_and_what_does_not_fit_is_counted() {
    let mut frames = vec!["not json".to_owned(), r#"[1,[["x"]],"trade","XMR/USD"]"#.to_owned()];
    frames.extend(recorded_frames("kraken-2021.jsonl"));
    // A trade two minutes on closes the first bar, which paints it.
    frames.push(r#"[993,[["354.0","1.0","1618678300.0","s","l",""]],"trade","XMR/USD"]"#.to_owned());
    let exchange = Exchange::playing(frames, false).await;
    let arguments = ["--providers", "kraken", "--symbol", "XMR-USD", "--kraken-url", &exchange.socket()];
    let charts = charts(&arguments);
    assert!(exchange.hears(1).await[0].contains(r#""pair":["XMR/USD"]"#));
    picture(&charts, "2M").await;
    status(&charts, "two skipped frames", |status| status["frames_skipped"] == 2).await;
    let output = charts.server.output();
    assert_eq!(output.matches("does not fit").count(), 1, "said once in a while: {output}");
}

#[tokio::test]
async fn a_session_is_asked_for_three_times_before_the_next_provider_is_tried() {
    let session = Exchange::answering(500, "no").await;
    let coinbase = Exchange::playing(recorded_frames("coinbase-btc-eth.jsonl"), false).await;
    let charts = charts(&[
        "--providers",
        "tradier,coinbase",
        "--tradier-token",
        "s3cret",
        "--tradier-session-url",
        &session.url(),
        "--coinbase-url",
        &coinbase.socket(),
    ]);
    coinbase.hears(3).await;
    assert_eq!(session.heard().len(), 3);
    let status = status(&charts, "the exchange", |status| status["feed"] == "live").await;
    assert_eq!(status["provider"], "coinbase", "{status}");
}

#[tokio::test]
async fn a_provider_that_is_not_enabled_is_passed_over() {
    let session = Exchange::answering(200, r#"{"stream":{"sessionid":"x"}}"#).await;
    let coinbase = Exchange::playing(recorded_frames("coinbase-btc-eth.jsonl"), false).await;
    // Without its token the broker takes no part.
    let charts = charts(&[
        "--providers",
        "tradier,coinbase",
        "--tradier-session-url",
        &session.url(),
        "--coinbase-url",
        &coinbase.socket(),
    ]);
    coinbase.hears(3).await;
    assert_eq!(session.heard(), [""; 0]);
    drop(charts);
}

#[tokio::test]
async fn whether_the_market_is_open_has_nothing_to_do_with_the_socket() {
    let coinbase = Exchange::playing(recorded_frames("coinbase-btc-eth.jsonl"), false).await;
    let gone = Exchange::answering(500, "no").await;
    let always = ["--market-days", "Mon-Sun", "--market-hours", "00:00-23:59:59", "--market-zone", "UTC"];
    // A day that is neither today nor, at midnight, tomorrow.
    let day = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC).weekday().wrapping_add(3_i8);
    let day = format!("{day:?}")[..3].to_owned();
    let never = ["--market-days", &day, "--market-zone", "UTC"];
    for (exchange, hours, feed, open) in
        [(&coinbase, &never[..], "live", false), (&gone, &always[..], "degraded", true)]
    {
        let url = exchange.socket();
        let own = ["--providers", "coinbase", "--coinbase-url", &url];
        let charts = charts(&[&own, hours].concat());
        let status = status(&charts, feed, |status| status["feed"] == feed).await;
        assert_eq!(status["market_open"], open, "{status}");
    }
}

#[tokio::test]
async fn a_refused_session_and_a_hang_up_lead_to_the_next_provider() {
    let session = Exchange::answering(401, "no").await;
    let fickle = Exchange::playing(Vec::new(), true).await;
    let coinbase = Exchange::playing(recorded_frames("coinbase-btc-eth.jsonl"), false).await;
    let charts = charts(&[
        "--providers",
        "tradier,kraken,coinbase",
        "--tradier-token",
        "s3cret",
        "--tradier-session-url",
        &session.url(),
        "--kraken-url",
        &fickle.socket(),
        "--coinbase-url",
        &coinbase.socket(),
    ]);
    picture(&charts, "5M").await;
    assert_eq!(session.heard().len(), 1, "a refusal is not asked again");
    assert!(session.heard()[0].to_lowercase().contains("authorization: bearer s3cret"));
    assert!(!fickle.heard().is_empty());
    assert!(!charts.server.output().contains("s3cret"), "{}", charts.server.output());
}

#[tokio::test]
async fn a_token_that_is_no_good_any_more_is_reported_as_such() {
    let refused = Exchange::answering(401, "no").await;
    let session = Exchange::answering(200, r#"{"stream":{"sessionid":"c8638963"}}"#).await;
    for sessions in [&refused, &session] {
        let charts = charts(&[
            "--providers",
            "tradier",
            "--tradier-token",
            "s3cret",
            "--tradier-session-url",
            &sessions.url(),
            "--tradier-url",
            &refused.socket(),
        ]);
        let status = status(&charts, "the token", |status| status["feed"] == "token_expired").await;
        assert_eq!(status["provider"], "tradier", "{status}");
        assert!(!charts.server.output().contains("s3cret"), "{}", charts.server.output());
    }
    let upgrades = |heard: &String| heard.to_lowercase().contains("upgrade: websocket");
    assert!(refused.heard().iter().any(upgrades), "the socket was asked too");
}

#[tokio::test]
async fn a_session_that_the_socket_does_not_know_is_left_for_the_next_provider() {
    let session = Exchange::answering(200, r#"{"stream":{"sessionid":"c8638963"}}"#).await;
    let broker = Exchange::playing(vec![r#"{"error":"Session not found"}"#.to_owned()], false).await;
    let coinbase = Exchange::playing(recorded_frames("coinbase-btc-eth.jsonl"), false).await;
    let charts = charts(&[
        "--providers",
        "tradier,coinbase",
        "--tradier-token",
        "s3cret",
        "--tradier-session-url",
        &session.url(),
        "--tradier-url",
        &broker.socket(),
        "--coinbase-url",
        &coinbase.socket(),
    ]);
    coinbase.hears(3).await;
    let status = status(&charts, "the exchange", |status| status["feed"] == "live").await;
    assert_eq!((&status["provider"], &status["frames_skipped"]), (&json!("coinbase"), &json!(0)), "{status}");
}

#[tokio::test]
async fn a_session_is_fetched_and_used_and_a_mute_socket_is_left() {
    let session = Exchange::answering(200, r#"{"stream":{"sessionid":"c8638963"}}"#).await;
    let trade = r#"{"type":"trade","symbol":"BTC-USD","price":"281.85","size":"100","date":"1557757204760"}"#;
    let broker = Exchange::playing(vec![trade.to_owned()], true).await;
    let mute = Exchange::mute().await;
    let charts = charts(&[
        "--providers",
        "tradier,coinbase",
        "--tradier-token",
        "s3cret",
        "--tradier-session-url",
        &session.url(),
        "--tradier-url",
        &broker.socket(),
        "--coinbase-url",
        &mute.socket(),
        "--ping-interval",
        "0.1",
        "--ping-timeout",
        "0.3",
    ]);
    let said: Value = serde_json::from_str(&broker.hears(1).await[0]).unwrap();
    assert_eq!((&said["sessionid"], &said["symbols"]), (&json!("c8638963"), &json!(["BTC-USD"])));
    mute.hears(1).await;
    // The broker is asked again once the mute one has been given up.
    broker.hears(2).await;
    drop(charts);
}
