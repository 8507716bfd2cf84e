//! Operations written in plain AsyncAPI: their messages are whole frames.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::broadcasts::replay;
use super::literal::{bare, derived, ident, json, option};
use super::module::{self, Module};
use super::scope::{Scope, stem};
use super::topics::optional_schema;
use super::types::TypePlace;
use super::{EndpointContext, braced, print, prose};
use crate::model::{Action, Matcher, Message, Operation};

/// Lines above which each operation gets a file of its own.
const SPLIT_AT: usize = 400;

/// One operation with the messages it refers to.
struct Explicit<'a> {
    operation: &'a Operation,
    messages: Vec<&'a Message>,
    replies: Option<Vec<&'a Message>>,
    marker: Ident,
}

impl<'a> Explicit<'a> {
    fn of(context: &EndpointContext<'a>, operation: &'a Operation) -> Self {
        let pick = |channel: usize, indices: &[usize]| -> Vec<&'a Message> {
            indices.iter().map(|index| &context.endpoint.channels[channel].messages[*index]).collect()
        };
        Self {
            operation,
            messages: pick(operation.channel, &operation.messages),
            replies: operation.reply.as_ref().map(|reply| pick(reply.channel, &reply.messages)),
            marker: ident(&operation.name.rust),
        }
    }

    fn message_name(&self) -> Ident {
        derived(&self.operation.name.rust, "Message")
    }

    fn reply_name(&self) -> Ident {
        derived(&self.operation.name.rust, "Reply")
    }

    fn is_received(&self) -> bool {
        self.operation.action == Action::Receive
    }

    fn exports(&self) -> Vec<String> {
        let mut exports = vec![self.marker.to_string(), self.message_name().to_string()];
        if self.replies.is_some() {
            exports.push(self.reply_name().to_string());
        }
        if !self.is_received() {
            exports.push(publisher_name(self.operation).to_string());
        }
        exports
    }
}

/// `TickerPublisher`.
pub(super) fn publisher_name(operation: &Operation) -> Ident {
    derived(&operation.name.rust, "Publisher")
}

