//! Who may connect, and who may do what.

use std::sync::Arc;
use std::time::Duration;

use bellwire::contract::Publisher;
use bellwire::{App, AuthMode, Error, Node, Period, Settings};
use serde_json::{Value, json};

use crate::by_hand::{ByHand, frame};
use crate::contract::{CLOSE_ADDRESS, Owned, REPLY_ADDRESS, Welcome, symbol};
use crate::harness::{Client, TestServer, WAYS, Way};
use crate::services::{TestServices, endpoint};
use crate::tokens::{SECRET, in_seconds, token};

async fn server(mode: AuthMode) -> TestServer {
    TestServer::start_with(|settings| {
        settings.auth_mode = Some(mode);
        settings.auth_secret = Some(SECRET.into());
        settings.auth_leeway = Some(Period(Duration::from_millis(1)));
    })
    .await
}

async fn with_token(server: &TestServer, token: &str) -> Client {
    server.connect(&format!("{REPLY_ADDRESS}?token={token}")).await
}

pub(crate) async fn subject(client: &mut Client) -> Value {
    client.ask_ok(json!({"type": "act", "payload": {"do": "caller"}})).await["result"]["subject"].clone()
}

fn subscribe(symbol: &str) -> Value {
    json!({"type": "owned.subscribe", "id": "s", "payload": {"symbol": symbol}})
}

pub(crate) fn authenticate(token: &str) -> Value {
    json!({"type": "authenticate", "id": "a", "payload": {"token": token}})
}

pub(crate) const INVALID: (u16, &str) = (1008, "Invalid token");
const MISSING: (u16, &str) = (1008, "Authentication required");

pub(crate) fn said((code, reason): &(u16, String)) -> (u16, &str) {
    (*code, reason)
}

#[tokio::test]
async fn a_token_may_come_in_four_ways() {
    for way in WAYS {
        takes_tokens(&server(AuthMode::Required).await.by(way)).await;
    }
}

async fn takes_tokens(server: &TestServer) {
    let token = token(json!({}));
    let offered = format!("bellwire.bearer.{token}, bellwire.json.v1");
    let in_query = with_token(server, &token).await;
    let bearer = format!("Bearer {token}");
    let in_header = server.try_connect(REPLY_ADDRESS, &[("authorization", &bearer)]).await.expect("connects");
    let as_protocol =
        server.try_connect(REPLY_ADDRESS, &[("sec-websocket-protocol", &offered)]).await.expect("connects");
    assert_eq!(as_protocol.subprotocol.as_deref(), Some("bellwire.json.v1"), "the real one is answered");
    let mut in_message = server.client().await;
    let reply = in_message.ask_ok(authenticate(&token)).await;
    assert_eq!(reply["result"]["subject"], "user-1");
    assert!(reply["result"]["expires_in_ms"].as_u64().is_some_and(|left| left > 50_000 && left < 60_100));
    for mut client in [in_query, in_header, as_protocol, in_message] {
        assert_eq!(subject(&mut client).await, "user-1");
    }
}

#[tokio::test]
async fn a_bad_token_is_closed_whatever_the_mode() {
    for (mode, way) in [(AuthMode::Optional, Way::Door), (AuthMode::Required, Way::Http)] {
        let server = server(mode).await.by(way);
        let expired = token(json!({"exp": in_seconds(-10.0)}));
        let good = token(json!({}));
        let huge = "a".repeat(9000);
        for bad in
            ["nonsense", "", "%ff", &expired, &good[..good.len() - 1], &huge, &format!("{good}&token={good}")]
        {
            assert_eq!(said(&with_token(&server, bad).await.close().await), INVALID, "{mode:?} {bad}");
        }
        let mut late = server.client().await;
        late.send(authenticate("nonsense")).await;
        assert_eq!(said(&late.close().await), INVALID);
        let (address, header) = (format!("{REPLY_ADDRESS}?token={good}"), format!("Bearer {good}"));
        let mut two = server.try_connect(&address, &[("authorization", &header)]).await.expect("connects");
        assert_eq!(said(&two.close().await), INVALID, "two places");
    }
}

