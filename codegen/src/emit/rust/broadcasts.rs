//! Broadcasts: a marker with its specification, and a publisher; and the hooks for new connections.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::endpoint::envelope;
use super::literal::{derived, ident, integer, option};
use super::module::{self, Module};
use super::scope::Scope;
use super::topics::optional_schema;
use super::types::TypePlace;
use super::{EndpointContext, braced, prose, stores};
use crate::model::{Broadcast, Operation, Replay, Told};

/// `broadcasts.rs`.
pub(super) fn module(context: &EndpointContext<'_>) -> Option<Module> {
    let broadcasts = &context.endpoint.broadcasts;
    if broadcasts.is_empty() && !context.endpoint.greets() {
        return None;
    }
    let scope = Scope::with(broadcasts.iter().map(|broadcast| broadcast.name.rust.as_str()));
    let place = TypePlace::outside(context.all, scope);
    let mut module = Module::new("broadcasts", Vec::new());
    module.scope = place.scope.clone();
    module.docs = vec![format!("What {} tells every connection.", prose::code(&context.endpoint.address))];
    for broadcast in broadcasts {
        module.items.extend(marker(context, &place, broadcast));
        module.items.extend(broadcast.tells.as_ref().map(|told| snapshot(context, &place, broadcast, told)));
        module.exports.push(broadcast.name.rust.clone());
        if !broadcast.on_connect {
            module.items.extend(publisher(&place, broadcast));
            module.exports.push(publisher_name(broadcast).to_string());
        }
    }
    if context.endpoint.greets() {
        module.items.extend(connect(context, &place));
        module.exports.push(context.item("Connect").to_string());
    }
    module.exports.sort();
    Some(module)
}

/// `NoticePublisher`.
pub(super) fn publisher_name(broadcast: &Broadcast) -> Ident {
    derived(&broadcast.name.rust, "Publisher")
}

fn payload(place: &TypePlace<'_>, broadcast: &Broadcast) -> TokenStream {
    broadcast.payload.as_ref().map_or_else(|| quote!(rt::Empty), |ty| place.ty(ty))
}

fn marker(context: &EndpointContext<'_>, place: &TypePlace<'_>, broadcast: &Broadcast) -> [TokenStream; 2] {
    let (marker, wire, address) =
        (ident(&broadcast.name.rust), &broadcast.name.wire, &context.endpoint.address);
    let pointer = format!("#/operations/{wire}");
    let (payload, on_connect) = (payload(place, broadcast), broadcast.on_connect);
    let schema = optional_schema(place, broadcast.payload.as_ref());
    let envelope = envelope(&context.endpoint.connection.envelope, &place.scope);
    let feeds = stores::feeds(context, broadcast);
    let replay = (!broadcast.on_connect).then(|| replay(context, &place.scope));
    [
        module::marker(&marker, &broadcast.docs, "broadcast", wire, &pointer),
        quote! {
            impl rt::Broadcast for #marker {
                type Payload = #payload;

                const SPEC: rt::BroadcastSpec = rt::BroadcastSpec {
                    endpoint: #address,
                    name: #wire,
                    envelope: #envelope,
                    payload: #schema,
                    on_connect: #on_connect,
                };
                #feeds
                #replay
            }
        },
    ]
}

/// How messages are kept while nobody is connected, where they are.
pub(super) fn replay(context: &EndpointContext<'_>, scope: &Scope) -> Option<TokenStream> {
    let Replay { size, ttl_ms, bytes } = context.endpoint.connection.replay?;
    let (size, ttl, bytes) = (integer(size), integer(ttl_ms), integer(bytes));
    let (some, option) = (scope.std("Some"), scope.option(&quote!(rt::ReplaySpec)));
    Some(quote! {
        const REPLAY: #option = #some(rt::ReplaySpec { size: #size, ttl_ms: #ttl, bytes: #bytes });
    })
}

/// What a broadcast tells new connections of the stores.
fn snapshot(
    context: &EndpointContext<'_>,
    place: &TypePlace<'_>,
    broadcast: &Broadcast,
    told: &Told,
) -> TokenStream {
    let (marker, specs) = (ident(&broadcast.name.rust), stores::specs(context, &told.stores));
    let (some, none, option_) = (place.scope.std("Some"), place.scope.std("None"), place.scope.std("Option"));
    let (member, http) =
        (option(told.member.as_ref(), &some, &none), option(told.http.as_ref(), &some, &none));
    quote! {
        impl rt::Snapshot for #marker {
            const STORES: &'static [&'static rt::StoreSpec] = #specs;
            const MEMBER: #option_<&'static str> = #member;
            const HTTP: #option_<&'static str> = #http;
        }
    }
}

