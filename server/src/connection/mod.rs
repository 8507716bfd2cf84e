//! One connection: one task, one loop, one owner of everything that belongs to the socket.
//!
//! The loop selects over the socket (`transport`), finished services, time (`pulse`) and shutdown. What arrives is
//! decoded and dispatched in `inbound`; subscriptions and their order are kept in `topics`; what leaves waits in
//! `outbound`, the only part that other threads touch.

mod access;
mod inbound;
mod outbound;
mod pulse;
mod replies;
mod served;
mod stream;
mod topics;
mod transport;

use std::future::poll_fn;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rand::RngExt;
use tokio::time::{Instant, sleep_until, timeout};

pub(crate) use replies::guarded;
pub(crate) use served::{Options, Served};
pub(crate) use stream::Stream;

use crate::contract::Caller;
use crate::contract::Refusal;
use crate::contract::erased::{BoxFuture, ResolvedTopic};
use crate::hub::Outlet;
use crate::limits::{ConnectionPermit, RateLimit};
use crate::metrics::Inflight;
use crate::protocol::{Activity, Close, CloseCondition, encode};
use crate::websocket::CloseFrame;
use outbound::Outbound;
use pulse::{Due, Pulse};
use replies::Reply;
use topics::Topics;
use transport::{Event, Transport};

/// Requests and subscriptions of one connection that may be under way at once; further messages wait in the socket.
const IN_FLIGHT_LIMIT: usize = 64;
/// How long a client gets to take the close and answer it.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
/// Clients are told to come back after a time of their own within this span.
const RETURN_SPREAD_MS: u64 = 5_000;

/// A service that was asked has finished.
enum Finished {
    /// With an answer.
    Reply(Reply),
    /// Having decided on a subscription.
    Authorized {
        resolved: Arc<dyn ResolvedTopic>,
        id: Option<String>,
        started: Instant,
        result: Result<(), Refusal>,
    },
    /// With a snapshot of its own, or without.
    Snapshot { topic: Arc<str>, payload: Option<String> },
}

/// One connection.
struct Connection {
    served: Arc<Served>,
    caller: Caller,
    outbound: Arc<Outbound>,
    in_flight: FuturesUnordered<BoxFuture<Finished>>,
    topics: Topics,
    rate: RateLimit,
    pulse: Pulse,
    /// The node is about to stop: until when what is under way may finish.
    draining_until: Option<Instant>,
}

/// A socket fresh from its handshake.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) stream: Arc<Stream>,
    /// What the client sent right behind its request.
    pub(crate) early: Vec<u8>,
}

/// How a conversation ended.
enum Ended {
    /// The client said goodbye.
    ByClient(Option<CloseFrame>),
    /// The server does.
    ByUs(Close),
}

/// Serves a socket until it ends.
pub(crate) async fn serve(socket: Accepted, served: Arc<Served>, caller: Caller, _permit: ConnectionPermit) {
    let Accepted { stream, mut early } = socket;
    let outbound = Arc::new(Outbound::new(served.options.queue_bytes, served.node.clone(), stream.clone()));
    let mut transport =
        Transport::new(stream, outbound.clone(), served.options.max_message_bytes, &mut early);
    drop(early);
    let now = Instant::now();
    let options = &served.options;
    let mut connection = Connection {
        rate: RateLimit::new(options.messages_per_second, now),
        pulse: Pulse::new(options.heartbeat, options.lifetime, now),
        topics: Topics::default(),
        in_flight: FuturesUnordered::new(),
        draining_until: None,
        caller,
        outbound: outbound.clone(),
        served: served.clone(),
    };
    served.node.shared().hub.start();
    let metrics = &served.node.shared().metrics;
    let _counted = Inflight::new(&metrics.connections);
    metrics.connections_accepted.inc();
    tracing::debug!("connected");
    let outlet: Arc<dyn Outlet> = outbound;
    let seat = served.audience.join(connection.caller.id(), outlet, |stores| served.greetings(stores));
    connection.welcome().await;
    let ended = connection.run(&mut transport).await;
    // Gone from the hub before the farewell, so that nothing is queued for a socket that closes.
    drop(seat);
    connection.topics = Topics::default();
    say_farewell(transport, &served, ended).await;
}

/// Ends the socket: with a close, or by answering the client's.
async fn say_farewell(transport: Transport, served: &Served, ended: Option<Ended>) {
    let metrics = &served.node.shared().metrics;
    match ended {
        Some(Ended::ByUs(close)) => {
            metrics.closed(close.condition.as_str());
            if close.condition == CloseCondition::SlowConsumer {
                metrics.slow_disconnects.inc();
            }
            tracing::info!(condition = %close.condition, code = close.code, reason = close.reason, "closing");
            let _ = timeout(CLOSE_TIMEOUT, transport.close(&close)).await;
        }
        Some(Ended::ByClient(close)) => {
            tracing::debug!(code = close.as_ref().map(|close| close.code), "closed by the client");
            let _ = timeout(CLOSE_TIMEOUT, transport.answer_close(close)).await;
        }
        None => tracing::debug!("disconnected"),
    }
}

