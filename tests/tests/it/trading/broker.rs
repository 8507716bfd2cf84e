//! The paper broker: every kind of order, its whole life, and in which order its owner is told.

use e2e::{Spawned, TestSocket};
use serde_json::{Value, json};

use super::market::{SYMBOL, ask, market, order, price};

const ROUTES: [&str; 6] = ["executions", "orders", "positions", "equity", "account", "notifications"];

const LIMIT: u8 = 1;
const MARKET: u8 = 2;
const STOP: u8 = 3;
const STOP_LIMIT: u8 = 4;
const BUY: i8 = 1;
const SELL: i8 = -1;

const CANCELED: u8 = 1;
const FILLED: u8 = 2;
const PLACING: u8 = 4;
const REJECTED: u8 = 5;
const WORKING: u8 = 6;

/// The owner of an account, who is told everything about it.
struct Owner {
    socket: TestSocket,
    account: &'static str,
    /// Members of the last answer that stand for a failure, or the id of the order.
    seen: Vec<Value>,
}

impl Owner {
    async fn of(url: &str, account: &'static str) -> Self {
        let mut socket = TestSocket::connect(url).await;
        price(&mut socket).await;
        for route in ROUTES {
            let reply = socket.subscribe(route, &json!({ "accountId": account })).await;
            assert_eq!(reply["status"], "ok", "{reply}");
            if route != "notifications" {
                socket.next_of(&format!("{route}.snapshot")).await;
            }
        }
        Self { socket, account, seen: Vec::new() }
    }

    /// Sends a request and keeps what comes until its answer.
    async fn ask(&mut self, request: &str, payload: &Value) -> Value {
        self.socket.send(&json!({ "type": request, "id": "q", "payload": payload })).await;
        loop {
            let frame = self.socket.next().await;
            if frame["id"] == "q" {
                return frame["payload"].clone();
            }
            self.seen.push(frame);
        }
    }

    async fn place(&mut self, kind: u8, side: i8, qty: f64, more: &Value) -> String {
        let answer = self.ask("orders.place", &order(self.account, kind, side, qty, more)).await;
        assert_eq!(answer["status"], "ok", "{answer}");
        answer["result"]["orderId"].as_str().expect("an order id").to_owned()
    }

    /// Every change of an order until it has this status; its fills by price and quantity beside.
    async fn life(&mut self, id: &str, status: u8) -> (Vec<Value>, Vec<(f64, f64)>) {
        let is_end = |frame: &Value| {
            frame["type"] == "orders.update"
                && frame["payload"]["id"] == id
                && frame["payload"]["status"] == status
        };
        while !self.seen.iter().any(is_end) {
            let frame = self.socket.next().await;
            self.seen.push(frame);
        }
        let changes =
            self.seen.iter().filter(|frame| frame["type"] == "orders.update" && frame["payload"]["id"] == id);
        let changes: Vec<Value> = changes.map(|frame| frame["payload"].clone()).collect();
        (changes, self.fills(id))
    }

    /// An execution names no order: it is the one that is told next.
    fn fills(&self, id: &str) -> Vec<(f64, f64)> {
        let pairs = self
            .seen
            .windows(2)
            .filter(|pair| pair[0]["type"] == "executions.update" && pair[1]["payload"]["id"] == id);
        let number = |frame: &Value, member: &str| frame["payload"][member].as_f64().expect("a number");
        pairs.map(|pair| (number(&pair[0], "price"), number(&pair[0], "qty"))).collect()
    }

    /// Waits for an update of a route that fits, also among those that came already.
    async fn update(&mut self, route: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let kind = format!("{route}.update");
        let fits = |frame: &Value| frame["type"] == kind && fits(&frame["payload"]);
        loop {
            if let Some(frame) = self.seen.iter().rev().find(|frame| fits(frame)) {
                return frame["payload"].clone();
            }
            let frame = self.socket.next().await;
            self.seen.push(frame);
        }
    }
}

fn statuses(changes: &[Value]) -> Vec<u64> {
    let mut statuses: Vec<u64> = changes.iter().filter_map(|change| change["status"].as_u64()).collect();
    statuses.dedup();
    statuses
}

fn life_of(end: u8) -> Vec<u64> {
    [PLACING, WORKING, end].map(u64::from).to_vec()
}

fn prices(fills: &[(f64, f64)]) -> Vec<f64> {
    fills.iter().map(|(price, _)| *price).collect()
}

