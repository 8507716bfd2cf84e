//! Topics, requests, broadcasts and plain operations as entries of the page.

use std::collections::HashSet;

use serde_json::Value;

use super::super::asyncapi::frames::{self, Frame};
use super::super::asyncapi::{derived_snapshot, duration, retry};
use super::super::examples::Examples;
use super::markdown::{escape, inline};
use super::types::{self, FieldView};
use super::{Failure, http, snippets, state};
use crate::model::{
    Action, Api, Broadcast, DeliveryMode, Docs, Endpoint, ErrorCode, HttpSubject, Message, Operation,
    Overflow, Parameter, Request, Topic, Type,
};

/// One section of the page.
pub(super) struct Entry {
    /// Anchor.
    pub(super) id: String,
    /// Name on the wire.
    pub(super) name: String,
    /// `topic`, `request`, …
    pub(super) kind: &'static str,
    /// Title of the group of entries without a tag.
    pub(super) plural: &'static str,
    /// One line of HTML.
    pub(super) summary: String,
    /// Blocks of HTML.
    pub(super) text: String,
    pub(super) deprecated: bool,
    pub(super) badges: Vec<Badge>,
    /// Title of the table of members.
    pub(super) members: &'static str,
    pub(super) fields: Vec<FieldView>,
    /// Types that travel, as HTML.
    pub(super) carries: Vec<(&'static str, String)>,
    pub(super) frames: Vec<FrameView>,
    /// TypeScript.
    pub(super) code: String,
    /// A line for the shell, where it goes over plain HTTP.
    pub(super) curl: Option<String>,
    pub(super) errors: Vec<Failure>,
    /// What the console offers: endpoint and frame type.
    pub(super) attempt: Option<String>,
}

/// A property at a glance.
pub(super) struct Badge {
    pub(super) text: String,
    pub(super) title: String,
}

/// An example frame.
pub(super) struct FrameView {
    pub(super) id: String,
    pub(super) tag: String,
    pub(super) from_client: bool,
    pub(super) summary: String,
    /// Frames as JSON text.
    pub(super) examples: Vec<String>,
}

/// Anchors are unique: a second use of a name takes the endpoint's in front.
pub(super) struct Anchors<'a> {
    endpoint: &'a str,
    taken: &'a mut HashSet<String>,
}

impl Anchors<'_> {
    pub(super) fn claim(&mut self, kind: &str, name: &str) -> String {
        let mut id = format!("{kind}-{}", name.replace(char::is_whitespace, "_"));
        while !self.taken.insert(id.clone()) {
            id = format!("{id}-{}", self.endpoint);
        }
        id
    }
}

/// Everything one endpoint offers, each with its first tag.
pub(super) fn entries(
    api: &Api,
    endpoint: &Endpoint,
    examples: &Examples<'_>,
    taken: &mut HashSet<String>,
) -> Vec<(Option<String>, Entry)> {
    let mut anchors = Anchors { endpoint: &endpoint.name.wire, taken };
    let mut out = Vec::new();
    for topic in &endpoint.topics {
        out.push((topic.tags.first().cloned(), self::topic(api, endpoint, topic, examples, &mut anchors)));
    }
    for request in &endpoint.requests {
        out.push((
            request.tags.first().cloned(),
            self::request(api, endpoint, request, examples, &mut anchors),
        ));
    }
    for broadcast in &endpoint.broadcasts {
        out.push((
            broadcast.tags.first().cloned(),
            self::broadcast(api, endpoint, broadcast, examples, &mut anchors),
        ));
    }
    for store in &endpoint.stores {
        out.push((None, state::entry(api, endpoint, store, &mut anchors)));
    }
    for operation in &endpoint.operations {
        out.push((
            operation.tags.first().cloned(),
            self::operation(api, endpoint, operation, examples, &mut anchors),
        ));
    }
    out
}

