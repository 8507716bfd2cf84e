//! Retained state: `x-state`, and how broadcasts feed and tell it.

use super::connection::Settings;
use super::declared::{state_kind, texts};
use super::docs::docs;
use super::names::upper_camel;
use super::naming::Member;
use super::schemas::{SchemaLowering, members};
use crate::model::{Additional, Broadcast, StateKind, Store, Take, Told, Type, TypeDef};
use crate::spec::shapes::extensions::STORE;
use crate::spec::{Declared, Endpoint, Node};

/// The stores of an endpoint; what lacks a schema or a kind has been reported and is left out.
pub(super) fn stores<'a>(
    endpoint: &Endpoint<'a>,
    named: Vec<Member>,
    schemas: &mut SchemaLowering<'a>,
) -> Vec<Store> {
    let declared = endpoint.states.iter().zip(named);
    declared.filter_map(|(declared, named)| store(endpoint, declared, named, schemas)).collect()
}

fn store<'a>(
    endpoint: &Endpoint<'a>,
    declared: &Declared<'a>,
    named: Member,
    schemas: &mut SchemaLowering<'a>,
) -> Option<Store> {
    let node = declared.node;
    let settings = Settings::new(Some(node), &STORE);
    let kind = state_kind(&settings.text("kind"), node, settings)?;
    let item = schemas.payload(node.get("schema")?, &format!("{}State", upper_camel(declared.name)));
    let initial = node.get("initial").filter(|initial| !initial.is_null()).map(Node::to_json);
    let member = node.get("member").and_then(Node::as_str);
    let value = match kind {
        StateKind::Latest | StateKind::Merge => item.clone(),
        StateKind::Keyed { .. } | StateKind::Window { .. } => Type::Array(Box::new(item.clone())),
    };
    let may_lack = matches!(kind, StateKind::Latest | StateKind::Merge) && initial.is_none();
    Some(Store {
        name: named.name,
        field: named.method,
        docs: docs(|key| node.get(key)),
        kind,
        from: from(endpoint, node),
        take: match (settings.text("take").as_str(), member) {
            ("frame", _) => Take::Frame,
            (_, Some(member)) => Take::Member(member.to_owned()),
            (_, None) => Take::Payload,
        },
        members: texts(node.get("members")),
        item,
        shown: if may_lack { Type::Nullable(Box::new(value.clone())) } else { value.clone() },
        value,
        initial,
        http: node.get("http").and_then(Node::as_str).map(str::to_owned),
    })
}

fn from(endpoint: &Endpoint<'_>, store: &Node) -> Vec<usize> {
    let Some(from) = store.get("from") else { return Vec::new() };
    let names = texts(Some(from));
    let published =
        |declared: &Declared<'_>| declared.node.get("on").and_then(Node::as_str) != Some("connect");
    let feeds = |declared: &Declared<'_>| {
        if from.as_str() == Some("all") {
            published(declared)
        } else {
            names.iter().any(|name| name == declared.name)
        }
    };
    let broadcasts = endpoint.broadcasts.iter().enumerate();
    broadcasts.filter(|(_, declared)| feeds(declared)).map(|(at, _)| at).collect()
}

/// What a broadcast tells new connections of the stores.
pub(super) fn told(endpoint: &Endpoint<'_>, broadcast: &Node) -> Option<Told> {
    let names = texts(Some(broadcast.get("state")?));
    let place = |name: &String| endpoint.states.iter().position(|store| store.name == name);
    let text = |key: &str| broadcast.get(key).and_then(Node::as_str).map(str::to_owned);
    Some(Told {
        stores: names.iter().filter_map(place).collect(),
        member: text("member"),
        http: text("http"),
    })
}

/// Tells every broadcast what it feeds.
pub(super) fn connect(broadcasts: &mut [Broadcast], stores: &[Store]) {
    for (at, broadcast) in broadcasts.iter_mut().enumerate() {
        let fed = stores.iter().enumerate().filter(|(_, store)| store.from.contains(&at));
        broadcast.feeds = fed.map(|(at, _)| at).collect();
    }
}

/// Fills in what the finished types say: of merged objects only the declared members are kept.
pub(super) fn bound(stores: &mut [Store], types: &[TypeDef]) {
    for store in stores.iter_mut().filter(|store| store.kind == StateKind::Merge && store.members.is_empty())
    {
        let Some(object) = members(types, &store.item) else { continue };
        if !matches!(object.additional, Additional::Kept(_)) {
            store.members = object.fields.iter().map(|field| field.name.wire.clone()).collect();
        }
    }
}
