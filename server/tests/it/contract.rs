//! Two endpoints as the generator would write them.

use bellwire::contract as rt;
use rt::{Deserialize, Serialize, Value};

pub(crate) const REPLY_ADDRESS: &str = "/api/v1/ws";
pub(crate) const CLOSE_ADDRESS: &str = "/close/v1/ws";

const DOCUMENT: &str = include_str!("document.json");

const fn address(closes: bool) -> &'static str {
    if closes { CLOSE_ADDRESS } else { REPLY_ADDRESS }
}

const fn connection(closes: bool) -> rt::ConnectionSpec {
    rt::ConnectionSpec {
        envelope: rt::Envelope::STANDARD,
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
        auth: rt::AuthSpec { timeout_ms: if closes { None } else { Some(500) }, ..rt::AuthSpec::UNDECLARED },
        closes: &[],
    }
}

pub(crate) static REPLY: rt::EndpointSpec = spec("trading", false);
pub(crate) static CLOSE: rt::EndpointSpec = spec("tradingClose", true);

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
        envelope: rt::Envelope::STANDARD,
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
        by_handler: false,
        message: None,
    }
}

const fn delivery(overflow: rt::Overflow) -> rt::DeliverySpec {
    rt::DeliverySpec { mode: rt::DeliveryMode::Every, flush_ms: 0, overflow, compress: true }
}

const fn retains(kind: rt::StateKind) -> Option<rt::StateSpec> {
    Some(rt::StateSpec { kind, http: None })
}

/// A rule for what is one caller's own.
const OWNED: &str = r#"{"claim":{"symbol":"symbols"}}"#;

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
    Uncompressed "uncompressed" {
        delivery: rt::DeliverySpec { compress: false, ..delivery(rt::Overflow::Close) }
    }
    Merged "merged" { state: retains(rt::StateKind::Merge) }
    Keyed "keyed" { state: retains(rt::StateKind::Keyed { key: &["k"], max_keys: 100, when_full: rt::WhenFull::DropOldest }) }
    Window "window" { state: retains(rt::StateKind::Window { size: 3, newest_first: true }) }
    Limited "limited" { max_subscriptions: Some(2) }
    Trades "trades" { delivery: delivery(rt::Overflow::DropOldest) }
    Depth "depth" { delivery: delivery(rt::Overflow::Resync), state: retains(rt::StateKind::Latest) }
    Orders "orders" {
        state: retains(rt::StateKind::Keyed { key: &["id"], max_keys: 10_000, when_full: rt::WhenFull::DropOldest }),
        history: Some(rt::HistorySpec { size: 2, ttl_ms: 60_000 })
    }
    Log "log" { history: Some(rt::HistorySpec { size: 4, ttl_ms: 60_000 }) }
    Owned "owned" {
        access: Some(OWNED),
        state: Some(rt::StateSpec { kind: rt::StateKind::Latest, http: Some("/api/v1/owned/{symbol}") })
    }
    Gathered "gathered" { delivery: rt::DeliverySpec { flush_ms: 60_000, ..delivery(rt::Overflow::Close) } }
    Conflated "conflated" {
        delivery: rt::DeliverySpec {
            mode: rt::DeliveryMode::Latest { key: &["k"], interval_ms: 50 },
            ..delivery(rt::Overflow::Close)
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PreOrder {
    pub(crate) symbol: String,
    #[serde(rename = "type")]
    pub(crate) kind: i64,
    pub(crate) side: i64,
    pub(crate) qty: f64,
}

#[derive(Debug, Serialize)]
pub(crate) struct PlacedOrder {
    #[serde(rename = "orderId")]
    pub(crate) order_id: String,
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
        http: None,
        socket: true,
        notification: false,
    };
}

pub(crate) struct OrdersCancelAll;

impl rt::Request for OrdersCancelAll {
    type Payload = rt::Empty;
    type Reply = ();
    type Error = rt::Refusal;
    const SPEC: rt::RequestSpec = rt::RequestSpec {
        name: "orders.cancelAll",
        payload: None,
        access: None,
        http: None,
        socket: true,
        notification: true,
    };
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
        http: None,
        socket: true,
        notification: false,
    };
}

/// A request that only the owner of its symbol may send.
pub(crate) struct OwnedAct;

impl rt::Request for OwnedAct {
    type Payload = Value;
    type Reply = Value;
    type Error = rt::Refusal;
    const SPEC: rt::RequestSpec = rt::RequestSpec { name: "own.act", access: Some(OWNED), ..Act::SPEC };
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
        envelope: rt::Envelope::STANDARD,
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
        envelope: rt::Envelope::STANDARD,
        payload: Some(schema("#/components/schemas/Notice")),
        on_connect: true,
    };
}
