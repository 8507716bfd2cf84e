//! How a request is made over plain HTTP, as a constant of the seam.

use proc_macro2::TokenStream;
use quote::quote;

use super::literal::{integer, option};
use super::scope::Scope;
use super::types::TypePlace;
use crate::model::{Http, HttpMethod, HttpParameter, HttpText, Request};

/// The value of `RequestSpec::http`.
pub(super) fn spec(scope: &Scope, request: &Request) -> TokenStream {
    let (some, none) = (scope.std("Some"), scope.std("None"));
    let Some(http) = &request.http else { return none };
    let Http { method, path, produces, max_age_ms, parameters, body, health: _ } = http;
    let method = match method {
        HttpMethod::Get => quote!(Get),
        HttpMethod::Post => quote!(Post),
        HttpMethod::Put => quote!(Put),
        HttpMethod::Patch => quote!(Patch),
        HttpMethod::Delete => quote!(Delete),
    };
    let produces = option(produces.as_ref(), &some, &none);
    let max_age = option(max_age_ms.map(integer), &some, &none);
    let parameters = parameters.iter().map(parameter);
    let statuses = request.errors.iter().filter_map(|error| {
        let (code, status) = (&error.name.wire, integer(error.status?));
        Some(quote!((#code, #status)))
    });
    quote! {
        #some(rt::HttpSpec {
            method: rt::HttpMethod::#method,
            path: #path,
            produces: #produces,
            max_age_ms: #max_age,
            parameters: &[#(#parameters),*],
            body: #body,
            statuses: &[#(#statuses),*],
        })
    }
}

fn parameter(parameter: &HttpParameter) -> TokenStream {
    let name = &parameter.name;
    let text = match parameter.text {
        HttpText::Text => quote!(Text),
        HttpText::Value => quote!(Value),
        HttpText::Texts => quote!(Texts),
        HttpText::Values => quote!(Values),
    };
    quote!(rt::HttpParameter::new(#name, rt::HttpText::#text))
}

/// What the service answers with.
pub(super) fn reply(place: &TypePlace<'_>, request: &Request) -> TokenStream {
    match (&request.reply, request.produces()) {
        (_, Some(_)) => quote!(rt::Content),
        (Some(ty), None) => place.ty(ty),
        (None, None) => quote!(()),
    }
}
