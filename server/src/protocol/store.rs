//! What an endpoint retains of its broadcasts, as constants.

use super::StateKind;

/// One entry of `x-state`: what is kept of broadcasts for those who come later.
#[derive(Debug, Clone, Copy)]
pub struct StoreSpec {
    /// Address of its endpoint.
    pub endpoint: &'static str,
    /// Its name: the member of snapshots that holds it.
    pub name: &'static str,
    /// How a value changes it.
    pub kind: StateKind,
    /// What of a broadcast goes into it.
    pub take: Take,
    /// The members of a value that are kept; empty means all.
    pub members: &'static [&'static str],
    /// What it holds at first, as JSON text.
    pub initial: Option<&'static str>,
    /// Path of a plain GET.
    pub http: Option<&'static str>,
}

impl StateKind {
    /// Most entries of a list; `None` for what is none.
    pub(crate) fn most(self) -> Option<u32> {
        match self {
            Self::Latest | Self::Merge => None,
            Self::Keyed { max_keys, .. } => Some(max_keys),
            Self::Window { size, .. } => Some(size),
        }
    }
}

/// What of a broadcast goes into a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Its payload.
    Payload,
    /// One member of its payload.
    Member(&'static str),
    /// The whole frame, as it goes over the wire.
    Frame,
}