#[tokio::test]
async fn where_a_token_is_required_nothing_is_served_without() {
    let server = server(AuthMode::Required).await;
    *server.services.welcome.lock().expect("no panic") = Some("hello".to_owned());
    let mut at_once = server.connect(CLOSE_ADDRESS).await;
    assert_eq!(said(&at_once.close().await), MISSING, "without a time limit there is no waiting");
    let mut asked = server.client().await;
    let refused = asked.ask(json!({"type": "plain.subscribe", "id": 1, "payload": {"symbol": "A"}})).await;
    assert_eq!((&refused["id"], &refused["payload"]["code"]), (&json!(1), &json!("not-authenticated")));
    let refused = asked.ask(json!({"type": "no.such"})).await;
    assert_eq!(
        (&refused["type"], &refused["payload"]["code"]),
        (&json!("error"), &json!("not-authenticated"))
    );
    asked.nothing_waits().await;
    assert_eq!(said(&asked.close().await), MISSING, "the time is up");
    let mut garbled = server.client().await;
    garbled.send_text("token please").await;
    assert_eq!(said(&garbled.close().await), MISSING);
    let good = token(json!({}));
    let mut welcome = server.connect(&format!("{CLOSE_ADDRESS}?token={good}")).await;
    assert_eq!(welcome.frame().await["payload"]["text"], "hello");
}

#[tokio::test]
async fn access_is_by_claim() {
    let server = server(AuthMode::Optional).await;
    let mut nobody = server.client().await;
    let refused = nobody.ask(subscribe("A")).await;
    assert_eq!(refused["payload"]["code"], "not-authenticated");
    assert_eq!(refused["payload"]["errors"][0]["pointer"], "/symbol");
    let refused = nobody.ask(json!({"type": "own.act", "id": 1, "payload": {"symbol": "A"}})).await;
    assert_eq!(refused["payload"]["code"], "not-authenticated");
    nobody.ask_ok(json!({"type": "plain.subscribe", "payload": {"symbol": "A"}})).await;
    let mut owner = with_token(&server, &token(json!({"symbols": ["A", "B"]}))).await;
    owner.ask_ok(subscribe("A")).await;
    let refused = owner.ask(subscribe("C")).await;
    assert_eq!(refused["payload"]["code"], "forbidden");
    assert_eq!(refused["payload"]["errors"][0]["pointer"], "/symbol");
    let answered = owner.ask_ok(json!({"type": "own.act", "payload": {"symbol": "B"}})).await;
    assert_eq!(answered["result"]["claims"], json!(["A", "B"]), "services read claims as a type");
    for payload in [json!({"symbol": "C"}), json!({}), json!(null), json!("A")] {
        let refused = owner.ask(json!({"type": "own.act", "id": 2, "payload": payload})).await;
        assert_eq!(refused["payload"]["code"], "forbidden", "{payload}");
    }
    Publisher::<Owned>::new(&server.node).publish(&symbol("A"), &json!({"v": 1}));
    assert_eq!(owner.frame().await["payload"], json!({"v": 1}));
    nobody.nothing_waits().await;
}

#[tokio::test]
async fn where_authentication_is_off_tokens_and_rules_do_not_count() {
    let server = server(AuthMode::Off).await;
    let mut client = with_token(&server, "nonsense").await;
    client.ask_ok(subscribe("A")).await;
    client.ask_ok(json!({"type": "own.act", "payload": {"symbol": "A"}})).await;
    assert_eq!(subject(&mut client).await, Value::Null);
    client.ask_ok(authenticate("nonsense")).await;
    let plain = TestServer::start().await;
    plain.client().await.ask_ok(subscribe("A")).await;
}

#[tokio::test]
async fn a_token_is_announced_to_expire_and_then_does() {
    let server = server(AuthMode::Required).await;
    let mut client = with_token(&server, &token(json!({"exp": in_seconds(0.5)}))).await;
    let notice = client.frame().await;
    assert_eq!(notice["type"], "closing");
    assert_eq!(notice["payload"]["condition"], "token-expired");
    assert_eq!((&notice["payload"]["code"], &notice["payload"]["retry"]), (&json!(4401), &json!("now")));
    assert_eq!(subject(&mut client).await, "user-1", "still served");
    assert_eq!(said(&client.close().await), (4401, "Token expired"));
}

