//! The reading side of one connection, and its end: bytes become events, a close becomes a farewell.
//!
//! Nothing is kept between two messages but the decoder's few bytes: reading goes through one buffer per thread.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::outbound::{Flushed, Outbound};
use super::stream::Stream;
use crate::protocol::{Close, CloseCondition};
use crate::websocket::{self, CloseFrame, Decoder, Limits, OpCode, Violation, close_frame, control_frame};

/// Messages read in a row before replies are written: enough to join the answers to a burst.
const READS_IN_A_ROW: u32 = 32;
/// Fragments of one message.
const FRAGMENTS: usize = 65_536;
/// What one read takes in.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    static SCRATCH_BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into_boxed_slice());
}

/// What happens on a socket.
#[derive(Debug)]
pub(super) enum Event {
    /// A text message came.
    Text(String),
    /// A binary message came.
    Binary,
    /// A protocol ping or pong came.
    Control,
    /// The client said goodbye.
    Closed(Option<CloseFrame>),
    /// The socket broke or ended.
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
    stream: Arc<Stream>,
    outbound: Arc<Outbound>,
    decoder: Decoder,
    /// Read, not yet looked at.
    events: VecDeque<Event>,
    reads_in_a_row: u32,
}

impl Transport {
    /// `early` is what the client sent right behind its request.
    pub(super) fn new(
        stream: Arc<Stream>,
        outbound: Arc<Outbound>,
        max_message: usize,
        early: &mut [u8],
    ) -> Self {
        let decoder = Decoder::new(Limits { message: max_message, fragments: FRAGMENTS }, false);
        let mut transport = Self { stream, outbound, decoder, events: VecDeque::new(), reads_in_a_row: 0 };
        transport.take_in(early);
        transport
    }

    /// Sends a protocol ping.
    pub(super) fn ping(&mut self) {
        self.outbound.raw(control_frame(OpCode::Ping, &[]));
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
                if let Poll::Ready(event) = self.poll_next_event(context) {
                    self.reads_in_a_row += 1;
                    return Poll::Ready(event);
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

    fn poll_next_event(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            // A burst may have made room for many events; an idle connection keeps none.
            self.events.shrink_to_fit();
            let read = SCRATCH_BUFFER.with_borrow_mut(|scratch| {
                let outcome = ready!(self.stream.poll_read(context, scratch));
                if let Ok(count) = outcome {
                    self.take_in(&mut scratch[..count]);
                }
                Poll::Ready(outcome)
            });
            match ready!(read) {
                Ok(0) | Err(_) => return Poll::Ready(Event::Gone),
                Ok(_) => {}
            }
        }
    }

    fn take_in(&mut self, bytes: &mut [u8]) {
        let Self { decoder, events, outbound, .. } = self;
        let fed = decoder.feed(bytes, |event| {
            events.push_back(match event {
                websocket::Event::Text(text) => Event::Text(text.to_owned()),
                websocket::Event::Binary(_) => Event::Binary,
                websocket::Event::Ping(payload) => {
                    outbound.pong(control_frame(OpCode::Pong, payload));
                    Event::Control
                }
                websocket::Event::Pong(_) => Event::Control,
                websocket::Event::Close(close) => Event::Closed(close),
            });
        });
        if let Err(violation) = fed {
            tracing::debug!(%violation, "protocol violation");
            events.push_back(Event::Unacceptable(condition_of(violation)));
        }
    }

    /// Writes what waits; ready only where something else has to happen.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        match self.outbound.poll_flush(context) {
            Poll::Ready(Flushed::Resync(topic)) => Poll::Ready(Event::Resync(topic)),
            Poll::Ready(Flushed::Overflow) => Poll::Ready(Event::Unacceptable(CloseCondition::SlowConsumer)),
            Poll::Ready(Flushed::Broken) => Poll::Ready(Event::Gone),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Answers the client's goodbye and ends the socket.
    pub(super) async fn answer_close(self, close: Option<CloseFrame>) {
        self.farewell(close_frame(close.as_ref())).await;
    }

    /// Sends the last words and the close, then waits for the client to end the socket. The caller bounds the time.
    pub(super) async fn close(self, close: &Close) {
        self.farewell(close_frame(Some(&CloseFrame { code: close.code, reason: close.reason.clone() })))
            .await;
    }

    async fn farewell(self, last: bytes::Bytes) {
        self.outbound.end_with(last);
        let written = poll_fn(|context| self.outbound.poll_last_words(context)).await;
        if written.is_err() || poll_fn(|context| self.stream.poll_finish(context)).await.is_err() {
            return;
        }
        // Ending the socket while the client still sends would reset it and could take the close frame with it: what
        // comes is read and dropped until the client ends too.
        loop {
            let read = poll_fn(|context| {
                SCRATCH_BUFFER.with_borrow_mut(|scratch| self.stream.poll_read(context, scratch))
            });
            if matches!(read.await, Ok(0) | Err(_)) {
                return;
            }
        }
    }
}

fn condition_of(violation: Violation) -> CloseCondition {
    match violation {
        Violation::TooBig => CloseCondition::MessageTooBig,
        Violation::InvalidUtf8 => CloseCondition::InvalidUtf8,
        Violation::TooManyFragments => CloseCondition::PolicyViolation,
        _ => CloseCondition::ProtocolError,
    }
}
