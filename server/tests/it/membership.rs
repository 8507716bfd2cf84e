//! Topics that a service joins for a connection, and the union of what all connections want.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use bellwire::Interests;
use bellwire::contract as rt;
use rt::{Deserialize, Serialize, Value};
use serde_json::json;

use crate::contract::{REPLY, REPLY_ADDRESS};
use crate::harness::{TestServer, eventually};
use crate::services::TestServices;

static SPEC: rt::EndpointSpec = rt::EndpointSpec {
    name: "screener",
    title: "Screener",
    version: "1.0.0",
    address: REPLY_ADDRESS,
    connection: rt::ConnectionSpec { messages_per_second: 10_000, max_subscriptions: 6, ..REPLY.connection },
    asyncapi_json: r##"{"components":{"schemas":{
        "Symbol":{"type":"object","required":["symbol"],"properties":{"symbol":{"type":"string","minLength":1}}},
        "Hold":{"type":"object","required":["action","symbols"],"properties":{"action":{"type":"string"},"symbols":{"type":"array","items":{"type":"string"}}}}}}}"##,
    asyncapi_2_json: "{}",
    docs_html: "",
};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Symbol {
    symbol: String,
}

macro_rules! ticks {
    ($($name:ident $route:literal $state:expr, $by_handler:literal;)*) => {$(
        #[derive(Debug)]
        struct $name;

        impl rt::Topic for $name {
            type Params = Symbol;
            type Update = Value;
            type Snapshot = Value;
            const SPEC: rt::TopicSpec = rt::TopicSpec {
                endpoint: REPLY_ADDRESS,
                route: $route,
                params: rt::SchemaRef::checked("#/components/schemas/Symbol"),
                update: rt::SchemaRef::unchecked(""),
                shape: &[rt::ParamMember::new("symbol", None, &[])],
                state: $state,
                by_handler: $by_handler,
                ..<crate::contract::Plain as rt::Topic>::SPEC
            };
        }
    )*};
}

ticks! {
    Ticks "ticks" None, true;
    Last "last" Some(rt::StateSpec { kind: rt::StateKind::Latest, http: None }), true;
    Asked "asked" None, false;
}

struct Hold;

#[derive(Debug, Serialize, Deserialize)]
struct HoldPayload {
    action: String,
    symbols: Vec<String>,
}

impl rt::Request for Hold {
    type Payload = HoldPayload;
    type Reply = Value;
    type Error = rt::Refusal;
    const SPEC: rt::RequestSpec = rt::RequestSpec {
        name: "hold",
        payload: Some(rt::SchemaRef::checked("#/components/schemas/Hold")),
        access: None,
        http: Some(rt::HttpSpec {
            method: rt::HttpMethod::Post,
            path: "/hold",
            produces: None,
            max_age_ms: None,
            parameters: &[],
            body: true,
            statuses: &[],
        }),
        socket: true,
        notification: false,
    };
}

#[derive(Debug, Clone)]
struct Screener {
    interests: Interests<String>,
    node: Arc<OnceLock<rt::Node>>,
}

impl rt::RequestRouter<Hold> for Screener {
    async fn call(&self, caller: &rt::Caller, payload: HoldPayload) -> Result<Value, rt::Refusal> {
        let symbols: Vec<Symbol> = payload.symbols.into_iter().map(|symbol| Symbol { symbol }).collect();
        let ticks = caller.topics::<Ticks>();
        match payload.action.as_str() {
            "subscribe" => {
                let _room = symbols
                    .iter()
                    .map(|it| self.interests.claim(it.symbol.clone()))
                    .collect::<Result<Vec<_>, _>>()?;
                ticks.join_all(&symbols)?;
                let ticks = self.node.get().map(rt::Publisher::<Ticks>::new).expect("the server runs");
                for symbol in &symbols {
                    // Published before the reply: it waits behind it.
                    ticks.publish(symbol, &json!({ "early": symbol.symbol }));
                }
            }
            "unsubscribe" => symbols.iter().for_each(|symbol| {
                ticks.leave(symbol);
            }),
            "later" => {
                let (last, caller) = (caller.topics::<Last>(), caller.clone());
                tokio::spawn(async move {
                    for symbol in &symbols {
                        let _ = last.join(symbol);
                    }
                    drop(caller);
                });
            }
            "last" => {
                caller.topics::<Last>().join_all(&symbols)?;
            }
            _ => {}
        }
        let mut held: Vec<String> = ticks.list().into_iter().map(|it| it.symbol).collect();
        held.sort();
        Ok(json!({ "count": ticks.count(), "held": held }))
    }
}

