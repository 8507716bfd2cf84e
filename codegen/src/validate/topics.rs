//! Topics: parameters, keys, access and labels, held against the schemas they speak of.

use crate::diagnostics::{Diagnostic, Diagnostics, Rule};
use crate::nearest::nearest;
use crate::rules::extensions as rules;
use crate::spec::properties::Properties;
use crate::spec::{Declared, Document, Node};

/// Members of a reply to a subscription, which stand beside the parameters.
const IN_REPLY: [&str; 9] =
    ["status", "message", "topic", "code", "retry", "errors", "details", "offset", "epoch"];

fn topics<'d, 'a>(document: &'d Document<'a>) -> impl Iterator<Item = &'d Declared<'a>> {
    document.endpoints.iter().flat_map(|endpoint| &endpoint.topics)
}

fn properties<'a>(document: &Document<'a>, topic: &Declared<'a>, key: &str) -> Option<Properties<'a>> {
    Properties::read(document.references, topic.node.get(key)?)
}

pub(super) fn params(document: &Document<'_>, sink: &mut Diagnostics) {
    for topic in topics(document) {
        let (Some(entry), Some(properties)) =
            (topic.node.entry("params"), properties(document, topic, "params"))
        else {
            continue;
        };
        let choice = document
            .references
            .resolve(&entry.value)
            .is_ok_and(|resolved| ["oneOf", "anyOf"].iter().any(|key| resolved.node.get(key).is_some()));
        if properties.not_object || choice {
            let message = format!("the parameters of `{}` must be one object", topic.name);
            sink.push(
                Diagnostic::new(&rules::PARAMS_NOT_OBJECT, entry.key_span, message)
                    .help("give the schema `type: object` and `properties`, one per parameter"),
            );
        }
        for member in &properties.members {
            let key = member.key.as_str();
            if !IN_REPLY.contains(&key) {
                continue;
            }
            let message = format!("a parameter of `{}` cannot be called `{key}`", topic.name);
            sink.push(
                Diagnostic::new(&rules::RESERVED_PARAMETER_NAME, member.key_span, message)
                    .label(format!("the reply to a subscription has a `{key}` of its own"))
                    .related(topic.name_span, "the topic"),
            );
        }
    }
}

/// What only concerns clients that subscribe themselves.
const OF_CLIENTS: [&str; 5] = ["label", "unwrap", "errors", "access", "snapshot"];

pub(super) fn joined(document: &Document<'_>, sink: &mut Diagnostics) {
    let by_handler =
        |topic: &&Declared<'_>| topic.node.get("subscribe").and_then(Node::as_str) == Some("handler");
    for topic in topics(document).filter(by_handler) {
        for entry in OF_CLIENTS.iter().filter_map(|key| topic.node.entry(key)) {
            // A served document says of every topic how it is labelled.
            if entry.key == "label" && topic.node.get("pattern").is_some() {
                continue;
            }
            let message = format!("`{}` has no effect where the service subscribes", entry.key);
            sink.push(
                Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, entry.key_span, message)
                    .label(format!("no client subscribes to `{}` itself", topic.name)),
            );
        }
    }
}

/// Frames that hold the payload alone: whether that is all there is to say.
pub(super) fn messages(document: &Document<'_>, sink: &mut Diagnostics) {
    for topic in topics(document) {
        let Some(message) = topic.node.get("message") else { continue };
        let word = |key: &str| topic.node.get(key).and_then(Node::as_str);
        let state = topic.node.get("state");
        let kind = state.and_then(|state| state.get("kind").or(Some(state))).and_then(Node::as_str);
        let overflow = topic.node.get("delivery").and_then(|delivery| delivery.get("overflow"));
        let problem = if word("subscribe") != Some("handler") {
            "its clients subscribe themselves, and are told the topic"
        } else if topic.node.get("history").is_some() {
            "its updates are numbered"
        } else if matches!(kind, Some("keyed" | "window")) {
            "what it retains is a list"
        } else if overflow.is_some_and(|overflow| overflow.as_str() != Some("close")) {
            "clients are told what they missed"
        } else {
            continue;
        };
        let text = format!("the frames of `{}` cannot hold the payload alone", topic.name);
        let help = "leave `message` out, or what it is at odds with";
        sink.push(
            Diagnostic::new(&rules::INVALID_TOPIC_MESSAGE, message.span, text).label(problem).help(help),
        );
    }
}

