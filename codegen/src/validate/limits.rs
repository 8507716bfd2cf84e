//! Numbers that make sense: limits of connections, windows, histories, and settings without effect.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::rules::extensions as rules;
use crate::spec::quantity::{duration_ms, size_bytes};
use crate::spec::{Declared, Document, Node};

/// Setting, least and largest value with a name for people.
const COUNTS: [(&str, i128, i128); 3] =
    [("maxDepth", 1, 100), ("maxSubscriptions", 1, 1_000_000), ("messagesPerSecond", 1, 1_000_000)];
const SIZES: [(&str, u64, &str, u64, &str); 2] =
    [("maxMessage", 128, "128B", 64 << 20, "64MiB"), ("queue", 1 << 10, "1KiB", 1 << 30, "1024MiB")];
const DURATIONS: [(&str, u64, &str); 2] = [("heartbeat", 100, "100ms"), ("lifetime", 1_000, "1s")];

/// The kinds of state.
const KINDS: [&str; 4] = ["latest", "merge", "keyed", "window"];

/// Settings of a state that belong to one kind.
const SETTINGS_OF_KINDS: [(&str, &str); 5] =
    [("key", "keyed"), ("maxKeys", "keyed"), ("whenFull", "keyed"), ("size", "window"), ("order", "window")];

pub(super) fn connections(document: &Document<'_>, sink: &mut Diagnostics) {
    for connection in document.endpoints.iter().filter_map(|endpoint| endpoint.connection) {
        for (key, least, most) in COUNTS {
            let Some(node) = connection.get(key) else { continue };
            if node.as_integer().is_some_and(|value| value >= 0 && (value < least || value > most)) {
                out_of_range(node, key, &format!("from {least} to {most}"), sink);
            }
        }
        for (key, least, least_text, most, most_text) in SIZES {
            let Some(node) = connection.get(key) else { continue };
            let size = node.as_str().and_then(size_bytes);
            if size.is_some_and(|size| size < least || size > most) {
                out_of_range(node, key, &format!("from {least_text} to {most_text}"), sink);
            }
        }
        if let Some(replay) = connection.get("replay") {
            replayed(replay, sink);
        }
        for (key, least, text) in DURATIONS {
            let Some(node) = connection.get(key) else { continue };
            if node.as_str().and_then(duration_ms).is_some_and(|ms| ms < least) {
                out_of_range(node, key, &format!("at least {text}"), sink);
            }
        }
    }
}

/// What is to be kept for those who come later can be kept.
fn replayed(replay: &Node, sink: &mut Diagnostics) {
    if let Some(size) = replay.get("size")
        && size.as_integer().is_some_and(|value| value == 0 || value > 100_000)
    {
        out_of_range(size, "size", "from 1 to 100000", sink);
    }
    if let Some(ttl) = replay.get("ttl").filter(|ttl| ttl.as_str().and_then(duration_ms) == Some(0)) {
        out_of_range(ttl, "ttl", "at least 1ms", sink);
    }
    if let Some(bytes) = replay.get("bytes") {
        let size = bytes.as_str().and_then(size_bytes);
        if size.is_some_and(|size| !(1 << 10..=64 << 20).contains(&size)) {
            out_of_range(bytes, "bytes", "from 1KiB to 64MiB", sink);
        }
    }
}

/// Something is sent to everyone where it is to be kept for those who come later.
pub(super) fn replays(document: &Document<'_>, sink: &mut Diagnostics) {
    for endpoint in &document.endpoints {
        let Some(entry) = endpoint.connection.and_then(|connection| connection.entry("replay")) else {
            continue;
        };
        let published =
            |broadcast: &Declared<'_>| broadcast.node.get("on").and_then(Node::as_str) != Some("connect");
        // From whose side operations are written does not matter here: any may be one that sends.
        let mut explicit = document.operations.iter().filter_map(|operation| operation.channel);
        if !endpoint.broadcasts.iter().any(published)
            && !explicit.any(|channel| endpoint.channels.contains(&channel))
        {
            let message =
                format!("`replay` has no effect where nothing is sent to everyone at {}", endpoint.address);
            let help = "declare a broadcast, or remove it";
            sink.push(Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, entry.key_span, message).help(help));
        }
    }
}

