//! What is served beside the socket.

use e2e::{TestSocket, get};
use serde_json::json;

use super::trading;

#[test]
fn the_document_comes_in_both_versions_and_as_a_page() {
    let server = trading(&[]);
    let three = get(&server.url("/api/v1/ws/asyncapi.json"));
    assert!(three.content_type.starts_with("application/json"), "{}", three.content_type);
    let three = three.json();
    assert_eq!(
        (&three["asyncapi"], &three["info"]["title"]),
        (&json!("3.0.0"), &json!("Trading WebSockets"))
    );
    let two = get(&server.url("/api/v1/ws/asyncapi.json?version=2.4.0")).json();
    assert_eq!(two["asyncapi"], "2.4.0");
    let page = get(&server.url("/api/v1/ws/asyncapi"));
    assert_eq!(
        (page.status, page.content_type.starts_with("text/html")),
        (200, true),
        "{}",
        page.content_type
    );
    assert!(page.body.contains("Trading WebSockets"));
    for outside in ["src=\"http", "href=\"http://cdn", "@import", "<link rel=\"stylesheet\" href=\"http"] {
        assert!(!page.body.contains(outside), "the page loads something from elsewhere: {outside}");
    }
    let unknown = get(&server.url("/api/v1/ws/asyncapi.json?version=9.9.9"));
    assert!((400..500).contains(&unknown.status), "{unknown:?}");
}

#[tokio::test]
async fn health_metrics_and_the_broadcaster_tell_what_goes_on() {
    let server = trading(&[]);
    let mut socket = TestSocket::connect(server.socket()).await;
    socket.subscribe("bars", &json!({ "symbol": "BTC-USD" })).await;
    socket.next_of("bars.update").await;

    let health = get(&server.url("/health")).json();
    assert_eq!(
        (&health["status"], &health["active_connections"]),
        (&json!("healthy"), &json!(1)),
        "{health}"
    );
    let members: Vec<&String> = health.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["status", "active_connections", "timestamp"]);
    let timestamp = health["timestamp"].as_str().expect("a text");
    assert!(timestamp.len() == 24 && timestamp.ends_with('Z'), "ISO 8601, UTC: {timestamp}");

    let metrics = get(&server.url("/metrics"));
    assert_eq!(metrics.status, 200);
    let names = metrics.body.lines().filter(|line| line.starts_with("# HELP bellwire_")).count();
    assert!(names >= 3, "{}", metrics.body);

    let broadcaster = get(&server.url("/api/v1/broadcaster")).json();
    assert_eq!(broadcaster["is_running"], true, "{broadcaster}");
    assert!(broadcaster["broadcasts_sent"].as_u64().is_some_and(|sent| sent > 0), "{broadcaster}");
    for member in ["interval", "symbols", "resolutions", "broadcasts_skipped", "errors"] {
        assert!(!broadcaster[member].is_null(), "{member} in {broadcaster}");
    }
}

#[test]
fn what_does_not_exist_is_said_to_be_missing() {
    let server = trading(&[]);
    for path in ["/nowhere", "/api/v1/publish", "/api/v1/ws/asyncapi/nowhere"] {
        assert!((400..500).contains(&get(&server.url(path)).status), "{path}");
    }
    let plain = get(&server.url("/api/v1/ws"));
    assert!((400..500).contains(&plain.status), "{plain:?}");
}
