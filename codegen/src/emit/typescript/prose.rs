//! What the comments of a client say beside the document's own prose.

use super::contract::retry_word;
use super::docs::Comment;
use super::members::{Entry, Node};
use crate::model::{
    Broadcast, Delivery, DeliveryMode, Endpoint, ErrorCode, Operation, Order, Request, State, StateKind,
    Topic,
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
        docs =
            docs.paragraph("Goes unanswered where it comes without an id; this client sends one and waits.");
    }
    if let Some(failures) = failures(&request.errors) {
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
    let codes: Vec<_> = errors.iter().map(|error| format!("`{}`", error.code)).collect();
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
