//! The subscriptions of one connection: exact, idempotent, and in the order they were asked for.
//!
//! Commands for one topic are served one after another (a subscribe that waits for its service holds back the
//! unsubscribe behind it); commands for different topics do not wait for each other.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::held::ByTopic;
use super::membership::Place;
use super::{Connection, Finished, allowance};
use crate::auth::check_access;
use crate::contract::Refusal;
use crate::contract::erased::ResolvedTopic;
use crate::hub::{Beginning, Lifecycle, Outlet, Position, Subscription, Unrecoverable};
use crate::metrics::Inflight;
use crate::protocol::encode;

/// A topic whose updates outrun so many of its snapshots in a row cannot be begun.
const OUTRUN_LIMIT: u8 = 3;

/// What a client asks of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verb {
    /// Subscribe, with what was missed since a position.
    Subscribe(Option<Position>),
    Unsubscribe,
    /// Asked by the connection itself, after an overflow.
    Resync,
    /// Asked by the connection itself, after the caller's identity changed.
    Reconsider,
}

/// One command for one topic.
pub(super) struct Command {
    pub(super) verb: Verb,
    pub(super) id: Option<String>,
    pub(super) resolved: Arc<dyn ResolvedTopic>,
    pub(super) started: Instant,
}

/// A subscription that the connection holds.
struct Held {
    subscription: Subscription,
    /// One for all subscribers of the topic.
    resolved: Arc<dyn ResolvedTopic>,
    /// Snapshots in a row that were let go, because more updates came meanwhile than may be held back.
    outrun: u8,
    _counted: Inflight,
    /// What it takes of the connection's allowance, where services take of it as well.
    _place: Option<Place>,
}

/// The subscriptions of one connection.
#[derive(Default)]
pub(super) struct Topics {
    held: ByTopic<Held>,
    /// Topics with a command under way, and the commands behind it.
    pending: ByTopic<VecDeque<Command>>,
    queued: usize,
}

impl Topics {
    /// Commands that wait for others.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// Everything that is held.
    pub(super) fn all(&self) -> Vec<Arc<dyn ResolvedTopic>> {
        self.held.values().map(|held| held.resolved.clone()).collect()
    }

    /// Whether a topic is held.
    pub(super) fn holds(&self, topic: &Arc<str>) -> bool {
        self.held.contains_key(topic)
    }

    fn count_of_route(&self, route: &str) -> usize {
        self.held.values().filter(|held| held.resolved.spec().route == route).count()
    }
}

/// Lets the hub call a service's hooks.
pub(super) struct Hooks(pub(super) Arc<dyn ResolvedTopic>);

impl Lifecycle for Hooks {
    fn first_subscriber(&self) {
        self.0.first_subscriber();
    }

    fn last_subscriber(&self) {
        self.0.last_subscriber();
    }
}

impl Connection {
    /// Serves a command, behind those for the same topic.
    pub(super) fn enqueue(&mut self, command: Command) {
        let topic = command.resolved.topic();
        if let Some(waiting) = self.topics.pending.get_mut(topic) {
            waiting.push_back(command);
            self.topics.queued += 1;
            return;
        }
        let (topic, under_way) = (topic.clone(), self.in_flight.len());
        self.begin(command);
        if self.in_flight.len() > under_way {
            // Its service takes its time.
            self.topics.pending.insert(topic, VecDeque::new());
        }
    }

    /// Serves the commands behind one that is done.
    pub(super) fn next_command(&mut self, topic: &Arc<str>) {
        match self.topics.pending.get_mut(topic).map(VecDeque::pop_front) {
            Some(Some(command)) => {
                self.topics.queued -= 1;
                self.begin(command);
            }
            Some(None) => {
                self.topics.pending.remove(topic);
            }
            None => {}
        }
    }

    /// Serves a command whose turn it is.
    pub(super) fn begin(&mut self, command: Command) {
        match command.verb {
            Verb::Subscribe(_) => self.begin_subscribe(command),
            Verb::Unsubscribe => self.unsubscribe(&command),
            Verb::Resync => self.resync(&command),
            Verb::Reconsider => self.begin_reconsider(command),
        }
    }

