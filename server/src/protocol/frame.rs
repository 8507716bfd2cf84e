//! Reading frames: the envelope, with its payload left as text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::envelope::Envelope;
use super::topic_name::write_string;

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
    pub(crate) payload: Option<Cow<'a, str>>,
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
    /// It lacks a string that says what it is.
    #[error("the frame has no string `{0}`")]
    NoType(&'static str),
    /// Its id is neither a string nor an integer, or too long.
    #[error("`id` is neither a string nor an integer of at most 64 characters")]
    BadId,
}

/// A text that is no frame, and the id that its answer bears all the same: that of an object which lacks only a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoFrame<'a> {
    /// Why it is none.
    pub(crate) error: FrameError,
    /// The client's own mark, as it was written.
    pub(crate) id: Option<&'a str>,
}

impl From<FrameError> for NoFrame<'_> {
    fn from(error: FrameError) -> Self {
        Self { error, id: None }
    }
}

impl<'a> Frame<'a> {
    /// Reads a frame. A repeated member counts by its last value; unknown members are ignored.
    ///
    /// # Errors
    /// Where the text is no frame.
    pub(crate) fn decode(text: &'a str, max_depth: u32, envelope: Envelope) -> Result<Self, NoFrame<'a>> {
        Self::read(text, max_depth, FrameVisitor { tag: envelope.client_tag, has_id: true, envelope })
    }

    /// Reads a frame as the server would send it, from someone who asks to have it sent.
    ///
    /// # Errors
    /// Where the text is no frame.
    pub(crate) fn decode_published(
        text: &'a str,
        max_depth: u32,
        envelope: Envelope,
    ) -> Result<Self, NoFrame<'a>> {
        Self::read(text, max_depth, FrameVisitor { tag: envelope.tag, has_id: false, envelope })
    }

    fn read(text: &'a str, max_depth: u32, visitor: FrameVisitor) -> Result<Self, NoFrame<'a>> {
        if is_deeper_than(text, max_depth) {
            return Err(FrameError::TooDeep.into());
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let raw = deserializer.deserialize_map(visitor).map_err(|_| FrameError::NotObject)?;
        deserializer.end().map_err(|_| FrameError::NotObject)?;
        let id = raw.id.map(RawValue::get).filter(|id| *id != "null");
        let valid_id = id.filter(|id| is_id(id));
        let no_type = NoFrame { error: FrameError::NoType(visitor.tag), id: valid_id };
        let kind = raw.kind.ok_or(no_type)?;
        let kind = match plain(kind.get()) {
            Some(kind) => Cow::Borrowed(kind),
            None => serde_json::from_str::<Text<'a>>(kind.get()).map_err(|_| no_type)?.0,
        };
        if id != valid_id {
            return Err(FrameError::BadId.into());
        }
        let since = raw.since.map(RawValue::get).filter(|since| *since != "null");
        let payload = match visitor.envelope.body {
            Some(_) => raw.payload.map(|payload| Cow::Borrowed(payload.get())),
            None => Some(Cow::Owned(format!("{{{}}}", raw.beside))),
        };
        Ok(Self { kind, id, payload, since })
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
    /// Where the payload's members stand beside the others: those, with commas between.
    beside: String,
}

#[derive(Clone, Copy)]
struct FrameVisitor {
    /// Member that says what the frame is.
    tag: &'static str,
    /// Whether `id` is a member of the envelope.
    has_id: bool,
    envelope: Envelope,
}

impl<'de> Visitor<'de> for FrameVisitor {
    type Value = RawFrame<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self { tag, has_id, envelope } = self;
        let mut frame = RawFrame { kind: None, id: None, payload: None, since: None, beside: String::new() };
        while let Some(Text(key)) = map.next_key::<Text<'de>>()? {
            if key == tag {
                frame.kind = Some(map.next_value()?);
            } else if has_id && key == "id" {
                frame.id = Some(map.next_value()?);
            } else if envelope.body.is_none() && Some(&*key) != envelope.timestamp {
                if !frame.beside.is_empty() {
                    frame.beside.push(',');
                }
                write_string(&mut frame.beside, &key);
                frame.beside.push(':');
                frame.beside.push_str(map.next_value::<&RawValue>()?.get());
            } else if envelope.body == Some(&*key) {
                frame.payload = Some(map.next_value()?);
            } else if key == "since" {
                frame.since = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
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
        let frame = Frame::decode(text, 4, Envelope::STANDARD).map_err(|none| none.error)?;
        Ok((frame.kind.into_owned(), frame.id.map(str::to_owned), frame.payload.map(Cow::into_owned)))
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
            ("{}", FrameError::NoType("type")),
            ("{\"type\":1}", FrameError::NoType("type")),
            ("{\"type\":null}", FrameError::NoType("type")),
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
    fn an_object_without_a_type_keeps_its_id() {
        let cases = [
            (r#"{"id":"42","payload":{}}"#, Some("\"42\"")),
            (r#"{"type":7,"id":-1}"#, Some("-1")),
            (r#"{"id":null}"#, None),
            (r#"{"id":[]}"#, None),
            (r#"{"id":1"#, None),
            (r#"{"type":"a","id":1.5}"#, None),
        ];
        for (text, id) in cases {
            let none = Frame::decode(text, 4, Envelope::STANDARD).map(|frame| frame.kind);
            assert_eq!(none.expect_err("no frame").id, id, "{text}");
        }
    }

    #[test]
    fn reads_other_envelopes() {
        let (data, flat) = (Some("data"), None);
        let cases = [
            (data, r#"{"action":"a","data":[1],"payload":2}"#, Some("[1]")),
            (data, r#"{"action":"a"}"#, None),
            (
                flat,
                r#"{"action":"a","id":1,"symbols":["X"],"at":"now","\u006e":2}"#,
                Some(r#"{"symbols":["X"],"n":2}"#),
            ),
            (flat, r#"{"action":"a"}"#, Some("{}")),
        ];
        for (body, text, payload) in cases {
            let frame = Frame::decode(text, 4, Envelope::new("type", "action", body, Some("at")));
            let frame = frame.map(|frame| (frame.kind.into_owned(), frame.payload.map(Cow::into_owned)));
            assert_eq!(frame, Ok(("a".into(), payload.map(str::to_owned))), "{text}");
        }
    }

    #[test]
    fn brackets_in_strings_do_not_nest() {
        assert!(decode(r#"{"type":"a","payload":"[[[[[[\"[[[["}"#).is_ok());
        assert!(decode(r#"{"type":"a","id":null,"payload":[[[]]]}"#).is_ok());
    }
}
