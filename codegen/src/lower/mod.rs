//! From the document as written to the model.
//!
//! Total: every node is read leniently, so that lowering never stops. It runs even where mistakes have been found,
//! because what schemas mean is only checked here; its result counts only where there are none.

mod collisions;
mod connection;
mod declared;
mod docs;
mod ecmascript;
mod explicit;
pub(crate) mod http;
mod json;
mod matchers;
pub(crate) mod names;
mod naming;
pub(crate) mod schemas;
mod stores;
pub(crate) mod tables;

use names::Place;
use schemas::SchemaLowering;
use serde_json::Value;

use crate::Perspective;
use crate::diagnostics::Diagnostics;
use crate::emit::asyncapi::PERSPECTIVE_NOTE;
use crate::model::{Api, Docs, Endpoint, Parameter};
use crate::spec::document::entries;
use crate::spec::{self, Document, Node};

/// Lowers a document; `stem` is the API's own name.
pub(crate) fn lower(
    document: &Document<'_>,
    stem: &str,
    perspective: Perspective,
    sink: &mut Diagnostics,
) -> Api {
    let mut schemas = SchemaLowering::new(document.references);
    let named = naming::choose(document, stem);
    collisions::report(document, &named, sink);
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for (endpoint, named) in document.endpoints.iter().zip(named) {
        endpoints.push(lower_endpoint(document, endpoint, named, perspective, &mut schemas));
    }
    let types = schemas.finish(sink);
    for (endpoint, written) in endpoints.iter_mut().zip(&document.endpoints) {
        declared::shape_params(&mut endpoint.topics, &types);
        stores::bound(&mut endpoint.stores, &types);
        http::divide(&mut endpoint.requests, &types);
        http::complete_health(&mut endpoint.requests, &endpoint.connection.http_base, &types);
        endpoint.http_calls = http::calls(endpoint, &types);
        collisions::report_lowered(document, written, endpoint, sink);
        matchers::choose(endpoint, &types);
    }
    matchers::ambiguities(document, &endpoints, sink);
    matchers::patterns(document, &endpoints, &types, sink);
    let resolved = |node: Option<&Node>| {
        let value = node.map(|node| json::inline(document.references, node));
        value.filter(Value::is_object).unwrap_or_else(|| Value::Object(serde_json::Map::new()))
    };
    let components = document.root.get("components");
    Api {
        name: names::name(stem, Place::Type),
        info: info(document),
        servers: resolved(document.root.get("servers")),
        security_schemes: resolved(components.and_then(|node| node.get("securitySchemes"))),
        endpoints,
        types,
    }
}

/// The `info` object, without the words that a served document ends its description with.
fn info(document: &Document<'_>) -> Value {
    let mut info = document.root.get("info").map(Node::to_json).unwrap_or_default();
    let description = info.get("description").and_then(Value::as_str);
    let Some(own) = description.and_then(|text| text.strip_suffix(PERSPECTIVE_NOTE)) else { return info };
    let own = own.strip_suffix("\n\n").unwrap_or(own).to_owned();
    if let Some(info) = info.as_object_mut() {
        if own.is_empty() {
            info.shift_remove("description");
        } else {
            info.insert("description".into(), own.into());
        }
    }
    info
}

fn lower_endpoint<'a>(
    document: &Document<'a>,
    endpoint: &spec::Endpoint<'a>,
    named: naming::Named,
    perspective: Perspective,
    schemas: &mut SchemaLowering<'a>,
) -> Endpoint {
    let speaker = named.channel.map(|at| &document.channels[at]);
    let settings = endpoint.connection;
    let security = security(document, endpoint);
    let topics = endpoint.topics.iter().zip(named.topics);
    let topics = topics.filter_map(|(topic, name)| declared::topic(document, topic, name, schemas)).collect();
    let requests = endpoint.requests.iter().zip(named.requests);
    let requests =
        requests.map(|(request, name)| declared::request(document, request, name, schemas)).collect();
    let broadcasts = endpoint.broadcasts.iter().zip(named.broadcasts);
    let lowered =
        broadcasts.map(|(broadcast, name)| declared::broadcast(document, endpoint, broadcast, name, schemas));
    let mut broadcasts: Vec<_> = lowered.collect();
    let stores = stores::stores(endpoint, named.stores, schemas);
    stores::connect(&mut broadcasts, &stores);
    let explicit = explicit::lower(document, endpoint, &named.operations, perspective, schemas);
    Endpoint {
        name: named.endpoint,
        address: endpoint.address.clone(),
        parameters: parameters(document, endpoint),
        docs: speaker.map_or_else(Docs::default, |channel| docs::docs(|key| channel.node.get(key))),
        binding: binding(document, endpoint),
        connection: connection::lower(document, settings, &endpoint.address, &security, schemas),
        security,
        topics,
        requests,
        broadcasts,
        stores,
        channels: explicit.channels,
        operations: explicit.operations,
        // Named once the types are known.
        http_calls: Vec::new(),
    }
}

