//! The members of a client as a tree: `orders` is a topic, `orders.place` a request below it.

use crate::model::{Broadcast, Endpoint, Operation, Request, Topic};

/// Members that every client has; a topic, request or operation of that name gets a `_`.
const OWN_MEMBERS: [&str; 9] =
    ["broadcast", "close", "connect", "on", "receive", "request", "send", "status", "topic"];

/// What stands at one place of the tree.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    /// Something to subscribe to.
    Topic(&'a Topic),
    /// Something to call.
    Request(&'a Request),
    /// Something to listen to.
    Broadcast(&'a Broadcast),
    /// Either of the last two, written in plain AsyncAPI.
    Operation(&'a Operation),
}

/// One member, or the client itself.
#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    /// Usually one; the rules refuse what would hide one behind the other.
    pub(super) entries: Vec<Entry<'a>>,
    /// Members of the member, in document order.
    pub(super) children: Vec<(String, Node<'a>)>,
}

impl<'a> Node<'a> {
    /// Everything an endpoint declares.
    pub(super) fn of(endpoint: &'a Endpoint) -> Self {
        let mut root = Self::default();
        for topic in &endpoint.topics {
            root.insert(std::slice::from_ref(&topic.name.typescript), Entry::Topic(topic));
        }
        for request in &endpoint.requests {
            root.insert(&request.path, Entry::Request(request));
        }
        for broadcast in &endpoint.broadcasts {
            root.insert(std::slice::from_ref(&broadcast.name.typescript), Entry::Broadcast(broadcast));
        }
        for operation in &endpoint.operations {
            root.insert(std::slice::from_ref(&operation.name.typescript), Entry::Operation(operation));
        }
        for (name, _) in &mut root.children {
            if OWN_MEMBERS.contains(&name.as_str()) {
                name.push('_');
            }
        }
        root
    }

    fn insert(&mut self, path: &[String], entry: Entry<'a>) {
        let Some((first, rest)) = path.split_first() else {
            self.entries.push(entry);
            return;
        };
        let at = self.children.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
            self.children.push((first.clone(), Self::default()));
            self.children.len() - 1
        });
        self.children[at].1.insert(rest, entry);
    }
}
