//! What an endpoint tells about itself: its constants, and the documents it serves.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use super::errors::retry;
use super::literal::{integer, option};
use super::module::Module;
use super::scope::Scope;
use super::topics::optional_schema;
use super::types::TypePlace;
use super::{Documents, EndpointContext, prose};
use crate::model::{Activity, Auth, AuthMode, Close, Connection, Envelope, OnInvalid};

/// `endpoint.rs`.
pub(super) fn module(context: &EndpointContext<'_>) -> Module {
    let endpoint = context.endpoint;
    let (name, address) = (&endpoint.name.wire, &endpoint.address);
    let (title, version) = (context.all.api.title(), context.all.api.version());
    let place = TypePlace::outside(context.all, Scope::with([]));
    let connection = connection(&place, &endpoint.connection);
    let [asyncapi, asyncapi_2, docs_page] = documents(context);
    let docs = prose::lines(
        &endpoint.docs,
        &format!("What {} tells about itself.", prose::code(address)),
        &[format!("Declared at {}.", prose::code(&format!("#/channels/{name}")))],
    );
    let docs = prose::outer(&docs);
    let item = quote! {
        #docs
        pub static ENDPOINT: rt::EndpointSpec = rt::EndpointSpec {
            name: #name,
            title: #title,
            version: #version,
            address: #address,
            connection: #connection,
            asyncapi_json: #asyncapi,
            asyncapi_2_json: #asyncapi_2,
            docs_html: #docs_page,
        };
    };
    let mut module = Module::new("endpoint", vec![item]);
    module.docs = vec![format!("The endpoint {}.", prose::code(address))];
    module.exports = vec!["ENDPOINT".to_owned()];
    module
}

fn documents(context: &EndpointContext<'_>) -> [TokenStream; 3] {
    match context.all.documents {
        Documents::Files => ["asyncapi.json", "asyncapi-2.4.0.json", "docs.html"].map(|file| {
            let path = format!("{}{file}", "../".repeat(context.depth));
            quote!(include_str!(#path))
        }),
        Documents::Inline { asyncapi, asyncapi_2, docs } => {
            [asyncapi, asyncapi_2, docs].map(|text| quote!(#text))
        }
    }
}

fn connection(place: &TypePlace<'_>, connection: &Connection) -> TokenStream {
    let envelope = envelope(&connection.envelope, &Scope::default());
    let activity = match connection.activity {
        Activity::Message => quote!(rt::Activity::Message),
        Activity::Any => quote!(rt::Activity::Any),
    };
    let on_invalid = match connection.on_invalid {
        OnInvalid::Reply => quote!(rt::OnInvalid::Reply),
        OnInvalid::Close => quote!(rt::OnInvalid::Close),
    };
    let (subprotocol, http_base) = (&connection.subprotocol, &connection.http_base);
    let heartbeat = integer(connection.heartbeat_ms);
    let lifetime = option(connection.lifetime_ms.map(integer), &quote!(Some), &quote!(None));
    let max_message = integer(connection.max_message_bytes);
    let (max_depth, max_subscriptions) =
        (integer(connection.max_depth), integer(connection.max_subscriptions));
    let (queue, rate) = (integer(connection.queue_bytes), integer(connection.messages_per_second));
    let auth = auth(place, &connection.auth);
    let closes = connection.closes.iter().map(close);
    quote! {
        rt::ConnectionSpec {
            envelope: #envelope,
            subprotocol: #subprotocol,
            heartbeat_ms: #heartbeat,
            lifetime_ms: #lifetime,
            activity: #activity,
            on_invalid: #on_invalid,
            max_message_bytes: #max_message,
            max_depth: #max_depth,
            max_subscriptions: #max_subscriptions,
            queue_bytes: #queue,
            messages_per_second: #rate,
            http_base: #http_base,
            auth: #auth,
            closes: &[#(#closes),*],
        }
    }
}

/// `rt::Envelope::STANDARD`, or one of other members.
pub(super) fn envelope(envelope: &Envelope, scope: &Scope) -> TokenStream {
    if *envelope == Envelope::standard() {
        return quote!(rt::Envelope::STANDARD);
    }
    let Envelope { tag, client_tag, body, timestamp } = envelope;
    let (some, none) = (scope.std("Some"), scope.std("None"));
    let [body, timestamp] =
        [body, timestamp].map(|name| option(name.as_ref().map(|name| quote!(#name)), &some, &none));
    quote!(rt::Envelope::new(#tag, #client_tag, #body, #timestamp))
}

fn auth(place: &TypePlace<'_>, auth: &Auth) -> TokenStream {
    if auth.mode.is_none() && auth.query == "token" {
        return quote!(rt::AuthSpec::UNDECLARED);
    }
    let (some, none) = (place.scope.std("Some"), place.scope.std("None"));
    let mode = auth.mode.map(|mode| match mode {
        AuthMode::Optional => quote!(rt::AuthMode::Optional),
        AuthMode::Required => quote!(rt::AuthMode::Required),
    });
    let (mode, timeout) = (option(mode, &some, &none), option(auth.timeout_ms.map(integer), &some, &none));
    let (claims, query) = (optional_schema(place, auth.claims.as_ref()), &auth.query);
    quote!(rt::AuthSpec { mode: #mode, timeout_ms: #timeout, query: #query, claims: #claims })
}

fn close(close: &Close) -> TokenStream {
    let condition = condition(&close.condition);
    let (code, reason, retry) = (close.code, &close.reason, retry(close.retry));
    let code = proc_macro2::Literal::u16_unsuffixed(code);
    quote!(rt::CloseSpec::new(rt::CloseCondition::#condition, #code, #reason, #retry))
}

/// `heartbeat-timeout` is `CloseCondition::HeartbeatTimeout`: the conditions are a fixed table that the seam mirrors.
fn condition(name: &str) -> syn::Ident {
    let words = name.split('-');
    let camel =
        words.flat_map(|word| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)));
    format_ident!("{}", camel.collect::<String>())
}
