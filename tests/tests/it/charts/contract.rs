//! The contract of the chart server, line by line.

use e2e::{PATIENCE, eventually, get, post};
use serde_json::json;

use super::{EVERY, charts, connected};

#[tokio::test]
async fn every_connection_is_told_every_chart_first() {
    // So slow that nothing moves during the test.
    let charts = charts(&["--speed", "0.01"]);
    let mut first = connected(&charts.server).await;
    let mut second = connected(&charts.server).await;

    let answer = post(&charts.server.url("/trigger-chart-update"), None, r#"{"timeframe":"5M"}"#);
    let want = json!({ "status": "broadcasted", "timeframes": ["5M"], "clients": 2 });
    assert_eq!((answer.status, answer.json()), (200, want));
    for socket in [&mut first, &mut second] {
        assert_eq!(socket.next_text().await, "chart:5M");
    }

    let body = r#"{"timeframe":"5M","timeframes":["2M","zones"]}"#;
    let answer = post(&charts.server.url("/trigger-chart-update"), None, body);
    assert_eq!(answer.json()["timeframes"], json!(["2M", "zones"]));
    assert_eq!(first.next_text().await, "chart:2M");
    assert_eq!(first.next_text().await, "chart:zones");
}

#[test]
fn what_is_no_chart_is_refused_with_the_allowed_ones() {
    let charts = charts(&["--speed", "0.01"]);
    for (path, body, pointer) in [
        ("/trigger-chart-update", r#"{"timeframe":"7M"}"#, "/timeframe"),
        ("/trigger-chart-update", r#"{"timeframes":["5M","5m"]}"#, "/timeframes/1"),
        ("/refresh-chart", r#"{"timeframe":"1D"}"#, "/timeframe"),
    ] {
        let answer = post(&charts.server.url(path), None, body);
        let error = answer.json();
        assert_eq!((answer.status, &error["code"]), (422, &json!("invalid-payload")), "{error}");
        assert_eq!(error["errors"][0]["pointer"], pointer, "{error}");
        assert!(
            error["errors"][0]["message"].as_str().unwrap().contains(r#""2M", "5M", "15M", "zones""#),
            "{error}"
        );
    }
    for (path, body, status) in [
        ("/trigger-chart-update", "{}", 422),
        ("/trigger-chart-update", r#"{"timeframes":[]}"#, 422),
        ("/refresh-chart", "{}", 422),
        ("/trigger-chart-update", "{", 400),
        ("/refresh-chart", r#"{"timeframe":"5M","chart_type":"dead"}"#, 422),
    ] {
        assert_eq!(post(&charts.server.url(path), None, body).status, status, "{path} {body}");
    }
    let nothing = post(&charts.server.url("/trigger-chart-update"), None, "{}").json();
    assert_eq!(nothing["errors"][0]["message"], "needs `timeframe`, or `timeframes`", "{nothing}");
    let kind =
        post(&charts.server.url("/refresh-chart"), None, r#"{"timeframe":"5M","chart_type":"dead"}"#).json();
    assert_eq!(kind["errors"][0]["pointer"], "/chart_type", "{kind}");
    assert!(kind["errors"][0]["message"].as_str().unwrap().contains(r#""live", "zones""#), "{kind}");
    let picture = get(&charts.server.url("/charts/7M.png"));
    assert_eq!((picture.status, &picture.json()["errors"][0]["pointer"]), (422, &json!("/timeframe")));
    assert!(picture.body.contains("15M"), "{picture:?}");
    assert_eq!(get(&charts.server.url("/trigger-chart-update")).status, 405);
}

#[tokio::test]
async fn a_refresh_tells_at_once_and_renders_a_real_picture() {
    let charts = charts(&["--speed", "0.01"]);
    let mut socket = connected(&charts.server).await;
    let body = r#"{"timeframe":"5M","chart_type":"zones"}"#;
    let answer = post(&charts.server.url("/refresh-chart"), None, body).json();
    assert_eq!(answer, json!({ "status": "saved-and-broadcast", "timeframes": ["zones"], "clients": 1 }));
    assert_eq!(socket.next_text().await, "chart:zones");

    for (query, width) in [("", 1_200_u32), ("?scale=2&theme=dark", 2_400)] {
        let url = charts.server.url(&format!("/charts/zones.png{query}"));
        let picture = eventually("the picture", || {
            let answer = get(&url);
            (answer.status == 200).then_some(answer.bytes)
        })
        .await;
        assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(u32::from_be_bytes(picture[16..20].try_into().unwrap()), width);
    }
    assert_eq!(get(&charts.server.url("/charts/5M.png?scale=3")).status, 422);
    assert_eq!(get(&charts.server.url("/charts/7M.png")).status, 422);
}

#[tokio::test]
async fn the_demo_moves() {
    let charts = charts(&["--speed", "2000"]);
    let mut socket = connected(&charts.server).await;
    let start = std::time::Instant::now();
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < EVERY.len() && start.elapsed() < PATIENCE {
        seen.insert(socket.next_text().await);
    }
    assert_eq!(seen.len(), EVERY.len(), "{seen:?}");
}

#[tokio::test]
async fn back_ends_publish_the_text_itself() {
    let charts = charts(&["--speed", "0.01", "--publish-token", "t0ken"]);
    let mut socket = connected(&charts.server).await;
    let url = charts.server.url("/publish");
    let answer = post(&url, Some("t0ken"), "chart:15M");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(socket.next_text().await, "chart:15M");
    let refused = post(&url, Some("t0ken"), "chart:1D");
    assert_eq!((refused.status, &refused.json()["code"]), (422, &json!("invalid-payload")), "{refused:?}");
    for wrong in [None, Some("wrong")] {
        assert_eq!(post(&url, wrong, "chart:15M").status, 401);
    }
    let without = super::charts(&["--speed", "0.01"]);
    assert_eq!(post(&without.server.url("/publish"), Some("t0ken"), "chart:15M").status, 404);
}
