//! Accounts belong to those whose tokens name them: two owners on one server see nothing of each other.

use e2e::{AUTH_SECRET, Spawned, TestSocket, mint};
use serde_json::{Value, json};

use super::trading;

const ROUTES: [&str; 4] = ["orders", "positions", "executions", "equity"];
const SYMBOL: &str = "BTC-USD";

fn guarded() -> Spawned {
    trading(&["--auth-secret", AUTH_SECRET])
}

async fn owner_of(server: &Spawned, accounts: &Value) -> TestSocket {
    let token = mint(&json!({ "accounts": accounts }));
    TestSocket::connect(&format!("{}?token={token}", server.socket())).await
}

fn of(account: &str) -> Value {
    json!({ "accountId": account })
}

fn buy(account: &str) -> Value {
    let payload = json!({ "accountId": account, "symbol": SYMBOL, "type": 2, "side": 1, "qty": 0.01 });
    json!({ "type": "orders.place", "id": "o", "payload": payload })
}

/// Waits for a price, without which nothing can be bought.
async fn price(socket: &mut TestSocket) {
    let symbol = json!({ "symbol": SYMBOL });
    socket.subscribe("trades", &symbol).await;
    socket.next_of("trades.update").await;
    socket.send(&json!({ "type": "trades.unsubscribe", "payload": symbol })).await;
    socket.next_of("trades.unsubscribe.response").await;
}

/// The answer to a request; what comes before it is let go.
async fn ask(socket: &mut TestSocket, request: &Value) -> Value {
    socket.send(request).await;
    let kind = request["type"].as_str().unwrap_or_default();
    socket.next_of(&format!("{kind}.response")).await["payload"].clone()
}

fn assert_refused(answer: &Value, code: &str) {
    assert_eq!((&answer["status"], &answer["code"]), (&json!("error"), &json!(code)), "{answer}");
    assert_eq!(answer["errors"][0]["pointer"], "/accountId", "{answer}");
}

#[tokio::test]
async fn owners_see_their_own_account_alone() {
    let server = guarded();
    let mut owners = [owner_of(&server, &json!(["A-1"])).await, owner_of(&server, &json!(["B-1"])).await];
    price(&mut owners[0]).await;
    for (owner, account) in owners.iter_mut().zip(["A-1", "B-1"]) {
        for route in ROUTES {
            assert_eq!(owner.subscribe(route, &of(account)).await["status"], "ok");
        }
    }
    // The second buys only once the first has: what either could see of the other would be there by then.
    for (owner, account) in owners.iter_mut().zip(["A-1", "B-1"]) {
        owner.send(&buy(account)).await;
    }
    for (owner, account) in owners.iter_mut().zip(["A-1", "B-1"]) {
        let mut missing = Vec::from(ROUTES);
        while !missing.is_empty() {
            let frame = owner.next().await;
            if let Some(topic) = frame["topic"].as_str() {
                assert!(
                    topic.contains(&format!("\"accountId\":\"{account}\"")),
                    "{account} was sent {frame}"
                );
            }
            let kind = frame["type"].as_str().unwrap_or_default();
            missing.retain(|route| kind != format!("{route}.update"));
        }
    }
    let mut late = owner_of(&server, &json!(["B-1"])).await;
    late.subscribe("positions", &of("B-1")).await;
    let held = late.next_of("positions.snapshot").await;
    assert_eq!(held["payload"].as_array().map(Vec::len), Some(1), "one purchase, not two: {held}");
    assert_eq!(held["payload"][0]["qty"], 0.01, "{held}");
}

#[tokio::test]
async fn what_is_not_theirs_is_refused() {
    let server = guarded();
    let mut owner = owner_of(&server, &json!(["A-1", "A-2"])).await;
    price(&mut owner).await;
    for route in ROUTES {
        assert_eq!(owner.subscribe(route, &of("A-2")).await["status"], "ok");
        assert_refused(&owner.subscribe(route, &of("B-1")).await, "forbidden");
    }
    assert_refused(&ask(&mut owner, &buy("B-1")).await, "forbidden");
    let cancel = json!({ "type": "orders.cancel", "payload": { "accountId": "B-1", "orderId": "1" } });
    assert_refused(&ask(&mut owner, &cancel).await, "forbidden");
    assert_eq!(ask(&mut owner, &buy("A-1")).await["status"], "ok");

    let mut nobody = TestSocket::connect(server.socket()).await;
    price(&mut nobody).await;
    for route in ROUTES {
        assert_refused(&nobody.subscribe(route, &of("A-1")).await, "not-authenticated");
    }
    assert_refused(&ask(&mut nobody, &buy("A-1")).await, "not-authenticated");
    let token = mint(&json!({ "accounts": ["A-1"] }));
    let answer = ask(&mut nobody, &json!({ "type": "authenticate", "payload": { "token": token } })).await;
    assert_eq!(answer["result"]["subject"], "user-1", "{answer}");
    assert_eq!(nobody.subscribe("orders", &of("A-1")).await["status"], "ok", "now somebody");
}

#[tokio::test]
async fn a_token_that_covers_less_ends_what_it_does_not_cover() {
    let server = guarded();
    let mut owner = owner_of(&server, &json!(["A-1", "A-2"])).await;
    owner.subscribe("orders", &of("A-1")).await;
    owner.subscribe("orders", &of("A-2")).await;
    let token = mint(&json!({ "accounts": ["A-2"] }));
    ask(&mut owner, &json!({ "type": "authenticate", "payload": { "token": token } })).await;
    let ended = owner.next_of("orders.ended").await;
    assert_eq!(ended["topic"], "orders:{\"accountId\":\"A-1\"}");
    assert_refused(
        &json!({ "status": "error", "code": ended["payload"]["code"], "errors": ended["payload"]["errors"] }),
        "forbidden",
    );
}
