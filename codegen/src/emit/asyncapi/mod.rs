//! The served document: plain AsyncAPI that any tool reads, with the declarations it came from beside it.
//!
//! Loading the 3.0.0 form gives the model back. The 2.4.0 form is for tools that stopped there and is not read again.

pub(crate) mod authentication;
mod declare;
pub(crate) mod frames;
mod history;
mod http;
mod overflow;
pub(crate) mod schema;
mod v2;
mod v3;
mod wrap;

use serde_json::Value;

use crate::model::{Api, ParamShape};

pub(crate) use declare::{derived_snapshot, duration, retry, size};

/// A version of AsyncAPI that can be emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsyncApiVersion {
    /// The default, and the form that loads again.
    V3_0_0,
    /// One channel per address, `publish` and `subscribe` from the client's side.
    V2_4_0,
}

/// Closing words of `info.description`, which the loader takes off again.
pub const PERSPECTIVE_NOTE: &str =
    "Operations are described from the server's side: it receives what a client sends.";

/// The API as an AsyncAPI document, pretty-printed JSON, the same bytes on every run.
#[must_use]
pub fn emit_asyncapi(api: &Api, version: AsyncApiVersion) -> String {
    let document = match version {
        AsyncApiVersion::V3_0_0 => v3::document(api),
        AsyncApiVersion::V2_4_0 => v2::document(api),
    };
    format!("{document:#}\n")
}

/// The topic a set of parameters names: `{route}:{canonical JSON}` with defaults filled in.
pub(crate) fn topic_string(route: &str, shape: &ParamShape, params: &Value) -> String {
    let mut out = format!("{route}:");
    write_members(&mut out, shape, params);
    out
}

fn write_members(out: &mut String, shape: &ParamShape, params: &Value) {
    let mut members: Vec<_> = shape.members.iter().collect();
    members.sort_by(|(a, ..), (b, ..)| a.encode_utf16().cmp(b.encode_utf16()));
    out.push('{');
    for (index, (key, default, nested)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_canonical(out, &Value::from(key.as_str()));
        out.push(':');
        let given = params.get(key).filter(|value| !value.is_null());
        match (given.or(default.as_ref().filter(|value| !value.is_null())), nested) {
            (None, None) => out.push_str("\"\""),
            (value, Some(nested)) => write_members(out, nested, value.unwrap_or(&Value::Null)),
            (Some(value), None) => write_canonical(out, value),
        }
    }
    out.push('}');
}

/// RFC 8785.
fn write_canonical(out: &mut String, value: &Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            out.push_str(ryu_js::Buffer::new().format(number.as_f64().unwrap_or_default()));
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(out, item);
            }
            out.push(']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            for (index, (key, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(out, &Value::from(key.as_str()));
                out.push(':');
                write_canonical(out, value);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}
