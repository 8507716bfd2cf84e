//! Says which names had to be numbered, so that nobody finds out from generated code. The names are chosen in `naming`;
//! those of types and of their members are reported where they are chosen.

use super::names::{self, Place};
use super::naming::{Member, Named};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::model::{self, HttpSubject, Name};
use crate::rules::schemas::NAME_COLLISION;
use crate::source::Span;
use crate::spec::document::entries;
use crate::spec::{Declared, Document, Endpoint, Node};

/// The scope of the types that come with declarations.
const TYPES: &str = "types";

/// Something with identifiers in both languages.
struct Subject<'a> {
    kind: &'static str,
    wire: &'a str,
    span: Span,
    identifiers: Vec<Identifier>,
}

/// One identifier: what it would be, and what it is.
struct Identifier {
    language: &'static str,
    /// Where it has to be distinct.
    scope: &'static str,
    wanted: String,
    chosen: String,
}

impl Identifier {
    fn rust(scope: &'static str, wanted: &Name, chosen: &str) -> Self {
        Self { language: "Rust", scope, wanted: wanted.rust.clone(), chosen: chosen.to_owned() }
    }

    fn typescript(scope: &'static str, wanted: &Name, chosen: &str) -> Self {
        Self { language: "TypeScript", scope, wanted: wanted.typescript.clone(), chosen: chosen.to_owned() }
    }
}

/// Reports everything on endpoints whose name is another than its own.
pub(super) fn report(document: &Document<'_>, named: &[Named], sink: &mut Diagnostics) {
    let endpoints = document.endpoints.iter().zip(named).enumerate();
    let all = endpoints.flat_map(|(at, (endpoint, named))| {
        subjects(document, endpoint, named).into_iter().map(move |subject| (at, subject))
    });
    let all: Vec<(usize, Subject<'_>)> = all.collect();
    for (number, (endpoint, subject)) in all.iter().enumerate() {
        let numbered: Vec<&Identifier> =
            subject.identifiers.iter().filter(|it| it.wanted != it.chosen).collect();
        let Some(first) = numbered.first() else { continue };
        // Types have to be distinct in the whole API, all else on its endpoint.
        let before = all[..number].iter().find(|(other, subject)| {
            let mut theirs = subject.identifiers.iter();
            (other == endpoint || first.scope == TYPES)
                && theirs.any(|it| it.scope == first.scope && it.wanted == first.wanted)
        });
        sink.push(diagnostic(subject, &numbered, before.map(|(_, other)| other)));
    }
}

fn diagnostic(subject: &Subject<'_>, numbered: &[&Identifier], before: Option<&Subject<'_>>) -> Diagnostic {
    let Subject { kind, wire, .. } = subject;
    let in_language = |language: &str| {
        let mut of_language = numbered.iter().filter(|it| it.language == language);
        of_language.next().map(|it| format!("`{}` in {language}", it.chosen))
    };
    let becomes: Vec<String> = ["Rust", "TypeScript"].into_iter().filter_map(in_language).collect();
    let becomes = becomes.join(" and ");
    let wanted = numbered.first().map_or("", |it| it.wanted.as_str());
    match before {
        Some(other) => {
            let message = format!(
                "the {kind} `{wire}` would be called `{wanted}` like the {} `{}`; it becomes {becomes}",
                other.kind, other.wire
            );
            let related = format!("the {} is declared here", other.kind);
            Diagnostic::new(&NAME_COLLISION, subject.span, message).related(other.span, related)
        }
        None => {
            let message = format!(
                "the {kind} `{wire}` would be called `{wanted}` like something that generated code has; it becomes {becomes}"
            );
            Diagnostic::new(&NAME_COLLISION, subject.span, message).help("rename it")
        }
    }
}

/// Everything that is named on an endpoint, in the order in which identifiers are handed out.
fn subjects<'a>(document: &Document<'a>, endpoint: &Endpoint<'a>, named: &Named) -> Vec<Subject<'a>> {
    let mut all = Vec::new();
    for (declared, member) in endpoint.topics.iter().zip(&named.topics) {
        all.push(with_member("topic", declared.name, declared.name_span, member));
    }
    let mut heads: Vec<&str> = endpoint.topics.iter().map(|topic| topic.name).collect();
    for (declared, request) in endpoint.requests.iter().zip(&named.requests) {
        let (wire, head) = (declared.name, declared.name.split('.').next().unwrap_or(declared.name));
        let mut identifiers = vec![
            Identifier::rust(TYPES, &names::name(wire, Place::Type), &request.name.rust),
            Identifier::rust("requests", &names::name(wire, Place::Method), &request.method),
        ];
        // Requests that begin alike lie in one member of the client; those of HTTP alone lie in none.
        let is_member = declared.node.get("socket").and_then(Node::as_bool) != Some(false);
        if is_member && !heads.contains(&head) {
            heads.push(head);
            let chosen = request.path.first().map_or("", String::as_str);
            identifiers.push(Identifier::typescript("client", &names::name(head, Place::Method), chosen));
        }
        if let (true, Some((_, tail)), Some(chosen)) = (is_member, wire.rsplit_once('.'), request.path.last())
        {
            identifiers.push(Identifier::typescript("tails", &names::name(tail, Place::Method), chosen));
        }
        all.push(Subject { kind: "request", wire, span: declared.name_span, identifiers });
    }
    for (declared, member) in endpoint.broadcasts.iter().zip(&named.broadcasts) {
        all.push(with_member("broadcast", declared.name, declared.name_span, member));
    }
    for (operation, member) in document.operations.iter().zip(&named.operations) {
        if let Some(member) = member {
            all.push(with_member("operation", operation.id, operation.id_span, member));
        }
    }
    all.extend(endpoint.states.iter().zip(&named.stores).map(|(declared, member)| store(declared, member)));
    all
}

/// What is a type in Rust and a member of the client.
fn with_member<'a>(kind: &'static str, wire: &'a str, span: Span, member: &Member) -> Subject<'a> {
    let method = names::name(wire, Place::Method);
    let identifiers = vec![
        Identifier::rust(TYPES, &names::name(wire, Place::Type), &member.name.rust),
        Identifier::typescript("client", &method, &member.name.typescript),
        Identifier::rust("modules", &method, &member.method),
    ];
    Subject { kind, wire, span, identifiers }
}

fn store<'a>(declared: &Declared<'a>, member: &Member) -> Subject<'a> {
    let wire = declared.name;
    let identifiers = vec![
        Identifier::rust("stores", &names::name(wire, Place::Type), &member.name.rust),
        Identifier::rust("fields", &names::name(wire, Place::Field), &member.method),
    ];
    Subject { kind: "retained state", wire, span: declared.name_span, identifiers }
}