fn publisher(place: &TypePlace<'_>, broadcast: &Broadcast) -> [TokenStream; 2] {
    let (marker, publisher) = (ident(&broadcast.name.rust), publisher_name(broadcast));
    let docs = prose::outer(&[format!(
        "Publishes {}; cheap to clone, callable from any thread.",
        prose::code(&broadcast.name.wire)
    )]);
    let (parameter, argument) = match &broadcast.payload {
        Some(ty) => {
            let ty = place.ty(ty);
            (Some(quote!(payload: &#ty)), quote!(payload))
        }
        None => (None, quote!(&rt::Empty)),
    };
    [
        quote! {
            #docs
            #[derive(Debug, Clone)]
            pub struct #publisher(rt::BroadcastPublisher<#marker>);
        },
        quote! {
            impl #publisher {
                #[doc = " A publisher into the node's hub."]
                pub fn new(node: &rt::Node) -> Self {
                    Self(rt::BroadcastPublisher::new(node))
                }

                #[doc = " Sends the message to every connection and says how many there are. Never blocks."]
                pub fn publish(&self, #parameter) -> rt::Reach {
                    self.0.publish(#argument)
                }
            }
        },
    ]
}

/// The trait that greets new connections, and its routing.
fn connect(context: &EndpointContext<'_>, place: &TypePlace<'_>) -> Vec<TokenStream> {
    let (name, scope) = (context.item("Connect"), &place.scope);
    let bounds = scope.service_bounds();
    let greetings: Vec<_> =
        context.endpoint.broadcasts.iter().filter(|broadcast| broadcast.asks_service()).collect();
    let methods = greetings.iter().map(|broadcast| {
        let method = ident(&broadcast.method);
        let result = scope.future(&scope.option(&payload(place, broadcast)));
        let docs = prose::outer(&[format!(
            "The {} of a new connection, or none.",
            prose::code(&broadcast.name.wire)
        )]);
        quote!(#docs fn #method(&self, caller: &rt::Caller) -> #result;)
    });
    let lists: Vec<_> = context.endpoint.operations.iter().filter(|operation| operation.on_connect).collect();
    let more = lists.iter().map(|operation| {
        let (method, messages) = (ident(&operation.method), list(place, operation));
        let result = scope.future(&messages);
        let docs = prose::outer(&[format!(
            "The {} of a new connection, in this order.",
            prose::code(&operation.name.wire)
        )]);
        quote!(#docs fn #method(&self, caller: &rt::Caller) -> #result;)
    });
    let message =
        format!("`{{Self}}` does not greet the connections of `{}`", braced(&context.endpoint.address));
    let note = format!("implement `{name}` for it");
    let mut items = vec![
        quote! {
            #[doc = " Messages that each new connection gets once, in the document's order."]
            #[diagnostic::on_unimplemented(message = #message, note = #note)]
            pub trait #name: #bounds { #(#methods)* #(#more)* }
        },
        quote! {
            #[doc = " Routes each greeting to its method."]
            #[derive(Debug)]
            pub(super) struct ConnectRouter<S>(pub(super) S);
        },
    ];
    items.extend(greetings.iter().map(|broadcast| {
        let (marker, method) = (ident(&broadcast.name.rust), ident(&broadcast.method));
        let result = scope.option(&payload(place, broadcast));
        quote! {
            impl<S: #name> rt::ConnectRouter<#marker> for ConnectRouter<S> {
                async fn welcome(&self, caller: &rt::Caller) -> #result { self.0.#method(caller).await }
            }
        }
    }));
    items.extend(lists.iter().map(|operation| {
        let (marker, method) = (ident(&operation.name.rust), ident(&operation.method));
        let messages = list(place, operation);
        quote! {
            impl<S: #name> rt::GreetRouter<super::#marker> for ConnectRouter<S> {
                async fn greet(&self, caller: &rt::Caller) -> #messages { self.0.#method(caller).await }
            }
        }
    }));
    items
}

/// The messages of an operation, several of them.
fn list(place: &TypePlace<'_>, operation: &Operation) -> TokenStream {
    let message = derived(&operation.name.rust, "Message");
    let vec = place.scope.std("Vec");
    quote!(#vec<super::#message>)
}
