//! Inflating what clients send, as it arrives: never more is held than the message may have, and a bomb goes off in
//! a few bytes.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

use crate::websocket::Violation;

/// What ends every message (RFC 7692, 7.2.1), then the last block of a stream: behind a whole message all of it is read, and
/// the stream ends with it. Where it was cut inside a block that is read as its rest. For messages to which none refers.
const LAST_END: [u8; 9] = [0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff];
/// The same where the stream must go on: empty blocks, more of them than the longest table has bytes, so that none takes all
/// of them for its rest.
const END: [u8; 604] = {
    let mut end = [0; 604];
    let mut at = 2;
    while at < end.len() {
        (end[at], end[at + 1]) = (0xff, 0xff);
        at += 5;
    }
    end
};

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
    /// Something of the message was read that has to be ended.
    is_open: bool,
}

impl Inflater {
    pub(in crate::websocket) fn new(inflating: Inflating) -> Self {
        Self { inflating, state: None, is_open: false }
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
        if !piece.is_empty() {
            let state = self.state.get_or_insert_with(|| Box::new(spare()));
            self.is_open = inflate(state, piece, limit, output)?;
        }
        Ok(())
    }

    /// Ends a message, unless it was cut inside a block. Behind a final block the padding of RFC 7692, 7.2.3.4 may lack.
    pub(in crate::websocket) fn finish(&mut self) -> Result<(), Violation> {
        if std::mem::take(&mut self.is_open)
            && let Some(state) = &mut self.state
            && !ends_here(state, self.inflating)
        {
            return Err(Violation::MalformedDeflate);
        }
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

/// Whether all that was read is whole blocks.
fn ends_here(state: &mut Decompress, inflating: Inflating) -> bool {
    let (end, expected): (&[u8], _) = match inflating {
        Inflating::WithContext => (&END, Status::Ok),
        Inflating::EachAlone | Inflating::Never => (&LAST_END, Status::StreamEnd),
    };
    let (before_in, before_out) = (state.total_in(), state.total_out());
    let status = state.decompress(end, &mut [0], FlushDecompress::Sync);
    let is_read = state.total_in() - before_in == end.len() as u64;
    status.is_ok_and(|status| status == expected) && is_read && state.total_out() == before_out
}

/// Appends what a piece inflates to; says whether more has to follow.
fn inflate(
    state: &mut Decompress,
    piece: &[u8],
    limit: usize,
    output: &mut Vec<u8>,
) -> Result<bool, Violation> {
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
                return Ok(false);
            }
        } else if has_room && consumed == piece.len() {
            return Ok(true);
        } else if has_room && state.total_in() == before_in && state.total_out() == before_out {
            return Err(Violation::MalformedDeflate);
        }
    }
}
