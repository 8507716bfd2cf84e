//! Identifiers of endpoints and of everything declared on them, chosen together so that none clash.

use std::collections::BTreeSet;

use super::names::{self, Place};
use crate::model::Name;
use crate::spec::document::entries;
use crate::spec::{Document, Endpoint};

/// Members that every client has.
const CLIENT_MEMBERS: &[&str] = &[
    "status",
    "connect",
    "close",
    "on",
    "topic",
    "request",
    "broadcast",
    "send",
    "receive",
    "then",
    "constructor",
];

/// Modules that generated folders have, and names that their files import.
const MODULES: &[&str] = &[
    "api",
    "endpoint",
    "publishers",
    "requests",
    "broadcasts",
    "operations",
    "stores",
    "types",
    "bellwire",
    "rt",
];

/// Types whose errors would be called like those of the runtime: `RequestError`, `FrameworkErrorCode`.
const OF_RUNTIME: [&str; 2] = ["Request", "Framework"];

/// What everything on one endpoint is called.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) endpoint: Name,
    /// The channel whose words describe the endpoint.
    pub(super) channel: Option<usize>,
    pub(super) topics: Vec<Member>,
    pub(super) requests: Vec<RequestName>,
    pub(super) broadcasts: Vec<Member>,
    /// In a module of their own.
    pub(super) stores: Vec<Member>,
    /// By index into the document's operations; `None` where another endpoint has it, or nothing is generated.
    pub(super) operations: Vec<Option<Member>>,
}

/// A type in Rust, a member of the client in TypeScript.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) name: Name,
    /// Rust method or module.
    pub(super) method: String,
}

/// A request, which may lie deeper in the client.
#[derive(Debug)]
pub(super) struct RequestName {
    pub(super) name: Name,
    pub(super) method: String,
    pub(super) path: Vec<String>,
}

/// Chooses every name, endpoint by endpoint.
pub(super) fn choose(document: &Document<'_>, stem: &str) -> Vec<Named> {
    let speakers: Vec<Option<usize>> =
        document.endpoints.iter().map(|endpoint| speaker(document, endpoint, stem)).collect();
    let wires: Vec<&str> =
        speakers.iter().map(|speaker| speaker.map_or(stem, |at| document.channels[at].id)).collect();
    let endpoint_names = names::unique(&wires, Place::Type, &[]);
    let taken = taken_types(document, &endpoint_names);
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    let scopes: Vec<Scope<'_>> =
        document.endpoints.iter().map(|endpoint| Scope::read(document, endpoint)).collect();
    let all: Vec<&str> = scopes.iter().flat_map(|scope| scope.wires()).collect();
    let wanted: Vec<String> =
        names::in_order(&all, Place::Type, &taken).into_iter().map(|name| name.rust).collect();
    let suffixes = scopes.iter().flat_map(Scope::suffixes);
    let mut types = apart(&wanted, suffixes).into_iter();
    let named = scopes.iter().zip(endpoint_names).zip(speakers);
    named
        .map(|((scope, endpoint), channel)| {
            let types: Vec<String> = types.by_ref().take(scope.wires().count()).collect();
            scope.name(document, types, endpoint, channel)
        })
        .collect()
}

/// The channel that speaks for an endpoint: the one that declares it, its only one, or the one of the API's own name.
/// A lone endpoint of many equal channels is named after the API.
fn speaker(document: &Document<'_>, endpoint: &Endpoint<'_>, stem: &str) -> Option<usize> {
    let plain = |at: &usize| document.channels[*at].node.get("x-topic").is_none();
    let mut own = endpoint.channels.iter().copied().filter(plain);
    endpoint.declaring.or_else(|| match endpoint.channels.as_slice() {
        [only] if plain(only) => Some(*only),
        _ => own
            .clone()
            .find(|at| document.channels[*at].id == stem)
            .or_else(|| if document.endpoints.len() > 1 { own.next() } else { None }),
    })
}

