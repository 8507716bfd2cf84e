//! How frames of an endpoint wrap payloads, and the time that some envelopes carry.

use std::ops::Range;
use std::time::SystemTime;

use bytes::Bytes;
use jiff::Timestamp;

use super::encode::{Beginning, Position, write_beginning, write_position};
use super::topic_name::write_string;

/// How frames wrap payloads: the names of the members beside and around them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// Member that says what a frame of the server is.
    pub tag: &'static str,
    /// Member that says what a frame of a client is.
    pub client_tag: &'static str,
    /// Member that holds the payload; `None` where the payload's own members stand beside the tag.
    pub body: Option<&'static str>,
    /// Member that holds the time of sending, ISO 8601 in UTC; `None` where frames carry none.
    pub timestamp: Option<&'static str>,
}

impl Envelope {
    /// `{"type", "id"?, "topic"?, "payload"?}`.
    pub const STANDARD: Self = Self::new("type", "type", Some("payload"), None);

    /// An envelope of these members.
    #[must_use]
    pub const fn new(
        tag: &'static str,
        client_tag: &'static str,
        body: Option<&'static str>,
        timestamp: Option<&'static str>,
    ) -> Self {
        Self { tag, client_tag, body, timestamp }
    }

    /// Where the payload stands in a frame, as a JSON pointer.
    pub(crate) fn body_pointer(&self) -> String {
        self.body.map(|body| format!("/{body}")).unwrap_or_default()
    }

    /// Writes frames of the present moment.
    pub(crate) fn now(self) -> Writer {
        self.at(SystemTime::now)
    }

    /// Writes frames of a moment, which is only asked for where the envelope says it.
    pub(crate) fn at(self, clock: impl FnOnce() -> SystemTime) -> Writer {
        Writer { envelope: self, timestamp: self.timestamp.map(|_| iso_8601(clock())) }
    }
}

/// Writes frames of one envelope and moment.
#[derive(Debug)]
pub(crate) struct Writer {
    envelope: Envelope,
    timestamp: Option<String>,
}

impl Writer {
    /// `{"type":…,"payload":…}`.
    pub(crate) fn message(&self, kind: &str, payload: Option<&str>) -> Bytes {
        self.frame(kind, None, payload)
    }

    /// `{"type":…,"id":…,"payload":…}`.
    pub(crate) fn frame(&self, kind: &str, id: Option<&str>, payload: Option<&str>) -> Bytes {
        let mut out = String::with_capacity(kind.len() + payload.map_or(0, str::len) + 96);
        self.begin(&mut out, kind, [""; 2]);
        push_id(&mut out, id);
        self.finish(&mut out, payload.map(|payload| |out: &mut String| out.push_str(payload)));
        out.into()
    }

    /// Appends `{"type":"<kind>.response","id":…,"payload":…}`; the payload is written by `payload`.
    pub(crate) fn response(
        &self,
        out: &mut String,
        kind: &str,
        id: Option<&str>,
        payload: impl FnOnce(&mut String),
    ) {
        self.begin(out, kind, [".", "response"]);
        push_id(out, id);
        self.finish(out, Some(payload));
    }

    /// Appends the reply to a subscribe: `{"type":…,"id":…,"epoch":…,"offset":…,"recovered":…,"payload":…}`; the payload
    /// is written by `payload`.
    pub(crate) fn subscribed(
        &self,
        out: &mut String,
        route: &str,
        id: Option<&str>,
        beginning: Option<Beginning<'_>>,
        payload: impl FnOnce(&mut String),
    ) {
        self.begin(out, route, [".subscribe", ".response"]);
        push_id(out, id);
        if let Some(beginning) = beginning {
            write_beginning(out, beginning);
        }
        self.finish(out, Some(payload));
    }

    /// `{"type":"<route>.<verb>","topic":…,"payload":…}` with epoch and offset before the payload where there are any.
    pub(crate) fn topic_frame(
        &self,
        route: &str,
        verb: &str,
        topic: &str,
        position: Position<'_>,
        payload: &str,
    ) -> Bytes {
        let mut out = String::new();
        self.topic_frame_into(&mut out, route, verb, topic, position, payload);
        out.into()
    }

    /// Appends the same, and says where in the text further members may be put, each after a comma.
    pub(crate) fn topic_frame_into(
        &self,
        out: &mut String,
        route: &str,
        verb: &str,
        topic: &str,
        position: Position<'_>,
        payload: &str,
    ) -> usize {
        out.reserve(route.len() + verb.len() + 2 * topic.len() + payload.len() + 96);
        self.begin(out, route, [".", verb]);
        out.push_str(",\"topic\":");
        write_string(out, topic);
        write_position(out, position);
        let rest_at = out.len();
        self.finish(out, Some(|out: &mut String| out.push_str(payload)));
        rest_at
    }

