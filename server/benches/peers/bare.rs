//! The benchmark API on a bare poll loop: one thread, no framework, one `write` per socket and publication.
//!
//! With `--together 16` up to sixteen publications of a topic leave in one `write`. What it costs is what the kernel asks.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read as _, Write as _};

use base64::Engine as _;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use slab::Slab;

const LISTENER: Token = Token(usize::MAX);
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Params<'a> {
    symbol: &'a str,
    resolution: &'a str,
}

#[derive(Deserialize, Serialize)]
struct Bar {
    time: i64,
    open: f64,
    high: f64,
    low: f64,
    close: f64,
    volume: f64,
    ts_ns: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    levels: Option<Vec<(f64, f64)>>,
}

struct Socket {
    stream: TcpStream,
    open: bool,
    rest: Vec<u8>,
    out: Vec<u8>,
    topics: Vec<usize>,
}

#[derive(Default)]
struct Topic {
    subscribers: Vec<usize>,
    /// Frames that wait to leave together, and how many.
    batch: Vec<u8>,
    frames: usize,
}

struct Server {
    poll: Poll,
    sockets: Slab<Socket>,
    topics: Vec<Topic>,
    by_name: HashMap<String, usize>,
    together: usize,
    /// Topics with a batch.
    waiting: Vec<usize>,
}

fn main() -> io::Result<()> {
    let flag = |name: &str| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name);
        arguments.nth(1).and_then(|value| value.parse::<usize>().ok())
    };
    let port = flag("--port").unwrap_or(8000);
    let mut listener = TcpListener::bind(format!("127.0.0.1:{port}").parse().map_err(io::Error::other)?)?;
    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    println!("listening on {}", listener.local_addr()?);
    let mut server = Server {
        poll,
        sockets: Slab::new(),
        topics: Vec::new(),
        by_name: HashMap::new(),
        together: flag("--together").unwrap_or(1).max(1),
        waiting: Vec::new(),
    };
    let (mut events, mut scratch) = (Events::with_capacity(1024), vec![0; 256 * 1024]);
    loop {
        server.poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                server.accept(&listener)?;
                continue;
            }
            let index = event.token().0;
            if event.is_writable() {
                server.write(index, &[]);
            }
            if event.is_readable() && !server.read(index, &mut scratch) {
                server.close(index);
            }
        }
        for topic in std::mem::take(&mut server.waiting) {
            server.leave(topic);
        }
    }
}

