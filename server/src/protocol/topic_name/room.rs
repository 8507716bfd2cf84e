//! Room for writing topics, which a thread keeps: naming one takes nothing from the heap.

use std::cell::Cell;

/// A thread keeps no more than this of either text.
const KEPT: usize = 4 * 1024;

thread_local! {
    static ROOM: Cell<Option<Box<Room>>> = const { Cell::new(None) };
}

/// Two texts, empty at first. Boxed wherever it goes: moving both costs more than writing a short topic.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// The topic.
    pub(super) name: String,
    /// The values of its members, before each has its place.
    pub(super) values: String,
}

impl Room {
    /// What the thread keeps; new room where that is in use.
    pub(super) fn take() -> Box<Self> {
        let mut room = ROOM.try_with(Cell::take).ok().flatten().unwrap_or_default();
        room.name.clear();
        room.values.clear();
        room
    }

    /// Keeps it for the next one.
    pub(super) fn keep(self: Box<Self>) {
        if self.name.capacity().max(self.values.capacity()) <= KEPT {
            // A thread that ends keeps nothing.
            let _ = ROOM.try_with(|kept| kept.set(Some(self)));
        }
    }
}
