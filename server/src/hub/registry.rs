//! The topics of one route by name, in shards: publishers of different topics rarely meet at one lock.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ahash::RandomState;
use hashbrown::HashTable;

use super::cell::Cell;

/// Enough for more threads than publish at once.
const SHARD_COUNT: usize = 16;
/// Beside a thousand topics, four in five others are told apart without a lock; sixteen KiB for each route.
const SLOT_COUNT: usize = 4096;

/// The topics of one route.
pub(super) struct Registry {
    /// Keyed anew in each process: names come from clients. One hash chooses the slot, the shard and the place in it.
    hasher: RandomState,
    /// How many topics share each part of all hashes. Where there are none a publication ends: most of what is published
    /// may be for topics that nobody subscribes to, and its publishers do not meet at a lock.
    slots: Box<[AtomicU32]>,
    shards: [Mutex<HashTable<Arc<Cell>>>; SHARD_COUNT],
}

impl Default for Registry {
    fn default() -> Self {
        let slots = (0..SLOT_COUNT).map(|_| AtomicU32::new(0)).collect();
        Self { hasher: RandomState::new(), slots, shards: Default::default() }
    }
}

impl Registry {
    /// A topic, if it is known.
    pub(super) fn find(&self, topic: &str) -> Option<Arc<Cell>> {
        let hash = self.hasher.hash_one(topic);
        if self.slot(hash).load(Ordering::SeqCst) == 0 {
            return None;
        }
        self.shard(hash).find(hash, |cell| *cell.name == *topic).cloned()
    }

    /// A topic, made where it is not known.
    pub(super) fn find_or_insert(&self, topic: &str, make: impl FnOnce(Arc<str>) -> Cell) -> Arc<Cell> {
        let hash = self.hasher.hash_one(topic);
        let mut shard = self.shard(hash);
        if let Some(cell) = shard.find(hash, |cell| *cell.name == *topic) {
            return cell.clone();
        }
        let cell = Arc::new(make(topic.into()));
        self.slot(hash).fetch_add(1, Ordering::SeqCst);
        shard.insert_unique(hash, cell.clone(), |cell| self.hasher.hash_one(&*cell.name));
        cell
    }

    /// Takes a topic out where it is over. Nobody finds it while that is asked.
    pub(super) fn remove_if(&self, cell: &Arc<Cell>, is_over: impl FnOnce() -> bool) {
        let hash = self.hasher.hash_one(&*cell.name);
        let mut shard = self.shard(hash);
        if !is_over() {
            return;
        }
        // Another of the same name may have taken its place.
        if let Ok(known) = shard.find_entry(hash, |known| Arc::ptr_eq(known, cell)) {
            known.remove();
            self.slot(hash).fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// What is made of each topic, as far as something is.
    pub(super) fn filter_map<T>(&self, mut make: impl FnMut(&Arc<Cell>) -> Option<T>) -> Vec<T> {
        let mut made = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            made.extend(shard.iter().filter_map(&mut make));
        }
        made
    }

    fn slot(&self, hash: u64) -> &AtomicU32 {
        &self.slots[(hash >> 36) as usize % SLOT_COUNT]
    }

    fn shard(&self, hash: u64) -> MutexGuard<'_, HashTable<Arc<Cell>>> {
        // The table takes the highest bits and the lowest, slots those above these.
        let index = (hash >> 32) as usize % SHARD_COUNT;
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_found_from_the_first_to_the_last_however_many_share_a_slot() {
        let registry = Registry::default();
        {
            let _held: Vec<_> = registry.shards.iter().map(|shard| shard.lock()).collect();
            assert!(registry.find("t:0").is_none(), "nothing is waited for where there are no topics");
        }
        let names: Vec<String> = (0..3 * SLOT_COUNT).map(|number| format!("t:{number}")).collect();
        for name in &names {
            assert!(registry.find(name).is_none(), "{name} is there already");
            let cell = registry.find_or_insert(name, |name| Cell::new(name, None, false));
            let again = registry.find_or_insert(name, |_| panic!("{name} is made twice"));
            assert!(Arc::ptr_eq(&cell, &again) && *cell.name == **name);
        }
        assert_eq!(registry.filter_map(|_| Some(())).len(), names.len());
        for name in &names {
            let cell = registry.find(name).expect("it is there");
            registry.remove_if(&cell, || false);
            assert!(registry.find(name).is_some(), "{name} was to stay");
            registry.remove_if(&cell, || true);
            assert!(registry.find(name).is_none(), "{name} was to go");
            // Gone already, and another in its place: nothing is counted twice.
            let other = registry.find_or_insert(name, |name| Cell::new(name, None, false));
            registry.remove_if(&cell, || true);
            assert!(registry.find(name).is_some(), "the other {name} was to stay");
            registry.remove_if(&other, || true);
        }
        assert!(registry.slots.iter().all(|slot| slot.load(Ordering::SeqCst) == 0), "all are gone");
    }
}