fn topic(
    api: &Api,
    endpoint: &Endpoint,
    topic: &Topic,
    examples: &Examples<'_>,
    anchors: &mut Anchors<'_>,
) -> Entry {
    let name = &topic.name.wire;
    let mut carries = vec![("Update", types::html(api, &topic.update))];
    if let Some(snapshot) = &topic.snapshot {
        let own = derived_snapshot(topic).as_ref() != Some(snapshot);
        carries.push((if own { "Snapshot (its own)" } else { "Snapshot" }, types::html(api, snapshot)));
    }
    let example = examples.of(&Type::Named(topic.params));
    let params = snippets::argument(example.as_ref());
    let snapshot =
        if topic.snapshot.is_some() { "\n  onSnapshot: (state) => console.log('now', state)," } else { "" };
    let code = format!(
        "const {member} = client.{member}.subscribe({params}, {{{snapshot}\n  onUpdate: (update) => console.log(update),\n}});",
        member = topic.name.typescript,
    );
    let code = if topic.by_handler {
        format!("client.{}.on((update) => console.log(update));", topic.name.typescript)
    } else {
        code
    };
    let given = example.filter(|example| example.as_object().is_some_and(|members| !members.is_empty()));
    let subject = HttpSubject::Topic(http::place(&endpoint.topics, topic));
    let now = http::snippet(endpoint, subject, Some("now"), given.as_ref());
    let code = [Some(code), now].into_iter().flatten().collect::<Vec<_>>().join("\n");
    let attempt = (!topic.by_handler).then(|| format!("{}|{name}.subscribe", endpoint.name.wire));
    Entry {
        badges: topic_badges(topic),
        members: "Parameters",
        fields: types::fields(api, api.type_def(topic.params)),
        carries,
        frames: frame_views(frames::of_topic(api, endpoint, topic, examples), anchors),
        code,
        errors: topic.errors.iter().map(|error| failure(api, error)).collect(),
        attempt,
        ..entry(anchors.claim("topic", name), name, ("topic", "Topics"), &topic.docs)
    }
}

fn request(
    api: &Api,
    endpoint: &Endpoint,
    request: &Request,
    examples: &Examples<'_>,
    anchors: &mut Anchors<'_>,
) -> Entry {
    let name = &request.name.wire;
    let payload = request.payload.as_ref();
    let example = payload.and_then(|payload| examples.given(&request.docs, payload));
    let code = request_code(endpoint, request, example.as_ref());
    let carries = payload.map(|payload| ("Payload", types::html(api, payload)));
    let reply = match request.produces() {
        Some(kind) => Some(("Result", format!("<code>{}</code>", escape(kind)))),
        None => request.reply.as_ref().map(|reply| ("Result", types::html(api, reply) + &added(request))),
    };
    let http_badge = request.http.iter().map(|over| {
        let title = if request.socket { "Over plain HTTP as well." } else { "Over plain HTTP." };
        badge(&http::tag(over), title)
    });
    let unanswered = request
        .notification
        .then(|| badge("notification", "Without an id it is not answered, not even when it fails."));
    let attempt = request.http.as_ref().filter(|_| !request.socket).map(http::tag);
    let frames =
        if request.socket { frames::of_request(api, endpoint, request, examples) } else { Vec::new() };
    Entry {
        members: "Payload",
        fields: members_of(api, payload),
        carries: carries.into_iter().chain(reply).collect(),
        frames: frame_views(frames, anchors),
        code,
        curl: request.http.as_ref().map(|over| http::curl(api, request, over, examples)),
        errors: request.errors.iter().map(|error| failure(api, error)).collect(),
        badges: http_badge.chain(unanswered).chain(request.access.iter().map(access_badge)).collect(),
        attempt: Some(format!("{}|{}", endpoint.name.wire, attempt.unwrap_or_else(|| name.clone()))),
        ..entry(anchors.claim("request", name), name, ("request", "Requests"), &request.docs)
    }
}

/// What the server adds of its health.
fn added(request: &Request) -> String {
    let members = request.http.iter().flat_map(|http| &http.health);
    let names: Vec<_> = members.map(|member| format!("<code>{}</code>", member.name())).collect();
    if names.is_empty() { String::new() } else { format!(" with {}", names.join(", ")) }
}

/// What a page writes to make the request: over the socket, over HTTP, or either.
fn request_code(endpoint: &Endpoint, request: &Request, example: Option<&Value>) -> String {
    let argument = request.payload.as_ref().map(|_| snippets::argument(example)).unwrap_or_default();
    let answers = request.reply.is_some() || request.produces().is_some();
    let result = if answers { "const result = " } else { "" };
    let path = request.path.join(".");
    let over_socket = request.socket.then(|| format!("{result}await client.{path}({argument});"));
    let subject = HttpSubject::Request(http::place(&endpoint.requests, request));
    let result = (answers && !request.socket).then_some("result");
    let over_http = http::snippet(endpoint, subject, result, example);
    over_socket.into_iter().chain(over_http).collect::<Vec<_>>().join("\n")
}

