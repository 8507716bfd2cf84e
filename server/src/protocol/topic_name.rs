//! The topic string: `{route}:{canonical JSON of the parameters}`.
//!
//! Canonical means RFC 8785 with two rules of our own: of declared objects only the declared members stand in it, and
//! one that is `null` or absent is `""`. Integers keep all their digits, also beyond 2^53, where RFC 8785 would merge
//! neighbours into one topic.

mod flat;

use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::Deref;
use std::thread::LocalKey;

use serde::Serialize;
use serde_json::{Map, Value};

use super::ParamMember;

/// A thread keeps no more room than this for writing topics.
const KEPT: usize = 4 * 1024;

thread_local! {
    static NAMES: Cell<String> = const { Cell::new(String::new()) };
}

/// A topic string, in room that its thread keeps for the next one.
#[derive(Debug)]
pub(crate) struct TopicName(String);

impl TopicName {
    /// An empty one.
    fn begin() -> Self {
        Self(kept(&NAMES))
    }
}

impl Deref for TopicName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for TopicName {
    fn drop(&mut self) {
        keep(&NAMES, std::mem::take(&mut self.0));
    }
}

/// The room that was kept, or none yet.
fn kept(place: &'static LocalKey<Cell<String>>) -> String {
    let mut room = place.try_with(Cell::take).unwrap_or_default();
    room.clear();
    room
}

/// Keeps room for the next text.
fn keep(place: &'static LocalKey<Cell<String>>, room: String) {
    if room.capacity() <= KEPT {
        // A thread that ends keeps nothing.
        let _ = place.try_with(|place| place.set(room));
    }
}

/// The topic of a route and typed parameters.
///
/// # Errors
/// Where the parameters have no JSON form.
pub(crate) fn topic_of<P: Serialize>(
    route: &str,
    shape: &[ParamMember],
    params: &P,
) -> Result<TopicName, serde_json::Error> {
    match flat::topic_of(route, shape, params) {
        Some(topic) => Ok(topic),
        None => Ok(TopicName(topic_name(route, shape, &serde_json::to_value(params)?))),
    }
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
    sort(&mut members);
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

/// Brings members into the order in which they stand in topics.
fn sort(members: &mut [&ParamMember]) {
    members.sort_unstable_by(|left, right| utf16_order(left.key, right.key));
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
    out.push('"');
    write_escaped(out, text);
    out.push('"');
}

/// The same without the quotes.
pub(crate) fn write_escaped(out: &mut String, text: &str) {
    let is_special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
    // Hardly ever; looking at all of them at once is quicker than looking for the first.
    if !text.bytes().fold(false, |found, byte| found | is_special(byte)) {
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

fn utf16_order(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() {
        return left.cmp(right);
    }
    left.encode_utf16().cmp(right.encode_utf16())
}

#[cfg(test)]
mod tests;