/// Parameters of the address, in the order in which it names them.
fn parameters(document: &Document<'_>, endpoint: &spec::Endpoint<'_>) -> Vec<Parameter> {
    let expressions = endpoint.address.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    let wires: Vec<&str> = expressions.map(|(name, _)| name).collect();
    let names = names::unique(&wires, Place::Field, &[]);
    let described = |wire: &str| {
        let mut channels = endpoint.channels.iter().map(|at| &document.channels[*at]);
        let node = channels.find_map(|channel| channel.node.get("parameters")?.get(wire))?;
        Some(document.references.resolve(node).ok()?.node)
    };
    let lowered = names.into_iter().map(|name| {
        let node = described(&name.wire);
        let values = node.and_then(|node| node.get("enum")).map_or(&[][..], Node::items);
        let default = node.and_then(|node| node.get("default")?.as_str());
        Parameter {
            docs: node.map_or_else(Docs::default, |node| docs::docs(|key| node.get(key))),
            values: values.iter().filter_map(Node::as_str).map(str::to_owned).collect(),
            default: default.map(str::to_owned),
            name,
        }
    });
    lowered.collect()
}

/// The `ws` binding of the first channel that has one; a query written into the address joins it.
fn binding(document: &Document<'_>, endpoint: &spec::Endpoint<'_>) -> Option<Value> {
    let channels = endpoint.channels.iter().map(|at| &document.channels[*at]);
    let written = channels.clone().find_map(|channel| {
        let bindings = document.references.resolve(channel.node.get("bindings")?).ok()?.node;
        let binding = json::inline(document.references, bindings.get("ws")?);
        binding.is_object().then_some(binding)
    });
    let query = channels.clone().find_map(|channel| {
        let address = channel.node.get("address")?.as_str()?;
        let (_, query) = spec::endpoint::split_address(Some(address));
        Some((channel, query?))
    });
    let Some((channel, query)) = query else { return written };
    let mut binding = written.unwrap_or_else(|| serde_json::json!({}));
    let described = |name: &str| {
        let node = entries(channel.node, "parameters").iter().find(|entry| entry.key == name)?;
        document.references.resolve(&node.value).ok()?.node.get("description")?.as_str()
    };
    if !binding["query"].is_object() {
        binding["query"] = serde_json::json!({ "type": "object", "properties": {} });
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let mut schema = serde_json::json!({ "type": "string" });
        if let Some(text) = described(value.trim_matches(['{', '}'])) {
            schema["description"] = text.trim().into();
        }
        if let Some(properties) = binding["query"]["properties"].as_object_mut() {
            properties.entry(name).or_insert(schema);
        }
    }
    Some(binding)
}

/// Security schemes of the servers that have the endpoint: each an alternative, each once.
fn security(document: &Document<'_>, endpoint: &spec::Endpoint<'_>) -> Vec<String> {
    let channels = endpoint.channels.iter().map(|at| &document.channels[*at]);
    let listed: Vec<String> = channels
        .filter_map(|channel| channel.node.get("servers"))
        .flat_map(Node::items)
        .filter_map(|item| Some(document.references.step(item).ok()?.location?.name()))
        .collect();
    let servers = entries(document.root, "servers").iter();
    let servers = servers.filter(|entry| listed.is_empty() || listed.contains(&entry.key));
    let mut names = Vec::new();
    for server in servers.filter_map(|entry| document.references.resolve(&entry.value).ok()) {
        for item in server.node.get("security").map_or(&[][..], Node::items) {
            let place = document.references.step(item).ok().and_then(|resolved| resolved.location);
            if let Some(name) = place.and_then(|place| place.component("securitySchemes"))
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
    names
}
