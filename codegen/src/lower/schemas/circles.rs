//! Which types lead to which: asked of all of them without looking at all of them each time.
//!
//! Documents chain thousands of types. Nothing here recurses along such a chain, nor walks it once per type.

use std::collections::{HashSet, VecDeque};

use super::graph::{each_name, each_part};
use crate::model::{Shape, TypeDef, TypeId};

/// Visits what a shape holds, in some sense of holding.
pub(super) type Inside<'i> = &'i dyn Fn(&Shape, &mut dyn FnMut(TypeId));

/// Who names whom, and who stands in a circle with whom.
#[derive(Debug)]
pub(super) struct Circles {
    /// By type: those that name it.
    users: Vec<Vec<usize>>,
    /// By type: equal for those that lead to each other.
    circle: Vec<usize>,
}

impl Circles {
    pub(super) fn of(types: &[TypeDef]) -> Self {
        let mut names = vec![Vec::new(); types.len()];
        let mut users = vec![Vec::new(); types.len()];
        for (at, definition) in types.iter().enumerate() {
            each_part(&definition.shape, &mut |ty| {
                each_name(ty, &mut |id| {
                    names[at].push(id.0);
                    users[id.0].push(at);
                });
            });
        }
        let circle = circles(&names, &users);
        Self { users, circle }
    }

    /// Calls `step` for every type, and again for the users of each that it says has changed, until none does.
    pub(super) fn settle(&self, mut step: impl FnMut(usize) -> bool) {
        let mut waiting: VecDeque<usize> = (0..self.users.len()).collect();
        let mut waits = vec![true; self.users.len()];
        while let Some(at) = waiting.pop_front() {
            waits[at] = false;
            if !step(at) {
                continue;
            }
            for user in &self.users[at] {
                if !std::mem::replace(&mut waits[*user], true) {
                    waiting.push_back(*user);
                }
            }
        }
    }

    /// Whether what `start` visits is the type at `goal`, or leads there by what `inside` visits of each shape.
    pub(super) fn leads_back(
        &self,
        types: &[TypeDef],
        start: impl FnOnce(&mut dyn FnMut(TypeId)),
        goal: usize,
        inside: Inside<'_>,
    ) -> bool {
        let mut waiting = Vec::new();
        let mut seen = HashSet::new();
        start(&mut |id| waiting.push(id.0));
        while let Some(at) = waiting.pop() {
            if at == goal {
                return true;
            }
            // What is in no circle with the goal does not lead there.
            if self.circle[at] == self.circle[goal] && seen.insert(at) {
                inside(&types[at].shape, &mut |id| waiting.push(id.0));
            }
        }
        false
    }
}

/// Numbers the circles: each type is visited once forwards, once backwards (Kosaraju's way).
fn circles(names: &[Vec<usize>], users: &[Vec<usize>]) -> Vec<usize> {
    let mut left = Vec::with_capacity(names.len());
    let mut entered = vec![false; names.len()];
    for at in 0..names.len() {
        let mut path = vec![(at, 0)];
        while let Some((at, next)) = path.pop() {
            if next == 0 && std::mem::replace(&mut entered[at], true) {
                continue;
            }
            match names[at].get(next) {
                Some(name) => path.extend([(at, next + 1), (*name, 0)]),
                None => left.push(at),
            }
        }
    }
    let mut circle = vec![usize::MAX; names.len()];
    for start in left.into_iter().rev() {
        let mut waiting = vec![start];
        while let Some(at) = waiting.pop() {
            if circle[at] == usize::MAX {
                circle[at] = start;
                waiting.extend(users[at].iter().filter(|user| circle[**user] == usize::MAX));
            }
        }
    }
    circle
}