fn broadcast(
    api: &Api,
    endpoint: &Endpoint,
    broadcast: &Broadcast,
    examples: &Examples<'_>,
    anchors: &mut Anchors<'_>,
) -> Entry {
    let name = &broadcast.name.wire;
    let when = if broadcast.on_connect {
        badge("on connect", "Sent once to each new connection.")
    } else {
        badge("to everyone", "Sent to every connection when published.")
    };
    let mut badges = vec![when];
    if let Some(path) = broadcast.tells.as_ref().and_then(|told| told.http.as_ref()) {
        badges.push(badge(&format!("GET {path}"), "What it holds, over plain HTTP."));
    }
    let subject = HttpSubject::Broadcast(http::place(&endpoint.broadcasts, broadcast));
    let now = http::snippet(endpoint, subject, Some("now"), None);
    let now = now.map(|now| format!("\n{now}")).unwrap_or_default();
    Entry {
        badges,
        members: "Payload",
        fields: members_of(api, broadcast.payload.as_ref()),
        carries: broadcast.payload.iter().map(|payload| ("Payload", types::html(api, payload))).collect(),
        frames: frame_views(vec![frames::of_broadcast(api, endpoint, broadcast, examples)], anchors),
        code: format!("client.{}.on((payload) => console.log(payload));{now}", broadcast.name.typescript),
        attempt: http::attempt(endpoint, subject),
        ..entry(anchors.claim("broadcast", name), name, ("broadcast", "Broadcasts"), &broadcast.docs)
    }
}

fn operation(
    api: &Api,
    endpoint: &Endpoint,
    operation: &Operation,
    examples: &Examples<'_>,
    anchors: &mut Anchors<'_>,
) -> Entry {
    let name = &operation.name.wire;
    let receives = operation.action == Action::Receive;
    let asks = operation.messages.iter().map(|index| (operation.channel, *index, receives));
    let reply = operation.reply.iter();
    let answers =
        reply.flat_map(|reply| reply.messages.iter().map(move |index| (reply.channel, *index, !receives)));
    let mut frames = Vec::new();
    let mut carries = Vec::new();
    for (channel, index, from_client) in asks.chain(answers) {
        let message = &endpoint.channels[channel].messages[index];
        if let Some(payload) = &message.payload {
            carries
                .push((if from_client == receives { "Message" } else { "Reply" }, types::html(api, payload)));
        }
        frames.push(FrameView {
            id: anchors.claim("message", &message.name.wire),
            tag: message.name.wire.clone(),
            from_client,
            summary: message
                .docs
                .summary
                .as_deref()
                .or(message.docs.description.as_deref())
                .map(inline)
                .unwrap_or_default(),
            examples: message_example(message, examples).iter().map(Value::to_string).collect(),
        });
    }
    let member = &operation.name.typescript;
    let first =
        operation.messages.first().map(|index| &endpoint.channels[operation.channel].messages[*index]);
    let code = if receives {
        let example = first.and_then(|message| message_example(message, examples));
        format!("await client.{member}({});", snippets::argument(example.as_ref()))
    } else {
        format!("client.{member}.on((message) => console.log(message));")
    };
    let direction = if receives {
        badge("client sends", "The server receives it.")
    } else {
        badge("server sends", "The client receives it.")
    };
    let on_connect = operation.on_connect.then(|| badge("on connect", "Each new connection gets some, too."));
    Entry {
        badges: [direction].into_iter().chain(on_connect).collect(),
        members: "Members",
        fields: if carries.len() == 1 {
            members_of(api, first.and_then(|message| message.payload.as_ref()))
        } else {
            Vec::new()
        },
        carries,
        frames,
        code,
        attempt: first
            .filter(|_| receives)
            .map(|message| format!("{}|{name}/{}", endpoint.name.wire, message.name.wire)),
        ..entry(anchors.claim("operation", name), name, ("operation", "Operations"), &operation.docs)
    }
}

/// The example a message gives, else one made up.
pub(super) fn message_example(message: &Message, examples: &Examples<'_>) -> Option<Value> {
    let payload = message.payload.as_ref()?;
    examples.given(&message.docs, payload)
}

pub(super) fn entry(
    id: String,
    name: &str,
    (kind, plural): (&'static str, &'static str),
    docs: &Docs,
) -> Entry {
    Entry {
        id,
        name: name.to_owned(),
        kind,
        plural,
        summary: docs.summary.as_deref().map(inline).unwrap_or_default(),
        text: docs.description.as_deref().map(super::markdown::render).unwrap_or_default(),
        deprecated: docs.deprecated,
        badges: Vec::new(),
        members: "",
        fields: Vec::new(),
        carries: Vec::new(),
        frames: Vec::new(),
        code: String::new(),
        curl: None,
        errors: Vec::new(),
        attempt: None,
    }
}

