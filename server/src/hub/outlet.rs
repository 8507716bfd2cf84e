//! Where publications leave the hub: one end per connection, whatever a connection is.

use std::sync::Arc;

use super::Publication;

/// The receiving end of one connection. Called with a topic's lock held, so an implementation only queues.
pub(crate) trait Outlet: Send + Sync {
    /// Takes a publication, or acts on its overflow policy where there is no room for it.
    fn offer(&self, publication: &Arc<Publication>);

    /// Ends the connection: more is waiting for it than it may hold back.
    fn overflow(&self);
}
