//! Requests: one trait with a method per request, a marker and an error type for each.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::literal::{bare, derived, ident, json, option};
use super::module::{self, Module};
use super::scope::{Scope, stem};
use super::topics::optional_schema;
use super::types::TypePlace;
use super::{EndpointContext, braced, errors, http, print, prose};
use crate::model::Request;

/// Lines above which each request gets a file of its own.
const SPLIT_AT: usize = 400;

/// `requests.rs`, or a folder with one file per request where it would be too long.
pub(super) fn module(context: &EndpointContext<'_>) -> Option<Module> {
    let requests = &context.endpoint.requests;
    if requests.is_empty() {
        return None;
    }
    let place = TypePlace::outside(
        context.all,
        Scope::with(requests.iter().map(|request| request.name.rust.as_str())),
    );
    let mut module = Module::new("requests", vec![service(context, &place), router(context)]);
    module.scope = place.scope.clone();
    module.docs = vec![format!("The requests of {}.", prose::code(&context.endpoint.address))];
    let service = context.item("Requests").to_string();
    let single = requests.iter().flat_map(|request| definition(context, &place, request, false));
    let mut items = module.items.clone();
    items.extend(single);
    let whole = Module { docs: module.docs.clone(), ..Module::new("requests", items) };
    if print::lines(&whole, context.all.options) <= SPLIT_AT {
        module.items = whole.items;
        module.exports = requests.iter().flat_map(exports).chain([service]).collect();
        return Some(module);
    }
    for request in requests {
        let mut child = Module::new(stem(bare(&request.method)), definition(context, &place, request, true));
        child.exports = exports(request).to_vec();
        child.scope = place.scope.clone();
        module.exports.extend(child.exports.clone());
        module.items.extend(child.reexport());
        module.children.push(child);
    }
    if module.mentions_inside("types") {
        module.items.insert(
            0,
            quote!(
                use super::types;
            ),
        );
    }
    module.exports.push(service);
    Some(module)
}

fn exports(request: &Request) -> [String; 2] {
    [request.name.rust.clone(), error_name(request).to_string()]
}

fn error_name(request: &Request) -> Ident {
    derived(&request.name.rust, "Error")
}

/// Parameter list and result of the service's method.
fn signature(place: &TypePlace<'_>, request: &Request) -> (Option<TokenStream>, TokenStream) {
    let payload = request.payload.as_ref().map(|ty| {
        let ty = place.ty(ty);
        quote!(payload: #ty)
    });
    let reply = http::reply(place, request);
    let error = error_name(request);
    (payload, place.scope.future(&place.scope.result(&reply, &quote!(#error))))
}

fn service(context: &EndpointContext<'_>, place: &TypePlace<'_>) -> TokenStream {
    let (name, bounds) = (context.item("Requests"), place.scope.service_bounds());
    let address = prose::code(&context.endpoint.address);
    let docs = prose::outer(&[format!("Answers the requests of {address}; one method per request.")]);
    let methods = context.endpoint.requests.iter().map(|request| {
        let method = ident(&request.method);
        let (payload, result) = signature(place, request);
        let answers = match request.notification {
            true => format!("Answers {}, where it comes with an id.", prose::code(&request.name.wire)),
            false => format!("Answers {}.", prose::code(&request.name.wire)),
        };
        let docs = prose::outer(&prose::lines(&request.docs, &answers, std::slice::from_ref(&answers)));
        quote!(#docs fn #method(&self, caller: &rt::Caller, #payload) -> #result;)
    });
    let message =
        format!("`{{Self}}` does not answer the requests of `{}`", braced(&context.endpoint.address));
    let note = format!("implement `{name}` for it");
    quote! {
        #docs
        #[diagnostic::on_unimplemented(message = #message, note = #note)]
        pub trait #name: #bounds { #(#methods)* }
    }
}

fn router(context: &EndpointContext<'_>) -> TokenStream {
    let service = context.item("Requests");
    let docs = prose::outer(&[format!("Routes each request to its method of [`{service}`].")]);
    quote! {
        #docs
        #[derive(Debug)]
        pub(super) struct RequestsRouter<S>(pub(super) S);
    }
}

/// Marker, specification, errors and routing of one request. `nested` tells whether they stand in a file of their own.
fn definition(
    context: &EndpointContext<'_>,
    place: &TypePlace<'_>,
    request: &Request,
    nested: bool,
) -> Vec<TokenStream> {
    let (marker, error) = (ident(&request.name.rust), error_name(request));
    let wire = &request.name.wire;
    let pointer = format!("#/operations/{wire}");
    let payload_type = request.payload.as_ref().map_or_else(|| quote!(rt::Empty), |ty| place.ty(ty));
    let reply = http::reply(place, request);
    let schema = optional_schema(place, request.payload.as_ref());
    let access =
        option(request.access.as_ref().map(json), &place.scope.std("Some"), &place.scope.std("None"));
    let http = http::spec(&place.scope, request);
    let (socket, notification) = (request.socket, request.notification);
    let mut items = vec![
        module::marker(&marker, &request.docs, "request", wire, &pointer),
        quote! {
            impl rt::Request for #marker {
                type Payload = #payload_type;
                type Reply = #reply;
                type Error = #error;

                const SPEC: rt::RequestSpec = rt::RequestSpec {
                    name: #wire,
                    payload: #schema,
                    access: #access,
                    http: #http,
                    socket: #socket,
                    notification: #notification,
                };
            }
        },
    ];
    let about = format!("Why {} may fail.", prose::code(wire));
    items.extend(errors::definition(place, &error, &about, &request.errors));
    items.push(routing(context, place, request, &payload_type, nested));
    items
}

fn routing(
    context: &EndpointContext<'_>,
    place: &TypePlace<'_>,
    request: &Request,
    payload_type: &TokenStream,
    nested: bool,
) -> TokenStream {
    let (marker, method) = (ident(&request.name.rust), ident(&request.method));
    let service = context.item("Requests");
    let path = nested.then(|| quote!(super::));
    let (name, argument) = if request.payload.is_some() {
        (quote!(payload), Some(quote!(payload)))
    } else {
        (quote!(_payload), None)
    };
    let reply = http::reply(place, request);
    let error = error_name(request);
    let result = place.scope.result(&reply, &quote!(#error));
    quote! {
        impl<S: #path #service> rt::RequestRouter<#marker> for #path RequestsRouter<S> {
            async fn call(&self, caller: &rt::Caller, #name: #payload_type) -> #result {
                self.0.#method(caller, #argument).await
            }
        }
    }
}
