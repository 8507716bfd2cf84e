//! Topics: a marker with its specification, a service trait, a router and a publisher; one file each.

use proc_macro2::TokenStream;
use quote::quote;
use serde_json::Value;
use syn::Ident;

use super::endpoint::envelope;
use super::errors;
use super::literal::{bare, derived, ident, integer, json, option, string, strings};
use super::module::{self, Module};
use super::scope::{Scope, stem};
use super::types::TypePlace;
use super::{EndpointContext, braced, prose};
use crate::model::{
    Delivery, DeliveryMode, History, Order, Overflow, ParamShape, State, StateKind, Topic, Type, WhenFull,
};

/// The names one topic's file defines.
struct Items {
    marker: Ident,
    service: Ident,
    router: Ident,
    publisher: Ident,
    error: Ident,
}

impl Items {
    fn of(topic: &Topic) -> Self {
        let name = &topic.name.rust;
        Self {
            marker: ident(name),
            service: derived(name, "Service"),
            router: derived(name, "Router"),
            publisher: derived(name, "Publisher"),
            error: derived(name, "Error"),
        }
    }
}

/// A topic on its way out.
struct TopicContext<'a> {
    place: TypePlace<'a>,
    endpoint: &'a EndpointContext<'a>,
    topic: &'a Topic,
    items: Items,
    params: TokenStream,
    update: TokenStream,
    snapshot: TokenStream,
}