/// Reports parameters of the address, and what is done over HTTP.
pub(super) fn report_lowered(
    document: &Document<'_>,
    endpoint: &Endpoint<'_>,
    lowered: &model::Endpoint,
    sink: &mut Diagnostics,
) {
    for parameter in &lowered.parameters {
        let (wire, wanted) = (&parameter.name.wire, names::name(&parameter.name.wire, Place::Field));
        let mut channels = endpoint.channels.iter().map(|at| document.channels[*at].node);
        let entry =
            channels.find_map(|node| entries(node, "parameters").iter().find(|entry| entry.key == *wire));
        let identifiers = vec![Identifier::rust("parameters", &wanted, &parameter.name.rust)];
        // One that stands in the address twice is an error of its own.
        let is_single = lowered.parameters.iter().filter(|other| other.name.wire == *wire).count() == 1;
        if let Some(entry) = entry.filter(|_| is_single && wanted.rust != parameter.name.rust) {
            let subject = Subject { kind: "parameter", wire, span: entry.key_span, identifiers };
            sink.push(like_another(&subject));
        }
    }
    for call in &lowered.http_calls {
        let (kind, list, wire, prefix) = match call.subject {
            HttpSubject::Topic(at) => ("topic", &endpoint.topics, &lowered.topics[at].name.wire, "get_"),
            HttpSubject::Store(at) => {
                ("retained state", &endpoint.states, &lowered.stores[at].name.wire, "get_")
            }
            HttpSubject::Broadcast(at) => {
                ("broadcast", &endpoint.broadcasts, &lowered.broadcasts[at].name.wire, "get_")
            }
            HttpSubject::Request(at) => ("request", &endpoint.requests, &lowered.requests[at].name.wire, ""),
        };
        let wanted = names::name(&format!("{prefix}{wire}"), Place::Method);
        let declared = list.iter().find(|declared| declared.name == wire);
        let identifiers = vec![Identifier::typescript("http", &wanted, &call.member)];
        if let Some(declared) = declared.filter(|_| wanted.typescript != call.member) {
            sink.push(like_another(&Subject { kind, wire, span: declared.name_span, identifiers }));
        }
    }
}

fn like_another(subject: &Subject<'_>) -> Diagnostic {
    let Subject { kind, wire, .. } = subject;
    let said = subject.identifiers.iter().map(|it| {
        format!("would be called `{}` in {} like another; it becomes `{}`", it.wanted, it.language, it.chosen)
    });
    let message = format!("the {kind} `{wire}` {}", said.collect::<String>());
    Diagnostic::new(&NAME_COLLISION, subject.span, message)
}
