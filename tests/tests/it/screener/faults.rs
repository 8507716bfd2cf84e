//! What goes wrong upstream: it hangs up, wants fewer requests, wants a new token, talks nonsense.

use e2e::{Exchange, Spawned, TempPath, TestSocket, eventually};
use serde_json::{Value, json};

use super::{ask, connected, following, health, page, quiet, tick};

#[tokio::test]
async fn a_lost_upstream_is_degraded_comes_back_and_is_told_what_is_wanted() {
    let exchange = quiet().await;
    let server = following(&exchange, &["--retry", "2"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    ask(&mut socket, "subscribe", &["SBIN"]).await;
    exchange.hears(1).await;
    let good = health(&server, "READY").await;
    assert_eq!((&good["fyers"], &good["recommendations"]), (&json!("OK"), &json!([])));
    exchange.hang_up();
    let bad = health(&server, "DEGRADED").await;
    assert_eq!((&bad["fyers"], &bad["market_status"]), (&json!("DOWN"), &json!("OPEN")));
    assert!(bad["recommendations"][0].as_str().unwrap().contains("tries go on"), "{bad}");
    exchange.hears(2).await;
    exchange.say(tick("SBIN", 500.0));
    assert_eq!(socket.next_of("ticker").await["data"]["ltp"], 500.0);
    let good = health(&server, "READY").await;
    assert!(good["last_update"].as_str().unwrap().starts_with("2026-01-23T06:30:"), "{good}");
}

#[tokio::test]
async fn an_upstream_that_is_not_there_is_degraded_and_everything_else_works() {
    let gone = Exchange::answering(500, "no").await;
    let server = following(&gone, &[]);
    let bad = health(&server, "DEGRADED").await;
    assert_eq!(bad["fyers"], "DOWN");
    page(&server, "/api/system/health", |health| {
        health["recommendations"][0].as_str().is_some_and(|text| text.contains("HTTP 500"))
    })
    .await;
    let mut socket = TestSocket::connect(server.socket()).await;
    ask(&mut socket, "subscribe", &["SBIN"]).await;
    eventually("further attempts", || (gone.heard().len() > 2).then_some(())).await;
}

#[tokio::test]
async fn rate_limited_subscriptions_are_queued_and_retried() {
    let refusals = std::sync::atomic::AtomicUsize::new(0);
    let exchange =
        Exchange::talking(move |_, _| match refusals.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => vec![r#"{"type":"error","code":"rate-limited","retry_after_ms":1500}"#.to_owned()],
            _ => vec![tick("NSE:SBIN-EQ", 500.0)],
        })
        .await;
    let server = following(&exchange, &[]);
    connected(&server).await;
    let mut socket = TestSocket::connect(server.socket()).await;
    ask(&mut socket, "subscribe", &["SBIN"]).await;
    let waiting = page(&server, "/api/system/health", |health| health["queued_symbols"] == 1).await;
    assert_eq!((&waiting["status"], &waiting["fyers"]), (&json!("DEGRADED"), &json!("OK")), "{waiting}");
    assert_eq!(socket.next_of("ticker").await["data"]["ltp"], 500.0);
    let said = exchange.heard();
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(said[0], said[1], "the same again");
    assert_eq!(health(&server, "READY").await["queued_symbols"], 0);
}

#[tokio::test]
async fn an_expired_token_is_reported_as_such_and_never_shown() {
    let refusing = Exchange::answering(401, "no").await;
    let talking = Exchange::talking(|_, _| vec![r#"{"s":"error","code":-15}"#.to_owned()]).await;
    for exchange in [refusing, talking] {
        let server = following(&exchange, &["--upstream-token", "s3cret", "--retry", "1"]);
        let mut socket = TestSocket::connect(server.socket()).await;
        ask(&mut socket, "subscribe", &["SBIN"]).await;
        let expired = page(&server, "/api/system/health", |health| health["fyers"] == "TOKEN_EXPIRED").await;
        assert_eq!(expired["status"], "DEGRADED");
        assert!(expired["recommendations"][0].as_str().unwrap().contains("Renew"), "{expired}");
        assert!(!server.output().contains("s3cret"), "{}", server.output());
        if let Some(head) = exchange.heard().first().filter(|head| head.starts_with("GET")) {
            assert!(head.to_lowercase().contains("authorization: bearer s3cret"), "{head}");
        }
    }
}

#[tokio::test]
async fn a_token_that_has_expired_is_renewed_without_a_restart() {
    let exchange = Exchange::admitting("new").await;
    let file = TempPath::new("token");
    std::fs::write(&file, "old\n").unwrap();
    let server = following(&exchange, &["--upstream-token-file", file.argument(), "--retry", "0.2"]);
    let expired = page(&server, "/api/system/health", |health| health["fyers"] == "TOKEN_EXPIRED").await;
    let advice = expired["recommendations"][0].as_str().unwrap();
    assert!(advice.contains("Write a new token"), "{expired}");
    std::fs::write(&file, r#"{"access_token":"new"}"#).unwrap();
    let good = health(&server, "READY").await;
    assert_eq!((&good["fyers"], &good["recommendations"]), (&json!("OK"), &json!([])));
    assert_eq!(exchange.heard().last().map(String::as_str), Some("Bearer new"));
    std::fs::remove_file(&file).unwrap();
    let output = Spawned::command("screener")
        .args(["--feed", &exchange.socket(), "--upstream-token-file", file.argument()])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read"), "{output:?}");
}

#[tokio::test]
async fn frames_that_do_not_fit_are_counted_and_lose_nothing() {
    let exchange = quiet().await;
    let server = following(&exchange, &[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    ask(&mut socket, "subscribe", &["SBIN"]).await;
    exchange.hears(1).await;
    for text in
        ["", "nonsense", r#"{"symbol":"NSE:SBIN-EQ"}"#, r#"{"symbol":7,"ltp":1}"#, r#"{"type":"ack"}"#]
    {
        exchange.say(text);
    }
    exchange.say(tick("ELSEWHERE", 1.0));
    exchange.say(format!("[{},{}]", tick("TCS", 2.0), tick("SBIN", 3.0)));
    let frame: Value = socket.next().await;
    assert_eq!((&frame["data"]["symbol"], &frame["data"]["ltp"]), (&json!("NSE:SBIN-EQ"), &json!(3)));
    let page = page(&server, "/api/system/health", |health| health["frames_skipped"] == 4).await;
    assert!(page["recommendations"][0].as_str().unwrap().contains("did not fit"), "{page}");
    assert_eq!(
        server.output().matches("does not fit").count(),
        1,
        "said once in a while: {}",
        server.output()
    );
    assert!(!server.output().contains("nonsense"), "what an upstream sends is not logged");
}
