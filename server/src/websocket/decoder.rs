//! From bytes, however they were cut, to events.
//!
//! Nothing is kept between two messages, and nothing is copied of a message that arrives in one piece: its payload is
//! unmasked where it lies and lent to the caller. Of a message in several pieces, only what has arrived is held, so a
//! length that a client merely announces costs nothing.

use super::{
    CloseFrame, OpCode, Violation,
    deflate::Inflater,
    header::{HEADER_MAX, Header},
    mask::unmask,
    utf8::Utf8,
};

/// Bounds on what a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message, after inflating, in bytes.
    pub message: usize,
    /// Most fragments of one message.
    pub fragments: usize,
}

/// Something a client said.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// A ping, to be answered by a pong of the same payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
    /// The client's goodbye; nothing follows.
    Close(Option<CloseFrame>),
}

/// Decodes what one client sends.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    inflater: Option<Inflater>,
    state: State,
    /// The unfinished message, if any.
    message: Option<Partial>,
}

#[derive(Debug)]
enum State {
    /// Between frames, or inside a header of which some bytes are there.
    Header { bytes: [u8; HEADER_MAX], len: usize },
    /// Inside a frame's payload.
    Payload { header: Header, seen: u64 },
    /// Inside a control frame's payload.
    Control { header: Header, bytes: Box<[u8; 125]>, len: usize },
}

/// A message that is not complete.
#[derive(Debug)]
struct Partial {
    text: bool,
    compressed: bool,
    utf8: Utf8,
    fragments: usize,
    payload: Vec<u8>,
}

const BETWEEN: State = State::Header { bytes: [0; HEADER_MAX], len: 0 };

impl Decoder {
    /// A decoder for a fresh connection; `deflate` where permessage-deflate was negotiated.
    #[must_use]
    pub fn new(limits: Limits, deflate: bool) -> Self {
        Self { limits, inflater: deflate.then(Inflater::default), state: BETWEEN, message: None }
    }

    /// Whether a message or frame has begun and not ended: a client that stays here is stalling.
    #[must_use]
    pub fn is_inside_message(&self) -> bool {
        self.message.is_some() || !matches!(self.state, State::Header { len: 0, .. })
    }

    /// Takes in what was read, in place, and hands every complete event to `sink`. After a violation or a close frame
    /// the rest is not looked at.
    pub fn feed(&mut self, mut input: &mut [u8], mut sink: impl FnMut(Event<'_>)) -> Result<(), Violation> {
        while !input.is_empty() {
            match std::mem::replace(&mut self.state, BETWEEN) {
                State::Header { bytes, len } => input = self.header(bytes, len, input)?,
                State::Payload { header, seen } => input = self.payload(header, seen, input, &mut sink)?,
                State::Control { header, bytes, len } => {
                    let (rest, closed) = self.control(header, bytes, len, input, &mut sink)?;
                    if closed {
                        return Ok(());
                    }
                    input = rest;
                }
            }
            if self.finish_empty(&mut sink)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn header<'a>(
        &mut self,
        mut bytes: [u8; HEADER_MAX],
        len: usize,
        input: &'a mut [u8],
    ) -> Result<&'a mut [u8], Violation> {
        let taken = input.len().min(HEADER_MAX - len);
        bytes[len..len + taken].copy_from_slice(&input[..taken]);
        let Some((header, header_len)) = Header::parse(&bytes[..len + taken])? else {
            self.state = State::Header { bytes, len: len + taken };
            return Ok(&mut []);
        };
        self.begin(header)?;
        Ok(&mut input[header_len - len..])
    }

    /// Checks a header against the conversation so far and enters its payload.
    fn begin(&mut self, header: Header) -> Result<(), Violation> {
        if header.compressed && (self.inflater.is_none() || header.opcode.is_control()) {
            return Err(Violation::ReservedBits);
        }
        if header.opcode.is_control() {
            self.state = State::Control { header, bytes: Box::new([0; 125]), len: 0 };
            return Ok(());
        }
        match (&mut self.message, header.opcode) {
            (None, OpCode::Continuation) => return Err(Violation::UnexpectedContinuation),
            (Some(_), OpCode::Text | OpCode::Binary) => return Err(Violation::ExpectedContinuation),
            (Some(_), _) if header.compressed => return Err(Violation::ReservedBits),
            (Some(partial), _) => partial.fragments += 1,
            (slot @ None, opcode) => {
                *slot = Some(Partial {
                    text: opcode == OpCode::Text,
                    compressed: header.compressed,
                    utf8: Utf8::default(),
                    fragments: 1,
                    payload: Vec::new(),
                });
            }
        }
        let partial = self.message.as_ref();
        if partial.is_some_and(|partial| partial.fragments > self.limits.fragments) {
            return Err(Violation::TooManyFragments);
        }
        let held = partial.map_or(0, |partial| partial.payload.len());
        if header.payload_len > (self.limits.message - held.min(self.limits.message)) as u64 {
            return Err(Violation::TooBig);
        }
        self.state = State::Payload { header, seen: 0 };
        Ok(())
    }

    fn payload<'a>(
        &mut self,
        header: Header,
        seen: u64,
        input: &'a mut [u8],
        sink: &mut impl FnMut(Event<'_>),
    ) -> Result<&'a mut [u8], Violation> {
        let missing = usize::try_from(header.payload_len - seen).unwrap_or(usize::MAX);
        let (piece, rest) = input.split_at_mut(missing.min(input.len()));
        // Only the position modulo four matters to the mask.
        unmask(piece, header.key, (seen % 4) as usize);
        let complete = piece.len() == missing;
        let Some(partial) = &mut self.message else { return Ok(rest) };
        if complete
            && header.is_final
            && partial.payload.is_empty()
            && partial.utf8.is_complete()
            && !partial.compressed
        {
            // The whole message lies in the caller's buffer: lend it.
            let text = partial.text;
            self.message = None;
            lend(text, piece, sink)?;
            return Ok(rest);
        }
        if partial.text && !partial.compressed {
            partial.utf8.push(piece)?;
        }
        partial.payload.extend_from_slice(piece);
        if !complete {
            self.state = State::Payload { header, seen: seen + piece.len() as u64 };
        } else if header.is_final {
            self.finish(sink)?;
        }
        Ok(rest)
    }

