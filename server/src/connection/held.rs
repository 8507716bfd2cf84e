//! A map by topic that costs little for the few topics most connections subscribe to.

use std::collections::HashMap;
use std::sync::Arc;

/// Up to here a list is looked through: smaller than a map, and as fast.
const FEW: usize = 16;

/// Values by topic.
pub(super) enum ByTopic<T> {
    Few(Vec<(Arc<str>, T)>),
    #[expect(clippy::box_collection, reason = "most connections hold few, and pay for the larger of the two")]
    Many(Box<HashMap<Arc<str>, T>>),
}

impl<T> Default for ByTopic<T> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl<T> ByTopic<T> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(list) => list.len(),
            Self::Many(map) => map.len(),
        }
    }

    pub(super) fn get(&self, topic: &str) -> Option<&T> {
        match self {
            Self::Few(list) => list.iter().find(|(key, _)| **key == *topic).map(|(_, value)| value),
            Self::Many(map) => map.get(topic),
        }
    }

    pub(super) fn get_mut(&mut self, topic: &str) -> Option<&mut T> {
        match self {
            Self::Few(list) => list.iter_mut().find(|(key, _)| **key == *topic).map(|(_, value)| value),
            Self::Many(map) => map.get_mut(topic),
        }
    }

    pub(super) fn contains_key(&self, topic: &str) -> bool {
        self.get(topic).is_some()
    }

    /// Adds a topic that is not there yet.
    pub(super) fn insert(&mut self, topic: Arc<str>, value: T) {
        match self {
            Self::Few(list) if list.len() < FEW => {
                // The first one takes the room of one: most connections stay there.
                list.reserve_exact(list.len().max(1).saturating_sub(list.capacity() - list.len()));
                list.push((topic, value));
            }
            Self::Few(list) => {
                let mut map: HashMap<_, _> = std::mem::take(list).into_iter().collect();
                map.insert(topic, value);
                *self = Self::Many(Box::new(map));
            }
            Self::Many(map) => {
                map.insert(topic, value);
            }
        }
    }

    pub(super) fn remove(&mut self, topic: &str) -> Option<T> {
        match self {
            Self::Few(list) => {
                let index = list.iter().position(|(key, _)| **key == *topic)?;
                let (_, value) = list.swap_remove(index);
                if list.is_empty() {
                    *list = Vec::new();
                }
                Some(value)
            }
            Self::Many(map) => map.remove(topic),
        }
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        let (few, many) = match self {
            Self::Few(list) => (Some(list.iter().map(|(_, value)| value)), None),
            Self::Many(map) => (None, Some(map.values())),
        };
        few.into_iter().flatten().chain(many.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_and_many_behave_alike() {
        let mut map = ByTopic::default();
        for number in 0..40_usize {
            map.insert(number.to_string().into(), number);
            assert_eq!((map.len(), map.get(&number.to_string())), (number + 1, Some(&number)));
        }
        assert_eq!(map.values().sum::<usize>(), 780);
        for number in 0..40_usize {
            assert!(map.contains_key(&number.to_string()));
            assert_eq!(map.remove(&number.to_string()), Some(number));
            assert!(map.remove(&number.to_string()).is_none());
        }
        let mut map = ByTopic::default();
        map.insert("a".into(), 1);
        *map.get_mut("a").unwrap() += 1;
        assert_eq!((map.remove("a"), map.len()), (Some(2), 0));
    }
}
