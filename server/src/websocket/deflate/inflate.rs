//! Inflating what clients send, as it arrives: never more is held than the message may have, and a bomb goes off in
//! a few bytes.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

use super::TAIL;
use crate::websocket::Violation;

/// States that a thread keeps for messages to come.
const SPARE: usize = 4;
/// Room made for a message before its size is known.
const FIRST_ROOM: usize = 512;

thread_local! {
    // Shared by all connections that begin each message anew, so that none of them holds one between two messages.
    static STATES: RefCell<Vec<Decompress>> = const { RefCell::new(Vec::new()) };
}

/// What clients may send compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inflating {
    /// Nothing: compression was not negotiated.
    Never,
    /// Messages that stand alone.
    EachAlone,
    /// Messages that refer to earlier ones: a window is held from the first one on.
    WithContext,
}

/// Inflates one client's messages, one after the other.
#[derive(Debug)]
pub(in crate::websocket) struct Inflater {
    inflating: Inflating,
    pub(super) state: Option<Box<Decompress>>,
}

impl Inflater {
    pub(in crate::websocket) fn new(inflating: Inflating) -> Self {
        Self { inflating, state: None }
    }

    pub(in crate::websocket) fn is_on(&self) -> bool {
        self.inflating != Inflating::Never
    }

    /// Appends what the next piece of a message inflates to; more than `limit` bytes in all are a violation, and never
    /// held.
    pub(in crate::websocket) fn push(
        &mut self,
        piece: &[u8],
        limit: usize,
        output: &mut Vec<u8>,
    ) -> Result<(), Violation> {
        let state = self.state.get_or_insert_with(|| Box::new(spare()));
        inflate(state, piece, limit, output)
    }

    /// Ends a message.
    pub(in crate::websocket) fn finish(
        &mut self,
        limit: usize,
        output: &mut Vec<u8>,
    ) -> Result<(), Violation> {
        self.push(&TAIL, limit, output)?;
        if self.inflating != Inflating::WithContext
            && let Some(mut state) = self.state.take()
        {
            state.reset(false);
            STATES.with_borrow_mut(|states| {
                if states.len() < SPARE {
                    states.push(*state);
                }
            });
        }
        Ok(())
    }
}

fn spare() -> Decompress {
    STATES.with_borrow_mut(Vec::pop).unwrap_or_else(|| Decompress::new(false))
}

fn inflate(
    state: &mut Decompress,
    piece: &[u8],
    limit: usize,
    output: &mut Vec<u8>,
) -> Result<(), Violation> {
    let mut consumed = 0;
    loop {
        if output.len() == output.capacity() {
            // One byte beyond the limit is enough to notice what goes beyond it.
            let room = (limit + 1).saturating_sub(output.len()).max(1);
            output.reserve(output.len().max(FIRST_ROOM).min(room));
        }
        let (before_in, before_out) = (state.total_in(), state.total_out());
        let status = state
            .decompress_vec(&piece[consumed..], output, FlushDecompress::Sync)
            .map_err(|_| Violation::MalformedDeflate)?;
        consumed += usize::try_from(state.total_in() - before_in).unwrap_or(0);
        if output.len() > limit {
            return Err(Violation::TooBig);
        }
        let has_room = output.len() < output.capacity();
        if status == Status::StreamEnd {
            // A final block may end a message (RFC 7692, 7.2.3.4); what follows is a new stream.
            state.reset(false);
            if consumed == piece.len() {
                return Ok(());
            }
        } else if has_room && consumed == piece.len() {
            return Ok(());
        } else if has_room && state.total_in() == before_in && state.total_out() == before_out {
            return Err(Violation::MalformedDeflate);
        }
    }
}
