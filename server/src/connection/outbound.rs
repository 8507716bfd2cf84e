//! What waits to be written to one socket: control messages and replies ahead of everything, then data, bounded by
//! bytes, with each topic's own policy for when there is no room.
//!
//! Filled from any thread. Whoever holds the lock may write, so that frames never mix: who fans out writes straight to
//! a socket for which nothing waits, and the connection's loop writes what could not go that way.

mod intake;
mod lanes;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::time::Instant;

use super::stream::Stream;

use crate::hub::{Outlet, Publication, Run, Subscription};
use crate::node::Node;
use crate::websocket::{OpCode, Terms, frame_into};
use lanes::{Lanes, Next};

/// Frames are joined up to about this size before they are written.
const JOINED: usize = 64 * 1024;

/// Bytes taken for replies when the first one is queued.
const CONTROL_ROOM: usize = 1024;

/// Bytes of control messages and replies among which every ping gets its pong.
const PONGS: usize = 16 * 1024;

/// Why the loop cannot go on writing.
#[derive(Debug)]
pub(super) enum Flushed {
    /// This topic lost updates and there is room again: send a fresh snapshot.
    Resync(Arc<str>),
    /// More waits than may: close.
    Overflow,
    /// Queueing panicked: close.
    Failed,
    /// The socket takes nothing any more.
    Broken,
}

/// The queue of one connection.
pub(super) struct Outbound {
    lanes: Mutex<Lanes>,
    limit: usize,
    node: Node,
    stream: Stream,
    /// How this client takes compressed frames, if it does.
    compression: Option<Terms>,
}

impl Outbound {
    /// An empty queue of at most `limit` bytes of data before a socket.
    pub(super) fn new(limit: usize, node: Node, stream: Stream, compression: Option<Terms>) -> Self {
        Self { lanes: Mutex::default(), limit, node, stream, compression }
    }

    /// The same, where these bytes go first.
    pub(super) fn after(mut self, unsent: Bytes) -> Self {
        self.lanes.get_mut().unwrap_or_else(PoisonError::into_inner).partial = unsent;
        self
    }

    /// All that greets the client is queued: what is published from now on may be written as it comes.
    pub(super) fn greeted(&self) {
        self.lock().greeted = true;
    }