    fn begin_subscribe(&mut self, command: Command) {
        let Command { verb, id, resolved, started } = command;
        let since = if let Verb::Subscribe(since) = verb { since } else { None };
        let checked = check_access(&self.caller, resolved.spec().access, resolved.params_json());
        if checked.is_err() {
            return self.on_authorized(resolved, since.as_ref(), id.as_deref(), started, checked);
        }
        let caller = self.caller.clone();
        let asked = resolved.clone().authorize(caller.clone());
        self.ask(asked, move |answered| {
            let result = answered.and_then(|result| result);
            Finished::Authorized { resolved, since, id, started, caller, result }
        });
    }

    /// The service has decided on a subscription.
    pub(super) fn on_authorized(
        &mut self,
        resolved: Arc<dyn ResolvedTopic>,
        since: Option<&Position>,
        id: Option<&str>,
        started: Instant,
        result: Result<(), Refusal>,
    ) {
        let route = resolved.spec().route;
        let place = match result.and_then(|()| self.check_limits(&resolved)) {
            Ok(place) => place,
            Err(refusal) => {
                self.refuse(&format!("{route}.subscribe"), id, &refusal);
                return self.next_command(resolved.topic());
            }
        };
        let mut reply = String::with_capacity(256);
        write_reply(&mut reply, &*resolved, "Subscribed to ");
        let resolved = resolved.without_words();
        // What follows is held back until the reply is on its way.
        let beginning = self.hold(&resolved, since, place);
        self.send_written(|text| {
            let members = as_members(beginning.as_ref());
            self.served.writer().subscribed(text, route, id, members, |text| text.push_str(&reply));
        });
        self.served.node.shared().metrics.subscribes.observe(started.elapsed(), 1);
        let Some(recovered) = beginning.and_then(|beginning| beginning.recovered) else {
            return self.ask_for_snapshot(resolved);
        };
        self.served.node.shared().metrics.recovery(resolved.spec().route, recovered.is_ok());
        if recovered.is_err() {
            return self.ask_for_snapshot(resolved);
        }
        if let Some(held) = self.topics.held.get(resolved.topic()) {
            held.subscription.resume();
        }
        self.next_command(resolved.topic());
    }

    /// Whether there is room for one more; where services join topics as well, the room is taken.
    fn check_limits(&self, resolved: &Arc<dyn ResolvedTopic>) -> Result<Option<Place>, Refusal> {
        let held = &self.topics.held;
        if held.contains_key(resolved.topic()) {
            return Ok(None);
        }
        let spec = resolved.spec();
        let check = |joined| {
            let of_route = || self.topics.count_of_route(spec.route);
            allowance::check(&self.served, spec, held.len() + joined, of_route)
        };
        match &self.memberships {
            Some(memberships) => memberships.place(check).map(Some),
            None => check(0).map(|()| None),
        }
    }

    /// Subscribes, or keeps the subscription there is, of which nothing can have been missed; either way its updates
    /// are held back.
    fn hold(
        &mut self,
        resolved: &Arc<dyn ResolvedTopic>,
        since: Option<&Position>,
        place: Option<Place>,
    ) -> Option<Beginning> {
        if let Some(held) = self.topics.held.get(resolved.topic()) {
            return Some(Beginning { position: held.subscription.hold(true), recovered: None });
        }
        // What was missed is measured against the room: what the socket takes meanwhile does not count.
        if since.is_some() {
            self.outbound.make_way();
        }
        let (_, route) = self.served.route(resolved.spec().route)?;
        let outlet: Arc<dyn Outlet> = self.outbound.clone();
        let lifecycle: Arc<dyn Lifecycle> = Arc::new(Hooks(resolved.clone()));
        let (subscription, beginning) = route.subscribe(resolved.topic(), &outlet, &lifecycle, since);
        tracing::debug!(topic = %resolved.topic(), "subscribed");
        let topic = subscription.topic().clone();
        let counted = Inflight::new(&self.served.node.shared().metrics.subscriptions);
        let resolved = shared_by(&subscription).unwrap_or_else(|| resolved.clone());
        self.topics
            .held
            .insert(topic, Held { subscription, resolved, outrun: 0, _counted: counted, _place: place });
        Some(beginning)
    }

    /// Begins a topic whose updates are held back: now, or when there is room for its snapshot.
    fn ask_for_snapshot(&mut self, resolved: Arc<dyn ResolvedTopic>) {
        let topic = resolved.topic().clone();
        if !self.outbound.make_way_for(&topic) {
            self.outbound.postpone(&topic);
            return self.next_command(&topic);
        }
        // A service that fails to make a snapshot leaves the retained one, which is no worse.
        self.ask(resolved.snapshot(self.caller.clone()), |payload| Finished::Snapshot {
            topic,
            payload: payload.unwrap_or_default(),
        });
    }

