//! Which types a client sends and which it receives, and where the two differ.
//!
//! A member with a default may be left out by whoever sends it and is always there for whoever receives it. A type with
//! such a member, at any depth, therefore has two forms.

use std::collections::BTreeSet;

use crate::model::{Action, Additional, Api, Endpoint, ErrorCode, Message, Shape, Type, TypeId};

/// Who writes a value, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The client writes it.
    Sent,
    /// The server writes it.
    Received,
}

/// The directions of every type of an API, and the names of their forms.
#[derive(Debug)]
pub(super) struct Usage<'a> {
    api: &'a Api,
    sent: BTreeSet<TypeId>,
    received: BTreeSet<TypeId>,
    differing: BTreeSet<TypeId>,
}

impl<'a> Usage<'a> {
    /// Follows every message of the API.
    pub(super) fn of(api: &'a Api) -> Self {
        let mut usage =
            Self { api, sent: BTreeSet::new(), received: BTreeSet::new(), differing: differing_types(api) };
        for endpoint in &api.endpoints {
            for (ty, direction) in payloads(endpoint) {
                usage.mark(&ty, direction);
            }
        }
        usage
    }

    /// The forms in which a type is printed, each with its name.
    pub(super) fn forms(&self, id: TypeId) -> Vec<(Direction, String)> {
        let received = self.received.contains(&id) || !self.sent.contains(&id);
        let sent = self.sent.contains(&id);
        let mut forms = Vec::new();
        if received || !self.differs(id) {
            forms.push((Direction::Received, self.name(id, Direction::Received)));
        }
        if sent && self.differs(id) {
            forms.push((Direction::Sent, self.name(id, Direction::Sent)));
        }
        forms
    }

    /// What a type is called where it is written by this side. `…Input` is kept for types that have both forms.
    pub(super) fn name(&self, id: TypeId, direction: Direction) -> String {
        let name = &self.api.type_def(id).name.typescript;
        if direction == Direction::Received || !self.differs(id) || !self.received.contains(&id) {
            return name.clone();
        }
        let mut input = format!("{name}Input");
        while self.api.types.iter().any(|other| other.name.typescript == input) {
            input.push('_');
        }
        input
    }

    fn differs(&self, id: TypeId) -> bool {
        self.differing.contains(&id)
    }

    fn mark(&mut self, ty: &Type, direction: Direction) {
        let mut open = named(ty);
        while let Some(id) = open.pop() {
            let seen = if direction == Direction::Sent { &mut self.sent } else { &mut self.received };
            if seen.insert(id) {
                open.extend(shape_types(&self.api.type_def(id).shape));
            }
        }
    }
}

/// Everything that crosses the socket of an endpoint.
fn payloads(endpoint: &Endpoint) -> Vec<(Type, Direction)> {
    let mut all = Vec::new();
    let mut add = |ty: &Option<Type>, direction| all.extend(ty.iter().map(|ty| (ty.clone(), direction)));
    let details = |errors: &[ErrorCode]| errors.iter().map(|error| error.details.clone()).collect::<Vec<_>>();
    for topic in &endpoint.topics {
        add(&Some(Type::Named(topic.params)), Direction::Sent);
        add(&Some(Type::Named(topic.params)), Direction::Received);
        add(&Some(topic.update.clone()), Direction::Received);
        add(&topic.snapshot, Direction::Received);
        details(&topic.errors).iter().for_each(|ty| add(ty, Direction::Received));
    }
    for request in &endpoint.requests {
        add(&request.payload, Direction::Sent);
        add(&request.reply, Direction::Received);
        details(&request.errors).iter().for_each(|ty| add(ty, Direction::Received));
    }
    for broadcast in &endpoint.broadcasts {
        add(&broadcast.payload, Direction::Received);
    }
    for store in &endpoint.stores {
        add(&Some(store.shown.clone()), Direction::Received);
    }
    for operation in &endpoint.operations {
        let own = match operation.action {
            Action::Receive => (Direction::Sent, Direction::Received),
            Action::Send => (Direction::Received, Direction::Sent),
        };
        for message in messages(endpoint, operation.channel, &operation.messages) {
            add(&message.payload, own.0);
        }
        if let Some(reply) = &operation.reply {
            for message in messages(endpoint, reply.channel, &reply.messages) {
                add(&message.payload, own.1);
            }
        }
    }
    all
}

/// Messages of a channel, by their indices.
pub(super) fn messages<'a>(
    endpoint: &'a Endpoint,
    channel: usize,
    indices: &'a [usize],
) -> impl Iterator<Item = &'a Message> {
    indices.iter().map(move |&index| &endpoint.channels[channel].messages[index])
}

/// Types with a default inside, at any depth.
fn differing_types(api: &Api) -> BTreeSet<TypeId> {
    let has_default = |shape: &Shape| match shape {
        Shape::Object(object) => object.fields.iter().any(|field| field.default.is_some()),
        _ => false,
    };
    let mut found: BTreeSet<_> =
        (0..api.types.len()).map(TypeId).filter(|&id| has_default(&api.type_def(id).shape)).collect();
    loop {
        let before = found.len();
        for id in (0..api.types.len()).map(TypeId) {
            if shape_types(&api.type_def(id).shape).iter().any(|other| found.contains(other)) {
                found.insert(id);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

/// The named types that a shape is made of.
pub(super) fn shape_types(shape: &Shape) -> Vec<TypeId> {
    match shape {
        Shape::Object(object) => {
            let kept = if let Additional::Kept(ty) = &object.additional { Some(ty) } else { None };
            object.fields.iter().map(|field| &field.ty).chain(kept).flat_map(named).collect()
        }
        Shape::Enum(_) => Vec::new(),
        Shape::Tagged(tagged) => tagged.arms.iter().map(|arm| arm.ty).collect(),
        Shape::Untagged(arms) => arms.iter().flat_map(|arm| named(&arm.ty)).collect(),
        Shape::Alias(ty) => named(ty),
    }
}

/// The named types that a use of a type mentions.
pub(super) fn named(ty: &Type) -> Vec<TypeId> {
    match ty {
        Type::Named(id) => vec![*id],
        Type::Array(item) | Type::Nullable(item) => named(item),
        Type::Tuple { items, rest } => items.iter().chain(rest.as_deref()).flat_map(named).collect(),
        Type::Map { key, value } => key.iter().copied().chain(named(value)).collect(),
        _ => Vec::new(),
    }
}
