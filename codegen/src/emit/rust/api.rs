//! The builder that does not compile while a service is missing.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::literal::{derived, ident};
use super::module::Module;
use super::scope::Scope;
use super::{EndpointContext, prose};
use crate::model::{Action, Endpoint, Topic};

/// A field of the builder.
struct Part {
    field: Ident,
    parameter: Ident,
    bound: Ident,
    docs: String,
}

/// `api.rs`.
pub(super) fn module(context: &EndpointContext<'_>) -> Module {
    let parts = parts(context);
    let topics = context.endpoint.topics.iter().map(|topic| topic.name.rust.as_str());
    let mut module = Module::new("api", vec![builder(context, &parts), construction(context, &parts)]);
    module.scope = Scope::with(topics);
    module.docs = vec![format!("The API of {} as one value.", prose::code(&context.endpoint.address))];
    module.exports = vec![context.item("Api").to_string()];
    module
}

fn parts(context: &EndpointContext<'_>) -> Vec<Part> {
    let endpoint = context.endpoint;
    let mut parts: Vec<_> = endpoint.topics.iter().map(topic_part).collect();
    let role = |field: &str, suffix: &str, docs: &str| Part {
        field: ident(field),
        parameter: ident(&parameter(endpoint, suffix)),
        bound: context.item(suffix),
        docs: docs.to_owned(),
    };
    if !endpoint.requests.is_empty() {
        parts.push(role("requests", "Requests", "Answers the requests."));
    }
    if endpoint.greets() {
        parts.push(role("connect", "Connect", "Greets new connections."));
    }
    if endpoint.operations.iter().any(|operation| operation.action == Action::Receive) {
        parts.push(role("operations", "Operations", "Takes the messages of the explicit operations."));
    }
    parts
}

/// A type parameter beside those of the topics, one of which may have the same name.
fn parameter(endpoint: &Endpoint, role: &str) -> String {
    let mut name = role.to_owned();
    while endpoint.topics.iter().any(|topic| topic.name.rust == name) {
        name.insert_str(0, "All");
    }
    name
}

fn topic_part(topic: &Topic) -> Part {
    Part {
        field: ident(&topic.module),
        parameter: ident(&topic.name.rust),
        bound: derived(&topic.name.rust, "Service"),
        docs: format!("Serves the topic {}.", prose::code(&topic.name.wire)),
    }
}

fn builder(context: &EndpointContext<'_>, parts: &[Part]) -> TokenStream {
    let name = context.item("Api");
    let address = prose::code(&context.endpoint.address);
    let about = prose::outer(&[format!(
        "The services of {address}, one per topic; leaving one out does not compile."
    )]);
    if parts.is_empty() {
        let about = prose::outer(&[format!("The API of {address}: the server only sends.")]);
        return quote!(#about #[derive(Debug, Default)] pub struct #name;);
    }
    let parameters: Vec<_> = parts.iter().map(|part| &part.parameter).collect();
    let fields = parts.iter().map(|Part { field, parameter, docs, .. }| {
        let docs = prose::outer(std::slice::from_ref(docs));
        quote!(#docs pub #field: #parameter)
    });
    quote!(#about #[derive(Debug)] pub struct #name<#(#parameters),*> { #(#fields,)* })
}

fn construction(context: &EndpointContext<'_>, parts: &[Part]) -> TokenStream {
    let name = context.item("Api");
    let parameters: Vec<_> = parts.iter().map(|part| &part.parameter).collect();
    let bounds = parts.iter().map(|Part { parameter, bound, .. }| quote!(#parameter: super::#bound));
    // On the method and not on the block: there the compiler says which topic a type does not serve.
    let bounds = (!parts.is_empty()).then(|| quote!(where #(#bounds,)*));
    let parameters = (!parts.is_empty()).then(|| quote!(<#(#parameters),*>));
    let body = endpoint(context);
    quote! {
        impl #parameters #name #parameters {
            #[doc = " The endpoint, ready to be served."]
            pub fn into_endpoint(self) -> rt::Endpoint #bounds { #body }
        }
    }
}

/// One line per thing the endpoint does.
fn endpoint(context: &EndpointContext<'_>) -> TokenStream {
    let endpoint = context.endpoint;
    let arc = Scope::with(endpoint.topics.iter().map(|topic| topic.name.rust.as_str())).std("Arc");
    let mut lets = Vec::new();
    let mut calls = Vec::new();
    for topic in &endpoint.topics {
        let (router, field) = (derived(&topic.name.rust, "Router"), ident(&topic.module));
        calls.push(quote!(.topic(super::#router(self.#field))));
    }
    if !endpoint.requests.is_empty() {
        lets.push(quote!(let requests = #arc::new(super::requests::RequestsRouter(self.requests));));
    }
    for request in &endpoint.requests {
        let marker = ident(&request.name.rust);
        calls.push(quote!(.request::<super::#marker, _>(requests.clone())));
    }
    if endpoint.greets() {
        lets.push(quote!(let connect = #arc::new(super::broadcasts::ConnectRouter(self.connect));));
    }
    for broadcast in &endpoint.broadcasts {
        let marker = ident(&broadcast.name.rust);
        calls.push(if broadcast.tells.is_some() {
            quote!(.snapshot::<super::#marker>())
        } else if broadcast.on_connect {
            quote!(.connect::<super::#marker, _>(connect.clone()))
        } else {
            quote!(.broadcast::<super::#marker>())
        });
    }
    for store in &endpoint.stores {
        let marker = ident(&store.name.rust);
        calls.push(quote!(.store::<super::stores::#marker>()));
    }
    if endpoint.operations.iter().any(|operation| operation.action == Action::Receive) {
        lets.push(quote!(let operations = #arc::new(super::operations::OperationsRouter(self.operations));));
    }
    for operation in &endpoint.operations {
        let marker = ident(&operation.name.rust);
        calls.push(match operation.action {
            Action::Receive => quote!(.operation::<super::#marker, _>(operations.clone())),
            Action::Send if operation.on_connect => {
                quote!(.sends::<super::#marker>().greets::<super::#marker, _>(connect.clone()))
            }
            Action::Send => quote!(.sends::<super::#marker>()),
        });
    }
    quote!(#(#lets)* rt::Endpoint::new(&super::endpoint::ENDPOINT) #(#calls)*)
}
