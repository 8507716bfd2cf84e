//! What a server hosts beside its socket: the AsyncAPI document and the docs page.

use std::collections::HashSet;
use std::path::Path;

use bellwire_codegen::model::Api;
use bellwire_codegen::{AsyncApiVersion, LoadOptions, Perspective, emit_asyncapi, emit_docs, load};
use serde_json::{Value, json};

use crate::files::{Below, Texts, golden, load_text, tests};
use crate::golden::{api, cases};

/// Cases whose documents and pages are kept to be read.
const SHOWN: [&str; 4] = ["envelopes", "http-requests", "operations", "topics"];

fn trading() -> Api {
    let reader = Below(tests().join("../../asyncapi"));
    load(Path::new("trading.yaml"), &reader, &LoadOptions::default())
        .unwrap_or_else(|report| panic!("{report}"))
        .api
}

fn all() -> Vec<(String, Api)> {
    let cases = cases().into_iter().map(|case| (case.display().to_string(), api(&case)));
    cases.chain([("trading".to_owned(), trading())]).collect()
}

fn document(api: &Api, version: AsyncApiVersion) -> Value {
    serde_json::from_str(&emit_asyncapi(api, version)).unwrap()
}

#[test]
fn documents_and_pages_are_as_expected() {
    for name in SHOWN {
        let case = tests().join("golden").join(name);
        let api = api(&case);
        golden(&case.join("asyncapi.json"), &emit_asyncapi(&api, AsyncApiVersion::V3_0_0));
        golden(&case.join("asyncapi-2.4.0.json"), &emit_asyncapi(&api, AsyncApiVersion::V2_4_0));
        // Style and script are the same on every page; looking at them here would only repeat their sources.
        let page = emit_docs(&api);
        let start = page.find("<main").unwrap();
        let end = page.find("</main>").unwrap() + "</main>".len();
        golden(&case.join("docs.html"), &format!("{}\n", &page[start..end]));
    }
}

#[test]
fn every_case_served_again_means_the_same() {
    for (name, api) in all() {
        let path = Path::new(&api.name.wire).with_extension("yaml");
        let text = emit_asyncapi(&api, AsyncApiVersion::V3_0_0);
        let loaded = load(&path, &Texts([(path.clone(), text)].into()), &LoadOptions::default());
        let loaded = loaded.unwrap_or_else(|report| panic!("{name}:\n{report}"));
        assert!(loaded.api == api, "{name}: the model that was served and the one that was loaded differ");
    }
}

/// Messages of a 3.0.0 document: where they stand, and what they are.
fn messages(document: &Value) -> Vec<(String, &Value)> {
    let channels = document["channels"].as_object().unwrap().iter();
    let messages = channels.flat_map(|(channel, written)| {
        let messages = written["messages"].as_object().into_iter().flatten();
        messages.map(move |(key, message)| (format!("{channel}/{key}"), message))
    });
    messages.collect()
}

#[test]
fn example_frames_fit_their_schemas() {
    for (name, api) in all() {
        examples_fit(&name, &document(&api, AsyncApiVersion::V3_0_0));
    }
}

fn examples_fit(name: &str, document: &Value) {
    for (place, message) in messages(document) {
        let schema = json!({ "allOf": [message["payload"]], "components": document["components"] });
        let validator = jsonschema::draft7::options().should_validate_formats(true).build(&schema).unwrap();
        for example in message["examples"].as_array().into_iter().flatten() {
            if let Err(error) = validator.validate(&example["payload"]) {
                panic!("{name} {place}: {error}: {}", example["payload"]);
            }
        }
    }
}

/// A document of one topic with these parameters and updates.
fn topic(params: &str, update: &str) -> Api {
    let text = format!(
        "asyncapi: 3.0.0
info: {{ title: Odd, version: 1.0.0 }}
channels:
  feed:
    address: /ws
    x-topics:
      quotes: {{ params: {params}, update: {update} }}
"
    );
    load_text(&text, Perspective::Server).unwrap_or_else(|report| panic!("{report}")).api
}