/// `operations.rs`, or a folder with one file per operation where it would be too long.
pub(super) fn module(context: &EndpointContext<'_>) -> Option<Module> {
    let operations: Vec<_> =
        context.endpoint.operations.iter().map(|operation| Explicit::of(context, operation)).collect();
    if operations.is_empty() {
        return None;
    }
    let names: Vec<_> = operations.iter().map(|operation| operation.marker.to_string()).collect();
    let place = TypePlace::outside(context.all, Scope::with(names.iter().map(String::as_str)));
    let mut module = Module::new("operations", service(context, &place, &operations));
    module.scope = place.scope.clone();
    module.docs = vec![format!("The operations of {}.", prose::code(&context.endpoint.address))];
    let has_service = !module.items.is_empty();
    let mut items = module.items.clone();
    items.extend(operations.iter().flat_map(|operation| definition(context, &place, operation, false)));
    let whole = Module { docs: module.docs.clone(), ..Module::new("operations", items) };
    module.exports = operations.iter().flat_map(Explicit::exports).collect();
    if has_service {
        module.exports.push(context.item("Operations").to_string());
    }
    if print::lines(&whole, context.all.options) <= SPLIT_AT {
        module.items = whole.items;
        return Some(module);
    }
    for operation in &operations {
        let items = definition(context, &place, operation, true);
        let mut child = Module::new(stem(bare(&operation.operation.method)), items);
        child.exports = operation.exports();
        child.scope = place.scope.clone();
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
    Some(module)
}

/// What the service's method returns.
fn answer(place: &TypePlace<'_>, operation: &Explicit<'_>) -> TokenStream {
    let ok = match operation.replies {
        Some(_) => {
            let reply = operation.reply_name();
            place.scope.option(&quote!(#reply))
        }
        None => quote!(()),
    };
    place.scope.future(&place.scope.result(&ok, &quote!(rt::Refusal)))
}

fn service(
    context: &EndpointContext<'_>,
    place: &TypePlace<'_>,
    operations: &[Explicit<'_>],
) -> Vec<TokenStream> {
    let (name, bounds) = (context.item("Operations"), place.scope.service_bounds());
    let received: Vec<_> = operations.iter().filter(|operation| operation.is_received()).collect();
    if received.is_empty() {
        return Vec::new();
    }
    let methods = received.iter().map(|explicit| {
        let (method, message) = (ident(&explicit.operation.method), explicit.message_name());
        let wire = prose::code(&explicit.operation.name.wire);
        let docs = prose::outer(&prose::lines(
            &explicit.operation.docs,
            &format!("Takes the messages of {wire}."),
            &[format!("Serves {wire}.")],
        ));
        let answer = answer(place, explicit);
        quote!(#docs fn #method(&self, caller: &rt::Caller, message: #message) -> #answer;)
    });
    let address = &context.endpoint.address;
    let message = format!("`{{Self}}` does not take the messages of `{}`", braced(address));
    let note = format!("implement `{name}` for it");
    let docs = prose::outer(&[format!(
        "Takes what clients send to {}; one method per operation.",
        prose::code(address)
    )]);
    vec![
        quote! {
            #docs
            #[diagnostic::on_unimplemented(message = #message, note = #note)]
            pub trait #name: #bounds { #(#methods)* }
        },
        quote! {
            #[doc = " Routes each operation to its method."]
            #[derive(Debug)]
            pub(super) struct OperationsRouter<S>(pub(super) S);
        },
    ]
}

fn definition(
    context: &EndpointContext<'_>,
    place: &TypePlace<'_>,
    explicit: &Explicit<'_>,
    nested: bool,
) -> Vec<TokenStream> {
    let wire = &explicit.operation.name.wire;
    let mut items = vec![marker(explicit), spec(context, place, explicit)];
    let about = format!("The messages of {}.", prose::code(wire));
    items.extend(frames(place, &explicit.message_name(), &about, &explicit.messages));
    if let Some(replies) = &explicit.replies {
        let about = format!("The answers to {}.", prose::code(wire));
        items.extend(frames(place, &explicit.reply_name(), &about, replies));
    }
    if explicit.is_received() {
        items.push(routing(context, place, explicit, nested));
    } else {
        items.extend(publisher(explicit));
    }
    items
}

fn marker(explicit: &Explicit<'_>) -> TokenStream {
    let (marker, wire) = (&explicit.marker, &explicit.operation.name.wire);
    let pointer = format!("#/operations/{}", wire.replace('~', "~0").replace('/', "~1"));
    module::marker(marker, &explicit.operation.docs, "operation", wire, &pointer)
}

fn spec(context: &EndpointContext<'_>, place: &TypePlace<'_>, explicit: &Explicit<'_>) -> TokenStream {
    let (marker, wire, address) =
        (&explicit.marker, &explicit.operation.name.wire, &context.endpoint.address);
    let message = explicit.message_name();
    let reply = match explicit.replies {
        Some(_) => {
            let reply = explicit.reply_name();
            quote!(#reply)
        }
        None => quote!(rt::Never),
    };
    let messages = explicit.messages.iter().map(|message| message_spec(place, message));
    let correlation = explicit.messages.iter().find_map(|message| message.correlation.as_ref());
    let correlation = option(correlation, &place.scope.std("Some"), &place.scope.std("None"));
    let replay = (!explicit.is_received()).then(|| replay(context, &place.scope));
    quote! {
        impl rt::Operation for #marker {
            type Message = #message;
            type Reply = #reply;

            const SPEC: rt::OperationSpec = rt::OperationSpec {
                endpoint: #address,
                name: #wire,
                messages: &[#(#messages),*],
                correlation: #correlation,
            };
            #replay
        }
    }
}

fn message_spec(place: &TypePlace<'_>, message: &Message) -> TokenStream {
    let name = &message.name.wire;
    let matcher = match &message.matcher {
        Matcher::Tag { pointer, value } => {
            let value = json(value);
            quote!(rt::Matcher::Tag { pointer: #pointer, value: #value })
        }
        Matcher::Shape => quote!(rt::Matcher::Shape),
        Matcher::Text => quote!(rt::Matcher::Text),
    };
    let schema = optional_schema(place, message.payload.as_ref());
    quote!(rt::MessageSpec { name: #name, matcher: #matcher, schema: #schema })
}

/// An enum of whole frames; one variant per message even where there is one, so that adding a second breaks nothing.
fn frames(place: &TypePlace<'_>, name: &Ident, about: &str, messages: &[&Message]) -> [TokenStream; 2] {
    let about = prose::outer(&[about.to_owned()]);
    let variants: Vec<_> = messages.iter().map(|message| ident(&message.name.rust)).collect();
    let declared = messages.iter().zip(&variants).map(|(message, variant)| {
        let ty = message.payload.as_ref().map_or_else(|| quote!(rt::Value), |ty| place.ty(ty));
        let docs = prose::outer(&prose::lines(
            &message.docs,
            &format!("The message {}.", prose::code(&message.name.wire)),
            &[],
        ));
        quote!(#docs #variant(#ty))
    });
    let codecs: Vec<_> = messages
        .iter()
        .map(|message| if message.matcher == Matcher::Text { quote!(text) } else { quote!(json) })
        .collect();
    let scope = &place.scope;
    let (string, err) = (scope.std("String"), scope.std("Err"));
    let decoded = scope.result(&quote!(Self), &quote!(rt::DecodeError));
    let encoded = scope.result(&quote!(#string), &quote!(rt::EncodeError));
    let indices = (0..messages.len()).map(proc_macro2::Literal::usize_unsuffixed);
    [
        quote! {
            #about
            #[derive(Debug, Clone, PartialEq)]
            pub enum #name { #(#declared,)* }
        },
        quote! {
            impl rt::Frames for #name {
                fn decode(index: usize, frame: &str) -> #decoded {
                    match index {
                        #(#indices => rt::frames::#codecs::decode(frame).map(Self::#variants),)*
                        _ => #err(rt::DecodeError::unknown_message(index)),
                    }
                }

                fn encode(&self) -> #encoded {
                    match self { #(Self::#variants(message) => rt::frames::#codecs::encode(message),)* }
                }
            }
        },
    ]
}

fn routing(
    context: &EndpointContext<'_>,
    place: &TypePlace<'_>,
    explicit: &Explicit<'_>,
    nested: bool,
) -> TokenStream {
    let (service, marker, message) = (context.item("Operations"), &explicit.marker, explicit.message_name());
    let method = ident(&explicit.operation.method);
    let path = nested.then(|| quote!(super::));
    let scope = &place.scope;
    if explicit.replies.is_some() {
        let reply = explicit.reply_name();
        let answer = scope.result(&scope.option(&quote!(#reply)), &quote!(rt::Refusal));
        return quote! {
            impl<S: #path #service> rt::OperationRouter<#marker> for #path OperationsRouter<S> {
                async fn call(&self, caller: &rt::Caller, message: #message) -> #answer {
                    self.0.#method(caller, message).await
                }
            }
        };
    }
    let result = scope.result(&scope.option(&quote!(rt::Never)), &quote!(rt::Refusal));
    let (ok, none) = (scope.std("Ok"), scope.std("None"));
    quote! {
        impl<S: #path #service> rt::OperationRouter<#marker> for #path OperationsRouter<S> {
            async fn call(&self, caller: &rt::Caller, message: #message) -> #result {
                self.0.#method(caller, message).await?;
                #ok(#none)
            }
        }
    }
}

fn publisher(explicit: &Explicit<'_>) -> [TokenStream; 2] {
    let (marker, message) = (&explicit.marker, explicit.message_name());
    let publisher = publisher_name(explicit.operation);
    let docs = prose::outer(&[format!(
        "Sends the messages of {}; cheap to clone, callable from any thread.",
        prose::code(&explicit.operation.name.wire)
    )]);
    [
        quote! {
            #docs
            #[derive(Debug, Clone)]
            pub struct #publisher(rt::OperationPublisher<#marker>);
        },
        quote! {
            impl #publisher {
                #[doc = " A publisher into the node's hub."]
                pub fn new(node: &rt::Node) -> Self {
                    Self(rt::OperationPublisher::new(node))
                }

                #[doc = " Sends the message to every connection and says how many there are. Never blocks."]
                pub fn publish(&self, message: &#message) -> rt::Reach {
                    self.0.publish(message)
                }

                #[doc = " Sends the message to one connection, if it still exists. Never blocks."]
                pub fn send(&self, caller: &rt::Caller, message: &#message) -> rt::Reach {
                    self.0.send(caller, message)
                }
            }
        },
    ]
}
