//! Tokens over real sockets and HTTP: every kind of key, every place to bring one, and every forgery.

use std::path::PathBuf;

use e2e::{Closed, Spawned, TestSocket, get, get_as, post};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{equity, publish, quiet, take};
use e2e::{AUTH_SECRET, in_seconds, mint};

fn key(name: &str) -> PathBuf {
    e2e::project_root().join("server/tests/keys").join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(key(name)).unwrap()
}

fn rsa(name: &str) -> EncodingKey {
    EncodingKey::from_rsa_pem(&read(name)).unwrap()
}

fn ed25519() -> EncodingKey {
    EncodingKey::from_ed_pem(&read("ed25519.pem")).unwrap()
}

fn good() -> Value {
    json!({"sub": "desk", "exp": in_seconds(600.0)})
}

fn signed(algorithm: Algorithm, key: &EncodingKey, claims: &Value) -> String {
    encode(&Header::new(algorithm), claims, key).unwrap()
}

/// A monitor that lets nobody in without a token of this public key, and logs everything.
fn guarded(public_key: &str) -> Spawned {
    let path = key(public_key);
    let flags = ["--auth-mode", "required", "--auth-public-key", path.to_str().unwrap(), "--log", "trace"];
    quiet(&flags, &[])
}

/// Sockets that brought a token in the query, as a header and as a subprotocol.
async fn in_every_way(server: &Spawned, token: &str) -> [TestSocket; 3] {
    let url = server.socket();
    let offered = format!("bellwire.json.v1, bellwire.bearer.{token}");
    let (as_protocol, chosen) = TestSocket::offer(url, &offered).await.expect("no handshake is refused");
    assert_eq!(chosen.as_deref(), Some("bellwire.json.v1"), "the token is not repeated");
    [
        TestSocket::connect(&format!("{url}?token={token}")).await,
        TestSocket::connect_with(url, "authorization", &format!("Bearer {token}")).await,
        as_protocol,
    ]
}

#[tokio::test]
async fn every_kind_of_key_verifies_its_own_tokens_wherever_they_are_brought() {
    let cases = [
        ("rsa.pub.pem", signed(Algorithm::RS256, &rsa("rsa.pem"), &good())),
        ("ed25519.pub.pem", signed(Algorithm::EdDSA, &ed25519(), &good())),
    ];
    for (public_key, token) in cases {
        let server = guarded(public_key);
        let mut sockets = in_every_way(&server, &token).await;
        for socket in &mut sockets {
            assert_eq!(socket.next().await["type"], "connection_established", "{public_key}");
        }
        assert_eq!(publish(&server, &equity("1.00")), 3, "{public_key}");
        assert_eq!(get_as(&server.url("/"), &token).json()["status"], "running", "{public_key}");
    }
}

#[tokio::test]
async fn forgeries_end_the_connection_without_a_word_about_why() {
    let mut server = guarded("rsa.pub.pem");
    let (own, claims) = (rsa("rsa.pem"), good());
    let real = signed(Algorithm::RS256, &own, &claims);
    let (head, signature) = real.rsplit_once('.').unwrap();
    // {"alg":"none","typ":"JWT"}
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", head.split_once('.').unwrap().1);
    let public = EncodingKey::from_secret(&read("rsa.pub.pem"));
    let long = json!({"sub": "desk", "exp": in_seconds(600.0), "more": "a".repeat(9_000)});
    let forgeries = [
        ("none", unsigned.clone()),
        ("none with a signature", format!("{unsigned}{signature}")),
        ("no signature", format!("{head}.")),
        ("HS256 with the public key", signed(Algorithm::HS256, &public, &claims)),
        ("HS256 with another secret", mint(&json!({}))),
        ("another's key", signed(Algorithm::RS256, &rsa("foreign.pem"), &claims)),
        ("an algorithm that is not asked for", signed(Algorithm::RS512, &own, &claims)),
        ("a key of another kind", signed(Algorithm::EdDSA, &ed25519(), &claims)),
        ("expired", signed(Algorithm::RS256, &own, &json!({"sub": "desk", "exp": in_seconds(-60.0)}))),
        ("without an end", signed(Algorithm::RS256, &own, &json!({"sub": "desk"}))),
        ("too long", signed(Algorithm::RS256, &own, &long)),
    ];
    let invalid = Closed { code: 1008, reason: "Invalid token".to_owned() };
    for (what, token) in &forgeries {
        for mut socket in in_every_way(&server, token).await {
            let (frames, closed) = socket.rest().await;
            assert_eq!((frames, &closed), (Vec::new(), &invalid), "{what}");
        }
        let answer = get_as(&server.url("/"), token);
        let said = json!({"code": "not-authenticated", "message": "Invalid token", "retry": "never"});
        assert_eq!((answer.status, answer.json()), (401, said), "{what}");
    }
    // The log tells its readers in the browser, too.
    let mut reader = TestSocket::connect(&format!("{}?token={real}", server.socket())).await;
    publish(&server, &equity("1.00"));
    let told = loop {
        let text = reader.next_text().await;
        assert!(!text.contains("eyJ"), "a frame repeats a token");
        if text.contains("equity_update") {
            break text;
        }
    };
    server.signal("TERM");
    server.wait();
    let log = server.output();
    assert!(log.contains("DEBUG") && log.contains("token refused"), "everything is logged: {log}");
    let tokens = forgeries.iter().map(|(_, token)| token).chain([&real]);
    for part in tokens.flat_map(|token| token.split('.')).filter(|part| part.len() > 8) {
        assert!(!log.contains(part) && !told.contains(part), "part of a token is logged");
    }
}

