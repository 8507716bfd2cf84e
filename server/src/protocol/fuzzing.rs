//! What tests outside this crate call: the fuzz target of the frame decoder, and the comparison of topics with those
//! of the TypeScript runtime. No part of the API.

use serde_json::Value;

use super::{Envelope, Frame, ParamMember};

/// How deeply a fuzzed frame may nest.
const DEPTH: u32 = 32;

/// Decodes any bytes; what decodes must survive being written and read again.
///
/// # Panics
/// When it does not.
pub fn decode_frame(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(frame) = Frame::decode(text, DEPTH, Envelope::STANDARD) else { return };
    let written = Envelope::STANDARD.now().frame(&frame.kind, frame.id, frame.payload.as_deref());
    let again = std::str::from_utf8(&written).map(|text| Frame::decode(text, DEPTH, Envelope::STANDARD));
    match again {
        Ok(Ok(again)) => {
            assert_eq!((again.kind, again.id, again.payload), (frame.kind, frame.id, frame.payload));
        }
        other => panic!("{frame:?} was written as something else: {other:?}"),
    }
}

/// The topic string of a route and parameters, with the shape as `tests/vectors/topics.json` writes it.
#[must_use]
pub fn topic_name(route: &str, shape: &Value, params: &Value) -> String {
    super::topic_name(route, param_members(shape), params)
}

/// The constants that generated code would hold; leaked, because here they are made at run time.
fn param_members(shape: &Value) -> &'static [ParamMember] {
    let members = shape.as_object().into_iter().flatten().map(|(key, member)| ParamMember {
        key: key.clone().leak(),
        default: member.get("default").map(|default| &*default.to_string().leak()),
        members: member.get("members").map_or(&[], param_members),
    });
    members.collect::<Vec<_>>().leak()
}
