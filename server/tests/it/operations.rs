//! Operations written in plain AsyncAPI: matched by tag, shape and text, answered with their correlation id.

use std::sync::Arc;

use bellwire::contract as rt;
use rt::{Deserialize, Serialize};
use serde_json::json;

use crate::harness::TestServer;
use crate::services::TestServices;

static ENDPOINT: rt::EndpointSpec = rt::EndpointSpec {
    name: "explicit",
    title: "Explicit",
    version: "1.0.0",
    address: "/rooms/{room}/ws",
    connection: rt::ConnectionSpec {
        envelope: rt::Envelope::STANDARD,
        subprotocol: "bellwire.json.v1",
        heartbeat_ms: 30_000,
        lifetime_ms: None,
        activity: rt::Activity::Any,
        on_invalid: rt::OnInvalid::Reply,
        max_message_bytes: 1 << 20,
        max_depth: 8,
        max_subscriptions: 8,
        queue_bytes: 1 << 20,
        messages_per_second: 100,
        http_base: "",
        auth: rt::AuthSpec::UNDECLARED,
        closes: &[],
    },
    asyncapi_json: r##"{"components": {"schemas": {
        "Subscribe": {"type": "object", "required": ["action", "symbols"],
            "properties": {"action": {"const": "subscribe"}, "symbols": {"type": "array"}}},
        "Pair": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "integer"}},
        "Word": {"type": "string", "pattern": "^ping$"},
        "Ticker": {"type": "object", "required": ["tick"], "properties": {"tick": {"type": "number"}}}
    }}}"##,
    asyncapi_2_json: "{}",
    docs_html: "",
};

const fn schema(pointer: &'static str) -> Option<rt::SchemaRef> {
    Some(rt::SchemaRef { pointer, checked: true })
}

struct Receive;

#[derive(Debug)]
enum ReceiveMessage {
    Subscribe(Subscribe),
    Pair((i64, i64)),
    Word(String),
}

#[derive(Debug, Serialize, Deserialize)]
struct Subscribe {
    action: String,
    symbols: Vec<String>,
}

impl rt::Frames for ReceiveMessage {
    fn decode(index: usize, frame: &str) -> Result<Self, rt::DecodeError> {
        match index {
            0 => rt::frames::json::decode(frame).map(Self::Subscribe),
            1 => rt::frames::json::decode(frame).map(Self::Pair),
            2 => rt::frames::text::decode(frame).map(Self::Word),
            _ => Err(rt::DecodeError::unknown_message(index)),
        }
    }

    fn encode(&self) -> Result<String, rt::EncodeError> {
        match self {
            Self::Subscribe(message) => rt::frames::json::encode(message),
            Self::Pair(message) => rt::frames::json::encode(message),
            Self::Word(message) => rt::frames::text::encode(message),
        }
    }
}

#[derive(Debug)]
enum Reply {
    Json(rt::Value),
    Word(String),
}

impl rt::Frames for Reply {
    fn decode(_: usize, frame: &str) -> Result<Self, rt::DecodeError> {
        rt::frames::json::decode(frame).map(Self::Json)
    }

    fn encode(&self) -> Result<String, rt::EncodeError> {
        match self {
            Self::Json(value) => rt::frames::json::encode(value),
            Self::Word(word) => rt::frames::text::encode(word),
        }
    }
}

impl rt::Operation for Receive {
    type Message = ReceiveMessage;
    type Reply = Reply;
    const SPEC: rt::OperationSpec = rt::OperationSpec {
        endpoint: "/rooms/{room}/ws",
        name: "receive",
        messages: &[
            rt::MessageSpec {
                name: "subscribe",
                matcher: rt::Matcher::Tag { pointer: "/action", value: "\"subscribe\"" },
                schema: schema("#/components/schemas/Subscribe"),
            },
            rt::MessageSpec {
                name: "pair",
                matcher: rt::Matcher::Shape,
                schema: schema("#/components/schemas/Pair"),
            },
            rt::MessageSpec {
                name: "word",
                matcher: rt::Matcher::Text,
                schema: schema("#/components/schemas/Word"),
            },
        ],
        correlation: Some("/meta/reqid"),
    };
}

struct Ticker;

#[derive(Debug)]
struct TickerMessage(f64);

impl rt::Frames for TickerMessage {
    fn decode(_: usize, frame: &str) -> Result<Self, rt::DecodeError> {
        let value: rt::Value = rt::frames::json::decode(frame)?;
        Ok(Self(value["tick"].as_f64().unwrap_or_default()))
    }

    fn encode(&self) -> Result<String, rt::EncodeError> {
        rt::frames::json::encode(&json!({"tick": self.0}))
    }
}