    pub(super) fn stream(&self) -> &Stream {
        &self.stream
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a control message or a reply: ahead of data, never dropped. Their number is bounded by what the loop
    /// reads, see [`Outbound::has_control_room`].
    pub(super) fn control(&self, text: &[u8]) {
        self.message(OpCode::Text, text);
    }

    /// The same for a text or binary message.
    pub(super) fn message(&self, opcode: OpCode, payload: &[u8]) {
        let mut lanes = self.lock();
        if lanes.control.is_empty() {
            // Room for the answers to a burst; gone again once they have left.
            lanes.control.reserve(payload.len().max(CONTROL_ROOM));
        }
        match &self.compression {
            Some(terms) => _ = terms.frame_into(&mut lanes.control, opcode, payload),
            None => frame_into(&mut lanes.control, opcode, false, payload),
        }
        lanes.control_count += 1;
        lanes.wake();
    }

    /// Queues a frame of the WebSocket protocol itself.
    pub(super) fn raw(&self, frame: &[u8]) {
        let mut lanes = self.lock();
        lanes.control.extend_from_slice(frame);
        lanes.control_count += 1;
        lanes.wake();
    }

    /// Answers a ping. Once much waits, only the latest counts (RFC 6455, 5.5.3), so that a flood of pings does not fill
    /// the queue.
    pub(super) fn pong(&self, frame: Bytes) {
        let mut lanes = self.lock();
        if lanes.control.len() < PONGS {
            lanes.control.extend_from_slice(&frame);
            lanes.control_count += 1;
        } else {
            lanes.rare().pong = Some(frame);
        }
        lanes.wake();
    }

    /// Whether replies leave fast enough that more requests may be read.
    pub(super) fn has_control_room(&self) -> bool {
        self.lock().control.len() <= self.limit
    }

    /// Whether control messages or replies wait for the client to take them.
    pub(super) fn owes_answers(&self) -> bool {
        let lanes = self.lock();
        !lanes.control.is_empty() || (lanes.partly_said && !lanes.partial.is_empty())
    }

    /// Writes what waits; ready only where something else has to happen first.
    pub(super) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Flushed> {
        let mut lanes = self.lock();
        loop {
            if lanes.overflowed {
                return Poll::Ready(if lanes.failed { Flushed::Failed } else { Flushed::Overflow });
            }
            match lanes.poll_partial(&self.stream, context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(Flushed::Broken),
                Poll::Pending => {
                    lanes.remember(context);
                    return Poll::Pending;
                }
            }
            let (joined, resync) = self.gather(&mut lanes);
            if !joined.is_empty() {
                lanes.write(&self.stream, joined);
            } else if let Some(topic) = resync {
                return Poll::Ready(Flushed::Resync(topic));
            } else {
                lanes.remember(context);
                return match self.stream.poll_flush(context) {
                    Poll::Ready(Err(_)) => Poll::Ready(Flushed::Broken),
                    _ => Poll::Pending,
                };
            }
        }
    }

    /// Joins what waits into one buffer, up to a size, or says which topic must be resynchronised before the rest.
    fn gather(&self, lanes: &mut Lanes) -> (BytesMut, Option<Arc<str>>) {
        let (mut joined, mut count) = lanes.take_control();
        lanes.partly_said = !joined.is_empty();
        if !lanes.has_data() {
            self.sent(count, joined.len());
            return (joined, None);
        }
        let now = Instant::now();
        let mut resync = None;
        while joined.len() < JOINED {
            match lanes.next(self.limit, now) {
                Some(Next::Shared(publication)) => joined.extend_from_slice(self.frame_of(&publication)),
                Some(Next::Marked(text)) => frame_into(&mut joined, OpCode::Text, false, &text),
                Some(Next::Resync(topic)) => {
                    resync = Some(topic);
                    break;
                }
                None => break,
            }
            count += 1;
        }
        self.sent(count, joined.len());
        if joined.is_empty() {
            return (joined, resync);
        }
        if let Some(topic) = resync
            && let Some(lag) = lanes.lag(&topic)
        {
            // Asked again once what comes before it is written.
            lag.announced = false;
        }
        (joined, None)
    }

    /// A shared frame, as this client takes it.
    fn frame_of<'a>(&self, publication: &'a Publication) -> &'a Bytes {
        match &self.compression {
            Some(terms) => publication.deflated(terms, || self.publication_compressed()),
            None => &publication.wire,
        }
    }

    fn publication_compressed(&self) {
        self.node.shared().metrics.publications_compressed.inc();
    }

    /// Counts frames that leave.
    fn sent(&self, frames: u64, bytes: usize) {
        if frames == 0 {
            return;
        }
        let metrics = &self.node.shared().metrics;
        metrics.messages_sent.inc_by(frames);
        metrics.messages_sent_bytes.inc_by(bytes as u64);
    }

    /// Takes nothing more: what remains is replies, control messages and this close frame. A client for which something
    /// waits may not read for long: the system takes what remains all the same, and the client finds it when it reads.
    pub(super) fn end_with(&self, close: &[u8]) {
        let mut lanes = self.lock();
        lanes.ended = true;
        lanes.clear_data();
        lanes.control.extend_from_slice(close);
        lanes.control_count += 1;
        if !lanes.partial.is_empty() {
            self.stream.make_room(lanes.partial.len() + lanes.control.len());
        }
    }

    /// Writes what remains after [`Outbound::end_with`].
    pub(super) fn poll_last_words(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut lanes = self.lock();
        loop {
            ready!(lanes.poll_partial(&self.stream, context))?;
            let (joined, _) = self.gather(&mut lanes);
            if joined.is_empty() {
                return self.stream.poll_flush(context);
            }
            lanes.write(&self.stream, joined);
        }
    }

    /// Lets slots that rested long enough queue their value.
    pub(super) fn wake_slots(&self, now: Instant) {
        self.lock().wake_slots(now);
    }

    /// When a resting slot may send again.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.lock().rare.as_ref()?.resting.keys().next().map(|(due, _)| *due)
    }

    /// Takes out all that waits of a topic that is no longer subscribed to.
    pub(super) fn forget(&self, topic: &str) {
        let mut lanes = self.lock();
        lanes.remove_updates(topic, true);
        if let Some(rare) = &mut lanes.rare {
            rare.dropped.remove(topic);
            rare.lagging.remove(topic);
        }
    }

    /// Holds a topic's updates back until its snapshot, ends its lag and says how many updates it lost: 0 where only its
    /// snapshot found no room. `None` where the topic was let go and taken anew since: its snapshot comes with that.
    pub(super) fn begin_resync(&self, subscription: &Subscription, topic: &str) -> Option<u64> {
        let is_ours = subscription.hold_back();
        let is_awaited = self.lock().lag(topic).is_some();
        let lost = if is_awaited { subscription.renew() } else { 0 };
        if lost > 0 {
            // Too much came before there was room.
            self.give_up(subscription.topic(), subscription.route(), lost);
        }
        let lost = self.catch_up(topic);
        match lost {
            // The snapshot alone follows the notice.
            Some(1..) => _ = subscription.hold(false),
            None if is_ours => subscription.resume(),
            Some(0) | None => {}
        }
        lost
    }

    /// Ends a topic's lag and says how many updates it lost. Called with the topic's updates held back.
    fn catch_up(&self, topic: &str) -> Option<u64> {
        self.lock().end_lag(topic).map(|lag| lag.dropped)
    }
}

