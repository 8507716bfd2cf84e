//! From the document to the model: what is not about schemas.

use std::path::Path;

use bellwire_codegen::model::{
    Action, Activity, Api, DeliveryMode, Matcher, OnInvalid, Order, Overflow, Retry, StateKind, Type,
};
use bellwire_codegen::{AsyncApiVersion, LoadOptions, Perspective, emit_asyncapi, load};

use crate::files::{Below, Texts, load_text, tests};

fn api(text: &str) -> Api {
    match load_text(text, Perspective::Server) {
        Ok(loaded) => loaded.api,
        Err(report) => panic!("{report}"),
    }
}

/// Loads what a model is served as.
fn again(api: &Api) -> Api {
    let path = Path::new(&api.name.wire).with_extension("yaml");
    let text = emit_asyncapi(api, AsyncApiVersion::V3_0_0);
    let reader = Texts([(path.clone(), text)].into());
    match load(&path, &reader, &LoadOptions::default()) {
        Ok(loaded) => loaded.api,
        Err(report) => panic!("{report}"),
    }
}

/// The first line in which two models differ, with what stands around it.
fn same(left: &Api, right: &Api) {
    if left == right {
        return;
    }
    let (left, right) = (format!("{left:#?}"), format!("{right:#?}"));
    let (left, right): (Vec<_>, Vec<_>) = (left.lines().collect(), right.lines().collect());
    let at = left.iter().zip(&right).position(|(a, b)| a != b).unwrap_or(left.len().min(right.len()));
    let show = |lines: &[&str]| lines[at.saturating_sub(25)..(at + 12).min(lines.len())].join("\n");
    panic!(
        "the models differ\n--- loaded\n{}\n--- loaded from what was served\n{}",
        show(&left),
        show(&right)
    );
}

const WHOLE: &str = "
asyncapi: 3.0.0
info: { title: Market, version: 1.0.0 }
servers:
  live: { host: example.com, protocol: wss, security: [{ $ref: '#/components/securitySchemes/token' }] }
channels:
  market:
    address: /api/{venue}/ws
    title: Market data
    parameters: { venue: { description: Where., enum: [paper, live], default: paper } }
    bindings: { ws: { query: { type: object, properties: { token: { type: string } } } } }
    x-connection:
      lifetime: 1h
      activity: message
      invalidPayload: close
      maxMessage: 64KiB
      closes: { heartbeat-timeout: { code: 1003, reason: Gone quiet, retry: later } }
      errors: { forbidden: { retry: later } }
    x-topics:
      bars:
        summary: Bars.
        tags: [{ name: data }]
        params:
          type: object
          properties:
            symbol: { type: string }
            options: { type: object, properties: { depth: { type: integer, format: int32, default: 5 } } }
          required: [symbol]
        update: { $ref: '#/components/schemas/Bar' }
        state: { kind: window, size: 20, order: newestLast, http: /bars }
        delivery: { mode: latest, interval: 250ms, flush: 1ms, overflow: dropOldest, compress: false }
        access: { claim: { symbol: symbols } }
        unwrap: [params]
        errors: { unknown-symbol: { description: No such symbol., details: { type: string } } }
        maxSubscriptions: 5
      order-book:
        params: { type: object, properties: { symbol: { type: string } } }
        update: { $ref: '#/components/schemas/Bar' }
        state: { kind: keyed, key: [close] }
        history: { size: 10, ttl: 5m }
        label: the book of {symbol}
    x-requests:
      orders.place:
        payload: { $ref: '#/components/schemas/Bar' }
        reply: { type: object, properties: { id: { type: string } } }
        errors: { market-closed: { retry: later } }
      bars.clear: { description: Forgets them all. }
    x-broadcasts:
      welcome: { payload: { type: object, properties: { text: { type: string } } }, on: connect }
      halt: { description: Trading stops. }
    messages:
      raw: { contentType: text/plain, payload: { type: string } }
      echo:
        payload: { type: object, properties: { action: { const: echo }, n: { type: integer, format: int32 } }, required: [action] }
        correlationId: { location: '$message.payload#/n' }
operations:
  sendRaw: { action: send, channel: { $ref: '#/channels/market' }, messages: [{ $ref: '#/channels/market/messages/raw' }] }
  echo:
    action: receive
    channel: { $ref: '#/channels/market' }
    messages: [{ $ref: '#/channels/market/messages/echo' }]
    reply: { messages: [{ $ref: '#/channels/market/messages/raw' }] }
components:
  schemas:
    Bar: { type: object, properties: { close: { type: number } }, required: [close] }
  securitySchemes:
    token: { type: http, scheme: bearer }
