//! Declared failures as an enum that turns into a refusal.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::literal::ident;
use super::prose;
use super::types::TypePlace;
use crate::model::{ErrorCode, Retry};

/// The enum and its conversions from and to a refusal.
pub(super) fn definition(
    place: &TypePlace<'_>,
    name: &Ident,
    about: &str,
    errors: &[ErrorCode],
) -> Vec<TokenStream> {
    let about = prose::outer(&[about.to_owned()]);
    let refused = undeclared(errors);
    let variants = errors.iter().map(|error| variant(place, error));
    let from = place.scope.std("From");
    let arms = errors.iter().map(|error| conversion(name, error));
    vec![
        quote! {
            #about
            #[derive(Debug, Clone)]
            pub enum #name {
                #(#variants,)*
                #[doc = " A failure the document does not name."]
                #refused(rt::Refusal),
            }
        },
        quote! {
            impl #from<#name> for rt::Refusal {
                fn from(error: #name) -> Self {
                    match error { #(#arms,)* #name::#refused(refusal) => refusal }
                }
            }
        },
        quote! {
            impl #from<rt::Refusal> for #name {
                fn from(refusal: rt::Refusal) -> Self {
                    Self::#refused(refusal)
                }
            }
        },
    ]
}

/// The variant for everything else: `Refused`, unless the document has an error of that name.
fn undeclared(errors: &[ErrorCode]) -> Ident {
    let mut name = "Refused".to_owned();
    while errors.iter().any(|error| error.name.rust == name) {
        name.push_str("Otherwise");
    }
    ident(&name)
}

fn variant(place: &TypePlace<'_>, error: &ErrorCode) -> TokenStream {
    let name = ident(&error.name.rust);
    let advice = match error.retry {
        Retry::Never => "the same again fails again",
        Retry::Later => "worth another try after a pause",
        Retry::Now => "worth another try at once",
    };
    let note = format!("Code {}; {advice}.", prose::code(&error.name.wire));
    let docs =
        prose::outer(&prose::lines(&error.docs, &format!("{}.", prose::code(&error.name.wire)), &[note]));
    let string = place.scope.std("String");
    let details = error.details.as_ref().map(|ty| {
        let ty = place.ty(ty);
        quote!(#[doc = " What the document declares beside the message."] details: #ty,)
    });
    quote!(#docs #name { #[doc = " For a person."] message: #string, #details })
}

fn conversion(name: &Ident, error: &ErrorCode) -> TokenStream {
    let (variant, code, retry) = (ident(&error.name.rust), &error.name.wire, retry(error.retry));
    let (field, call) = match error.details {
        Some(_) => (Some(quote!(, details)), Some(quote!(.details(&details)))),
        None => (None, None),
    };
    quote!(#name::#variant { message #field } => Self::new(#code, message).retry(#retry)#call)
}

/// What a client does next, as the seam names it.
pub(super) fn retry(retry: Retry) -> TokenStream {
    match retry {
        Retry::Never => quote!(rt::Retry::Never),
        Retry::Later => quote!(rt::Retry::Later),
        Retry::Now => quote!(rt::Retry::Now),
    }
}