/// Types that generated code has of its own, by endpoint.
fn taken_types(document: &Document<'_>, endpoints: &[Name]) -> Vec<String> {
    let suffixes = ["Api", "Publishers", "Requests", "Connect", "Operations", "Stores"];
    let own = endpoints.iter().flat_map(|name| suffixes.map(|suffix| format!("{}{suffix}", name.rust)));
    let fallible = document.endpoints.iter().flat_map(|it| it.topics.iter().chain(&it.requests));
    let fallible = fallible.filter(|declared| !entries(declared.node, "errors").is_empty());
    let fallible = fallible.map(|declared| names::upper_camel(declared.name));
    own.chain(fallible.filter(|name| OF_RUNTIME.contains(&name.as_str()))).collect()
}

/// Renumbers what would clash with a type that comes with another: a topic `bars-publisher` beside a topic `bars`.
fn apart<'a>(wanted: &[String], suffixes: impl Iterator<Item = &'a [&'a str]>) -> Vec<String> {
    let mut used: BTreeSet<String> = BTreeSet::new();
    let settled = wanted.iter().zip(suffixes).map(|(wanted, suffixes)| {
        let brings = |name: &str| -> Vec<String> {
            std::iter::once("")
                .chain(suffixes.iter().copied())
                .map(|suffix| format!("{name}{suffix}"))
                .collect()
        };
        let mut tried = used.clone();
        let mut name = wanted.clone();
        while brings(&name).iter().any(|brought| used.contains(brought)) {
            tried.insert(name);
            name = names::numbered(wanted, Place::Type, &tried);
        }
        used.extend(brings(&name));
        name
    });
    settled.collect()
}

/// Paths into the client, of which the later of two that are equal is numbered: `orders.placeIt` beside `orders.place-it`.
fn apart_in_client(mut paths: Vec<Vec<String>>) -> Vec<Vec<String>> {
    for at in 0..paths.len() {
        let (before, rest) = paths.split_at_mut(at);
        let Some((path, after)) = rest.split_first_mut() else { break };
        if !before.contains(path) {
            continue;
        }
        let Some((last, above)) = path.split_last_mut() else { continue };
        let beside = before.iter().chain(&*after).filter(|other| other.starts_with(above));
        let used = beside.filter_map(|other| other.get(above.len()).cloned()).collect();
        *last = names::numbered(last, Place::Method, &used);
    }
    paths
}

/// What has a name of its own on one endpoint.
struct Scope<'a> {
    topics: Vec<&'a str>,
    requests: Vec<&'a str>,
    broadcasts: Vec<&'a str>,
    operations: Vec<(usize, &'a str)>,
    stores: Vec<&'a str>,
}

impl<'a> Scope<'a> {
    fn read(document: &Document<'a>, endpoint: &Endpoint<'a>) -> Self {
        let names = |list: &[crate::spec::Declared<'a>]| list.iter().map(|declared| declared.name).collect();
        let operations = document.operations.iter().enumerate();
        let operations = operations.filter(|(_, operation)| {
            operation.channel.is_some_and(|at| endpoint.channels.contains(&at))
                && !operation.is_expansion(document)
        });
        Self {
            topics: names(&endpoint.topics),
            requests: names(&endpoint.requests),
            broadcasts: names(&endpoint.broadcasts),
            stores: names(&endpoint.states),
            operations: operations.map(|(at, operation)| (at, operation.id)).collect(),
        }
    }

    fn wires(&self) -> impl Iterator<Item = &'a str> {
        let operations = self.operations.iter().map(|(_, wire)| wire);
        self.topics.iter().chain(&self.requests).chain(&self.broadcasts).chain(operations).copied()
    }

