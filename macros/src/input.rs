//! What stands between the parentheses of `asyncapi!(…)`.

use bellwire_codegen::Perspective;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Result, Token};

/// The arguments of the macro.
pub(crate) struct Input {
    /// The document's path, as written.
    pub(crate) path: LitStr,
    /// From whose side the document is written.
    pub(crate) perspective: Perspective,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let path: LitStr = input.parse()?;
        let mut perspective = Perspective::Server;
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            perspective = argument(input)?;
        }
        Ok(Self { path, perspective })
    }
}

fn argument(input: ParseStream<'_>) -> Result<Perspective> {
    let name: Ident = input.parse()?;
    if name != "perspective" {
        return Err(Error::new(name.span(), "the only argument after the path is `perspective`"));
    }
    input.parse::<Token![=]>()?;
    let value: Ident = input.parse()?;
    match value.to_string().as_str() {
        "server" => Ok(Perspective::Server),
        "client" => Ok(Perspective::Client),
        _ => Err(Error::new(value.span(), "a perspective is `server` or `client`")),
    }
}
