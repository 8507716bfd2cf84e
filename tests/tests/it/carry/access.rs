//! Who may connect, and which pages may read.

use e2e::{Closed, TestSocket, get, get_from, in_seconds};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{equity, publish, quiet};

const SECRET: &str = "a secret of 32 bytes for testing";

fn token(claims: &Value, secret: &str) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn closed(reason: &str) -> Closed {
    Closed { code: 1008, reason: reason.to_owned() }
}

fn bad_tokens() -> [String; 4] {
    [
        "nonsense".to_owned(),
        token(&json!({"sub": "desk", "exp": in_seconds(-60.0)}), SECRET),
        token(&json!({"sub": "desk"}), SECRET),
        token(&json!({"sub": "desk", "exp": in_seconds(60.0)}), "another secret of thirty-two byte"),
    ]
}

#[tokio::test]
async fn where_tokens_are_optional_none_is_fine_and_a_bad_one_is_not() {
    let mut server = quiet(&[], &[("AUTH_MODE", "optional"), ("JWT_SECRET", SECRET)]);
    let mut anonymous = TestSocket::connect(server.socket()).await;
    assert_eq!(anonymous.next().await["type"], "connection_established");
    server.wait_for_line("a warning", |line| line.contains("WARN").then_some(()));
    for bad in bad_tokens() {
        let mut socket = TestSocket::connect(&format!("{}?token={bad}", server.socket())).await;
        assert_eq!(socket.closed().await, closed("Invalid token"), "{bad}");
        assert!(!server.output().contains(&bad), "tokens are not logged");
    }
    assert_eq!(publish(&server, &equity("1.00")), 1);
}

#[tokio::test]
async fn where_tokens_are_required_only_good_ones_are_served() {
    let server = quiet(&[], &[("AUTH_MODE", "required"), ("JWT_SECRET", SECRET)]);
    let mut nobody = TestSocket::connect(server.socket()).await;
    assert_eq!(nobody.closed().await, closed("Authentication required"));
    for bad in bad_tokens() {
        let mut socket = TestSocket::connect(&format!("{}?token={bad}", server.socket())).await;
        assert_eq!(socket.closed().await, closed("Invalid token"), "{bad}");
    }
    let good = token(&json!({"sub": "desk", "exp": in_seconds(60.0)}), SECRET);
    let mut by_query = TestSocket::connect(&format!("{}?token={good}", server.socket())).await;
    assert_eq!(by_query.next().await["type"], "connection_established");
    let offered = format!("bellwire.bearer.{good}, bellwire.json.v1");
    let (mut by_protocol, chosen) = TestSocket::offer(server.socket(), &offered).await.unwrap();
    assert_eq!(chosen.as_deref(), Some("bellwire.json.v1"));
    assert_eq!(by_protocol.next().await["type"], "connection_established");
    assert_eq!(publish(&server, &equity("1.00")), 2);
}

#[tokio::test]
async fn a_token_that_expires_ends_its_connection() {
    let variables = [("AUTH_MODE", "required"), ("JWT_SECRET", SECRET), ("JWT_LEEWAY", "1ms")];
    let server = quiet(&[], &variables);
    let short = token(&json!({"sub": "desk", "exp": in_seconds(2.0)}), SECRET);
    let mut socket = TestSocket::connect(&format!("{}?token={short}", server.socket())).await;
    assert_eq!(socket.next().await["type"], "connection_established");
    assert_eq!(socket.closed().await.code, 4401);
}

#[test]
fn pages_read_only_from_origins_that_are_allowed() {
    let server = quiet(&["--allow-origin", "https://app.example"], &[]);
    for (origin, allowed) in
        [("https://app.example", Some("https://app.example")), ("https://evil.example", None)]
    {
        let answer = get_from(&server.url("/health"), origin);
        assert_eq!(answer.allowed_origin.as_deref(), allowed, "{origin}");
    }
    assert_eq!(get(&server.url("/health")).status, 200, "what has no origin is no page");
}