#[tokio::test]
async fn every_kind_of_order_lives_its_life() {
    let server = market(&[]);
    let mut owner = Owner::of(server.socket(), "TEST-001").await;
    let bought = owner.place(MARKET, BUY, 0.5, &json!({})).await;
    let (changes, fills) = owner.life(&bought, FILLED).await;
    assert_eq!((statuses(&changes), fills.len()), (life_of(FILLED), 1), "{changes:?}");
    assert_eq!(changes[0]["filledQty"], Value::Null, "nulls are written");

    for (kind, side, more, wanted) in [
        (LIMIT, BUY, json!({ "limitPrice": 95 }), 90.0),
        (LIMIT, SELL, json!({ "limitPrice": 105 }), 110.0),
        (STOP, BUY, json!({ "stopPrice": 105 }), 110.0),
        (STOP, SELL, json!({ "stopPrice": 95 }), 90.0),
        // Reaches its stop at 110, and buys at 90 or less from then on.
        (STOP_LIMIT, BUY, json!({ "stopPrice": 105, "limitPrice": 95 }), 90.0),
        (STOP_LIMIT, SELL, json!({ "stopPrice": 95, "limitPrice": 105 }), 110.0),
    ] {
        let id = owner.place(kind, side, 0.25, &more).await;
        let (changes, fills) = owner.life(&id, FILLED).await;
        assert_eq!(statuses(&changes), life_of(FILLED), "{more}");
        let last = changes.last().expect("an end");
        assert_eq!(
            (prices(&fills), last["avgPrice"].as_f64()),
            (vec![wanted], Some(wanted)),
            "{kind} {side} {more}"
        );
        assert_eq!((&last["filledQty"], &last["type"]), (&json!(0.25), &json!(kind)), "{last}");
        assert!(
            last["updateTime"].as_i64() >= changes[0]["updateTime"].as_i64(),
            "on the market's clock: {changes:?}"
        );
    }
}

#[tokio::test]
async fn large_orders_fill_in_parts_and_each_part_is_told_in_order() {
    let server = market(&[]);
    let mut owner = Owner::of(server.socket(), "TEST-001").await;
    let id = owner.place(LIMIT, BUY, 4.5, &json!({ "limitPrice": 105 })).await;
    let (changes, fills) = owner.life(&id, FILLED).await;
    let filled: f64 = fills.iter().map(|(_, quantity)| quantity).sum();
    assert_eq!((filled, fills.len() >= 5), (4.5, true), "one unit a trade: {fills:?}");
    let steps: Vec<f64> = changes.iter().filter_map(|change| change["filledQty"].as_f64()).collect();
    assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
    owner.update("positions", |position| position["qty"] == 4.5).await;
    owner.update("account", |balance| balance["asset"] == "BTC" && balance["total"] == 4.5).await;

    let told = ["executions", "orders", "positions", "equity"].map(|route| format!("{route}.update"));
    let kinds: Vec<&str> = owner.seen.iter().filter_map(|frame| frame["type"].as_str()).collect();
    let kinds: Vec<&str> = kinds.into_iter().filter(|kind| told.iter().any(|told| told == kind)).collect();
    let mut count = 0;
    for (index, _) in kinds.iter().enumerate().filter(|(_, kind)| **kind == told[0]) {
        count += 1;
        assert_eq!(kinds.get(index..index + 4), Some(&told.each_ref().map(String::as_str)[..]), "{kinds:?}");
    }
    assert_eq!(count, fills.len());
}

#[tokio::test]
async fn the_end_of_one_half_of_a_bracket_ends_the_other() {
    let server = market(&[]);
    for (profit, loss, wanted, unwanted) in [(105, 50, 110.0, "stop"), (200, 95, 90.0, "limit")] {
        let mut owner = Owner::of(server.socket(), if profit == 105 { "PROFIT" } else { "LOSS" }).await;
        let more = json!({ "limitPrice": 101, "takeProfit": profit, "stopLoss": loss });
        let entry = owner.place(LIMIT, BUY, 1.5, &more).await;
        let (changes, _) = owner.life(&entry, FILLED).await;
        assert_eq!((&changes[0]["takeProfit"], &changes[0]["stopLoss"]), (&json!(profit), &json!(loss)));
        let is_half = |kind: u8| move |order: &Value| order["type"] == kind && order["side"] == SELL;
        let limit = owner.update("orders", is_half(LIMIT)).await["id"].as_str().expect("an id").to_owned();
        let stop = owner.update("orders", is_half(STOP)).await["id"].as_str().expect("an id").to_owned();
        let (filled, cancelled) = if unwanted == "stop" { (limit, stop) } else { (stop, limit) };
        let (_, fills) = owner.life(&filled, FILLED).await;
        let (changes, others) = owner.life(&cancelled, CANCELED).await;
        assert_eq!((statuses(&changes), others), (vec![6, 1], Vec::new()), "{unwanted}");
        assert_eq!(prices(&fills)[0], wanted, "{unwanted}");
        let closed = owner.update("positions", |position| position["qty"] == 0.0).await;
        assert_eq!(closed["symbol"], SYMBOL);
        let nothing =
            owner.update("account", |balance| balance["asset"] == "BTC" && balance["total"] == 0.0).await;
        assert_eq!(nothing["locked"], 0.0);
    }
}

