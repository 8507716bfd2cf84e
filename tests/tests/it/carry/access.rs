//! Who may connect, and which pages may read.

use e2e::{Closed, TestSocket, get, get_from, in_seconds, project_root};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{equity, publish, quiet};

const SECRET: &str = "a secret of 32 bytes for testing";

fn token(claims: &Value, secret: &str) -> String {
    encode(&Header::default(), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

fn closed(reason: &str) -> Closed {
    Closed { code: 1008, reason: reason.to_owned() }
}

/// A good token that claims to need no signature.
fn unsigned() -> String {
    let good = token(&json!({"sub": "desk", "exp": in_seconds(60.0)}), SECRET);
    let claims = good.split('.').nth(1).expect("three parts");
    // `{"alg":"none"}`
    format!("eyJhbGciOiJub25lIn0.{claims}.")
}

fn bad_tokens() -> [String; 6] {
    [
        "nonsense".to_owned(),
        unsigned(),
        format!("{}.{}", unsigned(), "x".repeat(9_000)),
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
async fn each_kind_of_key_is_taken_in_every_way_and_no_other_key_is() {
    let folder = project_root().join("server/tests/keys");
    let read = |name: &str| std::fs::read(folder.join(name)).expect("a key of the tests");
    let rsa = EncodingKey::from_rsa_pem(&read("rsa.pem")).unwrap();
    let ed = EncodingKey::from_ed_pem(&read("ed25519.pem")).unwrap();
    let foreign = EncodingKey::from_rsa_pem(&read("foreign.pem")).unwrap();
    let claims = json!({"sub": "desk", "exp": in_seconds(60.0)});
    let signed =
        |algorithm, key: &EncodingKey| encode(&Header::new(algorithm), &claims, key).expect("a token");
    // The public key is known to everyone: it must not pass for a shared secret.
    let confused = |name| signed(Algorithm::HS256, &EncodingKey::from_secret(&read(name)));
    for (public, good, bad) in [
        (
            "rsa.pub.pem",
            signed(Algorithm::RS256, &rsa),
            vec![confused("rsa.pub.pem"), signed(Algorithm::RS256, &foreign), signed(Algorithm::EdDSA, &ed)],
        ),
        (
            "ed25519.pub.pem",
            signed(Algorithm::EdDSA, &ed),
            vec![confused("ed25519.pub.pem"), signed(Algorithm::RS256, &rsa), unsigned()],
        ),
    ] {
        let key = folder.join(public);
        let variables = [("AUTH_MODE", "required"), ("JWT_PUBLIC_KEY", key.to_str().unwrap())];
        let server = quiet(&[], &variables);
        let bearer = format!("Bearer {good}");
        let offered = format!("bellwire.json.v1, bellwire.bearer.{good}");
        for mut socket in [
            TestSocket::connect(&format!("{}?token={good}", server.socket())).await,
            TestSocket::connect_with(server.socket(), "authorization", &bearer).await,
            TestSocket::offer(server.socket(), &offered).await.unwrap().0,
        ] {
            assert_eq!(socket.next().await["type"], "connection_established", "{public}");
        }
        for bad in bad {
            let mut socket = TestSocket::connect(&format!("{}?token={bad}", server.socket())).await;
            assert_eq!(socket.closed().await, closed("Invalid token"), "{public}");
        }
        assert!(!server.output().contains("eyJ"), "tokens are not logged: {}", server.output());
    }
}

#[tokio::test]
async fn by_default_no_token_is_needed_and_one_that_nobody_can_verify_is_refused() {
    let mut server = quiet(&[], &[]);
    let mut anonymous = TestSocket::connect(server.socket()).await;
    assert_eq!(anonymous.next().await["type"], "connection_established");
    server.wait_for_line("a warning", |line| line.contains("WARN").then_some(()));
    let token = token(&json!({"sub": "desk", "exp": in_seconds(60.0)}), SECRET);
    let mut socket = TestSocket::connect(&format!("{}?token={token}", server.socket())).await;
    assert_eq!(socket.closed().await, closed("Invalid token"));
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
    let everywhere = quiet(&["--allow-origin", "*"], &[]);
    let nowhere = quiet(&[], &[]);
    for (server, origin, allowed) in [
        (&server, "https://app.example", Some("https://app.example")),
        (&server, "https://evil.example", None),
        (&everywhere, "https://evil.example", Some("*")),
        (&nowhere, "https://app.example", None),
        (&nowhere, "http://localhost:3000", Some("http://localhost:3000")),
    ] {
        let answer = get_from(&server.url("/health"), origin);
        assert_eq!(answer.allowed_origin.as_deref(), allowed, "{origin}");
    }
    assert_eq!(get(&server.url("/health")).status, 200, "what has no origin is no page");
}