    /// The service has made its snapshot, or has none.
    pub(super) fn on_snapshot(&mut self, topic: &Arc<str>, payload: Option<&str>) {
        if let Some(held) = self.topics.held.get_mut(topic) {
            if !self.outbound.make_way_for_made(topic, payload) {
                // Others have taken the room while it was made: once there is some again, so is another.
                self.outbound.postpone(topic);
                return self.next_command(topic);
            }
            held.outrun = if held.subscription.release(payload) { 0 } else { held.outrun + 1 };
            if held.outrun == OUTRUN_LIMIT {
                // Else it would go on for ever, and the client wait for a snapshot that never comes.
                self.outbound.overflow();
            }
        }
        self.next_command(topic);
    }

    fn unsubscribe(&mut self, command: &Command) {
        let resolved = &command.resolved;
        let was_held = self.topics.held.remove(resolved.topic()).is_some();
        let done = if was_held {
            self.outbound.forget(resolved.topic());
            tracing::debug!(topic = %resolved.topic(), "unsubscribed");
            "Unsubscribed from "
        } else {
            "Not subscribed to "
        };
        let kind = format!("{}.unsubscribe", resolved.spec().route);
        self.respond_with(&kind, command.id.as_deref(), |text| write_reply(text, &**resolved, done));
        self.served.node.shared().metrics.unsubscribes.observe(command.started.elapsed(), 1);
        self.next_command(resolved.topic());
    }

    /// Takes a topic from the client and tells it why.
    pub(super) fn end_topic(&mut self, resolved: &dyn ResolvedTopic, refusal: &Refusal) {
        if self.topics.held.remove(resolved.topic()).is_none() {
            return;
        }
        self.outbound.forget(resolved.topic());
        let (route, payload) = (resolved.spec().route, refusal.failure().error());
        tracing::debug!(topic = %resolved.topic(), code = refusal.code(), "subscription ended");
        self.outbound.control(&self.served.writer().topic_frame(
            route,
            "ended",
            resolved.topic(),
            (None, None),
            &payload,
        ));
    }

    /// A topic lost updates, and there is room again.
    pub(super) fn queue_resync(&mut self, topic: &Arc<str>) {
        if let Some(held) = self.topics.held.get(topic) {
            let resolved = held.resolved.clone();
            self.enqueue(Command { verb: Verb::Resync, id: None, resolved, started: Instant::now() });
        } else if let Some(memberships) = &self.memberships {
            memberships.resync(topic);
        } else {
            self.outbound.forget(topic);
        }
    }

    fn resync(&mut self, command: &Command) {
        let resolved = command.resolved.clone();
        let Some(held) = self.topics.held.get(resolved.topic()) else {
            return self.next_command(resolved.topic());
        };
        let Some(dropped) = self.outbound.begin_resync(&held.subscription, resolved.topic()) else {
            return self.next_command(resolved.topic());
        };
        self.served.tell_loss(&self.outbound, &*resolved, dropped);
        self.ask_for_snapshot(resolved);
    }
}

/// What the first subscriber of a topic said of it. Those who subscribe to one topic say the same, and keep it once.
fn shared_by(subscription: &Subscription) -> Option<Arc<dyn ResolvedTopic>> {
    let lifecycle: Arc<dyn Any + Send + Sync> = subscription.lifecycle()?;
    Some(lifecycle.downcast::<Hooks>().ok()?.0.clone())
}

/// Writes the payload of the reply to a subscribe or an unsubscribe.
fn write_reply(out: &mut String, resolved: &dyn ResolvedTopic, done: &str) {
    encode::subscription_reply(out, resolved.params_json(), done, resolved.label(), resolved.topic());
}

/// How a subscription begins, as its reply says it.
fn as_members(beginning: Option<&Beginning>) -> Option<encode::Beginning<'_>> {
    let beginning = beginning?;
    let position = beginning.position.as_ref()?;
    let recovered = beginning.recovered.map(|recovered| recovered.map_err(Unrecoverable::as_str));
    Some(encode::Beginning { epoch: &position.epoch, offset: position.offset, recovered })
}