#[tokio::test]
async fn another_token_takes_its_place_on_the_same_connection() {
    let server = server(AuthMode::Required).await;
    let mut client =
        with_token(&server, &token(json!({"symbols": ["A", "B"], "exp": in_seconds(0.5)}))).await;
    client.ask_ok(subscribe("A")).await;
    client.ask_ok(subscribe("B")).await;
    assert_eq!(client.frame().await["type"], "closing");
    let reply = client.ask_ok(authenticate(&token(json!({"symbols": ["B", "C"]})))).await;
    assert!(reply["result"]["expires_in_ms"].as_u64().is_some_and(|left| left > 50_000));
    let ended = client.frame().await;
    assert_eq!(
        (&ended["type"], &ended["topic"]),
        (&json!("owned.ended"), &json!("owned:{\"symbol\":\"A\"}"))
    );
    assert_eq!(ended["payload"]["code"], "forbidden");
    let publisher = Publisher::<Owned>::new(&server.node);
    assert_eq!(publisher.publish(&symbol("A"), &json!(1)).subscribers, 0);
    assert_eq!(publisher.publish(&symbol("B"), &json!(2)).subscribers, 1);
    assert_eq!(client.frame().await["payload"], 2, "kept without a gap");
    client.ask_ok(subscribe("C")).await;
    // What is sent right behind a token is served under it.
    client.send(authenticate(&token(json!({"symbols": ["B", "C", "D"]})))).await;
    client.send(subscribe("D")).await;
    assert_eq!(client.frame().await["payload"]["status"], "ok");
    assert_eq!(client.frame().await["payload"]["status"], "ok");
    let refused = client.ask(authenticate(&token(json!({"sub": "user-2"})))).await;
    assert_eq!(refused["payload"]["code"], "forbidden");
    assert_eq!(subject(&mut client).await, "user-1", "another's token changes nothing");
    let refused = client.ask(json!({"type": "authenticate", "id": "a", "payload": {"token": 7}})).await;
    assert_eq!(refused["payload"]["code"], "invalid-payload");
    client.send(authenticate("nonsense")).await;
    assert_eq!(said(&client.close().await), INVALID);
}

