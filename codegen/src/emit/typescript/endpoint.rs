//! The files of one endpoint: contract, errors, client.

use askama::Template;

use super::client::ClientWriter;
use super::docs::Comment;
use super::exports::Exports;
use super::files::{declarations, import, print};
use super::literal::{WIDTH, property_key, string, width};
use super::members::Node;
use super::messages::Unions;
use super::scope::RuntimeType;
use super::types::{Member, TypeWriter};
use super::{Project, compact, contract, errors, http};
use crate::emit::OutputFile;
use crate::model::{Api, Endpoint, Parameter};

/// The contract constant.
#[derive(Template)]
#[template(path = "typescript/contract.ts", escape = "none")]
struct ContractFile<'a> {
    header: &'a str,
    address: &'a str,
    contract: String,
}

/// The client.
#[derive(Template)]
#[template(path = "typescript/client.ts", escape = "none")]
struct ClientFile<'a> {
    header: &'a str,
    runtime_types: String,
    uses_types: bool,
    uses_messages: bool,
    root: &'a str,
    name: &'a str,
    address: &'a str,
    docs: String,
    options: Option<Options>,
    parameter: String,
    members: Vec<Member>,
    factory: Vec<String>,
    /// The members of the factory are filled.
    is_filled: bool,
}

/// Options of a client whose address has parameters.
struct Options {
    mark: &'static str,
    members: Vec<Member>,
}

/// Where the files of an endpoint stand, and what its client is called.
#[derive(Debug)]
pub(super) struct Place {
    /// `Trading`
    pub(super) name: String,
    /// Empty, or the folder with a `/`.
    pub(super) folder: String,
    /// From there back to the root: `./` or `../`.
    pub(super) root: &'static str,
}

/// `contract.ts`, `client.ts`, and `errors.ts`, `messages.ts` and `http.ts` where there is something to declare; each with the
/// name by which the entry point exports it.
pub(super) fn files(
    project: &Project<'_>,
    endpoint: &Endpoint,
    place: &Place,
    exports: &mut Exports,
) -> Vec<(Option<&'static str>, OutputFile)> {
    let address = comment_safe(&endpoint.address);
    let literal = contract::literal(project.api, endpoint);
    let contract = ContractFile { header: &project.header, address: &address, contract: literal };
    let mut files = vec![(None, print(format!("{}contract.ts", place.folder), &contract))];
    let types = format!("import type * as types from '{}types/index.js';", place.root);

    let mut writer = TypeWriter::qualified(project);
    let errors = errors::groups(&mut writer, endpoint, exports);
    let (unions, messages) = Unions::declare(&mut TypeWriter::qualified(project), endpoint, exports);
    let client = client_file(project, endpoint, place, &unions, &address);
    files.push((Some("client"), client));
    let failures = import(&["FrameworkErrorCode".to_owned(), "RequestError".to_owned()], "bellwire");
    for (name, imports, groups) in
        [("errors", vec![failures, types.clone()], errors), ("messages", vec![types], messages)]
    {
        if !groups.is_empty() {
            let mut own = declarations(project, &place.folder, name, &imports, groups);
            let last = own.pop();
            files.extend(own.into_iter().map(|file| (None, file)));
            files.extend(last.map(|file| (Some(name), file)));
        }
    }
    files.extend(http::file(project, endpoint, place, exports).map(|file| (Some("http"), file)));
    files
}

fn client_file(
    project: &Project<'_>,
    endpoint: &Endpoint,
    place: &Place,
    unions: &Unions,
    address: &str,
) -> OutputFile {
    let writer = ClientWriter::new(project, endpoint, unions);
    let root = Node::of(endpoint);
    let mut members = writer.interface(&root);
    let mut factory = writer.factory(&root);
    let mut docs = client_docs(project.api, endpoint);
    let options = options(&endpoint.parameters);
    let runtime = runtime_types(&writer, &members);
    let uses = |name: &str| members.iter().any(|member| member.text.contains(name));
    let (uses_types, uses_messages) = (uses("types."), uses("messages."));
    let is_filled = compact::factory(&mut factory);
    if compact::interface(&mut members) {
        docs.push_str(compact::IGNORE);
    }
    let client = ClientFile {
        header: &project.header,
        runtime_types: import(&runtime, "bellwire"),
        uses_types,
        uses_messages,
        root: place.root,
        name: &place.name,
        address,
        docs,
        parameter: parameter(&place.name, options.as_ref()),
        options,
        factory,
        members,
        is_filled,
    };
    print(format!("{}client.ts", place.folder), &client)
}

/// What the client's signatures take from the runtime.
fn runtime_types(writer: &ClientWriter<'_>, members: &[Member]) -> Vec<String> {
    let uses = |name: &str| members.iter().any(|member| member.text.contains(name));
    let mut names: Vec<_> =
        ["Broadcast<", "BroadcastMeta]", "MessageMeta]", "RequestOptions", "Subscribable<"]
            .iter()
            .filter(|name| uses(name))
            .map(|name| name.trim_end_matches(['<', ']']).to_owned())
            .chain(["ClientOptions".to_owned(), "CoreClient".to_owned()])
            .chain(writer.runtime().iter().map(|&runtime| RuntimeType::exported(runtime).to_owned()))
            .collect();
    names.sort();
    names
}

/// The parameter of the function that creates a client.
fn parameter(name: &str, options: Option<&Options>) -> String {
    let parameter = match options {
        None => "options: ClientOptions = {}".to_owned(),
        Some(options) if options.mark.is_empty() => format!("options: {name}ClientOptions"),
        Some(_) => format!("options: {name}ClientOptions = {{}}"),
    };
    let function = format!("export function create{name}Client({parameter}): {name}Client {{");
    if width(&function) > WIDTH { format!("\n  {parameter},\n") } else { parameter }
}

/// The endpoint's prose, else the document's.
fn client_docs(api: &Api, endpoint: &Endpoint) -> String {
    let mut docs = Comment::of(&endpoint.docs);
    if docs.is_empty() {
        docs = docs.paragraph(api.title());
        if let Some(description) = api.description() {
            docs = docs.paragraph(description);
        }
    }
    docs.declared_at(&format!("#/channels/{}", endpoint.name.wire)).print(0)
}

fn options(parameters: &[Parameter]) -> Option<Options> {
    if parameters.is_empty() {
        return None;
    }
    let members = parameters.iter().map(|parameter| {
        let mut docs = Comment::of(&parameter.docs);
        if let Some(default) = &parameter.default {
            docs = docs.tag(&format!("@default {}", string(default)));
        }
        let mark = if parameter.default.is_some() { "?" } else { "" };
        let head = format!("    readonly {}{mark}:", property_key(&parameter.name.wire));
        Member { docs: docs.print(4), text: format!("{head}{};", parameter_type(parameter, width(&head))) }
    });
    let mark = if parameters.iter().all(|parameter| parameter.default.is_some()) { "?" } else { "" };
    Some(Options { mark, members: members.collect() })
}

fn parameter_type(parameter: &Parameter, column: usize) -> String {
    if parameter.values.is_empty() {
        return " string".to_owned();
    }
    let values: Vec<_> = parameter.values.iter().map(|value| string(value)).collect();
    let flat = format!(" {}", values.join(" | "));
    if column + width(&flat) < WIDTH {
        return flat;
    }
    values.iter().map(|value| format!("\n      | {value}")).collect()
}

/// Text that ends no comment.
pub(super) fn comment_safe(text: &str) -> String {
    text.replace("*/", "*\\/").replace('`', "'")
}