pub(super) fn members_of(api: &Api, payload: Option<&Type>) -> Vec<FieldView> {
    match payload {
        Some(Type::Named(id)) => types::fields(api, api.type_def(*id)),
        _ => Vec::new(),
    }
}

fn frame_views(frames: Vec<Frame>, anchors: &mut Anchors<'_>) -> Vec<FrameView> {
    let views = frames.into_iter().map(|frame| FrameView {
        id: anchors.claim("message", &frame.tag),
        summary: inline(&frame.summary),
        from_client: frame.from_client,
        examples: frame.examples.iter().map(|example| example.frame.to_string()).collect(),
        tag: frame.tag,
    });
    views.collect()
}

/// One failure as a row.
pub(super) fn failure(api: &Api, error: &ErrorCode) -> Failure {
    let said =
        error.docs.description.as_deref().or(error.docs.summary.as_deref()).map(inline).unwrap_or_default();
    let details =
        error.details.as_ref().map(|ty| format!(" <span class=rule>details {}</span>", types::html(api, ty)));
    Failure {
        code: error.name.wire.clone(),
        name: String::new(),
        text: said + &details.unwrap_or_default(),
        retry: retry(error.retry),
    }
}

/// A parameter of the address as a row.
pub(super) fn parameter(parameter: &Parameter) -> FieldView {
    let docs = &parameter.docs;
    let said = docs.description.as_deref().or(docs.summary.as_deref()).map(inline).unwrap_or_default();
    let values: Vec<String> =
        parameter.values.iter().map(|value| format!("<code>{}</code>", escape(value))).collect();
    let default = parameter
        .default
        .as_ref()
        .map(|default| format!(" <span class=rule>default {}</span>", escape(default)));
    FieldView {
        name: parameter.name.wire.clone(),
        ty: if values.is_empty() { "string".into() } else { values.join(" ") },
        presence: if parameter.default.is_some() { "optional" } else { "required" },
        text: said + &default.unwrap_or_default(),
    }
}

fn topic_badges(topic: &Topic) -> Vec<Badge> {
    let mut badges = Vec::new();
    if let Some(state) = &topic.state {
        let (text, title) = state::kept(&state.kind);
        badges.push(Badge { text, title });
        if let Some(path) = &state.http {
            badges.push(badge(&format!("GET {path}"), "The same state over plain HTTP."));
        }
    }
    if topic.by_handler {
        badges.push(badge(
            "joined by the service",
            "What a client asks in another message decides who gets it.",
        ));
    }
    badges.push(delivery_badge(topic));
    if let Some(history) = &topic.history {
        let kept = format!(
            "{} publications are kept for {}; a returning client gets what it missed.",
            history.size,
            duration(history.ttl_ms)
        );
        badges.push(badge(&format!("history: {}", history.size), &kept));
    }
    if let Some(most) = topic.max_subscriptions {
        badges.push(badge(
            &format!("at most {most}"),
            "Subscriptions to this topic that one connection may hold.",
        ));
    }
    badges.extend(topic.access.iter().map(access_badge));
    badges
}

fn delivery_badge(topic: &Topic) -> Badge {
    let full = match topic.delivery.overflow {
        Overflow::Close => "a connection that cannot keep up is closed",
        Overflow::DropOldest => "the oldest queued update is dropped for a connection that cannot keep up",
        Overflow::Resync => "a connection that cannot keep up gets a fresh snapshot",
    };
    match &topic.delivery.mode {
        DeliveryMode::Every => badge("every update", &format!("Nothing is merged; {full}.")),
        DeliveryMode::Latest { key, interval_ms } => {
            let per = if key.is_empty() { String::new() } else { format!(" per {}", key.join(", ")) };
            let pace =
                if *interval_ms == 0 { String::new() } else { format!(", every {}", duration(*interval_ms)) };
            badge(&format!("latest{per}{pace}"), &format!("Older values that wait are replaced; {full}."))
        }
    }
}

fn access_badge(access: &Value) -> Badge {
    badge("restricted", &format!("Access: {access}"))
}

pub(super) fn badge(text: &str, title: &str) -> Badge {
    Badge { text: text.to_owned(), title: title.to_owned() }
}