#[tokio::test]
async fn working_orders_are_changed_and_cancelled_and_positions_closed() {
    let server = market(&[]);
    let mut owner = Owner::of(server.socket(), "TEST-001").await;
    let id = owner.place(LIMIT, BUY, 2.0, &json!({ "limitPrice": 10 })).await;
    let locked = owner.update("account", |balance| balance["locked"] == 20.0).await;
    assert_eq!(locked["available"], 99_980.0, "{locked}");
    let change = json!({ "accountId": "TEST-001", "orderId": id, "limitPrice": 20, "qty": 3 });
    assert_eq!(owner.ask("orders.modify", &change).await["result"]["orderId"], id.as_str());
    owner.update("orders", |order| order["limitPrice"] == 20.0 && order["qty"] == 3.0).await;
    let this = json!({ "accountId": "TEST-001", "orderId": id });
    assert_eq!(owner.ask("orders.cancel", &this).await["status"], "ok");
    let (changes, _) = owner.life(&id, CANCELED).await;
    assert_eq!(statuses(&changes), life_of(CANCELED));
    owner.update("account", |balance| balance["asset"] == "USD" && balance["locked"] == 0.0).await;
    let again = owner.ask("orders.cancel", &this).await;
    assert_eq!((&again["code"], &again["errors"][0]["pointer"]), (&json!("not-working"), &json!("/orderId")));

    let bought = owner.place(MARKET, BUY, 1.5, &json!({})).await;
    owner.life(&bought, FILLED).await;
    let close = json!({ "accountId": "TEST-001", "positionId": SYMBOL });
    let sold =
        owner.ask("positions.close", &close).await["result"]["orderId"].as_str().expect("an id").to_owned();
    owner.life(&sold, FILLED).await;
    let closed = owner.update("positions", |position| position["qty"] == 0.0).await;
    assert_eq!((&closed["id"], &closed["side"]), (&json!(SYMBOL), &json!(1)));
    let worth =
        owner.update("equity", |equity| equity["unrealizedPL"] == 0.0 && equity["realizedPL"] != 0.0).await;
    assert_eq!(worth["equity"], worth["balance"], "nothing is held: {worth}");
}

#[tokio::test]
async fn the_currency_of_accounts_cannot_be_bought() {
    let server = Spawned::start("trading", &["--feed", "synthetic", "--bar-symbols", "AAPL,USD"]);
    let mut socket = TestSocket::connect(server.socket()).await;
    assert_eq!(socket.subscribe("bars", &json!({ "symbol": "USD" })).await["status"], "ok");
    let mut order = order("TEST-001", MARKET, BUY, 1.0, &json!({}));
    order["symbol"] = json!("USD");
    let answer = ask(&mut socket, "orders.place", &order).await;
    let fault = &answer["errors"][0];
    assert_eq!(
        (&answer["code"], &fault["pointer"]),
        (&json!("unknown-symbol"), &json!("/symbol")),
        "{answer}"
    );
    let allowed = fault["message"].as_str().expect("what can be bought");
    assert!(allowed.contains("\"AAPL\"") && !allowed.contains("\"USD\""), "{allowed}");
}