#[test]
fn replies_to_subscriptions_have_room_beside_whatever_parameters_allow() {
    for rest in [
        "additionalProperties: false",
        "additionalProperties: { type: integer }",
        "propertyNames: { maxLength: 3 }",
        "patternProperties: { '^s': { minLength: 8 }, '^t': { type: integer } }",
        "maxProperties: 1",
    ] {
        let params = format!("{{ type: object, properties: {{ a: {{ type: string }} }}, {rest} }}");
        let document = document(&topic(&params, "{ type: integer }"), AsyncApiVersion::V3_0_0);
        examples_fit(rest, &document);
        let replies = messages(&document).into_iter().filter(|(place, _)| place.ends_with(".response"));
        assert!(replies.clone().count() > 0);
        for (place, reply) in replies {
            assert!(reply.get("examples").is_some(), "{rest}: {place} shows no example");
        }
    }
}

#[test]
fn values_too_long_to_read_are_no_examples() {
    for (update, shown) in [
        ("{ type: string, minLength: 20 }", true),
        ("{ type: array, items: { type: integer }, minItems: 20 }", true),
        ("{ type: string, minLength: 1000000 }", false),
        ("{ type: string, minLength: 99999999999 }", false),
        ("{ type: array, items: { type: integer }, minItems: 99999999999 }", false),
        (
            "{ type: array, minItems: 300, items: { type: array, minItems: 300, items: { type: string, minLength: 300 } } }",
            false,
        ),
    ] {
        let api = topic("{ type: object, properties: { a: { type: string } } }", update);
        let document = document(&api, AsyncApiVersion::V3_0_0);
        let (_, frame) =
            messages(&document).into_iter().find(|(place, _)| place.ends_with("/update")).unwrap();
        assert_eq!(frame.get("examples").is_some(), shown, "{update}");
        assert!(emit_docs(&api).len() < 200_000, "{update}");
    }
}

#[test]
fn members_that_multiply_are_no_examples() {
    // Ten members, each of ten members, and so on: so many schemas, and ten to that power of values.
    for (levels, shown) in [(2, true), (3, true), (6, false)] {
        let names: Vec<String> = (0..10).map(|at| format!("m{at}")).collect();
        let list = names.join(", ");
        let mut text = "asyncapi: 3.0.0
info: { title: T, version: 1.0.0 }
channels:
  main:
    address: /ws
    x-broadcasts:
      deep: { payload: { $ref: '#/components/schemas/L0' } }
components:
  schemas:
"
        .to_owned();
        for level in 0..levels {
            let next = level + 1;
            let member = |name: &String| format!("{name}: {{ $ref: '#/components/schemas/L{next}' }}");
            let members = names.iter().map(member).collect::<Vec<_>>().join(", ");
            text.push_str(&format!(
                "    L{level}: {{ type: object, required: [{list}], properties: {{ {members} }} }}\n"
            ));
        }
        text.push_str(&format!("    L{levels}: {{ type: string }}\n"));
        let api = load_text(&text, Perspective::Server).unwrap_or_else(|report| panic!("{report}")).api;
        let document = document(&api, AsyncApiVersion::V3_0_0);
        let (_, frame) = messages(&document).into_iter().find(|(place, _)| place.ends_with("/deep")).unwrap();
        assert_eq!(frame.get("examples").is_some(), shown, "{levels}");
        assert!(emit_docs(&api).len() < 200_000, "{levels}");
    }
}

#[test]
fn every_message_of_the_trading_api_shows_an_example() {
    let document = document(&trading(), AsyncApiVersion::V3_0_0);
    let without: Vec<_> = messages(&document)
        .into_iter()
        .filter(|(_, message)| message.get("examples").is_none())
        .map(|(place, _)| place)
        .collect();
    assert_eq!(without, Vec::<String>::new());
}

#[test]
fn what_is_served_is_the_same_on_every_run() {
    let served = |api: &Api| {
        let documents =
            [AsyncApiVersion::V3_0_0, AsyncApiVersion::V2_4_0].map(|version| emit_asyncapi(api, version));
        (documents, emit_docs(api))
    };
    assert!(served(&trading()) == served(&trading()));
}