    /// Endings of the types that come with each, in the order of [`Scope::wires`].
    fn suffixes(&self) -> impl Iterator<Item = &'static [&'static str]> {
        let each = |count: usize, suffixes: &'static [&'static str]| std::iter::repeat_n(suffixes, count);
        each(self.topics.len(), &["Publisher", "Router", "Service"])
            .chain(each(self.requests.len(), &["Error"]))
            .chain(each(self.broadcasts.len(), &["Publisher"]))
            .chain(each(self.operations.len(), &["Message", "Publisher", "Reply"]))
    }

    /// Pairs type names with the members of the client.
    fn name(
        &self,
        document: &Document<'_>,
        types: Vec<String>,
        endpoint: Name,
        channel: Option<usize>,
    ) -> Named {
        let mut types = types.into_iter();
        let mut members = self.members();
        let mut next = |wire: &str, path: &mut dyn Iterator<Item = Name>| {
            let rust = types.next().unwrap_or_default();
            let member = path.next().unwrap_or_else(|| names::name(wire, Place::Method));
            Member {
                name: Name { wire: wire.to_owned(), rust, typescript: member.typescript },
                method: member.rust,
            }
        };
        let topics = self.topics.iter().map(|wire| next(wire, &mut members.topics)).collect();
        let requests = self.requests.iter().map(|wire| {
            let mut method = members.methods.next().into_iter();
            let member = next(wire, &mut method);
            let path = members.paths.next().unwrap_or_default();
            let typescript = path.last().cloned().unwrap_or_default();
            RequestName { name: Name { typescript, ..member.name }, method: member.method, path }
        });
        let requests = requests.collect();
        let broadcasts = self.broadcasts.iter().map(|wire| next(wire, &mut members.broadcasts)).collect();
        let mut operations = vec![None; document.operations.len()];
        for (at, wire) in &self.operations {
            operations[*at] = Some(next(wire, &mut members.operations));
        }
        let all = format!("{}Stores", endpoint.rust);
        let fields = names::in_order(&self.stores, Place::Field, &[]);
        let members = names::in_order(&self.stores, Place::Method, &[]);
        let markers = names::in_order(&self.stores, Place::Type, &[&all]);
        let stores = markers.into_iter().zip(fields).zip(members);
        let stores = stores.map(|((marker, field), member)| Member {
            name: Name { typescript: member.typescript, ..marker },
            method: field.rust,
        });
        let stores = stores.collect();
        Named { endpoint, channel, topics, requests, broadcasts, stores, operations }
    }

    /// Members of the client in the order of [`Scope::wires`]: topics, the first segments of requests, broadcasts, operations.
    fn members(&self) -> Members {
        let mut heads: Vec<&str> = Vec::new();
        for head in self.requests.iter().map(|wire| head(wire)) {
            if !heads.contains(&head) && !self.topics.contains(&head) {
                heads.push(head);
            }
        }
        let operations = self.operations.iter().map(|(_, wire)| *wire);
        let wires: Vec<&str> =
            self.topics.iter().chain(&heads).chain(&self.broadcasts).copied().chain(operations).collect();
        let taken: Vec<&str> = CLIENT_MEMBERS.iter().chain(MODULES).copied().collect();
        let mut named = names::in_order(&wires, Place::Method, &taken).into_iter();
        let mut part = |count: usize| named.by_ref().take(count).collect::<Vec<_>>();
        let (topics, head_names) = (part(self.topics.len()), part(heads.len()));
        let (broadcasts, operations) = (part(self.broadcasts.len()), part(self.operations.len()));
        let paths = self
            .requests
            .iter()
            .map(|wire| {
                let first = head(wire);
                let known = topics.iter().chain(&head_names).find(|name| name.wire == first);
                let first = known.map_or_else(|| first.to_owned(), |name| name.typescript.clone());
                let rest = wire.split('.').skip(1).map(|part| names::name(part, Place::Method).typescript);
                std::iter::once(first).chain(rest).collect()
            })
            .collect();
        let paths = apart_in_client(paths);
        Members {
            topics: topics.into_iter(),
            broadcasts: broadcasts.into_iter(),
            operations: operations.into_iter(),
            methods: names::in_order(&self.requests, Place::Method, &[]).into_iter(),
            paths: paths.into_iter(),
        }
    }
}

/// Names in the order in which they are handed out.
struct Members {
    topics: std::vec::IntoIter<Name>,
    broadcasts: std::vec::IntoIter<Name>,
    operations: std::vec::IntoIter<Name>,
    methods: std::vec::IntoIter<Name>,
    paths: std::vec::IntoIter<Vec<String>>,
}

fn head(wire: &str) -> &str {
    wire.split('.').next().unwrap_or(wire)
}
