//! Topics that services join for this connection: exact, idempotent, gone with it.
//!
//! Services run on any thread, so this is shared; everything that a connection's client asks for itself is in
//! `topics`, and the two have no topic in common. What a call joins is held back until its reply has been queued.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::outbound::Outbound;
use super::topics::Hooks;
use super::{Served, allowance};
use crate::contract::Refusal;
use crate::contract::erased::ResolvedTopic;
use crate::contract::membership::Holder;
use crate::hub::{Lifecycle, Outlet, Subscription};
use crate::metrics::Inflight;
use crate::protocol::encode;

/// The topics of one connection that services have joined.
pub(super) struct Memberships {
    served: Arc<Served>,
    state: Mutex<State>,
    /// A call has ended whose topics wait to be released.
    due: AtomicBool,
}

#[derive(Default)]
struct State {
    /// Where it all goes; `None` once the connection has ended: an application that keeps a caller keeps no socket.
    outbound: Option<Arc<Outbound>>,
    held: HashMap<Arc<str>, Member>,
    /// How many topics the client holds that it asked for itself: both count against one limit.
    asked_for: usize,
    last_call: u64,
    /// Topics joined by calls under way.
    fresh: HashMap<u64, Vec<Arc<str>>>,
    /// Topics joined by calls that have ended.
    ready: Vec<Arc<str>>,
}

struct Member {
    subscription: Subscription,
    resolved: Arc<dyn ResolvedTopic>,
    _counted: Inflight,
}

impl Memberships {
    /// For a connection to an endpoint that has such topics; `None` where it has none.
    pub(super) fn of(served: &Arc<Served>, outbound: &Arc<Outbound>) -> Option<Arc<Self>> {
        let has_any = served.endpoint.topics.iter().any(|topic| topic.spec().by_handler);
        has_any.then(|| {
            let state = State { outbound: Some(outbound.clone()), ..State::default() };
            Arc::new(Self { served: served.clone(), state: Mutex::new(state), due: AtomicBool::new(false) })
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Releases what calls have joined whose replies are queued by now; `false` where there is nothing to release.
    pub(super) fn settle(&self) -> bool {
        if !self.due.swap(false, Ordering::AcqRel) {
            return false;
        }
        let state = &mut *self.lock();
        for topic in state.ready.drain(..) {
            if let Some(member) = state.held.get(&topic) {
                member.subscription.release(None);
            }
        }
        true
    }

    /// Tells the client what it missed and begins again; `false` where the topic is none of these.
    pub(super) fn resync(&self, topic: &str) -> bool {
        let state = self.lock();
        let (Some(member), Some(outbound)) = (state.held.get(topic), &state.outbound) else { return false };
        let Some(dropped) = outbound.begin_resync(&member.subscription, topic) else { return true };
        let route = member.resolved.spec().route;
        outbound.control(&encode::resync(&self.served.writer(), route, topic, dropped));
        self.served.node.shared().metrics.resynced(route);
        member.subscription.release(None);
        true
    }

    /// The connection ends.
    pub(super) fn close(&self) {
        let ended = {
            let mut state = self.lock();
            let asked_for = state.asked_for;
            std::mem::replace(&mut *state, State { asked_for, ..State::default() })
        };
        // Outside the lock: the last subscriber's service is told.
        drop(ended);
    }

    fn resolve(&self, route: &str, params: &str) -> Result<Arc<dyn ResolvedTopic>, Refusal> {
        let served = &self.served;
        let mut topics = served.endpoint.topics.iter();
        let Some(service) = topics.find(|topic| topic.spec().route == route && topic.spec().by_handler)
        else {
            return Err(Refusal::internal(format!("{route} is not a topic that services join")));
        };
        Ok(service.clone().resolve(&served.endpoint.schemas, Some(params))?)
    }

    /// Takes one place of the allowance for a topic that the client asked for, where `check` has nothing against it: it
    /// is told how many topics services have joined.
    pub(super) fn place(
        self: &Arc<Self>,
        check: impl FnOnce(usize) -> Result<(), Refusal>,
    ) -> Result<Place, Refusal> {
        let state = &mut *self.lock();
        check(state.held.len())?;
        state.asked_for += 1;
        Ok(Place(self.clone()))
    }
}

/// One topic that the client asked for itself, as long as it holds it.
pub(super) struct Place(Arc<Memberships>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().asked_for -= 1;
    }
}

fn count(state: &State, route: &str) -> usize {
    state.held.values().filter(|member| member.resolved.spec().route == route).count()
}

impl Holder for Memberships {
    fn join(&self, route: &str, params: &str, call: u64) -> Result<bool, Refusal> {
        let resolved = self.resolve(route, params)?;
        let Some((_, route)) = self.served.route(route) else {
            return Err(Refusal::internal("The topic is not served"));
        };
        let state = &mut *self.lock();
        let Some(outbound) = &state.outbound else {
            return Err(Refusal::internal("The connection has ended"));
        };
        if state.held.contains_key(resolved.topic()) {
            return Ok(false);
        }
        let spec = resolved.spec();
        allowance::check(&self.served, spec, state.held.len() + state.asked_for, || {
            count(state, spec.route)
        })?;
        let outlet: Arc<dyn Outlet> = outbound.clone();
        let lifecycle: Arc<dyn Lifecycle> = Arc::new(Hooks(resolved.clone()));
        let (subscription, _) = route.subscribe(resolved.topic(), &outlet, &lifecycle, None);
        let topic = subscription.topic().clone();
        match state.fresh.get_mut(&call) {
            Some(fresh) => fresh.push(topic.clone()),
            // Joined by no call: there is no reply to wait for.
            None => subscription.release(None),
        }
        let counted = Inflight::new(&self.served.node.shared().metrics.subscriptions);
        state.held.insert(topic, Member { subscription, resolved, _counted: counted });
        Ok(true)
    }

    fn leave(&self, route: &str, params: &str) -> Result<bool, Refusal> {
        let resolved = self.resolve(route, params)?;
        let (member, outbound) = {
            let mut state = self.lock();
            (state.held.remove(resolved.topic()), state.outbound.clone())
        };
        let was_held = member.is_some();
        drop(member);
        if let Some(outbound) = outbound.filter(|_| was_held) {
            outbound.forget(resolved.topic());
        }
        Ok(was_held)
    }

    fn list(&self, route: &str) -> Vec<String> {
        let state = self.lock();
        let members = state.held.values().filter(|member| member.resolved.spec().route == route);
        members.map(|member| member.resolved.params_json().to_owned()).collect()
    }

    fn count(&self, route: &str) -> usize {
        count(&self.lock(), route)
    }

    fn begin(&self) -> u64 {
        let state = &mut *self.lock();
        state.last_call += 1;
        state.fresh.insert(state.last_call, Vec::new());
        state.last_call
    }

    fn end(&self, call: u64) {
        let state = &mut *self.lock();
        let joined = state.fresh.remove(&call).unwrap_or_default();
        if !joined.is_empty() {
            state.ready.extend(joined);
            self.due.store(true, Ordering::Release);
        }
    }
}