    /// Where the text of a payload stands in a frame of such a length: all of it, or its members alone where they stand
    /// beside the tag.
    pub(crate) fn payload_range(&self, frame_len: usize, payload: &str) -> Range<usize> {
        let (text, tail) = match self.envelope.body {
            Some(_) => (payload, 1),
            None => {
                let mut stamp = String::new();
                self.stamp(&mut stamp);
                (members_of(payload), stamp.len() + 1)
            }
        };
        let end = frame_len - tail;
        end - text.len()..end
    }

    fn begin(&self, out: &mut String, kind: &str, ending: [&str; 2]) {
        out.push('{');
        write_string(out, self.envelope.tag);
        out.push(':');
        write_string(out, kind);
        // The closing quote makes room for the ending, which needs no escapes.
        out.pop();
        ending.iter().for_each(|part| out.push_str(part));
        out.push('"');
        if self.envelope.body.is_some() {
            self.stamp(out);
        }
    }

    fn finish(&self, out: &mut String, payload: Option<impl FnOnce(&mut String)>) {
        match (self.envelope.body, payload) {
            (Some(body), Some(payload)) => {
                out.push(',');
                write_string(out, body);
                out.push(':');
                payload(out);
            }
            (None, Some(payload)) => {
                let mut text = String::new();
                payload(&mut text);
                let members = members_of(&text);
                if !members.is_empty() {
                    out.push(',');
                    out.push_str(members);
                }
            }
            (_, None) => {}
        }
        if self.envelope.body.is_none() {
            self.stamp(out);
        }
        out.push('}');
    }

    fn stamp(&self, out: &mut String) {
        if let (Some(member), Some(timestamp)) = (self.envelope.timestamp, &self.timestamp) {
            out.push(',');
            write_string(out, member);
            out.push_str(":\"");
            out.push_str(timestamp);
            out.push('"');
        }
    }
}

fn push_id(out: &mut String, id: Option<&str>) {
    if let Some(id) = id {
        out.push_str(",\"id\":");
        out.push_str(id);
    }
}

/// What stands between the braces of an object.
pub(crate) fn members_of(object: &str) -> &str {
    let inner = object.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.unwrap_or_default().trim()
}

/// ISO 8601 in UTC, to the millisecond.
pub(crate) fn iso_8601(time: SystemTime) -> String {
    format!("{:.3}", Timestamp::try_from(time).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn writes_iso_8601() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_001, "2000-02-28T23:59:59.001Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
        ];
        for (milliseconds, text) in cases {
            let time = UNIX_EPOCH + Duration::from_millis(milliseconds);
            assert_eq!(iso_8601(time), text);
            assert_eq!(iso_8601(time + Duration::from_nanos(999_999)), text, "what is less is cut");
        }
    }

    #[test]
    fn wraps_payloads_as_declared() {
        let envelope = |body, timestamp| Envelope::new("type", "action", body, timestamp);
        let (data, flat, time) = (Some("data"), None, Some("timestamp"));
        let cases = [
            (Envelope::STANDARD, Some("1"), Some("{\"a\":1}"), r#"{"type":"x","id":1,"payload":{"a":1}}"#),
            (Envelope::STANDARD, None, None, r#"{"type":"x"}"#),
            (
                envelope(data, time),
                None,
                Some("[1]"),
                r#"{"type":"x","timestamp":"1970-01-01T00:00:00.000Z","data":[1]}"#,
            ),
            (envelope(data, time), None, None, r#"{"type":"x","timestamp":"1970-01-01T00:00:00.000Z"}"#),
            (
                envelope(flat, time),
                Some("\"7\""),
                Some(" { \"a\":{} } "),
                r#"{"type":"x","id":"7","a":{},"timestamp":"1970-01-01T00:00:00.000Z"}"#,
            ),
            (envelope(flat, None), None, Some("{}"), r#"{"type":"x"}"#),
            (envelope(flat, None), None, Some("{\"a\":[]}"), r#"{"type":"x","a":[]}"#),
        ];
        for (envelope, id, payload, expected) in cases {
            let written = envelope.at(|| UNIX_EPOCH).frame("x", id, payload);
            assert_eq!(std::str::from_utf8(&written), Ok(expected));
        }
    }
}