struct Router<T>(Screener, std::marker::PhantomData<fn() -> T>);

impl<T: rt::Topic<Params = Symbol, Snapshot = Value>> rt::TopicRouter for Router<T> {
    type Topic = T;

    async fn authorize(&self, _: &rt::Caller, _: &Symbol) -> Result<(), rt::Refusal> {
        Ok(())
    }

    async fn snapshot(&self, _: &rt::Caller, _: &Symbol) -> Option<Value> {
        None
    }

    fn first_subscriber(&self, params: &Symbol) {
        self.0.interests.add(&params.symbol);
    }

    fn last_subscriber(&self, params: &Symbol) {
        self.0.interests.remove(&params.symbol);
    }
}

async fn server(bound: usize) -> (TestServer, Interests<String>) {
    let interests = Interests::new(bound);
    let screener = Screener { interests: interests.clone(), node: Arc::default() };
    let endpoint = rt::Endpoint::new(&SPEC)
        .topic(Router::<Ticks>(screener.clone(), std::marker::PhantomData))
        .topic(Router::<Last>(screener.clone(), std::marker::PhantomData))
        .topic(Router::<Asked>(screener.clone(), std::marker::PhantomData))
        .request::<Hold, _>(Arc::new(screener.clone()));
    let server =
        TestServer::serve(TestServices::default(), vec![endpoint], axum::Router::new(), |_| {}).await;
    screener.node.set(server.node.clone()).expect("it is set once");
    (server, interests)
}

fn hold(action: &str, symbols: &[&str]) -> Value {
    json!({"type": "hold", "id": 1, "payload": {"action": action, "symbols": symbols}})
}

fn symbol(symbol: &str) -> Symbol {
    Symbol { symbol: symbol.to_owned() }
}

#[tokio::test]
async fn one_message_joins_many_and_its_reply_leaves_first() {
    let (server, interests) = server(100).await;
    let mut client = server.client().await;
    let reply = client.ask(hold("subscribe", &["B", "A", "A"])).await;
    assert_eq!(reply["payload"]["result"], json!({"count": 2, "held": ["A", "B"]}));
    assert_eq!(interests.current(), ["A", "B"]);
    for expected in ["B", "A", "A"] {
        let update = client.frame().await;
        assert_eq!(
            (&update["type"], &update["payload"]["early"]),
            (&json!("ticks.update"), &json!(expected))
        );
    }
    let publisher = rt::Publisher::<Ticks>::new(&server.node);
    assert_eq!(publisher.publish(&symbol("A"), &json!({"ltp": 1})).subscribers, 1);
    assert_eq!(client.frame().await["payload"], json!({"ltp": 1}));
    let reply = client.ask(hold("unsubscribe", &["A", "C"])).await;
    assert_eq!(reply["payload"]["result"], json!({"count": 1, "held": ["B"]}));
    assert_eq!(publisher.publish(&symbol("A"), &json!({"ltp": 2})).subscribers, 0);
    assert_eq!(interests.current(), ["B"]);
    client.nothing_waits().await;
    let refused = client.ask(json!({"type": "ticks.subscribe", "payload": {"symbol": "A"}})).await;
    assert_eq!(refused["payload"]["code"], "unknown-type", "clients cannot join it themselves");
}

#[tokio::test]
async fn what_is_retained_follows_the_reply() {
    let (server, _) = server(100).await;
    let last = rt::Publisher::<Last>::new(&server.node);
    last.publish(&symbol("A"), &json!({"ltp": 1}));
    let mut client = server.client().await;
    let reply = client.ask(hold("last", &["A", "B"])).await;
    assert_eq!(reply["type"], "hold.response");
    let snapshot = client.frame().await;
    assert_eq!((&snapshot["type"], &snapshot["payload"]), (&json!("last.snapshot"), &json!({"ltp": 1})));
    last.publish(&symbol("B"), &json!({"ltp": 2}));
    assert_eq!(client.frame().await["type"], "last.update");
    let mut other = server.client().await;
    assert_eq!(other.ask(hold("later", &["A"])).await["type"], "hold.response");
    assert_eq!(other.frame().await["type"], "last.snapshot", "joined by no call, it comes at once");
}

