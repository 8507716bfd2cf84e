//! Where publications leave the hub: one end per connection, whatever a connection is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Publication, Run};

/// The receiving end of one connection. Called with a topic's lock held, so an implementation only queues.
pub(crate) trait Outlet: Send + Sync {
    /// Takes a publication, or acts on its overflow policy where there is no room for it.
    fn offer(&self, publication: &Arc<Publication>);

    /// Takes publications that follow each other: written as one run of bytes where nothing else waits, else taken one
    /// by one.
    fn offer_all(&self, run: &Run) {
        run.publications().iter().for_each(|publication| self.offer(publication));
    }

    /// Takes a topic's snapshot; `false` where it found no room, and the topic is begun anew when there is some.
    fn offer_snapshot(&self, publication: &Arc<Publication>) -> bool {
        self.offer(publication);
        true
    }

    /// Takes an update that was held back: it stands for so many values, and so many ahead of it were given up.
    fn offer_held(&self, publication: &Arc<Publication>, _values: u64, _lost: u64) {
        self.offer(publication);
    }

    /// Begins a topic anew when there is room, telling of so many updates that were given up besides those that wait.
    fn give_up(&self, _topic: &Arc<str>, _route: &'static str, _lost: u64) {
        self.overflow();
    }

    /// Looks at what [`Outlet::offer_all`] will look at, and does nothing more.
    fn fetch(&self) {}

    /// How many bytes it could take now without acting on any overflow policy.
    fn room(&self) -> usize;

    /// How many bytes may wait for it.
    fn limit(&self) -> usize {
        usize::MAX
    }

    /// Ends the connection: more is waiting for it than it may hold back.
    fn overflow(&self);

    /// Ends the connection: one of the above panicked, and nobody knows what it took. The operator is told.
    fn fail(&self);
}

/// Offers a message to each. A panic ends the connection at which it happens and costs nobody else anything.
pub(super) fn offer_each<'a>(
    mut outlets: impl Iterator<Item = &'a Arc<dyn Outlet>>,
    publication: &Arc<Publication>,
) {
    let mut reached = None;
    while catch_unwind(AssertUnwindSafe(|| {
        for outlet in outlets.by_ref() {
            reached = Some(outlet);
            outlet.offer(publication);
        }
    }))
    .is_err()
    {
        reached.iter().for_each(|outlet| outlet.fail());
    }
}