    /// A frame without payload is complete as soon as its header is; true after a close.
    fn finish_empty(&mut self, sink: &mut impl FnMut(Event<'_>)) -> Result<bool, Violation> {
        match &self.state {
            State::Payload { header, seen: 0 } if header.payload_len == 0 => {
                let is_final = header.is_final;
                self.state = BETWEEN;
                if is_final {
                    self.finish(sink)?;
                }
                Ok(false)
            }
            State::Control { header, .. } if header.payload_len == 0 => {
                let opcode = header.opcode;
                self.state = BETWEEN;
                deliver_control(opcode, &[], sink)
            }
            _ => Ok(false),
        }
    }

    fn finish(&mut self, sink: &mut impl FnMut(Event<'_>)) -> Result<(), Violation> {
        let Some(partial) = self.message.take() else { return Ok(()) };
        if !partial.compressed {
            return if partial.text && !partial.utf8.is_complete() {
                Err(Violation::InvalidUtf8)
            } else {
                lend(partial.text, &partial.payload, sink)
            };
        }
        let Some(inflater) = &mut self.inflater else { return Err(Violation::ReservedBits) };
        let payload = inflater.inflate(&partial.payload, self.limits.message)?;
        lend(partial.text, &payload, sink)
    }

    fn control<'a>(
        &mut self,
        header: Header,
        mut bytes: Box<[u8; 125]>,
        len: usize,
        input: &'a mut [u8],
        sink: &mut impl FnMut(Event<'_>),
    ) -> Result<(&'a mut [u8], bool), Violation> {
        // A control frame's length is at most 125: the header was checked.
        let missing = usize::try_from(header.payload_len).unwrap_or(125).min(125) - len;
        let (piece, rest) = input.split_at_mut(missing.min(input.len()));
        unmask(piece, header.key, len);
        let end = len + piece.len();
        bytes[len..end].copy_from_slice(piece);
        if piece.len() < missing {
            self.state = State::Control { header, bytes, len: end };
            return Ok((rest, false));
        }
        let closed = deliver_control(header.opcode, &bytes[..end], sink)?;
        Ok((rest, closed))
    }
}

fn lend(text: bool, payload: &[u8], sink: &mut impl FnMut(Event<'_>)) -> Result<(), Violation> {
    if text {
        sink(Event::Text(std::str::from_utf8(payload).map_err(|_| Violation::InvalidUtf8)?));
    } else {
        sink(Event::Binary(payload));
    }
    Ok(())
}

/// Hands out a control frame; true after a close.
fn deliver_control(opcode: OpCode, body: &[u8], sink: &mut impl FnMut(Event<'_>)) -> Result<bool, Violation> {
    match opcode {
        OpCode::Ping => sink(Event::Ping(body)),
        OpCode::Pong => sink(Event::Pong(body)),
        _ => {
            sink(Event::Close(CloseFrame::parse(body)?));
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests;
