//! From bytes, however they were cut, to events.
//!
//! Nothing is kept between two messages, and nothing is copied of a message that arrives in one piece: its payload is
//! unmasked where it lies and lent to the caller. Of a message in several pieces, only what has arrived is held, so a
//! length that a client merely announces costs nothing.

use super::{
    CloseFrame, OpCode, Violation,
    deflate::{Inflater, Inflating},
    header::{HEADER_MAX, Header},
    mask::unmask,
    utf8::Utf8,
};

/// Bounds on what a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest message, after inflating, in bytes.
    pub message: usize,
    /// Most fragments that may follow the first one of a message.
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
    inflater: Inflater,
    state: State,
    /// The unfinished message, if any. Boxed: most connections are idle most of the time.
    message: Option<Box<Partial>>,
    /// How many messages, and control frames outside of one, have ended.
    ended: u32,
}

#[derive(Debug)]
enum State {
    /// Between frames, or inside a header of which some bytes are there.
    Header { bytes: [u8; HEADER_MAX], len: usize },
    /// Inside a frame's payload.
    Payload { header: Header, seen: u64 },
    /// Inside a control frame's payload.
    Control(Box<Control>),
}

/// A control frame that is not complete.
#[derive(Debug)]
struct Control {
    header: Header,
    bytes: [u8; 125],
    len: usize,
}

/// What became of a frame that may lie whole in the input; with the rest of it, or all.
enum Whole<'a> {
    Served(&'a mut [u8]),
    Closed,
    No(&'a mut [u8]),
}

/// A message that is not complete.
#[derive(Debug)]
struct Partial {
    text: bool,
    compressed: bool,
    utf8: Utf8,
    /// Frames after the first.
    fragments: usize,
    /// Bytes of it announced so far: more than it holds where it is compressed.
    announced: u64,
    payload: Vec<u8>,
}

const BETWEEN: State = State::Header { bytes: [0; HEADER_MAX], len: 0 };

impl Decoder {
    /// A decoder for a fresh connection.
    #[must_use]
    pub fn new(limits: Limits, inflating: Inflating) -> Self {
        Self { limits, inflater: Inflater::new(inflating), state: BETWEEN, message: None, ended: 0 }
    }

    /// Which message or frame has begun and not ended, as a number that only the next one changes: a client that stays
    /// at one for long is stalling.
    #[must_use]
    pub fn unfinished(&self) -> Option<u32> {
        let inside = self.message.is_some() || !matches!(self.state, State::Header { len: 0, .. });
        inside.then_some(self.ended)
    }

    /// Takes in what was read, in place, and hands every complete event to `sink`. After a violation or a close frame
    /// the rest is not looked at.
    pub fn feed(&mut self, mut input: &mut [u8], mut sink: impl FnMut(Event<'_>)) -> Result<(), Violation> {
        while !input.is_empty() {
            match self.feed_one(input, &mut sink)? {
                Some(rest) => input = rest,
                None => break,
            }
        }
        Ok(())
    }

    /// Takes in the next frame, or the next piece of one, and gives the rest, of which nothing is decoded yet: at most
    /// one event, so that whoever serves it decides when the next one comes. `None` after a close frame.
    pub fn feed_one<'a>(
        &mut self,
        input: &'a mut [u8],
        sink: &mut impl FnMut(Event<'_>),
    ) -> Result<Option<&'a mut [u8]>, Violation> {
        match self.whole(input, sink)? {
            Whole::Served(rest) => {
                self.count();
                Ok(Some(rest))
            }
            Whole::Closed => Ok(None),
            Whole::No(input) => self.piece(input, sink),
        }
    }

    /// Counts what has ended.
    fn count(&mut self) {
        if self.unfinished().is_none() {
            self.ended = self.ended.wrapping_add(1);
        }
    }

    /// A frame that lies whole in the input, as almost all do, needs no state: it is served where it lies.
    fn whole<'a>(
        &mut self,
        input: &'a mut [u8],
        sink: &mut impl FnMut(Event<'_>),
    ) -> Result<Whole<'a>, Violation> {
        if !matches!(self.state, State::Header { len: 0, .. }) {
            return Ok(Whole::No(input));
        }
        let Some((header, start)) = Header::parse(&input[..input.len().min(HEADER_MAX)])? else {
            return Ok(Whole::No(input));
        };
        let is_control = header.opcode.is_control();
        let is_message = matches!(header.opcode, OpCode::Text | OpCode::Binary)
            && header.is_final
            && self.message.is_none()
            && header.payload_len <= self.limits.message as u64;
        let length = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
        if header.compressed || !(is_control || is_message) || length > input.len() - start {
            return Ok(Whole::No(input));
        }
        let (payload, rest) = input[start..].split_at_mut(length);
        unmask(payload, header.key, 0);
        if is_message {
            lend(header.opcode == OpCode::Text, payload, sink)?;
        } else if deliver_control(header.opcode, payload, sink)? {
            return Ok(Whole::Closed);
        }
        Ok(Whole::Served(rest))
    }

    /// Takes in the next piece of whatever comes in pieces; `None` after a close.
    fn piece<'a>(
        &mut self,
        input: &'a mut [u8],
        sink: &mut impl FnMut(Event<'_>),
    ) -> Result<Option<&'a mut [u8]>, Violation> {
        let input = match std::mem::replace(&mut self.state, BETWEEN) {
            State::Header { bytes, len } => self.header(bytes, len, input)?,
            State::Payload { header, seen } => self.payload(header, seen, input, sink)?,
            State::Control(control) => {
                let (rest, closed) = self.control(control, input, sink)?;
                if closed {
                    return Ok(None);
                }
                rest
            }
        };
        if self.finish_empty(sink)? {
            return Ok(None);
        }
        self.count();
        Ok(Some(input))
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
        if header.compressed && (!self.inflater.is_on() || header.opcode.is_control()) {
            return Err(Violation::ReservedBits);
        }
        if header.opcode.is_control() {
            self.state = State::Control(Box::new(Control { header, bytes: [0; 125], len: 0 }));
            return Ok(());
        }
        match (&mut self.message, header.opcode) {
            (None, OpCode::Continuation) => return Err(Violation::UnexpectedContinuation),
            (Some(_), OpCode::Text | OpCode::Binary) => return Err(Violation::ExpectedContinuation),
            (Some(_), _) if header.compressed => return Err(Violation::ReservedBits),
            (Some(partial), _) => {
                partial.fragments += 1;
                partial.grow(header.payload_len, self.limits)?;
            }
            (slot @ None, opcode) => {
                let partial = Partial::new(opcode == OpCode::Text, header.compressed);
                slot.insert(Box::new(partial)).grow(header.payload_len, self.limits)?;
            }
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
        partial.take(piece, &mut self.inflater, self.limits.message)?;
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
            State::Control(control) if control.header.payload_len == 0 => {
                let opcode = control.header.opcode;
                self.state = BETWEEN;
                deliver_control(opcode, &[], sink)
            }
            _ => Ok(false),
        }
    }

    fn finish(&mut self, sink: &mut impl FnMut(Event<'_>)) -> Result<(), Violation> {
        let Some(partial) = self.message.take() else { return Ok(()) };
        if partial.compressed {
            self.inflater.finish()?;
        }
        if partial.text && !partial.utf8.is_complete() {
            return Err(Violation::InvalidUtf8);
        }
        lend(partial.text, &partial.payload, sink)
    }

    fn control<'a>(
        &mut self,
        mut control: Box<Control>,
        input: &'a mut [u8],
        sink: &mut impl FnMut(Event<'_>),
    ) -> Result<(&'a mut [u8], bool), Violation> {
        let Control { header, bytes, len } = &mut *control;
        // A control frame's length is at most 125: the header was checked.
        let missing = usize::try_from(header.payload_len).unwrap_or(125).min(125) - *len;
        let (piece, rest) = input.split_at_mut(missing.min(input.len()));
        unmask(piece, header.key, *len);
        let end = *len + piece.len();
        bytes[*len..end].copy_from_slice(piece);
        if piece.len() < missing {
            *len = end;
            self.state = State::Control(control);
            return Ok((rest, false));
        }
        let closed = deliver_control(header.opcode, &bytes[..end], sink)?;
        Ok((rest, closed))
    }
}