/// How an update changes what is retained.
pub(super) fn state_kind(kind: &StateKind) -> TokenStream {
    match kind {
        StateKind::Latest => quote!(rt::StateKind::Latest),
        StateKind::Merge => quote!(rt::StateKind::Merge),
        StateKind::Keyed { key, max_keys, when_full } => {
            let (key, max_keys) = (strings(key), integer(*max_keys));
            let when_full = match when_full {
                WhenFull::DropOldest => quote!(rt::WhenFull::DropOldest),
                WhenFull::Refuse => quote!(rt::WhenFull::Refuse),
            };
            quote!(rt::StateKind::Keyed { key: #key, max_keys: #max_keys, when_full: #when_full })
        }
        StateKind::Window { size, order } => {
            let (size, newest_first) = (integer(*size), *order == Order::NewestFirst);
            quote!(rt::StateKind::Window { size: #size, newest_first: #newest_first })
        }
    }
}

/// The file of one topic.
pub(super) fn module(endpoint: &EndpointContext<'_>, topic: &Topic) -> Module {
    let items = Items::of(topic);
    let scope = Scope::with([topic.name.rust.as_str()]);
    let place = TypePlace::outside(endpoint.all, scope);
    let params = place.named(topic.params);
    let update = place.ty(&topic.update);
    let snapshot = topic.snapshot.as_ref().map_or_else(|| quote!(rt::Never), |ty| place.ty(ty));
    let context = TopicContext { place, endpoint, topic, items, params, update, snapshot };
    let mut module = Module::new(stem(bare(&topic.module)), vec![context.marker(), context.spec()]);
    module.items.extend([context.service(), context.unit_service(), context.router(), context.routing()]);
    module.items.extend(context.publisher());
    module.scope = context.place.scope.clone();
    module.docs = vec![format!("The topic {}.", prose::code(&topic.name.wire))];
    module.exports =
        [&context.items.marker, &context.items.publisher, &context.items.router, &context.items.service]
            .map(ToString::to_string)
            .to_vec();
    if !topic.errors.is_empty() {
        let about = format!("Why a subscription to {} may be refused.", prose::code(&topic.name.wire));
        module.items.extend(errors::definition(&context.place, &context.items.error, &about, &topic.errors));
        module.exports.insert(1, context.items.error.to_string());
    }
    module
}

impl TopicContext<'_> {
    fn marker(&self) -> TokenStream {
        let wire = &self.topic.name.wire;
        let pointer = format!("#/channels/{}.{wire}", self.endpoint.endpoint.name.wire);
        module::marker(&self.items.marker, &self.topic.docs, "topic", wire, &pointer)
    }

    fn spec(&self) -> TokenStream {
        let Self { items: Items { marker, .. }, params, update, snapshot, topic, place, .. } = self;
        let (some, none) = (place.scope.std("Some"), place.scope.std("None"));
        let (endpoint, route, label) = (&self.endpoint.endpoint.address, &topic.name.wire, &topic.label);
        let envelope = envelope(&self.endpoint.endpoint.connection.envelope, &place.scope);
        let params_schema = schema(place, &Type::Named(topic.params));
        let update_schema = schema(place, &topic.update);
        let shape = shape(&topic.param_shape, &some, &none);
        let unwrap = strings(&topic.unwrap);
        let state = option(topic.state.as_ref().map(|state| self.state(state)), &some, &none);
        let delivery = delivery(&topic.delivery);
        let history = option(topic.history.as_ref().map(history), &some, &none);
        let access = option(topic.access.as_ref().map(json), &some, &none);
        let max_subscriptions = option(topic.max_subscriptions.map(integer), &some, &none);
        let by_handler = topic.by_handler;
        let message = option(topic.message.as_ref().map(|message| string(message)), &some, &none);
        quote! {
            impl rt::Topic for #marker {
                type Params = #params;
                type Update = #update;
                type Snapshot = #snapshot;

                const SPEC: rt::TopicSpec = rt::TopicSpec {
                    endpoint: #endpoint,
                    route: #route,
                    envelope: #envelope,
                    params: #params_schema,
                    update: #update_schema,
                    shape: #shape,
                    label: #label,
                    unwrap: #unwrap,
                    state: #state,
                    delivery: #delivery,
                    history: #history,
                    access: #access,
                    max_subscriptions: #max_subscriptions,
                    by_handler: #by_handler,
                    message: #message,
                };
            }
        }
    }

    fn state(&self, state: &State) -> TokenStream {
        let kind = state_kind(&state.kind);
        let (some, none) = (self.place.scope.std("Some"), self.place.scope.std("None"));
        let http = option(state.http.as_ref(), &some, &none);
        quote!(rt::StateSpec { kind: #kind, http: #http })
    }

    fn service(&self) -> TokenStream {
        let Self { items: Items { service, .. }, params, snapshot, place, topic, .. } = self;
        let scope = &place.scope;
        let (bounds, ok, none) = (scope.service_bounds(), scope.std("Ok"), scope.std("None"));
        let authorized = scope.future(&scope.result(&quote!(()), &quote!(rt::Refusal)));
        let snapshots = scope.future(&scope.option(snapshot));
        let wire = &topic.name.wire;
        let docs = prose::outer(&[format!(
            "What a service decides about {}; every method has a default.",
            prose::code(wire)
        )]);
        let message = format!("`{{Self}}` does not serve the topic `{}`", braced(wire));
        let note = format!("implement `{service}` for it, or pass `()` to take every default");
        // Whoever joins it for a connection decides; nobody else is asked.
        let decides = (!topic.by_handler).then(|| {
            quote! {
                #[doc = " Whether the caller may subscribe; the default lets everyone."]
                fn authorize(&self, caller: &rt::Caller, params: &#params) -> #authorized {
                    ::core::future::ready(#ok(()))
                }

                #[doc = " The snapshot for one new subscriber; `None`, the default, sends the retained state."]
                fn snapshot(&self, caller: &rt::Caller, params: &#params) -> #snapshots {
                    ::core::future::ready(#none)
                }
            }
        });
        quote! {
            #docs
            #[diagnostic::on_unimplemented(message = #message, note = #note)]
            #[expect(unused_variables, reason = "the defaults ignore what they are given")]
            pub trait #service: #bounds {
                #decides

                #[doc = " Someone listens to these parameters now: start their source. Must not block."]
                fn first_subscriber(&self, params: &#params) {}

                #[doc = " Nobody listens to these parameters any more: stop their source. Must not block."]
                fn last_subscriber(&self, params: &#params) {}
            }
        }
    }

    fn unit_service(&self) -> TokenStream {
        let service = &self.items.service;
        quote!(impl #service for () {})
    }

    fn router(&self) -> TokenStream {
        let Items { router, service, .. } = &self.items;
        let wire = &self.topic.name.wire;
        let docs = if self.topic.by_handler {
            format!("Tells a [`{service}`] who listens to {}.", prose::code(wire))
        } else {
            format!(
                "Routes {} and {} to a [`{service}`].",
                prose::code(&format!("{wire}.subscribe")),
                prose::code(&format!("{wire}.unsubscribe"))
            )
        };
        let docs = prose::outer(&[docs]);
        quote! {
            #docs
            #[derive(Debug)]
            pub struct #router<S>(#[doc = " Whom it routes to."] pub S);
        }
    }

    fn routing(&self) -> TokenStream {
        let Self { items: Items { router, service, marker, .. }, params, snapshot, place, .. } = self;
        let scope = &place.scope;
        let authorized = scope.result(&quote!(()), &quote!(rt::Refusal));
        let snapshots = scope.option(snapshot);
        let (ok, none) = (scope.std("Ok"), scope.std("None"));
        let (caller, argument, decided, made) = if self.topic.by_handler {
            (quote!(_), quote!(_), quote!(#ok(())), quote!(#none))
        } else {
            let decided = quote!(self.0.authorize(caller, params).await);
            (quote!(caller), quote!(params), decided, quote!(self.0.snapshot(caller, params).await))
        };
        quote! {
            impl<S: #service> rt::TopicRouter for #router<S> {
                type Topic = #marker;

                async fn authorize(&self, #caller: &rt::Caller, #argument: &#params) -> #authorized {
                    #decided
                }

                async fn snapshot(&self, #caller: &rt::Caller, #argument: &#params) -> #snapshots {
                    #made
                }

                fn first_subscriber(&self, params: &#params) {
                    self.0.first_subscriber(params);
                }

                fn last_subscriber(&self, params: &#params) {
                    self.0.last_subscriber(params);
                }
            }
        }
    }

    fn publisher(&self) -> [TokenStream; 2] {
        let Self { items: Items { publisher, marker, .. }, params, update, topic, .. } = self;
        let update_type = prose::code(&topic.update_tag());
        let docs =
            prose::outer(&[format!("Publishes {update_type}; cheap to clone, callable from any thread.")]);
        [
            quote! {
                #docs
                #[derive(Debug, Clone)]
                pub struct #publisher(rt::Publisher<#marker>);
            },
            quote! {
                impl #publisher {
                    #[doc = " A publisher into the node's hub."]
                    pub fn new(node: &rt::Node) -> Self {
                        Self(rt::Publisher::new(node))
                    }

                    #[doc = " Sends an update to every subscriber of these parameters and says how many there are. Never blocks."]
                    pub fn publish(&self, params: &#params, update: &#update) -> rt::Reach {
                        self.0.publish(params, update)
                    }

                    #[doc = " Whether anyone listens: a cheap check before costly work."]
                    pub fn has_subscribers(&self, params: &#params) -> bool {
                        self.0.has_subscribers(params)
                    }
                }
            },
        ]
    }
}

/// Where the schema of a type stands; a use without a name of its own has none and is not checked.
pub(super) fn schema(place: &TypePlace<'_>, ty: &Type) -> TokenStream {
    let (pointer, checked) = match ty {
        Type::Named(id) => {
            let def = place.context.api.type_def(*id);
            (def.pointer.as_str(), def.checked)
        }
        _ => ("", false),
    };
    if checked {
        quote!(rt::SchemaRef::checked(#pointer))
    } else {
        quote!(rt::SchemaRef::unchecked(#pointer))
    }
}

/// [`schema`] of a payload that may be missing.
pub(super) fn optional_schema(place: &TypePlace<'_>, ty: Option<&Type>) -> TokenStream {
    let (some, none) = (place.scope.std("Some"), place.scope.std("None"));
    let named = ty.filter(|ty| matches!(ty, Type::Named(_)));
    option(named.map(|ty| schema(place, ty)), &some, &none)
}

/// The members a topic string is made of, in its order: by UTF-16 code unit.
fn shape(shape: &ParamShape, some: &TokenStream, none: &TokenStream) -> TokenStream {
    let mut members: Vec<_> = shape.members.iter().collect();
    members.sort_by(|left, right| left.0.encode_utf16().cmp(right.0.encode_utf16()));
    let members = members.iter().map(|(key, default, nested)| {
        let default = option(default.as_ref().map(|value: &Value| string(&value.to_string())), some, none);
        let nested = nested.as_ref().map_or_else(|| quote!(&[]), |nested| self::shape(nested, some, none));
        quote!(rt::ParamMember::new(#key, #default, #nested))
    });
    quote!(&[#(#members),*])
}

fn delivery(delivery: &Delivery) -> TokenStream {
    let mode = match &delivery.mode {
        DeliveryMode::Every => quote!(rt::DeliveryMode::Every),
        DeliveryMode::Latest { key, interval_ms } => {
            let (key, interval) = (strings(key), integer(*interval_ms));
            quote!(rt::DeliveryMode::Latest { key: #key, interval_ms: #interval })
        }
    };
    let overflow = match delivery.overflow {
        Overflow::Close => quote!(rt::Overflow::Close),
        Overflow::DropOldest => quote!(rt::Overflow::DropOldest),
        Overflow::Resync => quote!(rt::Overflow::Resync),
    };
    let (flush, compress) = (integer(delivery.flush_ms), delivery.compress);
    quote!(rt::DeliverySpec { mode: #mode, flush_ms: #flush, overflow: #overflow, compress: #compress })
}

fn history(history: &History) -> TokenStream {
    let (size, ttl) = (integer(history.size), integer(history.ttl_ms));
    quote!(rt::HistorySpec { size: #size, ttl_ms: #ttl })
}
