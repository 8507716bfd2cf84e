//! The reading side of one connection, and its end: bytes become events, a close becomes a farewell.
//!
//! What arrives is served where it lies: reading goes through one buffer per thread, and bytes are copied only where
//! they have to wait, before they are decoded. All answers to one read leave in one write.

use std::cell::Cell;
use std::future::poll_fn;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::Ended;
use super::outbound::{Flushed, Outbound};
use crate::protocol::{Close, CloseCondition};
use crate::websocket::{
    self, CloseFrame, Decoder, Inflating, Limits, OpCode, Terms, Violation, close_frame, control_frame,
};

/// Fragments of one message.
const FRAGMENTS: usize = 65_536;
/// What one read takes in.
const SCRATCH: usize = 64 * 1024;

thread_local! {
    static SCRATCH_BUFFER: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Lends the thread's buffer. Whoever asks for it while it is lent gets one of its own.
fn with_scratch<T>(use_it: impl FnOnce(&mut [u8]) -> T) -> T {
    let mut scratch = SCRATCH_BUFFER.take().unwrap_or_else(|| vec![0; SCRATCH].into_boxed_slice());
    let result = use_it(&mut scratch);
    SCRATCH_BUFFER.set(Some(scratch));
    result
}

/// What a client sent.
#[derive(Debug)]
pub(super) enum Event<'a> {
    /// A text message came.
    Text(&'a str),
    /// A binary message came.
    Binary(&'a [u8]),
    /// A protocol ping or pong came.
    Control,
    /// The client said goodbye.
    Closed(Option<CloseFrame>),
    /// What came cannot be accepted: close for this reason.
    Unacceptable(CloseCondition),
}

impl<'a> Event<'a> {
    /// What a frame is to the host; a ping is answered here.
    fn of(event: websocket::Event<'a>, outbound: &Outbound) -> Self {
        match event {
            websocket::Event::Text(text) => Self::Text(text),
            websocket::Event::Binary(bytes) => Self::Binary(bytes),
            websocket::Event::Ping(payload) => {
                outbound.pong(control_frame(OpCode::Pong, payload));
                Self::Control
            }
            websocket::Event::Pong(_) => Self::Control,
            websocket::Event::Close(close) => Self::Closed(close),
        }
    }
}

/// Who serves what a socket brings.
pub(super) trait Host {
    /// Whether there is room for more requests and their answers.
    fn may_read(&self) -> bool;
    /// Serves one event.
    fn on_event(&mut self, event: Event<'_>, now: Instant) -> ControlFlow<Ended>;
    /// How long a message may take to arrive once it has begun.
    fn message_timeout(&self) -> Duration;
    /// The end that a condition asks for.
    fn end(&self, condition: CloseCondition) -> Ended;
    /// Sends a topic's subscriber what it needs after updates were lost.
    fn begin_resync(&mut self, topic: &Arc<str>);
    /// Counts the messages of one read, and their bytes.
    fn received(&self, messages: u64, length: u64);
    /// One read is served.
    fn settle(&mut self, now: Instant);
}

/// The message that has begun and not ended, and since when.
#[derive(Default)]
struct Patience(Option<(u32, Instant)>);

impl Patience {
    /// When a message that is under way has taken too long.
    fn end(&self, limit: Duration) -> Option<Instant> {
        self.0.map(|(_, since)| since + limit)
    }

    /// Whether the message that is under way takes too long.
    fn is_at_an_end(&mut self, unfinished: Option<u32>, limit: Duration, now: Instant) -> bool {
        match (unfinished, self.0) {
            (Some(current), Some((known, since))) if known == current => now >= since + limit,
            _ => {
                self.0 = unfinished.map(|current| (current, now));
                false
            }
        }
    }
}

/// The socket and the queue that feeds it.
pub(super) struct Transport {
    outbound: Arc<Outbound>,
    decoder: Decoder,
    patience: Patience,
    /// What has come and waits until there is room for the answers; most connections have nothing.
    unserved: Option<Box<Unserved>>,
}

/// Bytes that have come and are not decoded yet: a frame may be a thousand times as long once it is inflated.
struct Unserved {
    bytes: Vec<u8>,
    /// How many of them are served.
    served: usize,
}

impl Unserved {
    fn new(bytes: Vec<u8>) -> Option<Box<Self>> {
        (!bytes.is_empty()).then(|| Box::new(Self { bytes, served: 0 }))
    }
}

impl Transport {
    /// For a client of which nothing but its socket is known: what it has sent comes as `early`.
    pub(super) fn new(
        outbound: Arc<Outbound>,
        max_message: usize,
        compression: Option<Terms>,
        early: Vec<u8>,
    ) -> Self {
        let inflating = compression.map_or(Inflating::Never, |terms| terms.inflating);
        let decoder = Decoder::new(Limits { message: max_message, fragments: FRAGMENTS }, inflating);
        Self { outbound, decoder, patience: Patience::default(), unserved: Unserved::new(early) }
    }

    /// Reads, serves and writes until nothing more can be done now, or the conversation has ended.
    pub(super) fn poll(
        &mut self,
        host: &mut impl Host,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<Option<Ended>> {
        loop {
            let may_read = host.may_read();
            let mut has_read = false;
            if !may_read {
                // That a message takes long is not the client's fault then.
                self.patience = Patience::default();
            }
            if may_read {
                match self.poll_inbound(host, now, context) {
                    Poll::Ready(ControlFlow::Break(ended)) => return Poll::Ready(ended),
                    Poll::Ready(ControlFlow::Continue(())) => has_read = true,
                    Poll::Pending if self.is_out_of_patience(host, now) => {
                        tracing::debug!("a message was begun and not finished");
                        return Poll::Ready(Some(host.end(CloseCondition::PolicyViolation)));
                    }
                    Poll::Pending => {}
                }
            }
            match self.outbound.poll_flush(context) {
                Poll::Ready(Flushed::Resync(topic)) => host.begin_resync(&topic),
                Poll::Ready(Flushed::Overflow) => {
                    return Poll::Ready(Some(host.end(CloseCondition::SlowConsumer)));
                }
                Poll::Ready(Flushed::Failed) => {
                    return Poll::Ready(Some(host.end(CloseCondition::InternalError)));
                }
                Poll::Ready(Flushed::Broken) => return Poll::Ready(None),
                // Having written may have made room to read.
                Poll::Pending if has_read || (!may_read && host.may_read()) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Whether a message was begun so long ago, judged by all that has come: the clock may be ahead of the socket. Where
    /// nothing was read for a while, because answers were under way, its time begins anew.
    fn is_out_of_patience(&mut self, host: &impl Host, now: Instant) -> bool {
        self.patience.is_at_an_end(self.decoder.unfinished(), host.message_timeout(), now)
    }

    /// When the message that has begun has to have come.
    pub(super) fn patience_ends(&self, host: &impl Host) -> Option<Instant> {
        self.patience.end(host.message_timeout())
    }

    /// Serves what is left of the last read, or else reads.
    fn poll_inbound(
        &mut self,
        host: &mut impl Host,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<ControlFlow<Option<Ended>>> {
        if let Some(unserved) = self.unserved.take() {
            return Poll::Ready(self.take_in_unserved(unserved, host, now));
        }
        with_scratch(|scratch| {
            let bytes = match ready!(self.outbound.stream().poll_read(context, scratch)) {
                Ok(0) | Err(_) => return Poll::Ready(ControlFlow::Break(None)),
                Ok(count) => &mut scratch[..count],
            };
            Poll::Ready(self.take_in(bytes, host, now).map_continue(|left| {
                if left > 0 {
                    self.unserved = Unserved::new(bytes[bytes.len() - left..].to_vec());
                }
            }))
        })
    }

    fn take_in_unserved(
        &mut self,
        mut unserved: Box<Unserved>,
        host: &mut impl Host,
        now: Instant,
    ) -> ControlFlow<Option<Ended>> {
        let left = self.take_in(&mut unserved.bytes[unserved.served..], host, now)?;
        unserved.served = unserved.bytes.len() - left;
        self.unserved = (left > 0).then_some(unserved);
        ControlFlow::Continue(())
    }

    /// Serves what has come, as long as the host may read; says how many bytes are left.
    fn take_in(
        &mut self,
        mut bytes: &mut [u8],
        host: &mut impl Host,
        now: Instant,
    ) -> ControlFlow<Option<Ended>, usize> {
        let Self { decoder, outbound, .. } = self;
        let (mut step, mut messages, mut length) = (ControlFlow::Continue(()), 0, 0);
        loop {
            let fed = decoder.feed_one(bytes, &mut |event| {
                if let websocket::Event::Text(text) = event {
                    messages += 1;
                    length += text.len() as u64;
                }
                step = host.on_event(Event::of(event, outbound), now);
            });
            bytes = match fed {
                Ok(rest) => rest.unwrap_or_default(),
                Err(violation) => {
                    tracing::debug!(%violation, "protocol violation");
                    step = host.on_event(Event::Unacceptable(condition_of(violation)), now);
                    &mut []
                }
            };
            // Asked before each further event: one may take what room there was.
            if bytes.is_empty() || step.is_break() || !host.may_read() {
                break;
            }
        }
        host.received(messages, length);
        host.settle(now);
        step.map_break(Some)?;
        ControlFlow::Continue(bytes.len())
    }
}

/// Answers the client's goodbye; says whether the answer has left, else [`last_words`] are to be waited for. A client
/// sends nothing behind its close, so there is nothing else to wait for.
pub(super) fn answer_close(outbound: &Outbound, close: Option<&CloseFrame>) -> bool {
    outbound.end_with(&close_frame(close));
    outbound.poll_last_words(&mut Context::from_waker(Waker::noop())).is_ready()
}

/// Waits until all has left that was said before the end.
pub(super) async fn last_words(outbound: &Outbound) {
    let _ = poll_fn(|context| outbound.poll_last_words(context)).await;
}

/// Sends the last words and the close, then waits for the client to end the socket. The caller bounds the time.
pub(super) async fn say_close(outbound: &Outbound, close: &Close) {
    let frame = CloseFrame { code: close.code, reason: close.reason.clone() };
    outbound.end_with(&close_frame(Some(&frame)));
    let written = poll_fn(|context| outbound.poll_last_words(context)).await;
    if written.is_err() || poll_fn(|context| outbound.stream().poll_finish(context)).await.is_err() {
        return;
    }
    // Ending the socket while the client still sends would reset it and could take the close frame with it: what
    // comes is read and dropped until the client ends too.
    loop {
        let read = poll_fn(|context| with_scratch(|scratch| outbound.stream().poll_read(context, scratch)));
        if matches!(read.await, Ok(0) | Err(_)) {
            return;
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