impl rt::Operation for Ticker {
    type Message = TickerMessage;
    type Reply = rt::Never;
    const SPEC: rt::OperationSpec = rt::OperationSpec {
        endpoint: "/rooms/{room}/ws",
        name: "ticker",
        messages: &[rt::MessageSpec {
            name: "ticker",
            matcher: rt::Matcher::Shape,
            schema: schema("#/components/schemas/Ticker"),
        }],
        correlation: None,
    };
}

struct Service(std::sync::Mutex<Option<rt::Caller>>);

impl rt::OperationRouter<Receive> for Service {
    async fn call(&self, caller: &rt::Caller, message: ReceiveMessage) -> Result<Option<Reply>, rt::Refusal> {
        *self.0.lock().expect("no panic") = Some(caller.clone());
        let room = caller.parameter("room").unwrap_or_default().to_owned();
        match message {
            ReceiveMessage::Subscribe(subscribe) if subscribe.symbols.is_empty() => {
                Err(rt::Refusal::new("nothing-to-do", "No symbols"))
            }
            ReceiveMessage::Subscribe(subscribe) => {
                let reply = json!({"ack": subscribe.action, "count": subscribe.symbols.len(), "room": room, "meta": {}});
                Ok(Some(Reply::Json(reply)))
            }
            ReceiveMessage::Pair((1, 1)) => Ok(None),
            ReceiveMessage::Pair((left, right)) => Ok(Some(Reply::Json(json!(left + right)))),
            ReceiveMessage::Word(word) => Ok(Some(Reply::Word(word.replace("ping", "pong")))),
        }
    }
}

async fn start() -> (TestServer, Arc<Service>) {
    let service = Arc::new(Service(std::sync::Mutex::default()));
    let endpoint = rt::Endpoint::new(&ENDPOINT).operation::<Receive, _>(service.clone()).sends::<Ticker>();
    let router = axum::Router::new();
    let server = TestServer::serve(TestServices::default(), vec![endpoint], router, |_| {}).await;
    (server, service)
}

#[tokio::test]
async fn messages_are_recognised_by_tag_shape_and_text() {
    let (server, _) = start().await;
    let mut client = server.connect("/rooms/blue/ws").await;
    let acknowledged =
        client.ask(json!({"action": "subscribe", "symbols": ["A", "B"], "meta": {"reqid": 7}})).await;
    assert_eq!(acknowledged, json!({"ack": "subscribe", "count": 2, "room": "blue", "meta": {"reqid": 7}}));
    assert_eq!(client.ask(json!([2, 3])).await, json!(5));
    client.send_text("ping").await;
    assert_eq!(client.text().await, "pong");
    client.send(json!([1, 1])).await;
    client.nothing_waits().await;
}

#[tokio::test]
async fn what_fits_no_message_is_answered() {
    let (server, _) = start().await;
    let mut client = server.connect("/rooms/blue/ws").await;
    let cases = [
        ("{\"action\":\"subscribe\",\"symbols\":7}", "invalid-payload"),
        ("{\"action\":\"subscribe\",\"symbols\":[7]}", "invalid-payload"),
        ("{\"action\":\"subscribe\",\"symbols\":[]}", "nothing-to-do"),
        ("{\"action\":\"dance\"}", "invalid-json"),
        ("{\"type\":\"dance\"}", "unknown-type"),
        ("[1,2,3]", "invalid-json"),
        ("pong", "invalid-json"),
    ];
    for (text, code) in cases {
        client.send_text(text).await;
        let answer = client.frame().await;
        assert_eq!((&answer["type"], &answer["payload"]["code"]), (&json!("error"), &json!(code)), "{text}");
    }
}

#[tokio::test]
async fn the_server_sends_to_everyone_or_to_one() {
    let (server, service) = start().await;
    let (mut one, mut two) = (server.connect("/rooms/a/ws").await, server.connect("/rooms/b/ws").await);
    one.ask(json!([1, 2])).await;
    two.ask(json!([1, 2])).await;
    let publisher = rt::OperationPublisher::<Ticker>::new(&server.node);
    assert_eq!(publisher.publish(&TickerMessage(1.5)).subscribers, 2);
    let caller = service.0.lock().expect("no panic").clone().expect("a caller");
    assert_eq!(publisher.send(&caller, &TickerMessage(2.0)).subscribers, 1);
    assert_eq!(one.frame().await, json!({"tick": 1.5}));
    assert_eq!(two.frame().await, json!({"tick": 1.5}));
    assert_eq!(two.frame().await, json!({"tick": 2}));
    one.nothing_waits().await;
    let headers = "authorization: Bearer token\r\n";
    let body = "{\"type\":\"ticker\",\"payload\":{\"tick\":3}}";
    assert_eq!(server.http("POST", "/publish", headers, body).await.json(), json!({"subscribers": 2}));
    assert_eq!(one.frame().await, json!({"tick": 3}));
    let body = "{\"type\":\"ticker\",\"payload\":{\"tock\":3}}";
    assert_eq!(server.http("POST", "/publish", headers, body).await.status, 422);
}
