//! Where publications leave the hub: one end per connection, whatever a connection is.

use std::sync::Arc;

use super::{Publication, Run};

/// The receiving end of one connection. Called with a topic's lock held, so an implementation only queues.
pub(crate) trait Outlet: Send + Sync {
    /// Takes a publication, or acts on its overflow policy where there is no room for it.
    fn offer(&self, publication: &Arc<Publication>);

    /// Takes publications that follow each other: written as one run of bytes where nothing else waits, else taken one
    /// by one.
    fn offer_all(&self, run: &Run);

    /// Looks at what [`Outlet::offer_all`] will look at, and does nothing more.
    fn fetch(&self);

    /// How many bytes it could take now without acting on any overflow policy.
    fn room(&self) -> usize;

    /// Ends the connection: more is waiting for it than it may hold back.
    fn overflow(&self);
}
