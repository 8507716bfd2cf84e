//! Topics that services join for this connection: exact, idempotent, gone with it.
//!
//! Services run on any thread, so this is shared; everything that a connection's client asks for itself is in
//! `topics`, and the two have no topic in common. What a call joins is held back until its reply has been queued.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::outbound::Outbound;
use super::topics::Hooks;
use super::{Served, allowance};
use crate::contract::Refusal;
use crate::contract::erased::ResolvedTopic;
use crate::contract::membership::Holder;
use crate::hub::{Lifecycle, Outlet, PendingHooks, Route, Subscription};
use crate::metrics::Inflight;

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
    last_joined: u64,
    /// Topics joined by calls under way.
    fresh: HashMap<u64, Waiting>,
    /// Topics joined by calls that have ended.
    ready: Waiting,
}

/// Topics that wait for a reply, in the order in which they were joined. None that was left is among them: there are no
/// more than are held.
type Waiting = BTreeMap<u64, Arc<str>>;

struct Member {
    subscription: Subscription,
    resolved: Arc<dyn ResolvedTopic>,
    /// Tells it from the same topic, joined before or later.
    number: u64,
    /// Whose reply comes first, where that one is under way.
    call: u64,
    _counted: Inflight,
}

/// What is left to be done for a topic just joined.
struct Joined {
    number: u64,
    /// It was joined by a call of this connection.
    awaits_reply: bool,
    hooks: PendingHooks,
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
        for (number, topic) in std::mem::take(&mut state.ready) {
            state.release(&topic, number);
        }
        true
    }

    /// Tells the client what it missed of a topic and begins again, or lets go of what waits of one that is not held.
    pub(super) fn resync(&self, topic: &str) {
        let state = self.lock();
        let (Some(member), Some(outbound)) = (state.held.get(topic), &state.outbound) else {
            // Under the lock: whoever joins it meanwhile loses nothing of it.
            return state.forget(topic);
        };
        let Some(dropped) = outbound.begin_resync(&member.subscription, topic) else { return };
        self.served.tell_loss(outbound, &*member.resolved, dropped);
        // What others took meanwhile is theirs.
        state.release(topic, member.number);
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

impl State {
    /// Takes a seat at a topic that is not held; its hooks wait until the lock is given up.
    fn join(
        &mut self,
        served: &Served,
        route: &Arc<Route>,
        resolved: &Arc<dyn ResolvedTopic>,
        call: u64,
    ) -> Result<Option<Joined>, Refusal> {
        let Some(outbound) = &self.outbound else {
            return Err(Refusal::internal("The connection has ended"));
        };
        if self.held.contains_key(resolved.topic()) {
            return Ok(None);
        }
        let spec = resolved.spec();
        allowance::check(served, spec, self.held.len() + self.asked_for, || self.count(spec.route))?;
        let outlet: Arc<dyn Outlet> = outbound.clone();
        let lifecycle: Arc<dyn Lifecycle> = Arc::new(Hooks(resolved.clone()));
        let (subscription, _) = route.take_seat(resolved.topic(), &outlet, &lifecycle, None);
        let (topic, hooks) = (subscription.topic().clone(), subscription.hooks());
        self.last_joined += 1;
        let number = self.last_joined;
        let fresh = self.fresh.get_mut(&call);
        let awaits_reply = fresh.map(|fresh| fresh.insert(number, topic.clone())).is_some();
        let _counted = Inflight::new(&served.node.shared().metrics.subscriptions);
        self.held.insert(topic, Member { subscription, resolved: resolved.clone(), number, call, _counted });
        Ok(Some(Joined { number, awaits_reply, hooks }))
    }

    /// Leaves a topic; its hooks wait until what remains is dropped.
    fn leave(&mut self, topic: &str) -> Option<Member> {
        let mut member = self.held.remove(topic)?;
        if let Some(fresh) = self.fresh.get_mut(&member.call) {
            fresh.remove(&member.number);
        }
        self.ready.remove(&member.number);
        // Before the lock is given up: whoever joins it anew from then on loses nothing of it.
        member.subscription.leave_seat();
        self.forget(topic);
        Some(member)
    }

    fn forget(&self, topic: &str) {
        if let Some(outbound) = &self.outbound {
            outbound.forget(topic);
        }
    }

    /// Sends what was held back of a topic, unless it was left since: now, or when there is room for its snapshot.
    fn release(&self, topic: &str, number: u64) {
        let member = self.held.get(topic).filter(|member| member.number == number);
        let (Some(member), Some(outbound)) = (member, &self.outbound) else { return };
        if outbound.make_way() {
            member.subscription.release(None);
        } else {
            outbound.postpone(member.subscription.topic());
        }
    }

    fn count(&self, route: &str) -> usize {
        self.held.values().filter(|member| member.resolved.spec().route == route).count()
    }
}

impl Holder for Memberships {
    fn join(&self, route: &str, params: &str, call: u64) -> Result<bool, Refusal> {
        let resolved = self.resolve(route, params)?;
        let Some((_, route)) = self.served.route(route) else {
            return Err(Refusal::internal("The topic is not served"));
        };
        let Some(joined) = self.lock().join(&self.served, route, &resolved, call)? else { return Ok(false) };
        // Outside the lock: the first subscriber's service may ask about this connection.
        joined.hooks.call();
        if !joined.awaits_reply {
            self.lock().release(resolved.topic(), joined.number);
        }
        Ok(true)
    }

    fn leave(&self, route: &str, params: &str) -> Result<bool, Refusal> {
        let resolved = self.resolve(route, params)?;
        let left = self.lock().leave(resolved.topic());
        // What is left of it is dropped outside the lock: the last subscriber's service is told.
        Ok(left.is_some())
    }

    fn list(&self, route: &str) -> Vec<String> {
        let state = self.lock();
        let members = state.held.values().filter(|member| member.resolved.spec().route == route);
        members.map(|member| member.resolved.params_json().to_owned()).collect()
    }

    fn count(&self, route: &str) -> usize {
        self.lock().count(route)
    }

    fn begin(&self, call: u64) {
        self.lock().fresh.insert(call, Waiting::new());
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