#[tokio::test]
async fn limits_refuse_the_whole_list() {
    let (server, interests) = server(4).await;
    let mut client = server.client().await;
    client.ask_ok(hold("subscribe", &["A"])).await;
    client.frame().await;
    for (symbols, code) in
        [(&["B", "C", "D", "E"][..], "too-many-interests"), (&["", "B"], "invalid-payload")]
    {
        let reply = client.ask(hold("subscribe", symbols)).await;
        assert_eq!(reply["payload"]["code"], code, "{reply}");
        assert_eq!(interests.current(), ["A"]);
    }
    let (wide, interests) = self::server(100).await;
    let mut client = wide.client().await;
    let reply = client.ask(hold("subscribe", &["A", "B", "C", "D", "E", "F", "G"])).await;
    assert_eq!(reply["payload"]["code"], "too-many-subscriptions");
    assert!(interests.is_empty());
    let reply = wide
        .http(
            "POST",
            "/hold",
            "content-type: application/json\r\n",
            r#"{"action":"subscribe","symbols":["A"]}"#,
        )
        .await;
    assert_eq!((reply.status, &reply.json()["code"]), (403, &json!("forbidden")), "nobody is connected");
    assert!(interests.is_empty());
}

#[tokio::test]
async fn what_is_asked_for_and_what_is_joined_have_one_limit() {
    let (server, interests) = server(100).await;
    let mut client = server.client().await;
    let asked = |verb: &str, symbol: &str| json!({"type": format!("asked.{verb}"), "id": 2, "payload": {"symbol": symbol}});
    for symbol in ["a", "b", "a"] {
        client.ask_ok(asked("subscribe", symbol)).await;
    }
    let reply = client.ask(hold("last", &["A", "B", "C", "D", "E"])).await;
    assert_eq!(reply["payload"]["code"], "too-many-subscriptions", "{reply}");
    assert_eq!(reply["payload"]["message"], "At most 6 subscriptions per connection");
    assert_eq!(interests.current(), ["a", "b"], "none of the list is held");
    client.ask_ok(hold("last", &["A", "B", "C", "D"])).await;
    let reply = client.ask(asked("subscribe", "c")).await;
    assert_eq!(reply["payload"]["code"], "too-many-subscriptions", "{reply}");
    client.ask_ok(asked("subscribe", "b")).await;
    client.ask_ok(asked("unsubscribe", "a")).await;
    client.ask_ok(asked("subscribe", "c")).await;
    client.ask_ok(asked("unsubscribe", "b")).await;
    client.ask_ok(hold("last", &["E"])).await;
    assert_eq!(client.ask(hold("last", &["F"])).await["payload"]["code"], "too-many-subscriptions");
    assert_eq!(interests.current(), ["A", "B", "C", "D", "E", "c"]);
    drop(client);
    eventually("nothing is held any more", || interests.is_empty()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_connections_leave_the_union_exact() {
    let (server, interests) = server(50).await;
    let mut random: u64 = 42;
    let mut next = move |below: u64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % below
    };
    let mut clients = Vec::new();
    for _ in 0..1_000 {
        let mut client = server.client().await;
        for _ in 0..2 {
            let symbols: Vec<String> = (0..=next(2)).map(|_| format!("S{}", next(40))).collect();
            let symbols: Vec<&str> = symbols.iter().map(String::as_str).collect();
            let action = if next(3) == 0 { "unsubscribe" } else { "subscribe" };
            client.send(hold(action, &symbols)).await;
        }
        clients.push(client);
    }
    // The gentle half says goodbye, some of the others just go.
    let mut kept = Vec::new();
    for (at, mut client) in clients.into_iter().enumerate() {
        match at % 3 {
            0 => drop(client),
            _ => {
                client.send(hold("count", &[])).await;
                kept.push(client);
            }
        }
    }
    let mut union = BTreeSet::new();
    for client in &mut kept {
        let mut answers = 0;
        while answers < 3 {
            let frame = client.frame().await;
            if frame["type"] == "hold.response" {
                answers += 1;
                if answers == 3 {
                    let held = frame["payload"]["result"]["held"].as_array().cloned().unwrap_or_default();
                    union.extend(held.iter().filter_map(|it| it.as_str().map(str::to_owned)));
                }
            }
        }
    }
    let union: Vec<String> = union.into_iter().collect();
    eventually("the union is exact", || interests.current() == union).await;
    drop(kept);
    eventually("nothing is wanted any more", || interests.is_empty()).await;
}