fn out_of_range(node: &Node, key: &str, range: &str, sink: &mut Diagnostics) {
    let message = format!("`{key}` is out of range");
    let help = format!("give it {range}");
    sink.push(Diagnostic::new(&rules::LIMIT_OUT_OF_RANGE, node.span, message).help(help));
}

pub(super) fn topics(document: &Document<'_>, sink: &mut Diagnostics) {
    for topic in document.endpoints.iter().flat_map(|endpoint| &endpoint.topics) {
        if let Some(state) = topic.node.get("state").filter(|state| state.is_mapping()) {
            window(topic, state, sink);
        }
        history(topic, sink);
        delivery(topic, sink);
        if let Some(node) = topic.node.get("maxSubscriptions")
            && node.as_integer() == Some(0)
        {
            out_of_range(node, "maxSubscriptions", "at least 1", sink);
        }
    }
}

pub(super) fn stores(document: &Document<'_>, sink: &mut Diagnostics) {
    for store in document.endpoints.iter().flat_map(|endpoint| &endpoint.states) {
        window(store, store.node, sink);
    }
}

fn window(owner: &Declared<'_>, state: &Node, sink: &mut Diagnostics) {
    let kind = state.get("kind").and_then(Node::as_str).unwrap_or_default();
    if let Some(size) = state.get("size")
        && size.as_integer() == Some(0)
        && kind == "window"
    {
        let message = format!("the window of `{}` keeps nothing", owner.name);
        sink.push(Diagnostic::new(&rules::WINDOW_SIZE_ZERO, size.span, message));
    }
    if let Some(most) = state.get("maxKeys").filter(|most| most.as_integer() == Some(0)) {
        out_of_range(most, "maxKeys", "at least 1", sink);
    }
    // Of a kind that does not exist nothing can be said.
    for (key, only) in SETTINGS_OF_KINDS.into_iter().filter(|_| KINDS.contains(&kind)) {
        if let Some(entry) = state.entry(key).filter(|_| kind != only) {
            let message = format!("`{key}` has no effect on a state of kind `{kind}`");
            let help = format!("it belongs to `kind: {only}`");
            sink.push(Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, entry.key_span, message).help(help));
        }
    }
}

fn history(topic: &Declared<'_>, sink: &mut Diagnostics) {
    let Some(history) = topic.node.get("history") else { return };
    let zero_size = history.get("size").filter(|size| size.as_integer() == Some(0));
    let zero_ttl = history.get("ttl").filter(|ttl| ttl.as_str().and_then(duration_ms) == Some(0));
    for node in zero_size.into_iter().chain(zero_ttl) {
        let message = format!("the history of `{}` keeps nothing", topic.name);
        sink.push(Diagnostic::new(&rules::HISTORY_ZERO, node.span, message));
    }
    let mode = topic.node.get("delivery").and_then(|delivery| delivery.get("mode"));
    if let Some(mode) = mode.filter(|mode| mode.as_str() == Some("latest")) {
        let message = format!(
            "clients of `{}` get only the latest values, so that none can say what it missed",
            topic.name
        );
        sink.push(Diagnostic::new(&rules::HISTORY_OF_LATEST, mode.span, message));
    }
}

fn delivery(topic: &Declared<'_>, sink: &mut Diagnostics) {
    let Some(delivery) = topic.node.get("delivery") else { return };
    let mode = delivery.get("mode").and_then(Node::as_str).unwrap_or("every");
    for key in ["key", "interval"] {
        if let Some(entry) = delivery.entry(key).filter(|_| mode == "every") {
            let message = format!("`{key}` has no effect where every update is delivered");
            let help = "it belongs to `mode: latest`";
            sink.push(Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, entry.key_span, message).help(help));
        }
    }
    let overflow = delivery.get("overflow").filter(|overflow| overflow.as_str() == Some("resync"));
    if let Some(overflow) =
        overflow.filter(|_| topic.node.get("state").is_none() && topic.node.get("snapshot").is_none())
    {
        let message = format!("`{}` has no state to start afresh from", topic.name);
        let help = "give the topic a `state`, or a `snapshot` that its service answers";
        sink.push(Diagnostic::new(&rules::SETTING_WITHOUT_EFFECT, overflow.span, message).help(help));
    }
}