";

#[test]
fn settings_reach_the_model() {
    let api = api(WHOLE);
    let endpoint = &api.endpoints[0];
    assert_eq!((endpoint.name.wire.as_str(), endpoint.address.as_str()), ("market", "/api/{venue}/ws"));
    assert_eq!(endpoint.parameters[0].values, ["paper", "live"]);
    assert_eq!(endpoint.parameters[0].default.as_deref(), Some("paper"));
    assert_eq!(endpoint.security, ["token"]);
    let connection = &endpoint.connection;
    assert_eq!((connection.heartbeat_ms, connection.lifetime_ms), (30_000, Some(3_600_000)));
    assert_eq!((connection.activity, connection.on_invalid), (Activity::Message, OnInvalid::Close));
    assert_eq!((connection.max_message_bytes, connection.max_depth), (65_536, 32));
    assert_eq!(connection.http_base, "/api");
    let close = connection.closes.iter().find(|close| close.condition == "heartbeat-timeout").unwrap();
    assert_eq!((close.code, close.reason.as_str(), close.retry), (1003, "Gone quiet", Retry::Later));
    assert_eq!((connection.closes.len(), connection.errors.len()), (18, 10));
    let forbidden = connection.errors.iter().find(|error| error.name.wire == "forbidden").unwrap();
    assert_eq!(forbidden.retry, Retry::Later);
}

#[test]
fn topics_reach_the_model() {
    let api = api(WHOLE);
    let [bars, book] = api.endpoints[0].topics.as_slice() else { panic!("two topics") };
    assert_eq!((bars.name.rust.as_str(), bars.module.as_str()), ("Bars", "bars"));
    assert_eq!((book.name.rust.as_str(), book.name.typescript.as_str()), ("OrderBook", "orderBook"));
    assert_eq!((bars.label.as_str(), book.label.as_str()), ("{symbol}", "the book of {symbol}"));
    let state = bars.state.as_ref().unwrap();
    assert_eq!(state.kind, StateKind::Window { size: 20, order: Order::NewestLast });
    assert_eq!(bars.snapshot, Some(Type::Array(Box::new(bars.update.clone()))));
    assert_eq!(bars.delivery.mode, DeliveryMode::Latest { key: vec![], interval_ms: 250 });
    assert_eq!((bars.delivery.flush_ms, bars.delivery.overflow), (1, Overflow::DropOldest));
    assert!(!bars.delivery.compress);
    assert_eq!(book.history.as_ref().map(|history| (history.size, history.ttl_ms)), Some((10, 300_000)));
    let (_, _, nested) = &bars.param_shape.members[1];
    let (depth, default, _) = &nested.as_ref().unwrap().members[0];
    assert_eq!((depth.as_str(), default), ("depth", &Some(5.into())));
    assert_eq!(bars.errors[0].name.rust, "UnknownSymbol");
}

#[test]
fn requests_find_their_place_in_the_client() {
    let api = api(WHOLE);
    let [place, clear] = api.endpoints[0].requests.as_slice() else { panic!("two requests") };
    assert_eq!(place.path, ["orders", "place"]);
    assert_eq!((place.name.rust.as_str(), place.method.as_str()), ("OrdersPlace", "orders_place"));
    assert_eq!(clear.path, ["bars", "clear"]);
    assert!(clear.payload.is_none() && clear.reply.is_none());
}

#[test]
fn types_that_come_with_a_topic_clash_with_nothing() {
    let topic = "{ params: { type: object, properties: { s: { type: string } } }, update: { type: number } }";
    let api = api(&format!(
        "asyncapi: 3.0.0\ninfo: {{ title: T, version: 1.0.0 }}\nchannels:\n  c:\n    address: /\n    x-topics:\n      bars: {topic}\n      bars-publisher: {topic}\n"
    ));
    let names: Vec<_> = api.endpoints[0].topics.iter().map(|topic| topic.name.rust.as_str()).collect();
    assert_eq!(names, ["Bars", "BarsPublisher2"]);
}

/// Of two topics with one name the later is numbered, whatever the case of the language.
#[test]
fn both_languages_number_the_same_topic() {
    for names in [["order-book", "orderBook"], ["orderBook", "order-book"], ["order_book", "orderBook"]] {
        let topic = |name| format!("{name}: {{ params: {{ type: object }}, update: {{ type: string }} }}");
        let api = api(&format!(
            "asyncapi: 3.0.0\ninfo: {{ title: T, version: 1.0.0 }}\nchannels:\n  feed:\n    address: /ws\n    \
             x-topics: {{ {} }}\n",
            names.map(topic).join(", ")
        ));
        let named = api.endpoints[0]
            .topics
            .iter()
            .map(|topic| (topic.name.rust.as_str(), topic.module.as_str(), topic.name.typescript.as_str()));
        let expected =
            [("OrderBook", "order_book", "orderBook"), ("OrderBook2", "order_book_2", "orderBook_2")];
        assert_eq!(named.collect::<Vec<_>>(), expected, "{names:?}");
    }
}

