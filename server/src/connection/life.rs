//! The course of one connection: joined, woken, told the time, left.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use rand::RngExt;
use tokio::time::Instant;

use super::credentials::Credentials;
use super::in_flight::InFlight;
use super::membership::Memberships;
use super::outbound::Outbound;
use super::pulse::{Due, Pulse};
use super::topics::{Command, Topics, Verb};
use super::transport::{Event, Host, Transport};
use super::{Connection, Ended, Finished, IN_FLIGHT_LIMIT, Served, replies};
use crate::contract::Caller;
use crate::hub::{Outlet, Turn};
use crate::limits::{ConnectionPermit, RateLimit};
use crate::metrics::Inflight;
use crate::protocol::{Activity, Close, CloseCondition, encode};
use crate::websocket::{OpCode, control_frame};

/// Clients are told to come back after a time of their own within this span.
const RETURN_SPREAD: Duration = Duration::from_secs(5);
/// The same where the server goes on and nobody else is told at this moment.
const LIFETIME_SPREAD: Duration = Duration::from_millis(100);

impl Connection {
    pub(super) fn new(
        served: Arc<Served>,
        caller: Caller,
        outbound: Arc<Outbound>,
        permit: ConnectionPermit,
    ) -> Self {
        let now = Instant::now();
        let (options, shared) = (&served.options, served.node.shared());
        shared.hub.start();
        shared.alarms.start();
        let _counted = Inflight::new(&shared.metrics.connections);
        shared.metrics.connections_accepted.inc();
        tracing::debug!("connected");
        let memberships = Memberships::of(&served, &outbound);
        if let Some(memberships) = &memberships {
            caller.hold_topics(memberships.clone());
        }
        Self {
            rate: RateLimit::default(),
            pulse: Pulse::new(options.heartbeat, options.lifetime, now),
            topics: Topics::default(),
            memberships,
            in_flight: InFlight::default(),
            waker: Waker::noop().clone(),
            alarm: None,
            draining_until: None,
            owes_answers: false,
            answered: 0,
            seat: None,
            credentials: Credentials::default(),
            _counted,
            _permit: permit,
            caller,
            outbound,
            served,
        }
    }

    /// Becomes one of those to whom broadcasts go; gives what was kept for it, and what is retained.
    pub(super) fn join(&mut self) -> Vec<Bytes> {
        let outlet: Arc<dyn Outlet> = self.outbound.clone();
        let Self { served, caller, .. } = self;
        let (seat, mut kept, greetings) =
            served.audience.join(caller.id(), outlet, |stores| served.greetings(stores));
        caller.set_replayed(kept.len());
        kept.extend(greetings);
        self.seat = Some(seat);
        kept
    }

    /// Sends what each new connection gets once, then what was kept for it: ahead of every broadcast, because replies go
    /// first. A stop waits for no greeting.
    pub(super) async fn welcome(&mut self, kept: Vec<Bytes>) {
        for service in &self.served.clone().endpoint.welcomes {
            let welcome = replies::guarded(&self.served, service.clone().welcome(self.caller.clone()));
            let Some(asked) = replies::unless_stopped(&self.served, welcome).await else { break };
            for frame in asked.unwrap_or_default() {
                self.outbound.control(&frame);
            }
        }
        for frame in kept {
            self.outbound.control(&frame);
        }
        // Nothing was read meanwhile.
        self.pulse.activity(Instant::now());
    }

    /// Does what can be done now; ready once the client is gone (`None`) or one side says goodbye.
    pub(super) fn poll_ended(
        &mut self,
        transport: &mut Transport,
        context: &mut Context<'_>,
    ) -> Poll<Option<Ended>> {
        self.waker.clone_from(context.waker());
        let _turn = Turn::begin();
        loop {
            let now = Instant::now();
            if self.is_held_up() {
                // Nothing was read until now, which is not the client's silence.
                self.pulse.activity(now);
            }
            while let Poll::Ready(finished) = self.in_flight.poll_finished(context) {
                self.on_finished(finished);
            }
            if let ControlFlow::Break(close) = self.on_time(now) {
                return Poll::Ready(Some(Ended::ByUs(close)));
            }
            if let Poll::Ready(ended) = transport.poll(self, now, context) {
                return Poll::Ready(ended);
            }
            // Judged by all that has come: the clock may be ahead of the socket.
            if self.pulse.is_silent(now) {
                return Poll::Ready(Some(self.end(CloseCondition::HeartbeatTimeout)));
            }
            // What services have joined follows their replies, and is written in a turn of its own.
            if self.memberships.as_ref().is_some_and(|memberships| memberships.settle()) {
                continue;
            }
            // The last answer may have just left.
            if self.has_drained(now) {
                continue;
            }
            if !self.in_flight.is_fresh() && !self.set_alarm(now, transport.patience_ends(self)) {
                return Poll::Pending;
            }
        }
    }

    pub(super) fn on_finished(&mut self, finished: Finished) {
        match finished {
            Finished::Reply(reply) => self.send_reply(&reply),
            Finished::Authorized { resolved, since, id, started, caller, .. } if !caller.is(&self.caller) => {
                // Decided for who the client was before it brought another token.
                self.begin(Command { verb: Verb::Subscribe(since), id, resolved, started });
            }
            Finished::Authorized { resolved, since, id, started, result, .. } => {
                self.on_authorized(resolved, since.as_ref(), id.as_deref(), started, result);
            }
            Finished::Authenticated { id, result } => self.on_authenticated(id.as_deref(), result),
            Finished::Reconsidered { resolved, result } => self.on_reconsidered(resolved.as_ref(), result),
            Finished::Snapshot { topic, payload } => self.on_snapshot(&topic, payload.as_deref()),
        }
    }

