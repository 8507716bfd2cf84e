//! The files of one endpoint: contract, errors, client.

use askama::Template;

use super::client::ClientWriter;
use super::contract;
use super::docs::Comment;
use super::errors;
use super::files::{TypesFile, import, print};
use super::literal::{WIDTH, property_key, string, width};
use super::members::Node;
use super::scope::{RuntimeType, Scope};
use super::types::{Body, Item, Member, TypeWriter};
use super::usage::Usage;
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
    root: &'a str,
    name: &'a str,
    address: &'a str,
    docs: String,
    options: Option<Options>,
    parameter: String,
    members: Vec<Member>,
    factory: Vec<String>,
}

/// Options of a client whose address has parameters.
struct Options {
    mark: &'static str,
    members: Vec<Member>,
}

/// Where the files of an endpoint stand, and what its client is called.
#[derive(Debug)]
pub(super) struct Place<'a> {
    /// `Trading`
    pub(super) name: &'a str,
    /// Empty, or the folder with a `/`.
    pub(super) folder: String,
    /// From there back to the root: `./` or `../`.
    pub(super) root: &'static str,
}

/// `contract.ts`, `client.ts`, and `errors.ts` where errors are declared.
pub(super) fn files(
    api: &Api,
    usage: &Usage<'_>,
    scope: &Scope<'_>,
    endpoint: &Endpoint,
    place: &Place<'_>,
    header: &str,
) -> Vec<OutputFile> {
    let address = comment_safe(&endpoint.address);
    let contract = ContractFile { header, address: &address, contract: contract::literal(api, endpoint) };
    let mut files = vec![print(format!("{}contract.ts", place.folder), &contract)];
    files.extend(errors_file(api, usage, scope, endpoint, place, header));
    files.push(client_file(api, usage, scope, endpoint, place, header, &address));
    files
}

fn errors_file(
    api: &Api,
    usage: &Usage<'_>,
    scope: &Scope<'_>,
    endpoint: &Endpoint,
    place: &Place<'_>,
    header: &str,
) -> Option<OutputFile> {
    let mut writer = TypeWriter::qualified(api, usage, scope);
    let items = errors::items(&mut writer, endpoint);
    if items.is_empty() {
        return None;
    }
    let mut imports = vec![import(&["FrameworkErrorCode".to_owned(), "RequestError".to_owned()], "bellwire")];
    if items.iter().any(mentions_types) {
        imports.push(format!("import type * as types from '{}types/index.js';", place.root));
    }
    Some(print(format!("{}errors.ts", place.folder), &TypesFile { header, imports, items: &items }))
}

fn mentions_types(item: &Item) -> bool {
    matches!(&item.body, Body::Alias(text) if text.contains("types."))
}

fn client_file(
    api: &Api,
    usage: &Usage<'_>,
    scope: &Scope<'_>,
    endpoint: &Endpoint,
    place: &Place<'_>,
    header: &str,
    address: &str,
) -> OutputFile {
    let writer = ClientWriter::new(api, usage, scope, endpoint);
    let root = Node::of(endpoint);
    let members = writer.interface(&root);
    let options = options(&endpoint.parameters);
    let uses = |name: &str| members.iter().any(|member| member.text.contains(name));
    let mut runtime: Vec<_> = ["Broadcast<", "MessageMeta]", "RequestOptions", "Subscribable<"]
        .iter()
        .filter(|name| uses(name))
        .map(|name| name.trim_end_matches(['<', ']']).to_owned())
        .chain(["ClientOptions".to_owned(), "CoreClient".to_owned()])
        .chain(writer.runtime().iter().map(|&runtime| RuntimeType::exported(runtime).to_owned()))
        .collect();
    runtime.sort();
    let parameter = match &options {
        None => "options: ClientOptions = {}".to_owned(),
        Some(options) if options.mark.is_empty() => format!("options: {}ClientOptions", place.name),
        Some(_) => format!("options: {}ClientOptions = {{}}", place.name),
    };
    let function = format!("export function create{0}Client({parameter}): {0}Client {{", place.name);
    let parameter = if width(&function) > WIDTH { format!("\n  {parameter},\n") } else { parameter };
    let client = ClientFile {
        header,
        runtime_types: import(&runtime, "bellwire"),
        uses_types: uses("types."),
        root: place.root,
        name: place.name,
        address,
        docs: client_docs(api, endpoint),
        options,
        parameter,
        factory: writer.factory(&root),
        members,
    };
    print(format!("{}client.ts", place.folder), &client)
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

fn comment_safe(text: &str) -> String {
    text.replace("*/", "*\\/").replace('`', "'")
}
