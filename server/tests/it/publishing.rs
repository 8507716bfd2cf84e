//! Publishing over HTTP.

use std::time::Duration;

use bellwire::Period;
use bellwire::contract::Publisher;
use serde_json::{Value, json};

use crate::contract::Plain;
use crate::harness::TestServer;

const PATH: &str = "/api/v1/publish";

fn bar() -> Value {
    json!({"time": 1, "open": 1, "high": 2, "low": 0.5, "close": 1.5, "volume": 10})
}

#[tokio::test]
async fn without_a_token_there_is_no_such_route() {
    let server = TestServer::start_with(|settings| settings.publish_token = None).await;
    assert_eq!(server.publish(&json!({"type": "notice", "payload": {"text": "a"}})).await.status, 404);
}

#[tokio::test]
async fn only_the_token_opens_the_route() {
    let server = TestServer::start().await;
    let body = json!({"type": "notice", "payload": {"text": "a"}}).to_string();
    for headers in [
        "",
        "authorization: Bearer\r\n",
        "authorization: Bearer tokem\r\n",
        "authorization: Basic token\r\n",
        "authorization: Bearer token2\r\n",
        "authorization: Bearer \r\n",
    ] {
        let answer = server.http("POST", PATH, headers, &body).await;
        assert_eq!((answer.status, &answer.json()["code"]), (401, &json!("not-authenticated")), "{headers}");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
    }
    assert_eq!(server.http("POST", PATH, "authorization: bearer token\r\n", &body).await.status, 200);
    assert_eq!(server.http("GET", PATH, "authorization: Bearer token\r\n", "").await.status, 405);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let server = TestServer::start_with(|settings| {
        settings.message_timeout = Some(Period(Duration::from_millis(100)));
    })
    .await;
    for sent in ["", "{\"type\""] {
        let answer = server.http_in_part("POST", PATH, "authorization: Bearer token\r\n", sent).await;
        assert_eq!((answer.status, &answer.json()["code"]), (408, &json!("request-timeout")), "{sent}");
        assert_eq!((&answer.json()["retry"], &*answer.headers["connection"]), (&json!("later"), "close"));
    }
}

#[tokio::test]
async fn a_preparation_that_panics_costs_an_answer_and_nothing_else() {
    let server = TestServer::start().await;
    let publisher = Publisher::<Plain>::new(&server.node);
    publisher.prepare_received(|update| {
        assert_ne!(update, 1, "asked to");
        update
    });
    for (payload, status) in [(1, 500), (2, 200)] {
        let answer = server
            .publish(&json!({"type": "plain.update", "params": {"symbol": "A"}, "payload": payload}))
            .await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
}

#[tokio::test]
async fn parameters_that_are_repeated_count_by_their_last_value() {
    let server = TestServer::start().await;
    let body = r#"{"type":"plain.update","params":{"symbol":"A"},"payload":1,"params":{"symbol":"B"}}"#;
    let answer = server.http("POST", PATH, "authorization: Bearer token\r\n", body).await;
    assert_eq!((answer.status, &answer.json()["topic"]), (200, &json!(r#"plain:{"symbol":"B"}"#)));
}

#[tokio::test]
async fn an_update_reaches_its_subscribers_as_if_published_here() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.ask_ok(json!({"type": "bars.subscribe", "payload": {"symbol": "AAPL"}})).await;
    let answer =
        server.publish(&json!({"type": "bars.update", "params": {"symbol": "AAPL"}, "payload": bar()})).await;
    let topic = "bars:{\"resolution\":\"1\",\"symbol\":\"AAPL\"}";
    assert_eq!(answer.json(), json!({"subscribers": 1, "topic": topic}));
    assert_eq!(client.frame().await, json!({"type": "bars.update", "topic": topic, "payload": bar()}));
    let nobody =
        server.publish(&json!({"type": "bars.update", "params": {"symbol": "MSFT"}, "payload": bar()})).await;
    assert_eq!(nobody.json()["subscribers"], 0);
}

#[tokio::test]
async fn a_broadcast_reaches_everyone() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.nothing_waits().await;
    let answer = server.publish(&json!({"type": "notice", "payload": {"text": "halt"}})).await;
    assert_eq!(answer.json(), json!({"subscribers": 1}));
    assert_eq!(client.frame().await, json!({"type": "notice", "payload": {"text": "halt"}}));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_pointers() {
    let server = TestServer::start().await;
    let long = "x".repeat(101);
    let cases: [(Value, u16, &[&str]); 9] = [
        (
            json!({"type": "bars.update", "params": {"symbol": "A", "resolution": "7"}, "payload": {"time": "x"}}),
            422,
            &[
                "/params/resolution",
                "/payload/open",
                "/payload/high",
                "/payload/low",
                "/payload/close",
                "/payload/time",
            ],
        ),
        (json!({"type": "bars.update", "payload": bar()}), 422, &["/params/symbol"]),
        (json!({"type": "bars.update", "params": {"symbol": "A"}}), 422, &["/payload"]),
        (json!({"type": "notice", "payload": {"text": long}}), 422, &["/payload/text"]),
        (json!({"type": "notice"}), 422, &["/payload"]),
        (json!({"type": "bars.snapshot", "params": {}, "payload": bar()}), 404, &[]),
        (json!({"type": "nothing.update", "params": {}, "payload": 1}), 404, &[]),
        (json!({"payload": 1}), 400, &[]),
        (json!(["notice"]), 400, &[]),
    ];
    for (body, status, pointers) in cases {
        let answer = server.publish(&body).await;
        let json = answer.json();
        assert_eq!(answer.status, status, "{body}: {json}");
        let errors = json["errors"].as_array().cloned().unwrap_or_default();
        let mut got: Vec<&str> = errors.iter().filter_map(|error| error["pointer"].as_str()).collect();
        let mut wanted = pointers.to_vec();
        got.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(got, wanted, "{body}: {json}");
    }
}

#[tokio::test]
async fn size_and_depth_are_bounded() {
    let server = TestServer::start().await;
    let big = server.publish(&json!({"type": "notice", "payload": {"text": "x".repeat(70 << 10)}})).await;
    assert_eq!(big.status, 413);
    let deep = format!("{{\"type\":\"plain.update\",\"payload\":{}{}}}", "[".repeat(60), "]".repeat(60));
    let answer = server.http("POST", PATH, "authorization: Bearer token\r\n", &deep).await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("invalid-json")));
}
