//! The socket of one connection: reads messages, writes what waits, joins what it can into one write.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use std::pin::Pin;

use super::outbound::{Outbound, Outgoing};
use crate::node::Node;
use crate::protocol::{Close, CloseCondition};

/// Messages read in a row before replies are written: enough to join the answers to a burst.
const READS_IN_A_ROW: u32 = 32;

/// What happens on a socket.
#[derive(Debug)]
pub(super) enum Event {
    /// A text message came.
    Text(Utf8Bytes),
    /// A binary message came.
    Binary,
    /// A protocol ping or pong came.
    Control,
    /// The client closed, or the socket broke.
    Gone,
    /// What came cannot be accepted: close for this reason.
    Unacceptable(CloseCondition),
    /// A topic lost updates and there is room again.
    Resync(Arc<str>),
    /// Nothing, but there is something to do earlier than was known.
    Rescheduled,
}

/// The socket and the queue that feeds it.
pub(super) struct Transport {
    socket: WebSocket,
    outbound: Arc<Outbound>,
    node: Node,
    /// Written, not yet flushed.
    dirty: bool,
    ping_wanted: bool,
    reads_in_a_row: u32,
}

impl Transport {
    pub(super) fn new(socket: WebSocket, outbound: Arc<Outbound>, node: Node) -> Self {
        Self { socket, outbound, node, dirty: false, ping_wanted: false, reads_in_a_row: 0 }
    }

    /// Sends a protocol ping with the next write.
    pub(super) fn ping(&mut self) {
        self.ping_wanted = true;
    }

    /// Reads and writes until something happened. With `may_read` false it only writes, and looks again once
    /// replies have left.
    pub(super) fn poll_event(&mut self, context: &mut Context<'_>, may_read: bool) -> Poll<Event> {
        if self.reads_in_a_row >= READS_IN_A_ROW {
            self.reads_in_a_row = 0;
            if let Poll::Ready(event) = self.poll_write(context) {
                return Poll::Ready(event);
            }
        }
        let mut has_read = false;
        loop {
            if may_read && !has_read && self.outbound.has_control_room() {
                has_read = true;
                if let Poll::Ready(message) = Pin::new(&mut self.socket).poll_next(context) {
                    self.reads_in_a_row += 1;
                    return Poll::Ready(event_of(message));
                }
            }
            self.reads_in_a_row = 0;
            if let Poll::Ready(event) = self.poll_write(context) {
                return Poll::Ready(event);
            }
            if has_read || !may_read || !self.outbound.has_control_room() {
                return Poll::Pending;
            }
        }
    }

    /// Writes what waits; ready only where something else has to happen.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        loop {
            if self.outbound.poll_overflow(context) {
                return Poll::Ready(Event::Unacceptable(CloseCondition::SlowConsumer));
            }
            if ready!(Pin::new(&mut self.socket).poll_ready(context)).is_err() {
                return Poll::Ready(Event::Gone);
            }
            let message = if self.ping_wanted {
                self.ping_wanted = false;
                Message::Ping(Bytes::new())
            } else {
                match self.outbound.poll_next(context) {
                    Poll::Ready(Outgoing::Frame(frame)) => self.text(frame),
                    Poll::Ready(Outgoing::Resync(topic)) => return Poll::Ready(Event::Resync(topic)),
                    Poll::Ready(Outgoing::Overflow) => {
                        return Poll::Ready(Event::Unacceptable(CloseCondition::SlowConsumer));
                    }
                    Poll::Pending => break,
                }
            };
            self.dirty = true;
            if Pin::new(&mut self.socket).start_send(message).is_err() {
                return Poll::Ready(Event::Gone);
            }
        }
        if self.dirty {
            if ready!(Pin::new(&mut self.socket).poll_flush(context)).is_err() {
                return Poll::Ready(Event::Gone);
            }
            self.dirty = false;
        }
        Poll::Pending
    }

    fn text(&self, frame: Bytes) -> Message {
        let metrics = &self.node.shared().metrics;
        metrics.messages_sent.inc();
        metrics.messages_sent_bytes.inc_by(frame.len() as u64);
        // Frames are made from strings; the check costs less than the write it precedes.
        Message::Text(Utf8Bytes::try_from(frame).unwrap_or_default())
    }

    /// Sends the last words and the close, then waits for the client's. The caller bounds the time.
    pub(super) async fn close(mut self, close: &Close, is_readable: bool) {
        for frame in self.outbound.take_control() {
            let message = self.text(frame);
            if self.socket.feed(message).await.is_err() {
                return;
            }
        }
        let frame = CloseFrame { code: close.code, reason: close.reason.as_str().into() };
        if self.socket.send(Message::Close(Some(frame))).await.is_err() {
            return;
        }
        if !is_readable {
            // What the client still sends cannot be parsed any more. Ending the socket now would reset it and could
            // take the close frame with it, so it is left to the client, for as long as the caller allows.
            std::future::pending::<()>().await;
        }
        while let Some(Ok(_)) = self.socket.next().await {}
    }

    /// Answers the client's close. The caller bounds the time.
    pub(super) async fn finish(mut self) {
        while let Some(Ok(_)) = self.socket.next().await {}
    }
}

fn event_of(message: Option<Result<Message, axum::Error>>) -> Event {
    match message {
        Some(Ok(Message::Text(text))) => Event::Text(text),
        Some(Ok(Message::Binary(_))) => Event::Binary,
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Event::Control,
        Some(Ok(Message::Close(_))) | None => Event::Gone,
        Some(Err(error)) => match error.into_inner().downcast_ref::<tungstenite::Error>() {
            Some(tungstenite::Error::Capacity(_)) => Event::Unacceptable(CloseCondition::MessageTooBig),
            Some(tungstenite::Error::Utf8(_)) => Event::Unacceptable(CloseCondition::InvalidUtf8),
            _ => Event::Gone,
        },
    }
}
