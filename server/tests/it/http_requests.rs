//! Requests over plain HTTP, with a contract written by hand in the style of generated code.

use std::time::Duration;

use bellwire::contract as rt;
use bellwire::{AuthMode, Period, Settings};
use rt::{Deserialize, Serialize, Value};
use serde_json::json;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::contract::REPLY;
use crate::harness::TestServer;
use crate::services::TestServices;
use crate::tokens::{SECRET, in_seconds, token};

const DOCUMENT: &str = r#"{"components":{"schemas":{
    "Draw":{"type":"object","additionalProperties":false,"required":["timeframe"],"properties":{
        "timeframe":{"enum":["2M","5M","zones"]},"width":{"type":"integer","minimum":10},
        "layers":{"type":"array","items":{"type":"string"}}}},
    "Note":{"type":"object","required":["id","text"],"properties":{"id":{"type":"string"},"text":{"type":"string"}}},
    "Fate":{"type":"object","required":["do"],"properties":{"do":{"type":"string"}}}}}}"#;

static SPEC: rt::EndpointSpec =
    rt::EndpointSpec { name: "charts", address: "/api/v1/ws", asyncapi_json: DOCUMENT, ..CHARTS };
const CHARTS: rt::EndpointSpec = rt::EndpointSpec {
    name: "",
    title: "Charts",
    version: "1.0.0",
    address: "",
    connection: REPLY.connection,
    asyncapi_json: "",
    asyncapi_2_json: "",
    docs_html: "",
};

const fn http(method: rt::HttpMethod, path: &'static str) -> rt::HttpSpec {
    rt::HttpSpec {
        method,
        path,
        produces: None,
        max_age_ms: None,
        parameters: &[],
        body: false,
        statuses: &[],
    }
}

macro_rules! requests {
    ($($name:ident $wire:literal $schema:expr, $payload:ty => $reply:ty, $http:expr $(, $access:literal)?;)*) => {$(
        struct $name;

        impl rt::Request for $name {
            type Payload = $payload;
            type Reply = $reply;
            type Error = rt::Refusal;
            const SPEC: rt::RequestSpec = rt::RequestSpec {
                name: $wire, payload: $schema, access: [$(Some($access),)? None][0], http: Some($http), socket: false,
                notification: false,
            };
        }
    )*};
}

const DRAW: Option<rt::SchemaRef> = Some(rt::SchemaRef::checked("#/components/schemas/Draw"));
const NOTE: Option<rt::SchemaRef> = Some(rt::SchemaRef::checked("#/components/schemas/Note"));
const FATE: Option<rt::SchemaRef> = Some(rt::SchemaRef::checked("#/components/schemas/Fate"));
const IN_DRAW: &[rt::HttpParameter] = &[
    rt::HttpParameter::new("timeframe", rt::HttpText::Text),
    rt::HttpParameter::new("width", rt::HttpText::Value),
    rt::HttpParameter::new("layers", rt::HttpText::Texts),
];
const ID: &[rt::HttpParameter] = &[rt::HttpParameter::new("id", rt::HttpText::Text)];

