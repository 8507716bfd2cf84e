//! Publishing over HTTP, for back ends in other languages.

use e2e::{TestSocket, post};
use serde_json::json;

use super::trading;

const BAR: &str = r#"{"type":"bars.update","params":{"symbol":"ACME"},"payload":{"time":1697097600000,"open":1,"high":2,"low":1,"close":2,"volume":3}}"#;

#[tokio::test]
async fn a_published_bar_reaches_its_subscribers_and_counts_them() {
    let server = trading(&["--publish-token", "secret"]);
    let url = server.url("/api/v1/publish");
    let nobody = post(&url, Some("secret"), BAR);
    assert_eq!((nobody.status, &nobody.json()["subscribers"]), (200, &json!(0)), "{nobody:?}");
    let mut socket = TestSocket::connect(server.socket()).await;
    socket.subscribe("bars", &json!({ "symbol": "ACME" })).await;
    let answer = post(&url, Some("secret"), BAR).json();
    let topic = r#"bars:{"resolution":"1","symbol":"ACME"}"#;
    assert_eq!(answer, json!({ "subscribers": 1, "topic": topic }));
    let update = socket.next_of("bars.update").await;
    assert_eq!((&update["topic"], &update["payload"]["close"]), (&json!(topic), &json!(2)), "{update}");
}

#[test]
fn what_is_not_allowed_or_does_not_fit_is_refused() {
    let server = trading(&["--publish-token", "secret"]);
    let url = server.url("/api/v1/publish");
    for token in [None, Some("wrong"), Some("")] {
        assert_eq!(post(&url, token, BAR).status, 401, "{token:?}");
    }
    let wrong = BAR.replace("\"open\":1", "\"open\":\"one\"").replace("\"volume\":3", "\"volume\":-1");
    let answer = post(&url, Some("secret"), &wrong);
    assert_eq!(answer.status, 422, "{answer:?}");
    assert!(answer.body.contains("/payload/open"), "{answer:?}");
    for body in [
        "",
        "not JSON",
        "[]",
        "{}",
        r#"{"type":"no.such","payload":{}}"#,
        r#"{"type":"bars.update","payload":{}}"#,
    ] {
        let answer = post(&url, Some("secret"), body);
        assert!((400..500).contains(&answer.status), "{body}: {answer:?}");
    }
}

#[test]
fn without_a_token_there_is_no_such_route() {
    let server = trading(&[]);
    assert_eq!(post(&server.url("/api/v1/publish"), Some("secret"), BAR).status, 404);
}