/// Closes a socket that may not be served.
pub(crate) async fn refuse(socket: Accepted, served: &Served, condition: CloseCondition) {
    let outbound = Arc::new(Outbound::new(0, served.node.clone(), socket.stream.clone()));
    let close = served.close(condition);
    served.node.shared().metrics.closed(close.condition.as_str());
    let transport = Transport::new(socket.stream, outbound, 0, &mut []);
    let _ = timeout(CLOSE_TIMEOUT, transport.close(&close)).await;
}

impl Connection {
    /// Sends what each new connection gets once: ahead of every broadcast, because replies go first.
    async fn welcome(&mut self) {
        for service in &self.served.clone().endpoint.welcomes {
            let asked = replies::guarded(&self.served, service.clone().welcome(self.caller.clone())).await;
            if let Ok(Some(frame)) = asked {
                self.outbound.control(frame);
            }
        }
    }

    /// Runs until the client is gone (`None`) or one side says goodbye.
    async fn run(&mut self, transport: &mut Transport) -> Option<Ended> {
        let served = self.served.clone();
        let shutdown = served.node.shared().shutdown.begun();
        let mut shutdown = std::pin::pin!(shutdown);
        let mut timer = std::pin::pin!(sleep_until(self.next_wake()));
        loop {
            let wake = self.next_wake();
            if timer.deadline() > wake || timer.is_elapsed() {
                timer.as_mut().reset(wake);
            }
            let may_read = self.in_flight.len() + self.topics.queued() < IN_FLIGHT_LIMIT;
            if !may_read {
                // Nothing is read while so much is under way, which is not the client's silence.
                self.pulse.activity(Instant::now());
            }
            let step = tokio::select! {
                biased;
                () = &mut shutdown, if self.draining_until.is_none() => self.begin_draining(),
                Some(finished) = self.in_flight.next(), if !self.in_flight.is_empty() => self.on_finished(finished),
                () = &mut timer => self.on_time(transport),
                event = poll_fn(|context| match transport.poll_event(context, may_read) {
                    // What was just written set a time of its own.
                    Poll::Pending if self.outbound.next_due().is_some_and(|due| due < wake) => {
                        Poll::Ready(Event::Rescheduled)
                    }
                    event => event,
                }) => match event {
                    Event::Gone => return None,
                    Event::Closed(close) => return Some(Ended::ByClient(close)),
                    Event::Unacceptable(condition) => return Some(Ended::ByUs(served.close(condition))),
                    event => self.on_event(event),
                },
            };
            if let ControlFlow::Break(close) = step {
                return Some(Ended::ByUs(close));
            }
            if self.draining_until.is_some() && self.in_flight.is_empty() {
                return Some(Ended::ByUs(served.close(CloseCondition::ShuttingDown)));
            }
        }
    }

    fn next_wake(&self) -> Instant {
        let mut wake = self.pulse.next();
        for other in [self.outbound.next_due(), self.draining_until].into_iter().flatten() {
            wake = wake.min(other);
        }
        wake
    }

    fn on_event(&mut self, event: Event) -> ControlFlow<Close> {
        if self.served.options.activity == Activity::Any
            && !matches!(event, Event::Resync(_) | Event::Rescheduled)
        {
            self.pulse.activity(Instant::now());
        }
        match event {
            Event::Text(text) => self.on_text(&text),
            Event::Binary => ControlFlow::Break(self.served.close(CloseCondition::BinaryFrame)),
            Event::Resync(topic) => {
                self.begin_resync(&topic);
                ControlFlow::Continue(())
            }
            Event::Control | Event::Rescheduled | Event::Gone | Event::Closed(_) | Event::Unacceptable(_) => {
                ControlFlow::Continue(())
            }
        }
    }

    fn on_finished(&mut self, finished: Finished) -> ControlFlow<Close> {
        match finished {
            Finished::Reply(reply) => self.send_reply(&reply),
            Finished::Authorized { resolved, id, started, result } => {
                self.on_authorized(resolved, id.as_deref(), started, result);
            }
            Finished::Snapshot { topic, payload } => self.on_snapshot(&topic, payload.as_deref()),
        }
        ControlFlow::Continue(())
    }

    fn on_time(&mut self, transport: &mut Transport) -> ControlFlow<Close> {
        let now = Instant::now();
        self.outbound.wake_slots(now);
        if self.draining_until.is_some_and(|end| now >= end) {
            return ControlFlow::Break(self.served.close(CloseCondition::ShuttingDown));
        }
        match self.pulse.due(now) {
            Due::Nothing => ControlFlow::Continue(()),
            Due::Ping => {
                transport.ping();
                ControlFlow::Continue(())
            }
            Due::Heartbeat => ControlFlow::Break(self.served.close(CloseCondition::HeartbeatTimeout)),
            Due::Lifetime => {
                let close = self.served.close(CloseCondition::LifetimeExceeded);
                self.outbound.control(encode::closing(&close, rand::rng().random_range(0..=100)));
                ControlFlow::Break(close)
            }
        }
    }

    /// Tells the client that the node is about to stop; what is under way may finish.
    fn begin_draining(&mut self) -> ControlFlow<Close> {
        let close = self.served.close(CloseCondition::ShuttingDown);
        self.outbound.control(encode::closing(&close, rand::rng().random_range(0..=RETURN_SPREAD_MS)));
        self.draining_until = Some(Instant::now() + self.served.options.drain_timeout);
        ControlFlow::Continue(())
    }
}