/// Values of an attribute, in order.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!(" {name}=\"");
    page.split(&mark).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_link_of_the_page_leads_somewhere() {
    for (name, api) in all() {
        let page = emit_docs(&api);
        let page = &page[page.find("<body>").unwrap()..page.find("<script").unwrap()];
        let ids = attributes(page, "id");
        let unique: HashSet<&str> = ids.iter().copied().collect();
        assert_eq!(unique.len(), ids.len(), "{name}: an id occurs twice");
        for link in attributes(page, "href").into_iter().filter_map(|link| link.strip_prefix('#')) {
            assert!(unique.contains(link), "{name}: nothing is called {link}");
        }
    }
}

#[test]
fn the_page_is_small_and_needs_nothing_else() {
    let page = emit_docs(&trading());
    assert!(page.lines().count() <= 500);
    let inside = |open: &str, close: &str| {
        let start = page.rfind(open).unwrap() + open.len();
        page[start..].find(close).unwrap()
    };
    assert!(inside("<style>", "</style>") + inside("<script>", "</script>") < 100_000);
    for outside in ["src=", "@import", "url(", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

/// What the console of a page knows.
fn console(page: &str) -> Value {
    let data = page.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
    serde_json::from_str(data).unwrap()
}

#[test]
fn the_console_writes_lists_of_parameters_as_the_server_reads_them() {
    let text = "asyncapi: 3.0.0
info: { title: Lists, version: 1.0.0 }
channels:
  feed:
    address: /ws
    x-topics:
      quotes:
        params: { type: object, properties: { symbols: { type: array, items: { type: string } } } }
        update: { type: object, properties: { price: { type: integer } } }
        state: { kind: latest, http: /quotes }
      depth:
        params: { type: object, properties: { symbol: { type: string, default: A } } }
        update: { type: object, properties: { price: { type: integer } } }
        state: { kind: latest, http: /depth }
";
    let api = load_text(text, Perspective::Server).unwrap_or_else(|report| panic!("{report}")).api;
    let data = console(&emit_docs(&api));
    let over_http =
        data["endpoints"][0]["sends"].as_array().unwrap().iter().filter(|send| send["group"] == "HTTP");
    let lists: Vec<_> = over_http.map(|send| (&send["tag"], &send["http"]["lists"])).collect();
    let (json, none) = (json!("json"), Value::Null);
    assert_eq!(lists, [(&json!("GET /quotes"), &json), (&json!("GET /depth"), &none)]);
}

#[test]
fn hostile_prose_stays_text() {
    let hostile = "<script>alert(1)</script> </script><!-- <img onerror=alert(1)> [go](javascript:alert(1)) {{ x }} \\\"'";
    let hostile = serde_json::to_string(hostile).unwrap();
    let text = format!(
        "asyncapi: 3.0.0
info: {{ title: {hostile}, version: {hostile}, description: {hostile}, license: {{ name: {hostile}, url: 'javascript:alert(1)' }} }}
servers: {{ one: {{ host: example.com, protocol: ws, description: {hostile} }} }}
channels:
  feed:
    address: /ws
    description: {hostile}
    x-connection: {{ closes: {{ not-json: {{ reason: '<script>alert(1)</script>' }} }} }}
    x-topics:
      bars:
        summary: {hostile}
        description: {hostile}
        tags: [{{ name: {hostile} }}]
        params:
          type: object
          properties: {{ symbol: {{ type: string, description: {hostile}, default: {hostile} }} }}
        update: {{ type: object, description: {hostile}, properties: {{ {hostile}: {{ enum: [{hostile}] }} }} }}
        errors: {{ no-luck: {{ description: {hostile} }} }}
"
    );
    let api = load_text(&text, Perspective::Server).unwrap_or_else(|report| panic!("{report}")).api;
    let page = emit_docs(&api);
    let page = page.to_lowercase();
    assert_eq!(page.matches("<script").count(), 2, "the data and the script of the page itself");
    assert_eq!(page.matches("</script").count(), 2);
    for mark in ["<img", "href=\"javascript", "<script>alert", "<!-- <"] {
        assert!(!page.contains(mark), "{mark}");
    }
    assert!(console(&page).is_object());
}