#[tokio::test]
async fn a_new_token_keeps_a_connection_beyond_the_end_of_the_old_one() {
    let variables = [("AUTH_MODE", "required"), ("JWT_SECRET", AUTH_SECRET), ("JWT_LEEWAY", "1ms")];
    let server = quiet(&[], &variables);
    let url = format!("{}?token={}", server.socket(), mint(&json!({"exp": in_seconds(2.0)})));
    let mut renewed = TestSocket::connect(&url).await;
    let mut forgetful = TestSocket::connect(&url).await;
    let notice = renewed.next_of("closing").await;
    assert_eq!(
        (&notice["data"]["condition"], &notice["data"]["code"]),
        (&json!("token-expired"), &json!(4401))
    );
    let authenticate = |token: String| json!({"type": "authenticate", "id": "a", "data": {"token": token}});
    renewed.send(&authenticate(mint(&json!({"sub": "somebody else"})))).await;
    let refused = renewed.next_of("authenticate.response").await;
    assert_eq!((&refused["data"]["code"], &refused["id"]), (&json!("forbidden"), &json!("a")));
    renewed.send(&authenticate(mint(&json!({})))).await;
    let answer = renewed.next_of("authenticate.response").await;
    assert_eq!(
        (&answer["data"]["status"], &answer["data"]["result"]["subject"]),
        (&json!("ok"), &json!("user-1"))
    );
    assert_eq!(forgetful.closed().await, Closed { code: 4401, reason: "Token expired".to_owned() });
    assert_eq!(publish(&server, &equity("7.00")), 1, "the old token has ended, the connection has not");
    assert_eq!(take(&mut renewed, "equity_update", 1).await[0]["total_equity"], "7.00");
    renewed.send(&authenticate("nonsense".to_owned())).await;
    assert_eq!(renewed.closed().await, Closed { code: 1008, reason: "Invalid token".to_owned() });
}

#[test]
fn what_is_retained_and_posted_asks_for_the_same_token() {
    let flags = ["--no-demo", "--auth-mode", "required", "--auth-secret", AUTH_SECRET];
    let server = Spawned::start("bot", &flags);
    let event = r#"{"type":"SCAN_START","count":1}"#;
    let good = mint(&json!({}));
    for path in ["/api/account", "/api/positions", "/api/trades", "/api/scan", "/api/state", "/"] {
        let url = server.url(path);
        let nobody = get(&url);
        assert_eq!((nobody.status, &nobody.json()["code"]), (401, &json!("not-authenticated")), "{path}");
        let foreign = get_as(&url, &format!("{good}x"));
        assert_eq!((foreign.status, &foreign.json()["message"]), (401, &json!("Invalid token")), "{path}");
        assert_eq!(get_as(&url, &good).status, 200, "{path}");
    }
    let url = server.url("/api/events");
    assert_eq!(post(&url, None, event).status, 401);
    assert_eq!(post(&url, Some("nonsense"), event).status, 401);
    assert_eq!(post(&url, Some(&good), event).json()["status"], "ok");
    assert_eq!(get(&server.url("/health")).status, 200, "health is nobody's secret");
}
