//! How frames are recognised: by a constant member where there is one, else by their shape.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::ecmascript;
use super::schemas::const_tags;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model::{Action, Endpoint, Matcher, Message, Operation, Type, TypeDef};
use crate::rules::operations::{AMBIGUOUS_MESSAGES, UNPORTABLE_PATTERN};
use crate::spec::{self, Document};
use crate::validate::messages::is_text;

/// Chooses a matcher for every explicit message of an endpoint.
///
/// Of a message's constant members the one is taken by which most messages of the endpoint can be told apart, so that
/// one look at a frame usually decides.
pub(super) fn choose(endpoint: &mut Endpoint, types: &[TypeDef]) {
    let tags = |message: &Message| -> Vec<(String, Value)> {
        message.payload.as_ref().map(|ty| const_tags(types, ty)).unwrap_or_default()
    };
    let mut values: HashMap<String, Vec<Value>> = HashMap::new();
    for message in endpoint.channels.iter().flat_map(|channel| &channel.messages) {
        for (pointer, value) in tags(message) {
            let seen = values.entry(pointer).or_default();
            if !seen.contains(&value) {
                seen.push(value);
            }
        }
    }
    for message in endpoint.channels.iter_mut().flat_map(|channel| &mut channel.messages) {
        if is_text(&message.content_type) {
            message.matcher = Matcher::Text;
            continue;
        }
        let power = |pointer: &str| values.get(pointer).map_or(0, Vec::len);
        let usable =
            |value: &Value| value.is_string() || value.is_boolean() || value.is_i64() || value.is_u64();
        let mut best: Option<(String, Value)> = None;
        for (pointer, value) in tags(message).into_iter().filter(|(_, value)| usable(value)) {
            if best.as_ref().is_none_or(|(other, _)| power(&pointer) > power(other)) {
                best = Some((pointer, value));
            }
        }
        message.matcher = match best {
            Some((pointer, value)) => Matcher::Tag { pointer, value },
            None => Matcher::Shape,
        };
    }
}

/// Reports messages that the same frame matches, where one side would have to choose.
pub(super) fn ambiguities(document: &Document<'_>, endpoints: &[Endpoint], sink: &mut Diagnostics) {
    for endpoint in endpoints {
        let mut heard: Vec<(&Operation, usize, usize)> = Vec::new();
        for operation in &endpoint.operations {
            let own: Vec<_> =
                operation.messages.iter().map(|number| (operation, operation.channel, *number)).collect();
            within(document, endpoint, &own, sink);
            if let Some(reply) = &operation.reply {
                let own: Vec<_> =
                    reply.messages.iter().map(|number| (operation, reply.channel, *number)).collect();
                within(document, endpoint, &own, sink);
            }
            if operation.action == Action::Receive {
                heard.extend(own);
            }
        }
        between(document, endpoint, &heard, sink);
        declared(document, endpoint, &heard, sink);
    }
}

/// Two messages of one operation.
fn within(
    document: &Document<'_>,
    endpoint: &Endpoint,
    uses: &[(&Operation, usize, usize)],
    sink: &mut Diagnostics,
) {
    each_clash(endpoint, uses, |a, b, tag| {
        let (first, second) = (message(endpoint, a), message(endpoint, b));
        let text = format!(
            "`{}` and `{}` of the operation `{}` both match {tag}",
            first.name.wire, second.name.wire, b.0.name.wire
        );
        report(document, endpoint, a, b, text, sink);
    });
}

/// Two messages, or one, that arrive in two operations.
fn between(
    document: &Document<'_>,
    endpoint: &Endpoint,
    uses: &[(&Operation, usize, usize)],
    sink: &mut Diagnostics,
) {
    each_clash(endpoint, uses, |a, b, tag| {
        if a.0.name == b.0.name {
            return;
        }
        let text =
            format!("a frame with {tag} may mean the operation `{}` or `{}`", a.0.name.wire, b.0.name.wire);
        report(document, endpoint, a, b, text, sink);
    });
}