#[tokio::test]
async fn refusals_name_code_member_and_remedy() {
    let server = market(&[]);
    let mut owner = Owner::of(server.socket(), "TEST-001").await;
    let with = |kind, side, qty, more: Value| order("TEST-001", kind, side, qty, &more);
    let mut elsewhere = with(MARKET, BUY, 1.0, json!({}));
    elsewhere["symbol"] = json!("DOGE");
    let account = |members: Value| {
        let mut payload = members;
        payload["accountId"] = json!("TEST-001");
        payload
    };
    for (request, payload, code, pointer) in [
        ("orders.place", elsewhere, "unknown-symbol", "/symbol"),
        ("orders.place", with(MARKET, BUY, 1e6, json!({})), "insufficient-funds", "/qty"),
        ("orders.place", with(MARKET, SELL, 1.0, json!({})), "insufficient-position", "/qty"),
        ("orders.place", with(LIMIT, BUY, 1.0, json!({})), "missing-price", "/limitPrice"),
        (
            "orders.place",
            with(STOP_LIMIT, BUY, 1.0, json!({ "limitPrice": 1 })),
            "missing-price",
            "/stopPrice",
        ),
        ("orders.place", with(MARKET, BUY, 1e-12, json!({})), "invalid-quantity", "/qty"),
        (
            "orders.place",
            with(MARKET, BUY, 1.0, json!({ "takeProfit": 90, "stopLoss": 95 })),
            "invalid-bracket",
            "/stopLoss",
        ),
        ("orders.modify", account(json!({ "orderId": "none" })), "unknown-order", "/orderId"),
        ("orders.cancel", account(json!({ "orderId": "none" })), "unknown-order", "/orderId"),
        ("positions.close", account(json!({ "positionId": SYMBOL })), "unknown-position", "/positionId"),
    ] {
        let answer = owner.ask(request, &payload).await;
        let told = (&answer["status"], &answer["code"], &answer["errors"][0]["pointer"], &answer["retry"]);
        assert_eq!(
            told,
            (&json!("error"), &json!(code), &json!(pointer), &json!("never")),
            "{request} {payload}: {answer}"
        );
        if code == "unknown-symbol" {
            assert_eq!(answer["errors"][0]["message"], "is not one of \"BTC-USD\"", "{answer}");
        }
    }
    // What was refused for lack of means has been an order, and is told as one.
    let rejected = owner.update("orders", |order| order["status"] == REJECTED).await;
    assert_eq!(rejected["filledQty"], Value::Null);
    let notice = owner.update("notifications", |notice| notice["category"] == "error").await;
    assert!(notice["title"].as_str().is_some_and(|title| title.contains("rejected")), "{notice}");
}

#[tokio::test]
async fn a_new_subscriber_first_gets_the_present_state() {
    let server = market(&[]);
    let mut owner = Owner::of(server.socket(), "TEST-001").await;
    let bought = owner.place(MARKET, BUY, 0.5, &json!({})).await;
    owner.life(&bought, FILLED).await;
    let waiting = owner.place(LIMIT, BUY, 1.0, &json!({ "limitPrice": 1 })).await;
    owner.life(&waiting, WORKING).await;

    let mut late = TestSocket::connect(server.socket()).await;
    let mut snapshots = Vec::new();
    for route in ["orders", "positions", "executions", "equity", "account", "broker-connection"] {
        late.send(&json!({ "type": format!("{route}.subscribe"), "payload": { "accountId": "TEST-001" } }))
            .await;
        let reply = late.next_of(&format!("{route}.subscribe.response")).await;
        // Prices move the account's worth: nothing of the topic may come before its snapshot.
        let first = loop {
            let frame = late.next().await;
            if frame["topic"] == reply["payload"]["topic"] {
                break frame;
            }
        };
        assert_eq!(first["type"], format!("{route}.snapshot"), "{first}");
        snapshots.push(first["payload"].clone());
    }
    let [orders, positions, executions, equity, account, line] = snapshots.try_into().expect("six");
    let ids: Vec<&Value> = orders.as_array().expect("a list").iter().map(|order| &order["id"]).collect();
    assert_eq!(ids, [&json!(waiting), &json!(bought)], "working ones first: {orders}");
    assert_eq!((&positions[0]["qty"], &executions[0]["qty"]), (&json!(0.5), &json!(0.5)));
    assert!(equity["balance"].as_f64().is_some_and(|balance| balance > 99_000.0), "{equity}");
    assert_eq!((&account[0]["asset"], &account[0]["locked"]), (&json!("USD"), &json!(1)), "{account}");
    assert_eq!(line["status"], 1, "{line}");
    assert!(line["timestamp"].as_i64() > Some(1_700_000_000_000), "the line is as old as the server: {line}");
}

#[tokio::test]
async fn without_a_key_accounts_are_open_and_isolated_all_the_same() {
    let server = market(&[]);
    assert!(server.output().contains("accounts   open to everyone"), "{}", server.output());
    let [mut one, mut two] = [Owner::of(server.socket(), "A").await, Owner::of(server.socket(), "B").await];
    let ids = [one.place(MARKET, BUY, 0.5, &json!({})).await, two.place(MARKET, BUY, 0.25, &json!({})).await];
    one.life(&ids[0], FILLED).await;
    two.life(&ids[1], FILLED).await;
    for (owner, other, held) in [(&one, &ids[1], 0.5), (&two, &ids[0], 0.25)] {
        assert!(!owner.seen.iter().any(|frame| frame["payload"]["id"] == other.as_str()), "{other}");
        let mut late = TestSocket::connect(server.socket()).await;
        late.subscribe("positions", &json!({ "accountId": owner.account })).await;
        assert_eq!(late.next_of("positions.snapshot").await["payload"][0]["qty"], held);
    }
    let foreign = json!({ "accountId": "A", "orderId": ids[1] });
    assert_eq!(ask(&mut one.socket, "orders.cancel", &foreign).await["code"], "unknown-order");
}
