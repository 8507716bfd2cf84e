//! Everyone connected to one endpoint: whom broadcasts and explicit messages reach, and what is retained of them, or kept
//! while there is nobody.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::kept::Kept;
use super::outlet::offer_each;
use super::stores::{Stores, incoming};
use super::{Outlet, Publication};
use crate::protocol::{ReplaySpec, StoreSpec};

/// Changes what goes into a store, JSON text to JSON text; `None` keeps it out. Or the payload of a broadcast, which
/// `None` leaves as it is.
pub(crate) type Hook = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// A broadcast on its way to everyone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event<'a> {
    /// Its payload, if it has one.
    pub(crate) payload: Option<&'a str>,
    /// What is retained of it.
    pub(crate) feeds: &'static [&'static StoreSpec],
    /// The whole frame, as it is sent.
    pub(crate) publication: &'a Arc<Publication>,
}

/// Everyone connected to one endpoint.
#[derive(Default)]
pub(crate) struct Audience {
    inner: Mutex<Inner>,
    hooks: RwLock<HashMap<&'static str, Hook>>,
    preparations: RwLock<HashMap<&'static str, Hook>>,
}

/// Under one lock, so that nobody sees a store without what it has been told, or the other way round.
#[derive(Default)]
struct Inner {
    members: HashMap<u64, Arc<dyn Outlet>>,
    stores: Stores,
    kept: Kept,
}

impl Audience {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what is sent while nobody is connected, from now on.
    pub(crate) fn keep(&self, replay: Option<ReplaySpec>) {
        if let Some(replay) = replay {
            self.lock().kept.begin(replay);
        }
    }

    /// Keeps it for this long from now on, whatever the document says.
    pub(crate) fn keep_for(&self, ttl: Duration) {
        self.lock().kept.limit_age(ttl);
    }

    /// How many messages wait for those who come.
    pub(crate) fn kept(&self) -> usize {
        self.lock().kept.len(Instant::now())
    }

    /// Adds a connection; it leaves when the seat is dropped. What was kept before somebody came, and then what greets it
    /// out of the stores, is for the caller to send before all that is published from now on.
    pub(crate) fn join(
        self: &Arc<Self>,
        connection: u64,
        outlet: Arc<dyn Outlet>,
        greetings: impl FnOnce(&mut Stores) -> Vec<Bytes>,
    ) -> (Seat, Vec<Bytes>, Vec<Bytes>) {
        let mut inner = self.lock();
        let greetings = greetings(&mut inner.stores);
        inner.members.insert(connection, outlet);
        let kept = inner.kept.frames(Instant::now());
        (Seat { audience: self.clone(), connection }, kept, greetings)
    }

    /// Offers a message to everyone and says how many that are.
    pub(crate) fn publish(&self, publication: &Arc<Publication>) -> usize {
        self.lock().offer(publication)
    }

    /// Retains what is to be retained of a broadcast and offers it to everyone, in one step.
    pub(crate) fn publish_event(&self, event: Event<'_>) -> usize {
        if event.feeds.is_empty() {
            return self.publish(event.publication);
        }
        let frame = std::str::from_utf8(&event.publication.frame).unwrap_or_default();
        let values: Vec<_> = event
            .feeds
            .iter()
            .filter_map(|spec| Some((*spec, self.changed(spec, incoming(spec, event.payload, frame)?)?)))
            .collect();
        let mut inner = self.lock();
        for (spec, value) in values {
            inner.stores.put(spec, &value);
        }
        inner.offer(event.publication)
    }

    /// A value after its store's hook.
    pub(crate) fn changed<'a>(&self, spec: &StoreSpec, value: Cow<'a, str>) -> Option<Cow<'a, str>> {
        let hook = self.hooks.read().unwrap_or_else(PoisonError::into_inner).get(spec.name).cloned();
        match hook {
            Some(hook) => hook(&value).map(Cow::Owned),
            None => Some(value),
        }
    }

    /// Has every value of a store go through a hook from now on.
    pub(crate) fn set_hook(&self, spec: &'static StoreSpec, hook: Hook) {
        self.hooks.write().unwrap_or_else(PoisonError::into_inner).insert(spec.name, hook);
    }

    /// The payload of a broadcast as it is to be sent, where it has a preparation that changes it.
    pub(crate) fn prepared(&self, broadcast: &str, payload: &str) -> Option<String> {
        let preparations = self.preparations.read().unwrap_or_else(PoisonError::into_inner);
        let prepare = preparations.get(broadcast).cloned()?;
        drop(preparations);
        prepare(payload)
    }

    /// Has every payload of a broadcast go through a preparation from now on.
    pub(crate) fn set_preparation(&self, broadcast: &'static str, prepare: Hook) {
        self.preparations.write().unwrap_or_else(PoisonError::into_inner).insert(broadcast, prepare);
    }

    /// Looks at the stores, or changes them, without telling anyone. Nothing is published meanwhile.
    pub(crate) fn stores<T>(&self, look: impl FnOnce(&mut Stores) -> T) -> T {
        look(&mut self.lock().stores)
    }

    /// Offers a message to one connection; `false` where it is gone.
    pub(crate) fn send(&self, connection: u64, publication: &Arc<Publication>) -> bool {
        self.lock().members.get(&connection).is_some_and(|outlet| {
            offer_each(std::iter::once(outlet), publication);
            true
        })
    }

    /// How many are connected.
    pub(crate) fn len(&self) -> usize {
        self.lock().members.len()
    }
}

impl Inner {
    fn offer(&mut self, publication: &Arc<Publication>) -> usize {
        if self.members.is_empty() {
            self.kept.push(publication, Instant::now());
        }
        offer_each(self.members.values(), publication);
        self.members.len()
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Audience").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// One connection's place in an audience.
#[derive(Debug)]
pub(crate) struct Seat {
    audience: Arc<Audience>,
    connection: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.audience.lock().members.remove(&self.connection);
    }
}
