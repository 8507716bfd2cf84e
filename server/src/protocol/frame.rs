//! Reading frames: the envelope, with its payload left as text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Most characters of an id.
const ID_LIMIT: usize = 64;

/// One frame from a client.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    /// What it is.
    pub(crate) kind: Cow<'a, str>,
    /// The client's own mark, as it was written; echoed unchanged.
    pub(crate) id: Option<&'a str>,
    /// The body, as it was written.
    pub(crate) payload: Option<&'a str>,
    /// The position a subscriber comes back with, as it was written.
    pub(crate) since: Option<&'a str>,
}

/// Why a text is not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    /// It is no JSON, or JSON of another kind.
    #[error("the frame is not a JSON object")]
    NotObject,
    /// It is nested more deeply than the endpoint accepts.
    #[error("the frame is nested too deeply")]
    TooDeep,
    /// It lacks a string `type`.
    #[error("the frame has no string `type`")]
    NoType,
    /// Its id is neither a string nor an integer, or too long.
    #[error("`id` is neither a string nor an integer of at most 64 characters")]
    BadId,
}

impl<'a> Frame<'a> {
    /// Reads a frame. A repeated member counts by its last value; unknown members are ignored.
    ///
    /// # Errors
    /// Where the text is no frame.
    pub(crate) fn decode(text: &'a str, max_depth: u32) -> Result<Self, FrameError> {
        if is_deeper_than(text, max_depth) {
            return Err(FrameError::TooDeep);
        }
        let raw: RawFrame<'a> = serde_json::from_str(text).map_err(|_| FrameError::NotObject)?;
        let kind = raw.kind.ok_or(FrameError::NoType)?;
        let kind = match plain(kind.get()) {
            Some(kind) => Cow::Borrowed(kind),
            None => serde_json::from_str::<Text<'a>>(kind.get()).map_err(|_| FrameError::NoType)?.0,
        };
        let id = raw.id.map(RawValue::get).filter(|id| *id != "null");
        if id.is_some_and(|id| !is_id(id)) {
            return Err(FrameError::BadId);
        }
        let since = raw.since.map(RawValue::get).filter(|since| *since != "null");
        Ok(Self { kind, id, payload: raw.payload.map(RawValue::get), since })
    }
}

/// A string, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

struct RawFrame<'a> {
    kind: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    payload: Option<&'a RawValue>,
    since: Option<&'a RawValue>,
}

impl<'de: 'a, 'a> Deserialize<'de> for RawFrame<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FrameVisitor)
    }
}

struct FrameVisitor;

impl<'de> Visitor<'de> for FrameVisitor {
    type Value = RawFrame<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut frame = RawFrame { kind: None, id: None, payload: None, since: None };
        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
            match &*key {
                "type" => frame.kind = Some(map.next_value()?),
                "id" => frame.id = Some(map.next_value()?),
                "payload" => frame.payload = Some(map.next_value()?),
                "since" => frame.since = Some(map.next_value()?),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(frame)
    }
}

/// The text of a JSON string without escapes.
fn plain(raw: &str) -> Option<&str> {
    let text = raw.strip_prefix('"')?.strip_suffix('"')?;
    (!text.as_bytes().contains(&b'\\')).then_some(text)
}

fn is_id(raw: &str) -> bool {
    if plain(raw).is_some_and(|id| id.len() <= ID_LIMIT) {
        return true;
    }
    if raw.starts_with('"') {
        return serde_json::from_str::<Text<'_>>(raw).is_ok_and(|Text(id)| id.chars().count() <= ID_LIMIT);
    }
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    raw.len() <= ID_LIMIT && !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether brackets outside strings nest more deeply than `limit`; says nothing about their being JSON.
pub(crate) fn is_deeper_than(text: &str, limit: u32) -> bool {
    // Few brackets cannot nest deeply, and counting them is many times faster than telling which stand in strings.
    let brackets = text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count();
    brackets > limit as usize && nests_deeper_than(text, limit)
}

fn nests_deeper_than(text: &str, limit: u32) -> bool {
    let mut depth = 0_u32;
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                // Skips to the closing quote; an escape takes the next byte with it.
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'\\' => {
                            bytes.next();
                        }
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<(String, Option<String>, Option<String>), FrameError> {
        Frame::decode(text, 4).map(|frame| {
            (frame.kind.into_owned(), frame.id.map(str::to_owned), frame.payload.map(str::to_owned))
        })
    }

    #[test]
    fn reads_the_envelope_and_leaves_the_payload() {
        let got = decode(r#" {"id":"1","x":[1],"payload": {"a" :1} ,"type":"bars.subscribe"}"#);
        assert_eq!(got, Ok(("bars.subscribe".into(), Some("\"1\"".into()), Some("{\"a\" :1}".into()))));
    }

    #[test]
    fn a_repeated_member_counts_by_its_last_value() {
        let got = decode(r#"{"type":"a","type":"\u0062","id":1,"id":2,"payload":1,"payload":2}"#);
        assert_eq!(got, Ok(("b".into(), Some("2".into()), Some("2".into()))));
    }

    #[test]
    fn says_why_a_text_is_no_frame() {
        let long = format!(r#"{{"type":"a","id":"{}"}}"#, "é".repeat(65));
        let cases = [
            ("", FrameError::NotObject),
            ("nonsense", FrameError::NotObject),
            ("[]", FrameError::NotObject),
            ("{\"type\":\"a\"} {}", FrameError::NotObject),
            ("{}", FrameError::NoType),
            ("{\"type\":1}", FrameError::NoType),
            ("{\"type\":null}", FrameError::NoType),
            ("{\"type\":\"a\",\"payload\":[[[[]]]]}", FrameError::TooDeep),
            ("{\"type\":\"a\",\"id\":1.5}", FrameError::BadId),
            ("{\"type\":\"a\",\"id\":{}}", FrameError::BadId),
            ("{\"type\":\"a\",\"id\":true}", FrameError::BadId),
            (&long, FrameError::BadId),
        ];
        for (text, error) in cases {
            assert_eq!(decode(text), Err(error), "{text}");
        }
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert!(decode(r#"{"type":"a","payload":"[[[[[[\"[[[["}"#).is_ok());
        assert!(decode(r#"{"type":"a","id":null,"payload":[[[]]]}"#).is_ok());
    }
}
