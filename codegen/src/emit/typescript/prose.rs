//! What the comments of a client say beside the document's own prose.

use super::contract::retry_word;
use super::docs::Comment;
use super::members::{Entry, Node};
use crate::model::{
    Broadcast, Delivery, DeliveryMode, Endpoint, ErrorCode, HttpCall, HttpSubject, Operation, Order, Request,
    State, StateKind, Topic,
};

/// What a member of a client is for.
pub(super) fn member(endpoint: &Endpoint, node: &Node<'_>) -> Comment {
    let Some(first) = node.entries.first() else { return Comment::default() };
    match first {
        Entry::Topic(topic) => topic_docs(endpoint, topic),
        Entry::Request(request) => request_docs(request),
        Entry::Broadcast(broadcast) => broadcast_docs(broadcast),
        Entry::Operation(operation) => operation_docs(operation),
    }
}

/// What a function over plain HTTP is for.
pub(super) fn http_call(endpoint: &Endpoint, call: &HttpCall) -> Comment {
    let get = |path: Option<&String>, kind: Option<&StateKind>| {
        let path = path.map_or("", String::as_str);
        let most = match kind {
            Some(StateKind::Keyed { max_keys, .. }) => Some(*max_keys),
            Some(StateKind::Window { size, .. }) => Some(*size),
            _ => None,
        };
        match (call.limit, most) {
            (false, _) => format!("`GET {path}`"),
            (true, None) => format!("`GET {path}`; `limit`, from 1 on, shortens the list."),
            (true, Some(most)) => format!("`GET {path}`; `limit`, from 1 to {most}, shortens the list."),
        }
    };
    match call.subject {
        HttpSubject::Request(at) => {
            let request = &endpoint.requests[at];
            let made = request.http.as_ref();
            let made = made.map(|http| format!("`{} {}`", http.method.as_str(), http.path));
            let docs = Comment::of(&request.docs).paragraph(made.unwrap_or_default());
            let docs = failures(&request.errors).into_iter().fold(docs, Comment::paragraph);
            docs.declared_at(&format!("#/operations/{}", request.name.wire))
        }
        HttpSubject::Topic(at) => {
            let topic = &endpoint.topics[at];
            let state = topic.state.as_ref();
            let path = get(state.and_then(|state| state.http.as_ref()), state.map(|state| &state.kind));
            let docs = Comment::of(&topic.docs).paragraph(path);
            let docs = state.map(state_prose).into_iter().fold(docs, Comment::paragraph);
            let docs = docs.sentence("Fails with `unknown-type` as long as nothing is retained.");
            docs.declared_at(&format!("#/channels/{}.{}", endpoint.name.wire, topic.name.wire))
        }
        HttpSubject::Store(at) => {
            let store = &endpoint.stores[at];
            Comment::of(&store.docs).paragraph(get(store.http.as_ref(), Some(&store.kind)))
        }
        HttpSubject::Broadcast(at) => {
            let broadcast = &endpoint.broadcasts[at];
            let path = broadcast.tells.as_ref().and_then(|told| told.http.as_ref());
            let docs = Comment::of(&broadcast.docs).paragraph(get(path, None));
            docs.declared_at(&format!("#/operations/{}", broadcast.name.wire))
        }
    }
}

fn topic_docs(endpoint: &Endpoint, topic: &Topic) -> Comment {
    let mut docs = Comment::of(&topic.docs);
    let delivery: Vec<_> =
        topic.state.as_ref().map(state_prose).into_iter().chain(pace(&topic.delivery)).collect();
    if !delivery.is_empty() {
        docs = docs.paragraph(delivery.join(" "));
    }
    if let Some(failures) = failures(&topic.errors) {
        docs = docs.paragraph(failures);
    }
    docs.declared_at(&format!("#/channels/{}.{}", endpoint.name.wire, topic.name.wire))
}

fn request_docs(request: &Request) -> Comment {
    let mut docs = Comment::of(&request.docs);
    if request.notification {
        docs = docs.paragraph("Nothing answers: resolves once it is handed to the socket.");
    }
    if let Some(failures) = failures(&request.errors).filter(|_| !request.notification) {
        docs = docs.paragraph(failures);
    }
    docs.declared_at(&format!("#/operations/{}", request.name.wire))
}

fn broadcast_docs(broadcast: &Broadcast) -> Comment {
    let mut docs = Comment::of(&broadcast.docs);
    if broadcast.on_connect {
        docs = docs.paragraph("Comes once on each new connection.");
    }
    docs.declared_at(&format!("#/operations/{}", broadcast.name.wire))
}

fn operation_docs(operation: &Operation) -> Comment {
    Comment::of(&operation.docs).declared_at(&format!("#/operations/{}", operation.name.wire))
}

/// What a new subscriber gets first.
fn state_prose(state: &State) -> String {
    match &state.kind {
        StateKind::Latest => "The snapshot is the latest update.".to_owned(),
        StateKind::Merge => "The snapshot is all updates merged, member by member.".to_owned(),
        StateKind::Keyed { key, .. } => {
            format!("The snapshot is the latest update of each {}.", code_list(key))
        }
        StateKind::Window { size, order } => {
            let order = match order {
                Order::NewestFirst => "newest first",
                Order::NewestLast => "newest last",
            };
            format!("The snapshot is the last {size} updates, {order}.")
        }
    }
}

/// What may be left out between two updates.
fn pace(delivery: &Delivery) -> Option<String> {
    let DeliveryMode::Latest { key, interval_ms } = &delivery.mode else { return None };
    let which = if key.is_empty() { String::new() } else { format!(" of each {}", code_list(key)) };
    let pace = match interval_ms {
        0 => "a slow reader skips the values between".to_owned(),
        interval => format!("at most one per {interval} ms"),
    };
    Some(format!("Only the latest value{which} counts: {pace}."))
}

fn code_list(keys: &[String]) -> String {
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" and ")
}

fn failures(errors: &[ErrorCode]) -> Option<String> {
    let codes: Vec<_> = errors.iter().map(|error| format!("`{}`", error.name.wire)).collect();
    (!codes.is_empty()).then(|| format!("May fail with {}, or a code of the framework.", codes.join(", ")))
}

/// Why a code is given, and what to do then.
pub(super) fn error(error: &ErrorCode) -> Comment {
    let advice = match retry_word(error.retry) {
        "never" => "The same again fails again.",
        "later" => "The same may succeed later.",
        _ => "The same may succeed at once.",
    };
    Comment::of(&error.docs).sentence(advice)
}