pub(super) fn keys(document: &Document<'_>, sink: &mut Diagnostics) {
    for topic in topics(document) {
        let Some(update) = properties(document, topic, "update") else { continue };
        let state = topic.node.get("state");
        let kind = state.and_then(|state| state.get("kind").or(Some(state))).and_then(Node::as_str);
        if let (Some(node), Some(kind @ ("merge" | "keyed")), true) = (state, kind, update.not_object) {
            let message = format!("`{kind}` needs objects, and the updates of `{}` are not", topic.name);
            let help = "use `latest`, or give the updates `type: object`";
            sink.push(Diagnostic::new(&rules::STATE_NOT_OBJECT, node.span, message).help(help));
            continue;
        }
        if let Some(state) = state.filter(|state| kind == Some("keyed") && state.is_mapping()) {
            if state.get("key").is_none_or(|key| key.items().is_empty()) {
                let message = format!("the state of `{}` has no key", topic.name);
                sink.push(Diagnostic::new(&rules::STATE_KEY_NOT_FOUND, state.span, message).help(format!(
                    "name members of the update: `key: [{}]`",
                    update.keys().first().unwrap_or(&"id")
                )));
            }
            known(state, &update, topic, &rules::STATE_KEY_NOT_FOUND, sink);
        }
        if let Some(delivery) = topic.node.get("delivery") {
            known(delivery, &update, topic, &rules::DELIVERY_KEY_NOT_FOUND, sink);
        }
    }
}

/// Every name under `key` is a member that all updates have.
fn known(
    node: &Node,
    update: &Properties<'_>,
    topic: &Declared<'_>,
    rule: &'static Rule,
    sink: &mut Diagnostics,
) {
    let items = node.get("key").map_or(&[][..], Node::items);
    for (at, item) in items.iter().enumerate() {
        let Some(name) = item.as_str() else { continue };
        if let Some(first) = items[..at].iter().find(|before| before.as_str() == Some(name)) {
            let message = format!("the key of `{}` names `{name}` twice", topic.name);
            let diagnostic = Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, item.span, message);
            sink.push(diagnostic.related(first.span, "first named here"));
            continue;
        }
        if update.everywhere.contains(&name) || (update.open && update.get(name).is_none()) {
            continue;
        }
        let message = match update.get(name) {
            Some(_) => format!("not every update of `{}` has a member `{name}`", topic.name),
            None => format!("updates of `{}` have no member `{name}`", topic.name),
        };
        let diagnostic = Diagnostic::new(rule, item.span, message);
        sink.push(match nearest(name, update.everywhere.iter().copied()) {
            None if update.everywhere.is_empty() => {
                diagnostic.help(format!("declare `{name}` in the schema of the updates"))
            }
            Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
            None => {
                diagnostic.help(format!("they have {}", super::listed(update.everywhere.iter().copied())))
            }
        });
    }
}

pub(super) fn access(document: &Document<'_>, sink: &mut Diagnostics) {
    for endpoint in &document.endpoints {
        let topics = endpoint.topics.iter().map(|declared| (declared, "params"));
        let requests = endpoint.requests.iter().map(|declared| (declared, "payload"));
        for (declared, key) in topics.chain(requests) {
            let Some(claims) = declared.node.get("access").and_then(|access| access.get("claim")) else {
                continue;
            };
            let Some(properties) = properties(document, declared, key) else { continue };
            for entry in claims.entries() {
                if properties.open || properties.get(&entry.key).is_some() {
                    continue;
                }
                let message = format!("`{}` has no parameter `{}`", declared.name, entry.key);
                let diagnostic = Diagnostic::new(&rules::CLAIM_PARAMETER_NOT_FOUND, entry.key_span, message);
                sink.push(suggest(diagnostic, &entry.key, &properties));
            }
        }
    }
}

pub(super) fn labels(document: &Document<'_>, sink: &mut Diagnostics) {
    for topic in topics(document) {
        let Some(properties) = properties(document, topic, "params") else { continue };
        if let Some(label) = topic.node.get("label").filter(|label| label.as_str().is_some()) {
            let text = label.as_str().unwrap_or_default();
            let names = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or(rest));
            for name in names.filter(|name| properties.get(name).is_none()) {
                let message = format!("`{}` has no parameter `{name}`", topic.name);
                let diagnostic = Diagnostic::new(&rules::LABEL_PARAMETER_NOT_FOUND, label.span, message);
                sink.push(suggest(diagnostic, name, &properties));
            }
        }
    }
}

fn suggest(diagnostic: Diagnostic, name: &str, properties: &Properties<'_>) -> Diagnostic {
    match nearest(name, properties.keys()) {
        Some(meant) => diagnostic.help(format!("did you mean `{meant}`?")),
        None => diagnostic.help(format!("it has {}", super::listed(properties.keys()))),
    }
}