    /// Whether nothing is read because of what the server has to do first. A client that does not take its answers
    /// holds itself up.
    fn is_held_up(&self) -> bool {
        self.in_flight.len() + self.topics.queued() >= IN_FLIGHT_LIMIT || self.credentials.is_checking()
    }

    /// Whether the node is about to stop and all is answered that the client waits for, or its time is over.
    fn has_drained(&self, now: Instant) -> bool {
        let is_answered =
            || self.in_flight.is_empty() && !(self.owes_answers && self.outbound.owes_answers());
        self.draining_until.is_some_and(|end| now >= end || is_answered())
    }

    fn on_time(&mut self, now: Instant) -> ControlFlow<Close> {
        if self.draining_until.is_none() && self.served.node.shared().shutdown.has_begun() {
            // Looked at before the notice, which nobody has asked for: who reads nothing does not delay the stop by that.
            self.owes_answers = !self.in_flight.is_empty() || self.outbound.owes_answers();
            self.announce_stop();
            self.draining_until = Some(now + self.served.options.drain_timeout);
        }
        if self.has_drained(now) {
            return ControlFlow::Break(self.served.close(CloseCondition::ShuttingDown));
        }
        self.outbound.wake_slots(now);
        self.on_credentials_due(now)?;
        match self.pulse.due(now) {
            // Whether it has been silent shows once what it sent is read.
            Due::Nothing | Due::Heartbeat => ControlFlow::Continue(()),
            Due::Ping => {
                self.outbound.raw(&control_frame(OpCode::Ping, &[]));
                ControlFlow::Continue(())
            }
            Due::Lifetime => {
                let close = self.served.close(CloseCondition::LifetimeExceeded);
                self.announce(&close, LIFETIME_SPREAD);
                ControlFlow::Break(close)
            }
        }
    }

    /// Tells the client that the server is about to stop; gives the close that follows.
    pub(super) fn announce_stop(&self) -> Close {
        let close = self.served.close(CloseCondition::ShuttingDown);
        self.announce(&close, RETURN_SPREAD);
        close
    }

    /// Tells the client of a close that is planned, and to come back after a time of its own.
    fn announce(&self, close: &Close, spread: Duration) {
        let spread = u64::try_from(spread.as_millis()).unwrap_or_default();
        self.outbound.control(&encode::closing(
            &self.served.writer(),
            close,
            rand::rng().random_range(0..=spread),
        ));
    }

    /// Sees to it that the connection is woken when something is due; says whether something is already.
    fn set_alarm(&mut self, now: Instant, patience_ends: Option<Instant>) -> bool {
        let mut wake = self.pulse.next();
        let others = [self.outbound.next_due(), self.draining_until, self.credentials.next(), patience_ends];
        for other in others.into_iter().flatten() {
            wake = wake.min(other);
        }
        if wake <= now {
            return true;
        }
        // The alarm that was set before a shutdown began may have been rung away by it.
        if self.draining_until.is_none() && self.alarm.is_some_and(|set| set > now && set <= wake) {
            return false;
        }
        let (id, shared) = (self.caller.id(), self.served.node.shared());
        shared.alarms.set((wake, id), self.alarm.map(|set| (set, id)), &self.waker);
        self.alarm = Some(wake);
        // A shutdown that began before the alarm was set could not ring it.
        self.draining_until.is_none() && shared.shutdown.has_begun()
    }

    /// Ends all subscriptions.
    pub(super) fn leave(&mut self) {
        self.seat = None;
        self.topics = Topics::default();
        if let Some(memberships) = &self.memberships {
            memberships.close();
        }
    }
}

impl Host for Connection {
    /// Whether there is room for more requests and their answers. Of a client that has just said who it is nothing is
    /// served before it has joined the others.
    fn may_read(&self) -> bool {
        !self.is_held_up()
            && (self.seat.is_some() || self.credentials.is_waiting())
            && self.outbound.has_control_room()
    }

    fn on_event(&mut self, event: Event<'_>, now: Instant) -> ControlFlow<Ended> {
        match event {
            Event::Text(text) => self.on_text(text, now).map_break(Ended::ByUs),
            Event::Control => ControlFlow::Continue(()),
            Event::Binary(_) => ControlFlow::Break(self.end(CloseCondition::BinaryFrame)),
            Event::Unacceptable(condition) => ControlFlow::Break(self.end(condition)),
            Event::Closed(close) => ControlFlow::Break(Ended::ByClient(close)),
        }
    }

    fn message_timeout(&self) -> Duration {
        self.served.options.message_timeout
    }

    /// The end that a condition asks for.
    fn end(&self, condition: CloseCondition) -> Ended {
        Ended::ByUs(self.served.close(condition))
    }

    /// Counts what came.
    fn received(&self, messages: u64, bytes: u64) {
        let metrics = &self.served.node.shared().metrics;
        metrics.messages_received.inc_by(messages);
        metrics.messages_received_bytes.inc_by(bytes);
    }

    /// Notes that something came, and counts the requests that were answered at once, of one read together: their time is
    /// that read's.
    fn settle(&mut self, now: Instant) {
        // Also where it brought no more than a part of a message.
        if self.served.options.activity == Activity::Any {
            self.pulse.activity(now);
        }
        let answered = std::mem::take(&mut self.answered);
        if answered > 0 {
            self.served.node.shared().metrics.requests.observe(now.elapsed(), answered.into());
        }
        Turn::breathe();
    }

    fn begin_resync(&mut self, topic: &Arc<str>) {
        self.queue_resync(topic);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Also where it ends by a panic: whoever keeps its caller would keep its socket.
        self.leave();
        if let Some(alarm) = self.alarm {
            self.served.node.shared().alarms.clear((alarm, self.caller.id()));
        }
    }
}
