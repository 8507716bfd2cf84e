//! The members of a client as a tree: `orders` is a topic, `orders.place` a request below it.

use crate::model::{Broadcast, Endpoint, Operation, Request, Topic};

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
        for request in endpoint.socket_requests() {
            root.insert(&callable_path(request, &endpoint.requests), Entry::Request(request));
        }
        for broadcast in &endpoint.broadcasts {
            root.insert(std::slice::from_ref(&broadcast.name.typescript), Entry::Broadcast(broadcast));
        }
        for operation in &endpoint.operations {
            root.insert(std::slice::from_ref(&operation.name.typescript), Entry::Operation(operation));
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

/// The path of a request; a function has no members here, so what stands below another request stands beside it.
fn callable_path(request: &Request, all: &[Request]) -> Vec<String> {
    let path = &request.path;
    let is_request =
        |length: usize| all.iter().any(|other| other.path.len() == length && path.starts_with(&other.path));
    let Some(length) = (1..path.len()).find(|&length| is_request(length)) else { return path.clone() };
    let (above, below) = path.split_at(length - 1);
    above.iter().cloned().chain([below.join("_")]).collect()
}
