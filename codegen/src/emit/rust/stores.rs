//! Retained state: a marker per store, and all stores of an endpoint in one value.

use proc_macro2::TokenStream;
use quote::quote;

use super::literal::{ident, json, option, strings};
use super::module::{self, Module};
use super::scope::Scope;
use super::topics::state_kind;
use super::types::TypePlace;
use super::{EndpointContext, prose};
use crate::model::{Broadcast, Store, Take};

/// `stores.rs`; nothing where nothing is retained.
pub(super) fn module(context: &EndpointContext<'_>) -> Option<Module> {
    let stores = &context.endpoint.stores;
    if stores.is_empty() {
        return None;
    }
    let scope = Scope::with(stores.iter().map(|store| store.name.rust.as_str()));
    let place = TypePlace::outside(context.all, scope);
    let mut module = Module::new("stores", Vec::new());
    module.public = true;
    module.docs = vec![format!("What {} retains.", prose::code(&context.endpoint.address))];
    for store in stores {
        module.items.extend(marker(context, &place, store));
    }
    module.items.extend(all(context, stores));
    module.scope = place.scope;
    module.exports = vec![context.item("Stores").to_string()];
    Some(module)
}

/// The stores that a broadcast feeds, as a constant of its marker; nothing where there are none.
pub(super) fn feeds(context: &EndpointContext<'_>, broadcast: &Broadcast) -> Option<TokenStream> {
    let specs = specs(context, &broadcast.feeds);
    (!broadcast.feeds.is_empty()).then(|| quote!(const FEEDS: &'static [&'static rt::StoreSpec] = #specs;))
}

/// Constants of the stores at these places.
pub(super) fn specs(context: &EndpointContext<'_>, places: &[usize]) -> TokenStream {
    let markers = places.iter().map(|at| ident(&context.endpoint.stores[*at].name.rust));
    quote!(&[#(&<super::stores::#markers as rt::Stored>::SPEC),*])
}

fn marker(context: &EndpointContext<'_>, place: &TypePlace<'_>, store: &Store) -> [TokenStream; 2] {
    let (marker, wire, address) = (ident(&store.name.rust), &store.name.wire, &context.endpoint.address);
    let pointer = format!("#/channels/{}/x-state/{wire}", context.endpoint.name.wire);
    let (some, none) = (place.scope.std("Some"), place.scope.std("None"));
    let (item, value) = (place.ty(&store.item), place.ty(&store.value));
    let kind = state_kind(&store.kind);
    let take = match &store.take {
        Take::Payload => quote!(rt::Take::Payload),
        Take::Member(member) => quote!(rt::Take::Member(#member)),
        Take::Frame => quote!(rt::Take::Frame),
    };
    let members = strings(&store.members);
    let initial = option(store.initial.as_ref().map(json), &some, &none);
    let http = option(store.http.as_ref(), &some, &none);
    [
        module::marker(&marker, &store.docs, "retained", wire, &pointer),
        quote! {
            impl rt::Stored for #marker {
                type Item = #item;
                type Value = #value;

                const SPEC: rt::StoreSpec = rt::StoreSpec {
                    endpoint: #address,
                    name: #wire,
                    kind: #kind,
                    take: #take,
                    members: #members,
                    initial: #initial,
                    http: #http,
                };
            }
        },
    ]
}

fn all(context: &EndpointContext<'_>, stores: &[Store]) -> [TokenStream; 2] {
    let name = context.item("Stores");
    let about = prose::outer(&[format!("All that {} retains.", prose::code(&context.endpoint.address))]);
    let fields = stores.iter().map(|store| {
        let (field, marker) = (ident(&store.field), ident(&store.name.rust));
        let docs = prose::outer(&[format!("The retained {}.", prose::code(&store.name.wire))]);
        quote!(#docs pub #field: rt::Store<#marker>)
    });
    let values = stores.iter().map(|store| {
        let field = ident(&store.field);
        quote!(#field: rt::Store::new(node))
    });
    [
        quote!(#about #[derive(Debug, Clone)] pub struct #name { #(#fields,)* }),
        quote! {
            impl #name {
                #[doc = " The stores of this node."]
                pub fn new(node: &rt::Node) -> Self { Self { #(#values,)* } }
            }
        },
    ]
}