#[test]
fn error_codes_of_one_request_are_told_apart_in_both_languages() {
    let api = api(
        "asyncapi: 3.0.0\ninfo: { title: T, version: 1.0.0 }\nchannels:\n  c:\n    address: /\n    x-requests:\n      \
         a: { errors: { self: {}, e1: {}, e-1: {} } }\n      b: { errors: { e-1: {} } }\n",
    );
    let names = api.endpoints[0].requests.iter().map(|request| {
        let errors = request.errors.iter();
        errors.map(|error| (error.name.rust.as_str(), error.name.typescript.as_str())).collect::<Vec<_>>()
    });
    let own = vec![("Self_", "Self"), ("E1_2", "E1_2"), ("E1", "E1")];
    assert_eq!(names.collect::<Vec<_>>(), [own, vec![("E1", "E1")]]);
}

#[test]
fn explicit_operations_keep_their_messages() {
    let api = api(WHOLE);
    let endpoint = &api.endpoints[0];
    let [raw, echo] = endpoint.channels[0].messages.as_slice() else { panic!("two messages") };
    assert_eq!(raw.matcher, Matcher::Text);
    assert_eq!(echo.matcher, Matcher::Tag { pointer: "/action".into(), value: "echo".into() });
    assert_eq!(echo.correlation.as_deref(), Some("/n"));
    let [send, receive] = endpoint.operations.as_slice() else { panic!("two operations") };
    assert_eq!((send.action, receive.action), (Action::Send, Action::Receive));
    assert_eq!(receive.reply.as_ref().map(|reply| reply.messages.clone()), Some(vec![0]));
}

#[test]
fn the_document_says_whose_side_it_is_written_from() {
    let turned = WHOLE.replace("servers:\n", "x-bellwire: { perspective: client }\nservers:\n");
    let actions: Vec<_> =
        api(&turned).endpoints[0].operations.iter().map(|operation| operation.action).collect();
    assert_eq!(actions, [Action::Receive, Action::Send]);
}

#[test]
fn what_is_served_means_the_same() {
    let api = api(WHOLE);
    same(&api, &again(&api));
    let reader = Below(tests().join("../../asyncapi"));
    let loaded = load(Path::new("trading.yaml"), &reader, &LoadOptions::default())
        .unwrap_or_else(|report| panic!("{report}"));
    same(&loaded.api, &again(&loaded.api));
}

#[test]
fn samples_served_again_mean_the_same() {
    for sample in [
        "binance-spot-streams.yaml",
        "coinbase.yaml",
        "gemini.yml",
        "kraken-message-filter.yml",
        "kraken-multiple-channels.yml",
        "slack-rtm.yml",
    ] {
        for perspective in [Perspective::Server, Perspective::Client] {
            let reader = Below(tests().join("samples"));
            let Ok(loaded) = load(Path::new(sample), &reader, &LoadOptions { perspective }) else {
                panic!("{sample}")
            };
            println!("{sample} {perspective:?}");
            same(&loaded.api, &again(&loaded.api));
        }
    }
}

#[test]
fn messages_may_be_shared_across_files() {
    let document = "
asyncapi: 3.0.0
info: { title: T, version: 1.0.0 }
channels:
  one: { $ref: './parts/channels.yaml#/one' }
operations:
  tick: { action: send, channel: { $ref: '#/channels/one' }, messages: [{ $ref: '#/channels/one/messages/tick' }] }
";
    let parts = "
one:
  address: /one
  messages: { tick: { $ref: '../messages.yaml#/tick' } }
";
    let messages =
        "tick: { payload: { type: object, properties: { type: { const: tick } }, required: [type] } }\n";
    let files = [("doc.yaml", document), ("parts/channels.yaml", parts), ("messages.yaml", messages)];
    let reader = Texts(files.map(|(path, text)| (path.into(), text.to_owned())).into());
    let loaded = load(Path::new("./doc.yaml"), &reader, &LoadOptions::default())
        .unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(loaded.api.endpoints[0].operations[0].messages, [0]);
    assert_eq!(loaded.files.len(), 3);
}
