//! Retained state of an endpoint: what feeds it, what it is keyed and filtered by, and who tells it.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::nearest::nearest;
use crate::rules::extensions as rules;
use crate::spec::properties::Properties;
use crate::spec::{Declared, Document, Endpoint, Node};

/// Every store with its endpoint.
fn stores<'d, 'a>(document: &'d Document<'a>) -> impl Iterator<Item = (&'d Endpoint<'a>, &'d Declared<'a>)> {
    document.endpoints.iter().flat_map(|endpoint| endpoint.states.iter().map(move |store| (endpoint, store)))
}

fn kind<'a>(store: &Declared<'a>) -> &'a str {
    store.node.get("kind").and_then(Node::as_str).unwrap_or_default()
}

fn is_on_connect(broadcast: &Declared<'_>) -> bool {
    broadcast.node.get("on").and_then(Node::as_str) == Some("connect")
}

/// Adds the name that was probably meant, or all there are.
fn meant<'n>(diagnostic: Diagnostic, name: &str, known: impl Iterator<Item = &'n str> + Clone) -> Diagnostic {
    match nearest(name, known.clone()) {
        Some(name) => diagnostic.help(format!("did you mean `{name}`?")),
        None if known.clone().next().is_none() => diagnostic.help("there are none"),
        None => diagnostic.help(format!("there are {}", super::listed(known))),
    }
}

/// `from` names broadcasts that are published.
pub(super) fn sources(document: &Document<'_>, sink: &mut Diagnostics) {
    for (endpoint, store) in stores(document) {
        for item in store.node.get("from").map_or(&[][..], Node::items) {
            let Some(name) = item.as_str() else { continue };
            let published = endpoint.broadcasts.iter().filter(|broadcast| !is_on_connect(broadcast));
            let known = published.map(|broadcast| broadcast.name);
            if known.clone().any(|known| known == name) {
                continue;
            }
            let message =
                format!("`{}` is fed by `{name}`, which is no broadcast that is published", store.name);
            let diagnostic = Diagnostic::new(&rules::STATE_SOURCE_NOT_FOUND, item.span, message);
            sink.push(meant(diagnostic, name, known));
        }
    }
}

/// A store's values have one schema, which fits its kind; keys and members exist in it.
pub(super) fn schemas(document: &Document<'_>, sink: &mut Diagnostics) {
    for (endpoint, store) in stores(document) {
        member(document, endpoint, store, sink);
        let Some(schema) = store.node.get("schema") else {
            let known = |name: &str| endpoint.broadcasts.iter().any(|broadcast| broadcast.name == name);
            let from = store.node.get("from").map_or(&[][..], Node::items);
            // A source that does not exist has been reported.
            if from.iter().filter_map(Node::as_str).all(known) {
                let message = format!("it is not clear what `{}` holds", store.name);
                sink.push(Diagnostic::new(&rules::STATE_WITHOUT_SCHEMA, store.name_span, message));
            }
            continue;
        };
        let Some(properties) = Properties::read(document.references, schema) else { continue };
        let kind = kind(store);
        if matches!(kind, "merge" | "keyed") && properties.not_object {
            let message = format!("`{kind}` needs objects, and the values of `{}` are not", store.name);
            let help = "use `latest`, or give the values `type: object`";
            sink.push(Diagnostic::new(&rules::STATE_NOT_OBJECT, place(store), message).help(help));
            continue;
        }
        if kind == "keyed" && store.node.get("key").is_none_or(|key| key.items().is_empty()) {
            let first = properties.keys().first().copied().unwrap_or("id");
            let message = format!("`{}` has no key", store.name);
            sink.push(
                Diagnostic::new(&rules::STATE_KEY_NOT_FOUND, store.name_span, message)
                    .help(format!("name members of its values: `key: [{first}]`")),
            );
        }
        let open = properties.open || properties.members.is_empty();
        if kind == "merge" && open && store.node.get("members").is_none_or(|kept| kept.items().is_empty()) {
            let message = format!("`{}` would keep every member it ever meets", store.name);
            sink.push(Diagnostic::new(&rules::STATE_WITHOUT_BOUND, place(store), message));
        }
        required(document, store, schema, sink);
        for list in ["key", "members"] {
            let items = store.node.get(list).map_or(&[][..], Node::items);
            for (at, item) in items.iter().enumerate() {
                let Some(name) = item.as_str() else { continue };
                if let Some(first) = items[..at].iter().find(|before| before.as_str() == Some(name)) {
                    let message = format!("`{list}` of `{}` names `{name}` twice", store.name);
                    let diagnostic = Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, item.span, message);
                    sink.push(diagnostic.related(first.span, "first named here"));
                    continue;
                }
                if properties.open || properties.members.is_empty() || properties.get(name).is_some() {
                    continue;
                }
                let message = format!("values of `{}` have no member `{name}`", store.name);
                let diagnostic = Diagnostic::new(&rules::STATE_KEY_NOT_FOUND, item.span, message);
                sink.push(meant(diagnostic, name, properties.keys().into_iter()));
            }
        }
    }
}