impl Server {
    fn accept(&mut self, listener: &TcpListener) -> io::Result<()> {
        loop {
            let (mut stream, _) = match listener.accept() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                other => other?,
            };
            stream.set_nodelay(true)?;
            let entry = self.sockets.vacant_entry();
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut stream, Token(entry.key()), interest)?;
            let (rest, out, topics) = (Vec::new(), Vec::new(), Vec::new());
            entry.insert(Socket { stream, open: false, rest, out, topics });
        }
    }

    /// Reads until nothing is left; false when the socket has ended.
    fn read(&mut self, index: usize, scratch: &mut [u8]) -> bool {
        loop {
            let Some(socket) = self.sockets.get_mut(index) else { return true };
            let kept = socket.rest.len();
            if kept >= scratch.len() {
                return false;
            }
            scratch[..kept].copy_from_slice(&socket.rest);
            let got = match socket.stream.read(&mut scratch[kept..]) {
                Ok(0) => return false,
                Ok(got) => got,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            };
            let bytes = &mut scratch[..kept + got];
            let Some(used) = self.take(index, bytes) else { return false };
            let Some(socket) = self.sockets.get_mut(index) else { return true };
            socket.rest.clear();
            socket.rest.extend_from_slice(&bytes[used..]);
        }
    }

    /// Serves what is whole, and says how many bytes that was; none when the connection ends.
    fn take(&mut self, index: usize, bytes: &mut [u8]) -> Option<usize> {
        let mut used = 0;
        if !self.sockets[index].open {
            let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Some(0) };
            let answer = accepted(&String::from_utf8_lossy(&bytes[..end]))?;
            self.write(index, answer.as_bytes());
            self.sockets[index].open = true;
            used = end + 4;
        }
        loop {
            let [first, second, rest @ ..] = &bytes[used..] else { return Some(used) };
            let (opcode, short) = (first & 0x0f, second & 0x7f);
            let (wide, length) = match (short, rest) {
                (126, [a, b, ..]) => (2, usize::from(u16::from_be_bytes([*a, *b]))),
                (126, _) => return Some(used),
                (127, _) => return None,
                (short, _) => (0, usize::from(short)),
            };
            let (start, end) = (used + 6 + wide, used + 6 + wide + length);
            if bytes.len() < end {
                return Some(used);
            }
            let mask: [u8; 4] = bytes[start - 4..start].try_into().ok()?;
            let payload = &mut bytes[start..end];
            payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
            match opcode {
                1 => self.serve(index, std::str::from_utf8(payload).ok()?)?,
                8 => {
                    let closing = frame(8, payload);
                    self.write(index, &closing);
                    return None;
                }
                _ => {}
            }
            used = end;
        }
    }

    fn serve(&mut self, index: usize, text: &str) -> Option<()> {
        let message: Message<'_> = serde_json::from_str(text).ok()?;
        let payload = message.payload?.get();
        let id = message.id.map_or("null", RawValue::get);
        match message.kind {
            "publish" => {
                let topic = self.topic(payload)?;
                let bar: Bar = serde_json::from_str(payload).ok()?;
                let bar = serde_json::to_string(&bar).ok()?;
                let (name, topic) = topic;
                let name = serde_json::to_string(&name).ok()?;
                let update = format!(r#"{{"type":"bars.update","topic":{name},"payload":{bar}}}"#);
                self.publish(topic, &frame(1, update.as_bytes()));
            }
            "echo" => {
                let reply = format!(
                    r#"{{"type":"echo.response","id":{id},"payload":{{"status":"ok","result":{payload}}}}}"#
                );
                self.write(index, &frame(1, reply.as_bytes()));
            }
            "bars.subscribe" => {
                let (name, topic) = self.topic(payload)?;
                self.topics[topic].subscribers.push(index);
                self.sockets[index].topics.push(topic);
                let name = serde_json::to_string(&name).ok()?;
                let reply = format!(
                    r#"{{"type":"bars.subscribe.response","id":{id},"payload":{{"status":"ok","topic":{name}}}}}"#
                );
                self.write(index, &frame(1, reply.as_bytes()));
            }
            _ => {}
        }
        Some(())
    }

    fn topic(&mut self, payload: &str) -> Option<(String, usize)> {
        let Params { symbol, resolution } = serde_json::from_str(payload).ok()?;
        let name = format!(r#"bars:{{"resolution":"{resolution}","symbol":"{symbol}"}}"#);
        if let Some(topic) = self.by_name.get(&name) {
            return Some((name, *topic));
        }
        self.topics.push(Topic::default());
        self.by_name.insert(name.clone(), self.topics.len() - 1);
        Some((name, self.topics.len() - 1))
    }

    fn publish(&mut self, index: usize, frame: &[u8]) {
        let topic = &mut self.topics[index];
        topic.batch.extend_from_slice(frame);
        topic.frames += 1;
        if topic.frames >= self.together {
            self.leave(index);
        } else if topic.frames == 1 {
            self.waiting.push(index);
        }
    }

    /// Writes a topic's batch to its subscribers.
    fn leave(&mut self, index: usize) {
        let topic = &mut self.topics[index];
        topic.frames = 0;
        let (batch, subscribers) =
            (std::mem::take(&mut topic.batch), std::mem::take(&mut topic.subscribers));
        if !batch.is_empty() {
            subscribers.iter().for_each(|socket| self.write(*socket, &batch));
        }
        let topic = &mut self.topics[index];
        (topic.batch, topic.subscribers) = (batch, subscribers);
        topic.batch.clear();
    }

    /// Writes what waits for a socket, then this; what the system does not take waits.
    fn write(&mut self, index: usize, bytes: &[u8]) {
        let Some(socket) = self.sockets.get_mut(index) else { return };
        if !socket.out.is_empty() {
            socket.out.extend_from_slice(bytes);
            let taken = socket.stream.write(&socket.out).unwrap_or(0);
            socket.out.drain(..taken);
        } else if !bytes.is_empty() {
            let taken = socket.stream.write(bytes).unwrap_or(0);
            socket.out.extend_from_slice(&bytes[taken..]);
        }
    }

    fn close(&mut self, index: usize) {
        let Some(socket) = self.sockets.try_remove(index) else { return };
        for topic in socket.topics {
            self.topics[topic].subscribers.retain(|subscriber| *subscriber != index);
        }
    }
}

/// The answer to a handshake.
fn accepted(head: &str) -> Option<String> {
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    })?;
    let digest = sha1_smol::Sha1::from(format!("{key}{GUID}")).digest().bytes();
    let accept = base64::engine::general_purpose::STANDARD.encode(digest);
    Some(format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    ))
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 4);
    out.push(0x80 | opcode);
    match u8::try_from(payload.len()) {
        Ok(length @ 0..=125) => out.push(length),
        _ => {
            out.push(126);
            out.extend(u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
    out
}
