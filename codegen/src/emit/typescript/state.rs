//! What is to be had over plain HTTP of what is retained: an interface from path to type.

use super::docs::Comment;
use super::expression::{Expression, joined};
use super::literal::{string, width};
use super::types::{Body, Item, Member, TypeWriter};
use super::usage::Direction;
use crate::model::Endpoint;

/// The interface, where anything has a path.
pub(super) fn items(writer: &mut TypeWriter<'_>, endpoint: &Endpoint, name: &str) -> Vec<Item> {
    let mut members = Vec::new();
    for store in &endpoint.stores {
        let Some(path) = &store.http else { continue };
        let ty = writer.expression(&store.shown, Direction::Received);
        members.push(member(&Comment::of(&store.docs), path, &ty));
    }
    for broadcast in &endpoint.broadcasts {
        let Some((told, payload)) = broadcast.tells.as_ref().zip(broadcast.payload.as_ref()) else {
            continue;
        };
        let Some(path) = &told.http else { continue };
        let payload = writer.expression(payload, Direction::Received);
        let held = told.member.as_ref().map(|member| format!("{}[{}]", payload.flat(), string(member)));
        let ty = held.map_or(payload, Expression::Atom);
        members.push(member(&Comment::of(&broadcast.docs), path, &ty));
    }
    if members.is_empty() {
        return Vec::new();
    }
    let about = "What a `GET` of each path answers: `(await (await fetch(path)).json()) as State[path]`.";
    let docs = Comment::default().paragraph(about).print(0);
    vec![Item { name: name.to_owned(), docs, body: Body::Interface(members) }]
}

fn member(docs: &Comment, path: &str, ty: &Expression) -> Member {
    let head = format!("readonly {}:", string(path));
    let text = joined(&head, &ty.print(2, 2 + width(&head) + 1, 1));
    Member { docs: docs.print(2), text }
}