/// What the schema requires is kept.
fn required(document: &Document<'_>, store: &Declared<'_>, schema: &Node, sink: &mut Diagnostics) {
    let Some(kept) = store.node.entry("members") else { return };
    let names: Vec<&str> = kept.value.items().iter().filter_map(Node::as_str).collect();
    let Ok(schema) = document.references.resolve(schema) else { return };
    for name in schema.node.get("required").map_or(&[][..], Node::items).iter().filter_map(Node::as_str) {
        if !names.is_empty() && !names.contains(&name) {
            let message = format!("`{}` does not keep `{name}`, which its schema requires", store.name);
            sink.push(Diagnostic::new(&rules::STATE_MEMBER_REQUIRED, kept.key_span, message));
        }
    }
}

/// Where the kind stands, which asks for something.
fn place(store: &Declared<'_>) -> crate::source::Span {
    store.node.get("kind").map_or(store.name_span, |kind| kind.span)
}

/// `member` is a member of every source.
fn member(document: &Document<'_>, endpoint: &Endpoint<'_>, store: &Declared<'_>, sink: &mut Diagnostics) {
    let Some(entry) = store.node.entry("member") else { return };
    let Some(name) = entry.value.as_str() else { return };
    if store.node.get("take").and_then(Node::as_str) == Some("frame") {
        let message = format!("`member` has no effect where `{}` takes whole frames", store.name);
        sink.push(Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, entry.key_span, message));
        return;
    }
    let from = store.node.get("from").map_or(&[][..], Node::items).iter().filter_map(Node::as_str);
    for broadcast in from.filter_map(|name| endpoint.broadcasts.iter().find(|known| known.name == name)) {
        let properties = broadcast.node.get("payload");
        let properties = properties.and_then(|schema| Properties::read(document.references, schema));
        let Some(properties) = properties else { continue };
        if properties.open || properties.get(name).is_some() {
            continue;
        }
        let message = format!("the payload of `{}` has no member `{name}`", broadcast.name);
        let diagnostic = Diagnostic::new(&rules::STATE_KEY_NOT_FOUND, entry.value.span, message);
        sink.push(meant(diagnostic, name, properties.keys().into_iter()));
    }
}

/// `state` of a broadcast names stores, and is told to new connections.
pub(super) fn snapshots(document: &Document<'_>, sink: &mut Diagnostics) {
    for endpoint in &document.endpoints {
        for broadcast in &endpoint.broadcasts {
            let Some(held) = broadcast.node.entry("state") else {
                for key in ["http", "member"] {
                    if let Some(entry) = broadcast.node.entry(key) {
                        let message = format!("`{key}` has no effect on `{}`", broadcast.name);
                        let help = "it belongs to a broadcast with `state`";
                        sink.push(
                            Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, entry.key_span, message)
                                .help(help),
                        );
                    }
                }
                continue;
            };
            if !is_on_connect(broadcast) {
                let message =
                    format!("`{}` tells what is retained, but not to new connections", broadcast.name);
                sink.push(
                    Diagnostic::new(&rules::STATE_NOT_ON_CONNECT, held.key_span, message)
                        .related(broadcast.name_span, "the broadcast"),
                );
            }
            for item in held.value.items() {
                let Some(name) = item.as_str() else { continue };
                let known = endpoint.states.iter().map(|store| store.name);
                if known.clone().any(|known| known == name) {
                    continue;
                }
                let message = format!("nothing is retained under the name `{name}`");
                let diagnostic = Diagnostic::new(&rules::STATE_NOT_FOUND, item.span, message);
                sink.push(meant(diagnostic, name, known));
            }
        }
    }
}
