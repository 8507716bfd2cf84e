//! Two endpoints as the generator would write them, and services that do what a test asks of them.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex};

use bellwire::contract as rt;
use rt::{Deserialize, Serialize, Value};
use serde_json::json;

pub(crate) const REPLY_ADDRESS: &str = "/api/v1/ws";
pub(crate) const CLOSE_ADDRESS: &str = "/close/v1/ws";

const DOCUMENT: &str = include_str!("document.json");

const fn address(closes: bool) -> &'static str {
    if closes { CLOSE_ADDRESS } else { REPLY_ADDRESS }
}

const fn connection(closes: bool) -> rt::ConnectionSpec {
    rt::ConnectionSpec {
        envelope: rt::Envelope::Standard,
        subprotocol: "bellwire.json.v1",
        heartbeat_ms: 30_000,
        lifetime_ms: None,
        activity: if closes { rt::Activity::Message } else { rt::Activity::Any },
        on_invalid: if closes { rt::OnInvalid::Close } else { rt::OnInvalid::Reply },
        max_message_bytes: 64 << 10,
        max_depth: 32,
        max_subscriptions: 8,
        queue_bytes: 1 << 20,
        messages_per_second: 100,
        http_base: if closes { "/close/v1" } else { "/api/v1" },
        closes: &[],
    }
}

static REPLY: rt::EndpointSpec = spec("trading", false);
static CLOSE: rt::EndpointSpec = spec("tradingClose", true);

const fn spec(name: &'static str, closes: bool) -> rt::EndpointSpec {
    rt::EndpointSpec {
        name,
        title: "Test",
        version: "1.0.0",
        address: address(closes),
        connection: connection(closes),
        asyncapi_json: DOCUMENT,
        asyncapi_2_json: "{\"asyncapi\":\"2.4.0\"}",
        docs_html: "<!doctype html><title>Test</title>",
    }
}

const fn schema(pointer: &'static str) -> rt::SchemaRef {
    rt::SchemaRef { pointer, checked: true }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct BarsParams {
    pub(crate) symbol: String,
    #[serde(default = "one")]
    pub(crate) resolution: String,
}

fn one() -> String {
    "1".to_owned()
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Bar {
    pub(crate) time: i64,
    pub(crate) open: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) close: f64,
    #[serde(default)]
    pub(crate) volume: f64,
}

/// `bars`, as in the protocol's examples.
#[derive(Debug)]
pub(crate) struct Bars<const CLOSE: bool>;

impl<const CLOSE: bool> rt::Topic for Bars<CLOSE> {
    type Params = BarsParams;
    type Update = Bar;
    type Snapshot = Bar;
    const SPEC: rt::TopicSpec = rt::TopicSpec {
        params: schema("#/components/schemas/BarsParams"),
        update: schema("#/components/schemas/Bar"),
        shape: &[
            rt::ParamMember { key: "symbol", default: None, members: &[] },
            rt::ParamMember { key: "resolution", default: Some("\"1\""), members: &[] },
        ],
        unwrap: &["params"],
        state: Some(rt::StateSpec { kind: rt::StateKind::Latest, http: Some(state_path(CLOSE)) }),
        ..topic(address(CLOSE), "bars")
    };
}

const fn state_path(closes: bool) -> &'static str {
    if closes { "/close/v1/bars/{symbol}" } else { "/api/v1/bars/{symbol}" }
}

/// Parameters of every other topic.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Symbol {
    pub(crate) symbol: String,
}

pub(crate) fn symbol(symbol: &str) -> Symbol {
    Symbol { symbol: symbol.to_owned() }
}

const fn topic(endpoint: &'static str, route: &'static str) -> rt::TopicSpec {
    rt::TopicSpec {
        endpoint,
        route,
        params: schema("#/components/schemas/Symbol"),
        update: rt::SchemaRef { pointer: "#/components/schemas/Any", checked: false },
        shape: &[rt::ParamMember { key: "symbol", default: None, members: &[] }],
        label: "{symbol}",
        unwrap: &[],
        state: None,
        delivery: delivery(rt::Overflow::Close),
        history: None,
        access: None,
        max_subscriptions: None,
    }
}

const fn delivery(overflow: rt::Overflow) -> rt::DeliverySpec {
    rt::DeliverySpec { mode: rt::DeliveryMode::Every, flush_ms: 0, overflow, compress: true }
}