impl Outlet for Outbound {
    fn offer(&self, publication: &Arc<Publication>) {
        self.offer_to(&mut self.lock(), publication);
    }

    fn offer_snapshot(&self, publication: &Arc<Publication>) -> bool {
        let mut lanes = self.lock();
        self.offer_to(&mut lanes, publication);
        lanes.lag(&publication.topic).is_none()
    }

    fn offer_held(&self, publication: &Arc<Publication>, values: u64, lost: u64) {
        self.offer_as(&mut self.lock(), publication, values, lost);
    }

    fn give_up(&self, topic: &Arc<str>, route: &'static str, lost: u64) {
        let mut lanes = self.lock();
        if !lanes.overflowed && !lanes.ended {
            self.begin_anew(&mut lanes, topic, route, lost);
        }
    }

    fn offer_all(&self, run: &Run) {
        let joined = match &self.compression {
            Some(terms) => run.deflated(terms, || self.publication_compressed()),
            None => Some(run.plain()),
        };
        let mut lanes = self.lock();
        // Whatever keeps the socket from taking it, the loop will meet it too.
        if let Some(joined) = joined
            && lanes.is_idle()
            && let Ok(count) = self.stream.try_write(joined)
        {
            self.sent(run.publications().len() as u64, joined.len());
            if count < joined.len() {
                lanes.partial = joined.slice(count..);
                lanes.partly_said = false;
                lanes.wake();
            }
            return;
        }
        for publication in run.publications() {
            self.offer_to(&mut lanes, publication);
        }
    }

    fn fetch(&self) {
        // From its first cache line to its last.
        let parts =
            (self.stream.is_direct(), self.compression.is_some(), std::ptr::from_ref(self.node.shared()));
        std::hint::black_box((parts, self.lanes.is_poisoned(), self.limit));
    }

    fn room(&self) -> usize {
        self.limit.saturating_sub(self.lock().data_bytes)
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn overflow(&self) {
        let mut lanes = self.lock();
        lanes.overflowed = true;
        lanes.wake();
    }

    fn fail(&self) {
        self.node.shared().metrics.fan_out_panics.inc();
        tracing::error!("fan-out to a connection panicked; it is closed");
        self.lock().failed = true;
        self.overflow();
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outbound").field("limit", &self.limit).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod latest;
#[cfg(test)]
mod model;
#[cfg(test)]
mod slow;
#[cfg(test)]
mod tests;