requests! {
    Draw "draw" DRAW, DrawPayload => DrawPayload, rt::HttpSpec { body: true, ..http(rt::HttpMethod::Post, "/draw") };
    Chart "chart" DRAW, DrawPayload => rt::Content, rt::HttpSpec {
        parameters: IN_DRAW, produces: Some("image/png"), max_age_ms: Some(60_000),
        ..http(rt::HttpMethod::Get, "/charts/{timeframe}.png")
    };
    Erase "erase" DRAW, DrawPayload => (), rt::HttpSpec {
        parameters: IN_DRAW, ..http(rt::HttpMethod::Delete, "/charts/{timeframe}.png")
    };
    Keep "keep" NOTE, Note => Note, rt::HttpSpec {
        parameters: ID, body: true, ..http(rt::HttpMethod::Put, "/notes/{id}")
    }, r#"{"claim":{"id":"symbols"}}"#;
    Health "health" None, rt::Empty => Value, http(rt::HttpMethod::Get, "/api/v1/health");
    Service "service" None, rt::Empty => Value, http(rt::HttpMethod::Get, "/");
    Meet "meet" FATE, Value => Value, rt::HttpSpec {
        body: true, statuses: &[("no-such-fate", 404)], ..http(rt::HttpMethod::Post, "/api/v1/ws")
    };
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct DrawPayload {
    timeframe: String,
    #[serde(default = "usual_width")]
    width: u32,
    #[serde(default)]
    layers: Vec<String>,
}

fn usual_width() -> u32 {
    800
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Note {
    id: String,
    text: String,
}

struct Charts;

impl rt::RequestRouter<Draw> for Charts {
    async fn call(&self, _: &rt::Caller, payload: DrawPayload) -> Result<DrawPayload, rt::Refusal> {
        Ok(payload)
    }
}

impl rt::RequestRouter<Chart> for Charts {
    async fn call(&self, _: &rt::Caller, payload: DrawPayload) -> Result<rt::Content, rt::Refusal> {
        Ok(rt::Content::new(format!("{} {} {:?}", payload.timeframe, payload.width, payload.layers)))
    }
}

impl rt::RequestRouter<Erase> for Charts {
    async fn call(&self, _: &rt::Caller, _: DrawPayload) -> Result<(), rt::Refusal> {
        Ok(())
    }
}

impl rt::RequestRouter<Keep> for Charts {
    async fn call(&self, _: &rt::Caller, payload: Note) -> Result<Note, rt::Refusal> {
        Ok(payload)
    }
}

impl rt::RequestRouter<Health> for Charts {
    async fn call(&self, _: &rt::Caller, _: rt::Empty) -> Result<Value, rt::Refusal> {
        Ok(json!({ "queued_messages": 3 }))
    }
}

impl rt::RequestRouter<Service> for Charts {
    async fn call(&self, caller: &rt::Caller, _: rt::Empty) -> Result<Value, rt::Refusal> {
        Ok(json!({ "name": "charts", "local": caller.remote_addr().is_some_and(|it| it.ip().is_loopback()) }))
    }
}

impl rt::RequestRouter<Meet> for Charts {
    async fn call(&self, _: &rt::Caller, payload: Value) -> Result<Value, rt::Refusal> {
        match payload["do"].as_str().unwrap_or_default() {
            "panic" => panic!("asked for"),
            "hang" => std::future::pending().await,
            code => Err(rt::Refusal::new(code, "No").at("/do", "is not possible")),
        }
    }
}

async fn server() -> TestServer {
    server_with(|_| {}).await
}

async fn server_with(change: impl FnOnce(&mut Settings)) -> TestServer {
    let charts = Arc::new(Charts);
    let endpoint = rt::Endpoint::new(&SPEC)
        .request::<Draw, _>(charts.clone())
        .request::<Chart, _>(charts.clone())
        .request::<Erase, _>(charts.clone())
        .request::<Keep, _>(charts.clone())
        .request::<Health, _>(charts.clone())
        .request::<Service, _>(charts.clone())
        .request::<Meet, _>(charts);
    TestServer::serve(TestServices::default(), vec![endpoint], axum::Router::new(), |settings| {
        settings.request_timeout = Some(Period(Duration::from_millis(300)));
        change(settings);
    })
    .await
}

const JSON: &str = "content-type: application/json\r\n";

#[tokio::test]
async fn a_body_is_the_payload_and_the_reply_is_bare() {
    let server = server().await;
    let answer = server.http("POST", "/draw", JSON, r#"{"timeframe":"5M"}"#).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"timeframe": "5M", "width": 800, "layers": []})));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let kept = server.http("PUT", "/notes/caf%C3%A9%2F1", JSON, r#"{"id":"other","text":"a"}"#).await;
    assert_eq!((kept.status, kept.json()), (200, json!({"id": "café/1", "text": "a"})));
    let root = server.get("/").await;
    assert_eq!((root.status, root.json()), (200, json!({"name": "charts", "local": true})));
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let server =
        server_with(|settings| settings.message_timeout = Some(Period(Duration::from_millis(100)))).await;
    let answer = server.http_in_part("POST", "/draw", JSON, "{\"timeframe\":").await;
    assert_eq!((answer.status, &answer.json()["code"]), (408, &json!("request-timeout")));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_taken_for_a_long_one() {
    let server = server().await;
    let mut stream = server.tcp().await;
    let request = "POST /draw HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
                   transfer-encoding: chunked\r\n\r\nno length\r\n";
    stream.write_all(request.as_bytes()).await.expect("writes");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer, and the end");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains(r#""code":"invalid-json""#), "{answer}");
}

#[tokio::test]
async fn an_address_asks_no_faster_than_it_may() {
    let server = server_with(|settings| settings.http_rate = Some(2)).await;
    let mut served = 0;
    let refused = loop {
        let answer = server.get("/").await;
        if answer.status != 200 {
            break answer;
        }
        served += 1;
    };
    assert!(served >= 4, "twice as many at once: {served}");
    assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("rate-limited")));
    assert_eq!(refused.headers["retry-after"], "1");
    for _ in 0..10 {
        assert_eq!(server.get("/api/v1/health").await.status, 200, "whoever looks after it is no client");
    }
    let metrics = server.get("/metrics").await.body;
    assert!(metrics.contains(r#"reply_errors_total{code="rate-limited"} 1"#), "{metrics}");
    let unbounded = server_with(|settings| settings.http_rate = Some(0)).await;
    for _ in 0..300 {
        assert_eq!(unbounded.get("/").await.status, 200);
    }
}

#[tokio::test]
async fn bytes_leave_as_they_are_and_only_once() {
    let server = server().await;
    let chart = server.get("/charts/5M.png?width=20&layers=a&layers=b,c").await;
    assert_eq!((chart.status, chart.body.as_str()), (200, r#"5M 20 ["a", "b,c"]"#));
    assert_eq!(chart.headers["content-type"], "image/png");
    assert_eq!(chart.headers["cache-control"], "max-age=60");
    let known = format!("if-none-match: \"x\", W/{}\r\n", chart.headers["etag"]);
    let again = server.http("GET", "/charts/5M.png?width=20&layers=a&layers=b%2Cc&layers=", &known, "").await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
    assert_eq!(server.http("GET", "/charts/5M.png", &known, "").await.status, 200, "other bytes");
    let head = server.http("HEAD", "/charts/5M.png", "", "").await;
    assert_eq!((head.status, head.body.as_str(), head.headers["content-length"].as_str()), (200, "", "9"));
    let erased = server.http("DELETE", "/charts/5M.png", "", "").await;
    assert_eq!((erased.status, erased.body.as_str()), (204, ""));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_pointers() {
    let server = server().await;
    let long = format!(r#"{{"timeframe":"{}"}}"#, "x".repeat(70_000));
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let foreign = format!("{JSON}origin: https://evil.example\r\n");
    let good = r#"{"timeframe":"5M"}"#;
    let cases: &[(&str, &str, &str, &str, u16, &str, &str)] = &[
        ("POST", "/draw", JSON, r#"{"timeframe":"7M"}"#, 422, "invalid-payload", "/timeframe"),
        ("POST", "/draw", JSON, r#"{"timeframe":"5M","width":1}"#, 422, "invalid-payload", "/width"),
        ("POST", "/draw", JSON, "", 422, "invalid-payload", ""),
        ("POST", "/draw", JSON, "{", 400, "invalid-json", ""),
        ("POST", "/draw", JSON, &deep, 400, "invalid-json", ""),
        ("POST", "/draw", JSON, &long, 413, "message-too-big", ""),
        ("POST", "/draw", form, "timeframe=5M", 415, "unsupported-media-type", ""),
        ("POST", "/draw", "", good, 415, "unsupported-media-type", ""),
        ("POST", "/draw", &foreign, good, 403, "forbidden", ""),
        ("GET", "/draw", "", "", 405, "method-not-allowed", ""),
        ("PATCH", "/charts/5M.png", "", "", 405, "method-not-allowed", ""),
        ("GET", "/charts/7M.png", "", "", 422, "invalid-payload", "/timeframe"),
        ("GET", "/charts/5M.png?width=wide", "", "", 422, "invalid-payload", "/width"),
        ("GET", "/charts/5M.png?colour=red", "", "", 422, "invalid-payload", ""),
        ("PUT", "/notes/1", JSON, "[1]", 422, "invalid-payload", ""),
        ("PUT", "/notes/%FF", JSON, r#"{"text":"a"}"#, 422, "invalid-payload", "/id"),
        ("GET", "/charts/%C3.png", "", "", 422, "invalid-payload", "/timeframe"),
        ("POST", "/api/v1/ws", JSON, r#"{"do":"no-such-fate"}"#, 404, "no-such-fate", "/do"),
        ("POST", "/api/v1/ws", JSON, r#"{"do":"rate-limited"}"#, 429, "rate-limited", "/do"),
        ("POST", "/api/v1/ws", JSON, r#"{"do":"not-authenticated"}"#, 401, "not-authenticated", "/do"),
        ("POST", "/api/v1/ws", JSON, r#"{"do":"market-closed"}"#, 422, "market-closed", "/do"),
        ("POST", "/api/v1/ws", JSON, r#"{"do":"panic"}"#, 500, "internal", ""),
        ("POST", "/api/v1/ws", JSON, r#"{"do":"hang"}"#, 504, "request-timeout", ""),
    ];
    for (method, path, headers, body, status, code, pointer) in cases {
        let answer = server.http(method, path, headers, body).await;
        let said = answer.json();
        assert_eq!((answer.status, &said["code"]), (*status, &json!(code)), "{method} {path}: {said}");
        if !pointer.is_empty() {
            assert_eq!(said["errors"][0]["pointer"], *pointer, "{method} {path}: {said}");
        }
        match status {
            405 => assert!(answer.headers["allow"].contains("OPTIONS")),
            401 => assert_eq!(answer.headers["www-authenticate"], "Bearer"),
            429 => assert_eq!(answer.headers["retry-after"], "1"),
            _ => {}
        }
    }
    assert_eq!(
        server.http("OPTIONS", "/charts/5M.png", "", "").await.headers["allow"],
        "GET, HEAD, DELETE, OPTIONS"
    );
    for path in ["/charts/5M.jpg", "/charts/.png", "/draw/", "/nothing"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
    assert_eq!(server.http("DELETE", "/api/v1/publish", "", "").await.status, 405);
    assert_eq!(server.get("/api/v1/ws").await.status, 426, "a socket is still no page");
}

#[tokio::test]
async fn a_request_at_the_place_of_health_adds_to_it() {
    let server = server().await;
    let mut client = server.client().await;
    let health = server.get("/api/v1/health").await.json();
    assert_eq!(
        (&health["status"], &health["active_connections"], &health["queued_messages"]),
        (&json!("healthy"), &json!(1), &json!(3))
    );
    assert_eq!(server.get("/health").await.json().get("queued_messages"), None);
    let unknown = client.ask(json!({"type": "draw", "payload": {"timeframe": "5M"}})).await;
    assert_eq!(unknown["payload"]["code"], "unknown-type", "it is not made over the socket");
}

#[tokio::test]
async fn who_asks_is_known_by_a_token_and_may_do_what_its_claims_cover() {
    for mode in [AuthMode::Required, AuthMode::Optional] {
        let server = server_with(|settings| {
            settings.auth_mode = Some(mode);
            settings.auth_secret = Some(SECRET.into());
        })
        .await;
        let ask = async |authorization: &str| {
            let headers = format!("{JSON}{authorization}");
            let answer = server.http("PUT", "/notes/A", &headers, r#"{"text":"x"}"#).await;
            let challenge = answer.headers.get("www-authenticate").cloned().unwrap_or_default();
            (answer.status, challenge, answer.json())
        };
        let bearer = |token: &str| format!("authorization: Bearer {token}\r\n");
        let (status, challenge, body) = ask("").await;
        assert_eq!(
            (status, &*challenge, &body["code"]),
            (401, "Bearer", &json!("not-authenticated")),
            "{mode:?}"
        );
        let expired = token(json!({"exp": in_seconds(-60.0)}));
        for bad in ["nonsense", &expired] {
            let (status, challenge, body) = ask(&bearer(bad)).await;
            assert_eq!((status, &*challenge), (401, "Bearer error=\"invalid_token\""), "{mode:?} {bad}");
            let detail_less =
                json!({"code": "not-authenticated", "message": "Invalid token", "retry": "never"});
            assert_eq!(body, detail_less, "{mode:?} {bad}");
        }
        let (status, challenge, body) = ask(&bearer(&token(json!({"symbols": ["B"]})))).await;
        assert_eq!((status, &*challenge, &body["code"]), (403, "", &json!("forbidden")), "{mode:?}");
        assert_eq!(body["errors"][0]["pointer"], "/id");
        let (status, _, body) = ask(&bearer(&token(json!({"symbols": ["A"]})))).await;
        assert_eq!((status, body), (200, json!({"id": "A", "text": "x"})), "{mode:?}");
        let open = server.get("/").await.status;
        assert_eq!(open, if mode == AuthMode::Required { 401 } else { 200 }, "a request without a rule");
        assert_eq!(server.get("/api/v1/health").await.status, 200, "health is nobody's secret");
    }
}
