//! Many sockets on one poll: opened a few at a time, read as soon as something has come, frames handed over in place.

use std::io::{ErrorKind, Read as _, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::process::Server;
use crate::{frames, wire};

/// How many sockets are opened at once, so that no listener's backlog overflows.
const OPENING: usize = 64;
/// How long the opening of all sockets may take without any of them getting further.
const STALLED: Duration = Duration::from_secs(20);
/// Most bytes of one read.
const SCRATCH: usize = 256 * 1024;

/// What happens to a socket.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// The server agreed to the handshake.
    Open,
    /// A text message; its bytes, and whether they are deflated.
    Text(&'a [u8], bool),
    /// The server closes, with this code.
    Close(u16),
    /// The socket is gone.
    Gone,
}

/// One socket.
#[derive(Debug)]
struct Socket {
    stream: TcpStream,
    open: bool,
    /// Read by hand instead of as soon as something comes.
    held: bool,
    /// The beginning of a frame whose end has not come yet.
    rest: Vec<u8>,
    /// What the system has not taken yet.
    out: Vec<u8>,
}

/// Many sockets.
#[derive(Debug)]
pub(crate) struct Swarm {
    poll: Poll,
    sockets: Vec<Option<Socket>>,
    scratch: Vec<u8>,
    deflate: bool,
}

impl Swarm {
    /// No sockets yet; `deflate` asks for compression on those to come.
    pub(crate) fn new(deflate: bool) -> Result<Self> {
        let poll = Poll::new().context("cannot poll")?;
        Ok(Self { poll, sockets: Vec::new(), scratch: vec![0; SCRATCH], deflate })
    }

    /// Starts one more socket, and says which it is.
    pub(crate) fn connect(&mut self, server: &Server) -> Result<usize> {
        let stream = std::net::TcpStream::connect(server.address).context("cannot connect")?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        let index = self.sockets.len();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(index), interest)?;
        let out = wire::handshake(&server.address.to_string(), server.path, self.deflate).into_bytes();
        let mut socket = Socket { stream, open: false, held: false, rest: Vec::new(), out };
        socket.flush();
        self.sockets.push(Some(socket));
        Ok(index)
    }

    /// Opens sockets, subscribes each where `subscribe` says so, and waits until all are answered.
    pub(crate) fn open(
        &mut self,
        server: &Server,
        count: usize,
        subscribe: impl Fn(usize) -> Option<String>,
    ) -> Result<()> {
        let (first, mut started, mut ready) = (self.sockets.len(), 0, 0);
        let mut last = Instant::now();
        while ready < count {
            while started < count && started - ready < OPENING {
                self.connect(server)?;
                started += 1;
            }
            let (mut opened, mut answered, mut failed) = (Vec::new(), 0, None);
            self.pump(Duration::from_millis(100), |index, event| match event {
                Event::Open => opened.push(index),
                Event::Text(text, _) if frames::is_subscribed(text) => answered += 1,
                Event::Text(text, false) if text.starts_with(br#"{"type":"bars.subscribe.response"#) => {
                    failed = Some(String::from_utf8_lossy(text).into_owned());
                }
                Event::Text(..) => {}
                Event::Close(code) => failed = Some(format!("closed with {code}")),
                Event::Gone => failed = Some("lost".to_owned()),
            })?;
            if let Some(failed) = failed {
                bail!("a socket could not be subscribed: {failed}");
            }
            if answered + opened.len() > 0 {
                last = Instant::now();
            } else if last.elapsed() > STALLED {
                bail!("{ready} of {count} sockets were ready when the server stopped answering");
            }
            for index in opened {
                match subscribe(index - first) {
                    Some(frame) => self.send(index, wire::TEXT, frame.as_bytes()),
                    None => answered += 1,
                }
            }
            ready += answered;
        }
        Ok(())
    }

    /// Waits for something to come, for so long at most, and hands over all that has.
    pub(crate) fn pump(&mut self, most: Duration, mut on: impl FnMut(usize, Event<'_>)) -> Result<()> {
        let mut events = Events::with_capacity(1024);
        match self.poll.poll(&mut events, Some(most)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other.context("cannot poll")?,
        }
        for event in &events {
            let index = event.token().0;
            let Some(socket) = self.sockets.get_mut(index).and_then(Option::as_mut) else { continue };
            if event.is_writable() {
                socket.flush();
            }
            if event.is_readable() && !socket.held {
                self.read(index, usize::MAX, &mut on)?;
            }
        }
        Ok(())
    }

    /// Lets time go by; whatever comes is read and thrown away.
    pub(crate) fn wait(&mut self, time: Duration) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < time {
            self.pump(time.saturating_sub(start.elapsed()), |_, _| {})?;
        }
        Ok(())
    }

    /// Sends a frame, now or as soon as the system takes it.
    pub(crate) fn send(&mut self, index: usize, opcode: u8, payload: &[u8]) {
        if let Some(socket) = self.sockets.get_mut(index).and_then(Option::as_mut) {
            wire::frame(&mut socket.out, opcode, payload);
            socket.flush();
        }
    }

    /// Sends several text messages in one write.
    pub(crate) fn send_all(&mut self, index: usize, payloads: impl Iterator<Item = String>) {
        if let Some(socket) = self.sockets.get_mut(index).and_then(Option::as_mut) {
            for payload in payloads {
                wire::frame(&mut socket.out, wire::TEXT, payload.as_bytes());
            }
            socket.flush();
        }
    }

    /// From now on nothing is read from a socket but by [`Self::sip`].
    pub(crate) fn hold(&mut self, index: usize) {
        if let Some(socket) = self.sockets.get_mut(index).and_then(Option::as_mut) {
            socket.held = true;
        }
    }

    /// Reads so many bytes at most from a socket that is held.
    pub(crate) fn sip(
        &mut self,
        index: usize,
        most: usize,
        mut on: impl FnMut(usize, Event<'_>),
    ) -> Result<()> {
        self.read(index, most, &mut on)
    }

    /// Reads from one socket until nothing is left or so many bytes have come.
    fn read(&mut self, index: usize, most: usize, on: &mut impl FnMut(usize, Event<'_>)) -> Result<()> {
        let Some(socket) = self.sockets.get_mut(index).and_then(Option::as_mut) else { return Ok(()) };
        let mut left = most;
        while left > 0 {
            let kept = socket.rest.len();
            if kept + SCRATCH / 2 > self.scratch.len() {
                self.scratch.resize(kept + SCRATCH, 0);
            }
            self.scratch[..kept].copy_from_slice(&socket.rest);
            let end = self.scratch.len().min(kept.saturating_add(left));
            let got = match socket.stream.read(&mut self.scratch[kept..end]) {
                Ok(0) => None,
                Ok(got) => Some(got),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => None,
            };
            let Some(got) = got else {
                self.sockets[index] = None;
                on(index, Event::Gone);
                break;
            };
            left -= got;
            let used = socket.take(&self.scratch[..kept + got], |event| on(index, event))?;
            socket.rest.clear();
            socket.rest.extend_from_slice(&self.scratch[used..kept + got]);
            if kept + got < end {
                break;
            }
        }
        Ok(())
    }

    /// Lets go of a socket.
    pub(crate) fn forget(&mut self, index: usize) {
        self.sockets[index] = None;
    }
}

impl Socket {
    /// Hands over every whole frame and says how many bytes they were.
    fn take(&mut self, bytes: &[u8], mut on: impl FnMut(Event<'_>)) -> Result<usize> {
        let mut used = 0;
        if !self.open {
            let Some(opened) = wire::opened(bytes)? else { return Ok(0) };
            self.open = true;
            used = opened.bytes;
            on(Event::Open);
        }
        while let Some(header) = wire::header(&bytes[used..])? {
            let (start, end) = (used + header.bytes, used + header.bytes + header.payload);
            let Some(payload) = bytes.get(start..end) else { break };
            used = end;
            match header.opcode {
                wire::TEXT => on(Event::Text(payload, header.deflated)),
                wire::PING => {
                    wire::frame(&mut self.out, wire::PONG, payload);
                    self.flush();
                }
                wire::CLOSE => {
                    let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                    on(Event::Close(code));
                }
                _ => {}
            }
        }
        Ok(used)
    }

    /// Writes what waits, as far as the system takes it. A lost connection shows when it is read.
    fn flush(&mut self) {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(taken) => drop(self.out.drain(..taken)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.out.clear(),
            }
        }
    }
}
