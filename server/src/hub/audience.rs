//! Everyone connected to one endpoint: whom broadcasts and explicit messages reach.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Outlet, Publication};

/// Everyone connected to one endpoint.
#[derive(Default)]
pub(crate) struct Audience(Mutex<HashMap<u64, Arc<dyn Outlet>>>);

impl Audience {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<dyn Outlet>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a connection; it leaves when the seat is dropped.
    pub(crate) fn join(self: &Arc<Self>, connection: u64, outlet: Arc<dyn Outlet>) -> Seat {
        self.lock().insert(connection, outlet);
        Seat { audience: self.clone(), connection }
    }

    /// Offers a message to everyone and says how many that are.
    pub(crate) fn publish(&self, publication: &Arc<Publication>) -> usize {
        let members = self.lock();
        for outlet in members.values() {
            outlet.offer(publication);
        }
        members.len()
    }

    /// Offers a message to one connection; `false` where it is gone.
    pub(crate) fn send(&self, connection: u64, publication: &Arc<Publication>) -> bool {
        self.lock().get(&connection).is_some_and(|outlet| {
            outlet.offer(publication);
            true
        })
    }

    /// How many are connected.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }
}

impl fmt::Debug for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Audience").field("len", &self.len()).finish()
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
        self.audience.lock().remove(&self.connection);
    }
}