#[tokio::test]
async fn a_subscribe_that_is_being_decided_is_held_against_the_token_that_came_meanwhile() {
    let server = server(AuthMode::Required).await;
    let wide = token(json!({"symbols": ["GATED", "A"]}));
    for (symbols, code) in [(json!(["A"]), json!("forbidden")), (json!(["GATED"]), Value::Null)] {
        let mut client = with_token(&server, &wide).await;
        client.send(subscribe("GATED")).await;
        client.ask_ok(authenticate(&token(json!({"symbols": symbols})))).await;
        let gate = server.services.gate.clone();
        // The service is asked again where the rule of the document lets it.
        let opening = tokio::spawn(async move {
            loop {
                gate.notify_waiters();
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert_eq!(client.frame().await["payload"]["code"], code);
        opening.abort();
        let reached = Publisher::<Owned>::new(&server.node).publish(&symbol("GATED"), &json!(1)).subscribers;
        assert_eq!(reached, usize::from(code.is_null()), "{symbols}");
    }
}

#[tokio::test]
async fn who_says_who_it_is_is_greeted_before_it_is_served() {
    let services = TestServices::default();
    *services.welcome.lock().expect("no panic") = Some("hello".to_owned());
    let greeting = endpoint::<false>(&services).connect::<Welcome, _>(Arc::new(services.clone()));
    let server = TestServer::serve(services, vec![greeting], axum::Router::new(), |settings| {
        settings.auth_mode = Some(AuthMode::Required);
        settings.auth_secret = Some(SECRET.into());
    })
    .await;
    let mut client = ByHand::open(&server).await;
    let act = json!({"type": "act", "payload": {}});
    let both = [authenticate(&token(json!({}))), act].map(|it| frame(0x81, it.to_string().as_bytes()));
    // In one write: the second is there when the first is answered.
    client.send(&both.concat()).await;
    for kind in ["authenticate.response", "welcome", "act.response"] {
        assert_eq!(client.next().await.json()["type"], kind);
    }
}

#[tokio::test]
async fn nobody_becomes_somebody_on_the_same_connection() {
    let server = server(AuthMode::Optional).await;
    let mut client = server.client().await;
    assert_eq!(subject(&mut client).await, Value::Null);
    client.ask_ok(authenticate(&token(json!({"symbols": "*"})))).await;
    client.ask_ok(subscribe("A")).await;
    assert_eq!(subject(&mut client).await, "user-1");
}

#[tokio::test]
async fn a_token_that_is_repeated_counts_by_its_last_value() {
    let server = server(AuthMode::Optional).await;
    let mut client = server.client().await;
    let good = token(json!({}));
    let payload = format!(r#"{{"token":"nonsense","token":"{good}"}}"#);
    client.send_text(&format!(r#"{{"type":"authenticate","payload":{payload}}}"#)).await;
    let reply = client.frame().await;
    assert_eq!(reply["payload"]["result"]["subject"], "user-1", "{reply}");
}

#[tokio::test]
async fn state_over_http_asks_for_the_same() {
    for (mode, without) in [(AuthMode::Required, 401), (AuthMode::Optional, 401), (AuthMode::Off, 200)] {
        let server = server(mode).await;
        Publisher::<Owned>::new(&server.node).publish(&symbol("A"), &json!({"v": 1}));
        let nobody = server.get("/api/v1/owned/A").await;
        assert_eq!(nobody.status, without, "{mode:?}");
        if mode == AuthMode::Off {
            continue;
        }
        assert_eq!(
            (nobody.headers["www-authenticate"].as_str(), &nobody.json()["code"]),
            ("Bearer", &json!("not-authenticated"))
        );
        let own = token(json!({"symbols": ["A"]}));
        let own_header = format!("authorization: Bearer {own}\r\n");
        let answer = server.http("GET", "/api/v1/owned/A", &own_header, "").await;
        assert_eq!((answer.status, answer.json()), (200, json!({"v": 1})));
        assert_eq!(server.get(&format!("/api/v1/owned/A?token={own}")).await.status, 200);
        assert_eq!(server.http("GET", "/api/v1/owned/B", &own_header, "").await.status, 403);
        let bad = server.get("/api/v1/owned/A?token=nonsense").await;
        assert_eq!(
            (bad.status, bad.headers["www-authenticate"].as_str()),
            (401, "Bearer error=\"invalid_token\"")
        );
        assert_eq!(server.get("/health").await.status, 200, "health is nobody's secret");
        assert_eq!(server.get("/api/v1/ws/asyncapi.json").await.status, 200);
    }
}

#[tokio::test]
async fn a_server_that_could_let_nobody_in_does_not_start() {
    let start = async |change: &dyn Fn(&mut Settings)| {
        let mut settings = Settings::default();
        settings.port = Some(0);
        change(&mut settings);
        let app = App::new(Node::new(), settings).endpoint(endpoint::<false>(&TestServices::default()));
        app.bind().await.map(|_| ()).map_err(|error| match error {
            Error::Auth(message) => message,
            other => panic!("{other}"),
        })
    };
    let keyless =
        start(&|settings| settings.auth_mode = Some(AuthMode::Required)).await.expect_err("refused");
    assert!(keyless.contains("--auth-secret") && keyless.contains("/api/v1/ws"), "{keyless}");
    let key = |name: &str| std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name);
    for unusable in ["rsa.pem", "README.md", "missing.pem"] {
        let refused =
            start(&|settings| settings.auth_public_key = Some(key(unusable))).await.expect_err(unusable);
        assert!(refused.contains(unusable), "{refused}");
    }
    let both = |settings: &mut Settings| {
        settings.auth_public_key = Some(key("rsa.pub.pem"));
        settings.auth_secret = Some(SECRET.into());
    };
    assert!(start(&both).await.is_err());
    assert!(start(&|settings| settings.auth_public_key = Some(key("ed25519.pub.pem"))).await.is_ok());
}
