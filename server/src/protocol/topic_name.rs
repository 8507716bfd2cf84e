//! The topic string: `{route}:{canonical JSON of the parameters}`.
//!
//! Canonical means RFC 8785 with two rules of our own: of declared objects only the declared members stand in it, and
//! one that is `null` or absent is `""`. Integers keep all their digits, also beyond 2^53, where RFC 8785 would merge
//! neighbours into one topic.

mod flat;
mod layout;
mod room;

use std::cmp::Ordering;
use std::ops::Deref;

use serde::Serialize;
use serde_json::{Map, Value};

use super::ParamMember;
pub(crate) use layout::Layout;
use room::Room;

/// A topic string, in room that its thread keeps for the next one.
#[derive(Debug)]
pub(crate) struct TopicName {
    /// There until it is dropped.
    room: Option<Box<Room>>,
}

impl Deref for TopicName {
    type Target = str;

    fn deref(&self) -> &str {
        self.room.as_ref().map_or("", |room| &room.name)
    }
}

impl Drop for TopicName {
    fn drop(&mut self) {
        if let Some(room) = self.room.take() {
            room.keep();
        }
    }
}

/// The topic of a route and typed parameters.
///
/// # Errors
/// Where the parameters have no JSON form.
pub(crate) fn topic_of<P: Serialize>(
    route: &str,
    layout: &Layout,
    params: &P,
) -> Result<TopicName, serde_json::Error> {
    let mut room = Room::take();
    if !(layout.is_flat && flat::write_topic(&mut room, route, layout.members, params)) {
        room.name = topic_name(route, layout.members, &serde_json::to_value(params)?);
    }
    Ok(TopicName { room: Some(room) })
}

/// The topic of a route and its parameters.
pub(crate) fn topic_name(route: &str, shape: &[ParamMember], params: &Value) -> String {
    let mut out = String::with_capacity(route.len() + 64);
    out.push_str(route);
    out.push(':');
    write_shaped(&mut out, shape, params.as_object());
    out
}

/// Writes the declared members, and those alone.
fn write_shaped(out: &mut String, shape: &[ParamMember], object: Option<&Map<String, Value>>) {
    out.push('{');
    let mut members: Vec<&ParamMember> = shape.iter().collect();
    members.sort_by(|left, right| utf16_order(left.key, right.key));
    for (index, member) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(out, member.key);
        out.push(':');
        write_member(out, member, object.and_then(|object| object.get(member.key)));
    }
    out.push('}');
}

fn write_member(out: &mut String, member: &ParamMember, value: Option<&Value>) {
    match value {
        None => write_default(out, member),
        Some(value) => write_member_value(out, member, value),
    }
}

/// Writes a member that is absent.
fn write_default(out: &mut String, member: &ParamMember) {
    match member.default.and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        Some(default) => write_member_value(out, member, &default),
        None => out.push_str("\"\""),
    }
}

fn write_member_value(out: &mut String, member: &ParamMember, value: &Value) {
    match value {
        Value::Null => out.push_str("\"\""),
        Value::Object(object) if !member.members.is_empty() => {
            write_shaped(out, member.members, Some(object));
        }
        other => write_value(out, other),
    }
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => {
            let mut entries: Vec<_> = object.iter().collect();
            entries.sort_by(|left, right| utf16_order(left.0, right.0));
            out.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(out, key);
                out.push(':');
                write_value(out, item);
            }
            out.push('}');
        }
    }
}

fn write_number(out: &mut String, number: &serde_json::Number) {
    if number.is_f64() {
        out.push_str(ryu_js::Buffer::new().format(number.as_f64().unwrap_or_default()));
    } else {
        out.push_str(&number.to_string());
    }
}

/// Strings as RFC 8785 writes them: the two-character escapes, `\u00xx` for other controls, everything else raw.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    write_escaped(out, text);
    out.push('"');
}

/// The same without the quotes.
pub(crate) fn write_escaped(out: &mut String, text: &str) {
    // Hardly ever.
    if !has_special(text.as_bytes()) {
        return out.push_str(text);
    }
    let mut rest = text;
    // What is special is ASCII, so the text is cut between characters.
    while let Some(index) = rest.bytes().position(is_special) {
        out.push_str(&rest[..index]);
        match rest.as_bytes()[index] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            0x08 => out.push_str("\\b"),
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x0c => out.push_str("\\f"),
            b'\r' => out.push_str("\\r"),
            control => out.push_str(&format!("\\u{control:04x}")),
        }
        rest = &rest[index + 1..];
    }
    out.push_str(rest);
}

/// What stands in no string as it is.
const fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Whether anything in a text has to be escaped. Eight bytes at a time: most strings are short, and most need nothing.
fn has_special(text: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES << 7;
    // The highest bit of a byte that was zero is set, and of no other below the first such.
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let (words, rest) = text.as_chunks::<8>();
    let found = words.iter().fold(0, |found, word| {
        let word = u64::from_le_bytes(*word);
        let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        found | controls | has_zero(word ^ (ONES * 0x22)) | has_zero(word ^ (ONES * 0x5c))
    });
    found != 0 || rest.iter().any(|byte| is_special(*byte))
}

fn utf16_order(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() {
        return left.cmp(right);
    }
    left.encode_utf16().cmp(right.encode_utf16())
}

#[cfg(test)]
mod tests;