const fn retains(kind: rt::StateKind) -> Option<rt::StateSpec> {
    Some(rt::StateSpec { kind, http: None })
}

macro_rules! topics {
    ($($name:ident $route:literal { $($member:ident: $value:expr),* })*) => {$(
        #[derive(Debug)]
        pub(crate) struct $name;

        impl rt::Topic for $name {
            type Params = Symbol;
            type Update = Value;
            type Snapshot = Value;
            const SPEC: rt::TopicSpec =
                rt::TopicSpec { $($member: $value,)* ..topic(REPLY_ADDRESS, $route) };
        }
    )*};
}

topics! {
    Plain "plain" {}
    Merged "merged" { state: retains(rt::StateKind::Merge) }
    Keyed "keyed" { state: retains(rt::StateKind::Keyed { key: &["k"] }) }
    Window "window" { state: retains(rt::StateKind::Window { size: 3, newest_first: true }) }
    Limited "limited" { max_subscriptions: Some(2) }
    Trades "trades" { delivery: delivery(rt::Overflow::DropOldest) }
    Depth "depth" { delivery: delivery(rt::Overflow::Resync), state: retains(rt::StateKind::Latest) }
    Conflated "conflated" {
        delivery: rt::DeliverySpec {
            mode: rt::DeliveryMode::Latest { key: &["k"], interval_ms: 50 },
            ..delivery(rt::Overflow::Close)
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PreOrder {
    symbol: String,
    #[serde(rename = "type")]
    kind: i64,
    side: i64,
    qty: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct PlacedOrder {
    #[serde(rename = "orderId")]
    order_id: String,
}

pub(crate) struct OrdersPlace;

impl rt::Request for OrdersPlace {
    type Payload = PreOrder;
    type Reply = PlacedOrder;
    type Error = rt::Refusal;
    const SPEC: rt::RequestSpec = rt::RequestSpec {
        name: "orders.place",
        payload: Some(schema("#/components/schemas/PreOrder")),
        access: None,
    };
}

pub(crate) struct OrdersCancelAll;

impl rt::Request for OrdersCancelAll {
    type Payload = rt::Empty;
    type Reply = ();
    type Error = rt::Refusal;
    const SPEC: rt::RequestSpec = rt::RequestSpec { name: "orders.cancelAll", payload: None, access: None };
}

/// A request that does what its payload says.
pub(crate) struct Act;

impl rt::Request for Act {
    type Payload = Value;
    type Reply = Value;
    type Error = rt::Refusal;
    const SPEC: rt::RequestSpec = rt::RequestSpec {
        name: "act",
        payload: Some(rt::SchemaRef { pointer: "#/components/schemas/Any", checked: false }),
        access: None,
    };
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Text {
    pub(crate) text: String,
}

pub(crate) struct Notice<const CLOSE: bool>;

impl<const CLOSE: bool> rt::Broadcast for Notice<CLOSE> {
    type Payload = Text;
    const SPEC: rt::BroadcastSpec = rt::BroadcastSpec {
        endpoint: address(CLOSE),
        name: "notice",
        payload: Some(schema("#/components/schemas/Notice")),
        on_connect: false,
    };
}

/// Sent on connect, to callers of `/close/v1/ws` alone where a test says so.
pub(crate) struct Welcome;

impl rt::Broadcast for Welcome {
    type Payload = Text;
    const SPEC: rt::BroadcastSpec = rt::BroadcastSpec {
        endpoint: CLOSE_ADDRESS,
        name: "welcome",
        payload: Some(schema("#/components/schemas/Notice")),
        on_connect: true,
    };
}

/// What tests look at and steer by.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestServices {
    /// `+topic` and `-topic`, as the hooks were called.
    pub(crate) hooks: Arc<Mutex<Vec<String>>>,
    /// Lets what hangs go on.
    pub(crate) gate: Arc<tokio::sync::Notify>,
    pub(crate) welcome: Arc<Mutex<Option<String>>>,
}

impl TestServices {
    pub(crate) fn hooks(&self) -> Vec<String> {
        self.hooks.lock().expect("no panic").clone()
    }
}

/// The parameter that steers a service: the symbol.
pub(crate) trait Steered {
    fn symbol(&self) -> &str;
}

impl Steered for BarsParams {
    fn symbol(&self) -> &str {
        &self.symbol
    }
}

impl Steered for Symbol {
    fn symbol(&self) -> &str {
        &self.symbol
    }
}

/// Routes a topic to the test services.
pub(crate) struct Router<T>(TestServices, std::marker::PhantomData<fn() -> T>);

impl<T: rt::Topic<Params: Steered, Snapshot: for<'de> Deserialize<'de>>> rt::TopicRouter for Router<T> {
    type Topic = T;

    async fn authorize(&self, _: &rt::Caller, params: &T::Params) -> Result<(), rt::Refusal> {
        match params.symbol() {
            "FORBIDDEN" => Err(rt::Refusal::forbidden("FORBIDDEN is not yours")),
            "PANIC" => panic!("asked to"),
            "HANG" => pending().await,
            "GATED" => {
                self.0.gate.notified().await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    async fn snapshot(&self, _: &rt::Caller, params: &T::Params) -> Option<T::Snapshot> {
        if params.symbol() != "SERVED" {
            return None;
        }
        self.0.gate.notified().await;
        serde_json::from_value(json!({"served": true})).ok()
    }

    fn first_subscriber(&self, params: &T::Params) {
        self.0.hooks.lock().expect("no panic").push(format!("+{}:{}", T::SPEC.route, params.symbol()));
        assert_ne!(params.symbol(), "HOOK-PANIC", "asked to");
    }

    fn last_subscriber(&self, params: &T::Params) {
        self.0.hooks.lock().expect("no panic").push(format!("-{}:{}", T::SPEC.route, params.symbol()));
    }
}

impl rt::RequestRouter<OrdersPlace> for TestServices {
    async fn call(&self, _: &rt::Caller, order: PreOrder) -> Result<PlacedOrder, rt::Refusal> {
        if order.qty > 1000.0 {
            let message = format!("{} {} cost more than there is", order.qty, order.symbol);
            return Err(rt::Refusal::new("insufficient-funds", message)
                .at("/qty", "is more than the account can pay")
                .details(&json!({"available": 100.5})));
        }
        Ok(PlacedOrder { order_id: "42".to_owned() })
    }
}

impl rt::RequestRouter<OrdersCancelAll> for TestServices {
    async fn call(&self, _: &rt::Caller, _: rt::Empty) -> Result<(), rt::Refusal> {
        Ok(())
    }
}

impl rt::RequestRouter<Act> for TestServices {
    fn call(
        &self,
        caller: &rt::Caller,
        payload: Value,
    ) -> impl Future<Output = Result<Value, rt::Refusal>> + Send {
        let caller = caller.clone();
        let gate = self.gate.clone();
        async move {
            match payload["do"].as_str() {
                Some("panic") => panic!("asked to"),
                Some("hang") => pending().await,
                Some("wait") => {
                    gate.notified().await;
                    Ok(json!("waited"))
                }
                Some("caller") => Ok(json!({"id": caller.id(), "remote": caller.remote_addr().is_some()})),
                Some("null") => Ok(Value::Null),
                _ => Ok(payload),
            }
        }
    }
}

impl rt::ConnectRouter<Welcome> for TestServices {
    async fn welcome(&self, _: &rt::Caller) -> Option<Text> {
        let text = self.welcome.lock().expect("no panic").clone()?;
        Some(Text { text })
    }
}

/// An endpoint of the test contract.
pub(crate) fn endpoint<const CLOSES: bool>(services: &TestServices) -> rt::Endpoint {
    fn router<T>(services: &TestServices) -> Router<T> {
        Router(services.clone(), std::marker::PhantomData)
    }
    let requests = Arc::new(services.clone());
    let endpoint = rt::Endpoint::new(if CLOSES { &CLOSE } else { &REPLY })
        .topic(router::<Bars<CLOSES>>(services))
        .request::<OrdersPlace, _>(requests.clone())
        .request::<OrdersCancelAll, _>(requests.clone())
        .request::<Act, _>(requests.clone())
        .broadcast::<Notice<CLOSES>>();
    if CLOSES {
        return endpoint.connect::<Welcome, _>(requests);
    }
    endpoint
        .topic(router::<Plain>(services))
        .topic(router::<Merged>(services))
        .topic(router::<Keyed>(services))
        .topic(router::<Window>(services))
        .topic(router::<Limited>(services))
        .topic(router::<Trades>(services))
        .topic(router::<Depth>(services))
        .topic(router::<Conflated>(services))
}