/// A message written out that has the type of one that a topic or request brings.
fn declared(document: &Document<'_>, endpoint: &Endpoint, uses: &[Use<'_>], sink: &mut Diagnostics) {
    let owner = |wire: &str| {
        let verb = wire.strip_suffix(".subscribe").or_else(|| wire.strip_suffix(".unsubscribe"));
        let topic = endpoint.topics.iter().find(|topic| Some(topic.name.wire.as_str()) == verb);
        let request = endpoint.requests.iter().find(|request| request.name.wire == wire);
        topic
            .map(|topic| format!("topic `{}`", topic.name.wire))
            .or_else(|| request.map(|request| format!("request `{}`", request.name.wire)))
    };
    let tag = endpoint.connection.envelope.client_tag.as_str();
    for used in uses {
        let Matcher::Tag { pointer, value } = &message(endpoint, *used).matcher else { continue };
        let Some(wire) = value.as_str().filter(|_| pointer.strip_prefix('/') == Some(tag)) else { continue };
        if let Some(owner) = owner(wire) {
            let operation = &used.0.name.wire;
            let text =
                format!("a frame with `{tag}: {value}` may mean the {owner} or the operation `{operation}`");
            report(document, endpoint, *used, *used, text, sink);
        }
    }
}

type Use<'a> = (&'a Operation, usize, usize);

fn message<'a>(endpoint: &'a Endpoint, used: Use<'_>) -> &'a Message {
    &endpoint.channels[used.1].messages[used.2]
}

/// Pairs each use with an earlier one whose tag is the same.
fn each_clash<'a>(endpoint: &Endpoint, uses: &[Use<'a>], mut found: impl FnMut(Use<'a>, Use<'a>, String)) {
    let mut seen: HashMap<String, Use<'a>> = HashMap::new();
    for used in uses {
        let Matcher::Tag { pointer, value } = &message(endpoint, *used).matcher else { continue };
        let tag = format!("`{}: {value}`", pointer.trim_start_matches('/').replace('/', "."));
        match seen.get(&tag) {
            Some(earlier) => found(*earlier, *used, tag),
            None => {
                seen.insert(tag, *used);
            }
        }
    }
}

/// Reports texts that clients could not know by their pattern. What only servers read is the validator's business.
pub(super) fn patterns(
    document: &Document<'_>,
    endpoints: &[Endpoint],
    types: &[TypeDef],
    sink: &mut Diagnostics,
) {
    for endpoint in endpoints {
        let received = endpoint.operations.iter().filter_map(|operation| match operation.action {
            Action::Send => Some((operation.channel, &operation.messages)),
            Action::Receive => operation.reply.as_ref().map(|reply| (reply.channel, &reply.messages)),
        });
        let received = received.flat_map(|(channel, numbers)| numbers.iter().map(move |it| (channel, *it)));
        for (channel, number) in received.collect::<BTreeSet<_>>() {
            let message = &endpoint.channels[channel].messages[number];
            let Some(Type::Named(id)) = message.payload.as_ref().filter(|_| message.matcher == Matcher::Text)
            else {
                continue;
            };
            let Some(pattern) = types[id.0].pattern() else { continue };
            let Some(problem) = ecmascript::problem(pattern) else { continue };
            let Some(written) = written(document, endpoint, channel, number) else { continue };
            let payload = written.parts.get("payload");
            let payload = payload.and_then(|node| Some(document.references.resolve(node).ok()?.node));
            let own = payload.and_then(|node| node.get("pattern"));
            let text = format!(
                "clients cannot know `{}` by `{pattern}`: in JavaScript {}",
                written.id, problem.what
            );
            let span = own.map_or(written.id_span, |own| own.span);
            sink.push(Diagnostic::new(&UNPORTABLE_PATTERN, span, text).help(problem.help));
        }
    }
}

/// A message as the document has it.
fn written<'d, 'a>(
    document: &'d Document<'a>,
    endpoint: &Endpoint,
    channel: usize,
    number: usize,
) -> Option<&'d spec::Message<'a>> {
    let channel = &endpoint.channels[channel];
    let written = document.channels.iter().find(|written| written.id == channel.id)?;
    let wire = &channel.messages[number].name.wire;
    written.messages.iter().find(|message| message.id == *wire)
}

fn report(
    document: &Document<'_>,
    endpoint: &Endpoint,
    a: Use<'_>,
    b: Use<'_>,
    text: String,
    sink: &mut Diagnostics,
) {
    let place = |used: Use<'_>| Some(written(document, endpoint, used.1, used.2)?.id_span);
    let operation = document.operations.iter().find(|operation| operation.id == b.0.name.wire);
    let Some(span) = operation.map(|operation| operation.id_span) else { return };
    let mut diagnostic = Diagnostic::new(&AMBIGUOUS_MESSAGES, span, text);
    let places = [place(a), place(b)];
    for (at, place) in places.iter().enumerate() {
        if let Some(place) = place.filter(|place| at == 0 || Some(*place) != places[0]) {
            diagnostic = diagnostic.related(place, if at == 0 { "this message" } else { "and this one" });
        }
    }
    sink.push(diagnostic);
}
