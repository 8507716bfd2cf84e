//! One encoded frame, shared by all who receive it.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::{Bytes, BytesMut};

use super::RoutePolicy;
use crate::protocol::DeliverySpec;
use crate::websocket::{HEADER_ROOM, OpCode, Terms, frame_into, header_len, put_header};

/// What most frames have around their topic and payload.
pub(crate) const FRAME_ROOM: usize = 160;
/// What a publication that waits for one client costs beside its frame.
pub(crate) const ENTRY_COST: usize = 64;

/// What a frame is to its receivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublicationKind {
    /// An update of a topic: the topic's overflow policy applies.
    Update,
    /// A snapshot of a topic: never dropped alone.
    Snapshot,
    /// A broadcast or an explicit message: never dropped alone.
    Message,
}

/// One encoded frame, shared by all who receive it.
#[derive(Debug)]
pub(crate) struct Publication {
    /// The topic's route; empty for messages to everyone.
    pub(crate) route: &'static str,
    /// The topic; empty for messages to everyone.
    pub(crate) topic: Arc<str>,
    /// What it is.
    pub(crate) kind: PublicationKind,
    /// The frame as it goes over the wire, with its WebSocket header: the same bytes for every socket.
    pub(crate) wire: Bytes,
    /// Its text.
    pub(crate) frame: Bytes,
    /// Where the payload stands in the text.
    payload: Range<usize>,
    /// Only its members stand there, without the braces around them.
    is_flat: bool,
    /// Where members can be put for one receiver, each after a comma; `None` where frames hold the payload alone.
    pub(crate) rest_at: Option<usize>,
    /// How it is delivered.
    pub(crate) delivery: DeliverySpec,
    /// Which value of the topic it replaces, where only the latest of each is delivered.
    pub(crate) conflation_key: Option<Box<str>>,
    /// The frame compressed, once somebody wanted it; `None` in it where that is not worth it.
    deflated: OnceLock<Option<Bytes>>,
}

impl Publication {
    /// What it counts for where it waits for one client.
    pub(crate) fn cost(&self) -> usize {
        self.frame.len() + ENTRY_COST
    }

    /// An update or a snapshot of a topic, at a position of its history where it has one: an offset, and for snapshots
    /// the epoch.
    pub(crate) fn of_topic(
        kind: PublicationKind,
        topic: &Arc<str>,
        position: (Option<&str>, Option<u64>),
        payload: &str,
        policy: &RoutePolicy,
    ) -> Self {
        let verb = if kind == PublicationKind::Snapshot { "snapshot" } else { "update" };
        let &RoutePolicy { route, envelope, delivery, message, .. } = policy;
        let writer = envelope.now();
        let (wire, frame, rest_at) = match message {
            Some(message) => {
                let (wire, frame) = framed(&writer.message(message, Some(payload)));
                (wire, frame, None)
            }
            None => {
                // The text is written once, behind room for its header.
                let mut text = String::with_capacity(payload.len() + 2 * topic.len() + FRAME_ROOM);
                text.extend(['\0'; HEADER_ROOM]);
                let at = writer.topic_frame_into(&mut text, route, verb, topic, position, payload);
                let (wire, frame) = framed_in_place(text);
                (wire, frame, Some(at - HEADER_ROOM))
            }
        };
        Self {
            route,
            topic: topic.clone(),
            kind,
            payload: writer.payload_range(frame.len(), payload),
            wire,
            frame,
            is_flat: envelope.body.is_none(),
            rest_at,
            delivery,
            conflation_key: None,
            deflated: OnceLock::new(),
        }
    }

    /// A whole frame for everyone.
    pub(crate) fn message(text: &[u8], delivery: DeliverySpec) -> Self {
        let kind = PublicationKind::Message;
        let (wire, frame) = framed(text);
        Self {
            route: "",
            topic: Arc::from(""),
            kind,
            wire,
            frame,
            payload: 0..0,
            is_flat: false,
            rest_at: None,
            delivery,
            conflation_key: None,
            deflated: OnceLock::new(),
        }
    }

    /// The payload's text.
    pub(crate) fn payload(&self) -> Cow<'_, str> {
        let text = self.frame.get(self.payload.clone());
        // Whatever was published is text.
        let text = text.and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default();
        if self.is_flat { format!("{{{text}}}").into() } else { text.into() }
    }

    /// The frame for a client with compression: compressed when the first of them wants it, and the same bytes for all;
    /// the plain one where that is not worth it, not wanted, or beyond the client's window.
    pub(crate) fn deflated(&self, terms: &Terms, report: impl FnOnce()) -> &Bytes {
        if !self.delivery.compress || !terms.takes_shared(self.frame.len()) {
            return &self.wire;
        }
        let deflated = self.deflated.get_or_init(|| terms.shared_frame(&self.frame).inspect(|_| report()));
        deflated.as_ref().unwrap_or(&self.wire)
    }

    /// The frame with counters put into it, where it has room for them: `"dropped":3`.
    pub(crate) fn frame_with(&self, counters: &[(&str, u64)]) -> Bytes {
        let Some(rest_at) = self.rest_at else { return self.frame.clone() };
        let (head, rest) = self.frame.split_at(rest_at);
        let mut frame = Vec::with_capacity(self.frame.len() + counters.len() * 36);
        frame.extend_from_slice(head);
        for (member, count) in counters {
            frame.extend_from_slice(format!(",\"{member}\":{count}").as_bytes());
        }
        frame.extend_from_slice(rest);
        frame.into()
    }
}

/// The same for a text behind [`HEADER_ROOM`] bytes.
fn framed_in_place(text: String) -> (Bytes, Bytes) {
    let mut bytes = text.into_bytes();
    let start = put_header(&mut bytes);
    let bytes = Bytes::from(bytes);
    (bytes.slice(start..), bytes.slice(HEADER_ROOM..))
}

/// A text with its header in front, and the text alone out of the same bytes.
fn framed(text: &[u8]) -> (Bytes, Bytes) {
    let mut wire = BytesMut::new();
    frame_into(&mut wire, OpCode::Text, false, text);
    let wire = wire.freeze();
    let text = wire.slice(header_len(text.len())..);
    (wire, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{DeliveryMode, Envelope, Overflow};

    #[test]
    fn a_payload_is_found_again_in_every_envelope() {
        let delivery = DeliverySpec {
            mode: DeliveryMode::Every,
            flush_ms: 0,
            overflow: Overflow::Close,
            compress: true,
        };
        let (data, flat, time) = (Some("data"), None, Some("timestamp"));
        let envelopes = [
            Envelope::STANDARD,
            Envelope::new("type", "type", data, time),
            Envelope::new("type", "type", flat, None),
            Envelope::new("type", "type", flat, time),
        ];
        for envelope in envelopes {
            for message in [None, Some("ticker")] {
                let policy =
                    RoutePolicy { route: "t", envelope, state: None, history: None, delivery, message };
                let payloads = [r#"{"a":{"b":[1]}}"#, "{}"].into_iter();
                for payload in payloads.chain(["[1]", "null"].into_iter().filter(|_| envelope.body.is_some()))
                {
                    let position = (Some("e"), Some(7));
                    let kind = PublicationKind::Snapshot;
                    let made = Publication::of_topic(kind, &Arc::from("t:{}"), position, payload, &policy);
                    assert_eq!(made.payload(), payload, "{envelope:?} {message:?}");
                }
            }
        }
    }
}
