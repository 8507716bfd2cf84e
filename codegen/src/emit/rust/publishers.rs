//! All publishers of an endpoint in one value.

use quote::quote;
use syn::Ident;

use super::literal::{derived, ident};
use super::module::Module;
use super::{EndpointContext, broadcasts, operations, prose};
use crate::model::Action;

/// `publishers.rs`; nothing where the server sends nothing of its own accord.
pub(super) fn module(context: &EndpointContext<'_>) -> Option<Module> {
    let publishers = publishers(context);
    if publishers.is_empty() {
        return None;
    }
    let name = context.item("Publishers");
    let about = prose::outer(&[format!(
        "A publisher for everything that {} sends.",
        prose::code(&context.endpoint.address)
    )]);
    let fields = publishers.iter().map(|(field, publisher, what)| {
        let docs = prose::outer(&[format!("Publishes {}.", prose::code(what))]);
        quote!(#docs pub #field: super::#publisher)
    });
    let values = publishers.iter().map(|(field, publisher, _)| quote!(#field: super::#publisher::new(node)));
    let items = vec![
        quote!(#about #[derive(Debug, Clone)] pub struct #name { #(#fields,)* }),
        quote! {
            impl #name {
                #[doc = " Publishers into the node's hub."]
                pub fn new(node: &rt::Node) -> Self { Self { #(#values,)* } }
            }
        },
    ];
    let mut module = Module::new("publishers", items);
    module.docs = vec![format!("What {} sends.", prose::code(&context.endpoint.address))];
    module.exports = vec![name.to_string()];
    Some(module)
}

/// Field, publisher, and what it publishes.
fn publishers(context: &EndpointContext<'_>) -> Vec<(Ident, Ident, String)> {
    let endpoint = context.endpoint;
    let topics = endpoint
        .topics
        .iter()
        .map(|topic| (ident(&topic.module), derived(&topic.name.rust, "Publisher"), topic.update_tag()));
    let broadcasts = endpoint.broadcasts.iter().filter(|broadcast| !broadcast.on_connect).map(|broadcast| {
        (ident(&broadcast.method), broadcasts::publisher_name(broadcast), broadcast.name.wire.clone())
    });
    let operations =
        endpoint.operations.iter().filter(|operation| operation.action == Action::Send).map(|operation| {
            (ident(&operation.method), operations::publisher_name(operation), operation.name.wire.clone())
        });
    topics.chain(broadcasts).chain(operations).collect()
}