impl Partial {
    fn new(text: bool, compressed: bool) -> Self {
        Self { text, compressed, utf8: Utf8::default(), fragments: 0, announced: 0, payload: Vec::new() }
    }

    /// Counts one more frame of so many bytes.
    fn grow(&mut self, len: u64, limits: Limits) -> Result<(), Violation> {
        if self.fragments > limits.fragments {
            return Err(Violation::TooManyFragments);
        }
        self.announced = self.announced.saturating_add(len);
        // What does not shrink may grow a little; what it inflates to is counted as it comes.
        let slack = if self.compressed { limits.message / 8 + 64 } else { 0 };
        if self.announced > limits.message.saturating_add(slack) as u64 {
            return Err(Violation::TooBig);
        }
        Ok(())
    }

    /// Takes in what arrived, inflated where it is compressed, and fails as soon as a text cannot become one.
    fn take(&mut self, piece: &[u8], inflater: &mut Inflater, limit: usize) -> Result<(), Violation> {
        let known = self.payload.len();
        if self.compressed {
            inflater.push(piece, limit, &mut self.payload)?;
        } else {
            self.payload.extend_from_slice(piece);
        }
        self.check(known)
    }

    /// Checks what came after the first `known` bytes.
    fn check(&mut self, known: usize) -> Result<(), Violation> {
        if self.text {
            self.utf8.push(&self.payload[known..])?;
        }
        Ok(())
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
