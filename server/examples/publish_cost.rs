//! What a publication costs its publisher, who is on a thread of its own: with nobody listening, and with many.
//!
//! Prints a line for each: nanoseconds per call, median and 99th percentile, by the clock on the wall and as CPU of the
//! publishing thread. The two differ where the thread that is woken to deliver takes the publisher's core.
//!
//! A lone publication is timed in two rhythms: its thread has slept before, or has waited without giving up its core.
//! Whoever publishes while the node sleeps pays for waking it, so what waking costs and nothing else stands beside: a
//! thread, as the operating system does it, and a task. `burst` is what each of several costs that come at once. Reading
//! the clocks is part of every line but the first two, and has one too.
//! Run it with `cargo run --release --example publish_cost`; it stops by itself, and talks to loopback only.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bellwire::{App, Node, Settings};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Handle;
use tokio::sync::Notify;

mod api {
    bellwire::asyncapi!("../asyncapi/bench.yaml");
}

use api::types::{Bar, BarsParams, Echo, Publication, Published};
use api::{BenchApi, BenchPublishers, BenchRequests, EchoError, PublishError};
use bellwire::contract::Caller;

/// Calls timed together: reading the clock costs as much as an unheard publication.
const CALLS: u32 = 1_000;
const ROUNDS: usize = 200;
/// Other topics of the route that somebody subscribes to.
const OTHERS: usize = 1_000;
/// Distance between two publications that someone hears, or between two bursts of them, so that fan-out keeps up.
const PAUSE: Duration = Duration::from_millis(2);
/// Publications of a burst.
const BURST: u32 = 32;
/// Lone publications that wait at a subscriber before it reads.
const UNREAD: usize = 50;

/// The example publishes by itself: nobody asks it to.
#[derive(Debug)]
struct Silent;

impl BenchRequests for Silent {
    async fn publish(&self, _: &Caller, _: Publication) -> Result<Published, PublishError> {
        Ok(Published {})
    }

    async fn echo(&self, _: &Caller, payload: Echo) -> Result<Echo, EchoError> {
        Ok(payload)
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let node = Node::new();
    let publish = BenchPublishers::new(&node);
    let api = BenchApi { bars: (), joined: (), quotes: (), requests: Silent };
    let mut settings = Settings::default();
    settings.port = Some(0);
    let server = App::new(node, settings).endpoint(api.into_endpoint()).bind().await?;
    let address = server.local_addr();
    tokio::spawn(server.run(std::future::pending()));

    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || measure(&publish, address, &runtime)).await??;
    Ok(())
}

/// What passes between two lone calls.
const RHYTHMS: [(&str, fn()); 2] = [("asleep", || thread::park_timeout(PAUSE)), ("awake", spin)];

fn measure(publish: &BenchPublishers, address: SocketAddr, runtime: &Handle) -> io::Result<()> {
    print("nobody subscribed", time_unheard(publish));
    let others = (0..OTHERS).map(|number| subscribe(address, &format!("other{number}")));
    let _others: Vec<TcpStream> = others.collect::<io::Result<_>>()?;
    print("others subscribed", time_unheard(publish));

    let thread = thread::spawn(|| {
        loop {
            thread::park();
        }
    });
    let wake = Arc::new(Notify::new());
    let task = wake.clone();
    runtime.spawn(async move {
        loop {
            task.notified().await;
        }
    });
    for (rhythm, pause) in RHYTHMS {
        print(&format!("clocks read, {rhythm}"), time_alone(pause, || ()));
        print(&format!("a thread woken, {rhythm}"), time_alone(pause, || thread.thread().unpark()));
        print(&format!("a task woken, {rhythm}"), time_alone(pause, || wake.notify_one()));
    }
    [1, 100, 1_000].into_iter().try_for_each(|subscribers| measure_heard(publish, address, subscribers))
}

fn measure_heard(publish: &BenchPublishers, address: SocketAddr, subscribers: usize) -> io::Result<()> {
    let symbol = format!("S{subscribers}");
    let sockets: Vec<TcpStream> =
        (0..subscribers).map(|_| subscribe(address, &symbol)).collect::<io::Result<_>>()?;
    let (params, bar) = (params(&symbol), bar());
    let call = || _ = std::hint::black_box(publish.bars.publish(&params, &bar));
    for (rhythm, pause) in RHYTHMS {
        // Reading all sockets leaves the publisher's caches cold, so not more often than these have to be read.
        let mut unread = 0;
        let pause = || {
            pause();
            unread += 1;
            if unread % UNREAD == 0 {
                drain(&sockets);
            }
        };
        print(&format!("{subscribers} subscribed, {rhythm}"), time_alone(pause, call));
    }
    let burst = |_| {
        let cost = time(BURST, call);
        thread::park_timeout(PAUSE);
        drain(&sockets);
        cost
    };
    print(&format!("{subscribers} subscribed, burst"), (0..ROUNDS * 5).map(burst).collect());
    Ok(())
}

fn time_unheard(publish: &BenchPublishers) -> Vec<Cost> {
    let (params, bar) = (params("nobody"), bar());
    let round = |_| time(CALLS, || _ = std::hint::black_box(publish.bars.publish(&params, &bar)));
    (0..ROUNDS).map(round).collect()
}

/// What each of several calls costs between which something else happens.
fn time_alone(mut pause: impl FnMut(), mut call: impl FnMut()) -> Vec<Cost> {
    let round = |_| {
        let cost = time(1, &mut call);
        pause();
        cost
    };
    (0..ROUNDS * 5).map(round).collect()
}

/// What each of so many calls costs on average that follow each other.
fn time(calls: u32, mut call: impl FnMut()) -> Cost {
    let start = Start::now();
    (0..calls).for_each(|_| call());
    let Cost { wall, cpu } = start.elapsed();
    Cost { wall: wall / f64::from(calls), cpu: cpu / f64::from(calls) }
}

/// What calls took, in nanoseconds.
struct Cost {
    wall: f64,
    cpu: f64,
}

/// When calls began, by both clocks.
struct Start {
    wall: Instant,
    cpu: Duration,
}

impl Start {
    fn now() -> Self {
        Self { cpu: thread_time(), wall: Instant::now() }
    }

    fn elapsed(&self) -> Cost {
        let wall = self.wall.elapsed().as_secs_f64() * 1e9;
        Cost { wall, cpu: (thread_time() - self.cpu).as_secs_f64() * 1e9 }
    }
}

/// How long this thread has been on a core.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Waits without giving the core to anybody.
fn spin() {
    let start = Instant::now();
    while start.elapsed() < PAUSE {
        std::hint::spin_loop();
    }
}

/// Reads whatever is there: the example counts calls, not deliveries.
fn drain(sockets: &[TcpStream]) {
    let mut drained = vec![0; 64 * 1024];
    for mut socket in sockets {
        let _ = socket.read(&mut drained);
    }
}

/// A subscribed socket, as raw as can be.
fn subscribe(address: SocketAddr, symbol: &str) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(address)?;
    write!(
        socket,
        "GET /ws HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )?;
    let mut answer = vec![0; 4_096];
    let _ = socket.read(&mut answer)?;
    let text = format!(r#"{{"type":"bars.subscribe","payload":{{"symbol":"{symbol}","resolution":"1"}}}}"#);
    let length = u8::try_from(text.len()).map_err(io::Error::other)?;
    // A mask of zeros leaves the text as it is.
    let head: Vec<u8> = if length < 126 {
        vec![0x81, 0x80 | length, 0, 0, 0, 0]
    } else {
        vec![0x81, 0x80 | 126, 0, length, 0, 0, 0, 0]
    };
    socket.write_all(&[&head, text.as_bytes()].concat())?;
    let _ = socket.read(&mut answer)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn params(symbol: &str) -> BarsParams {
    BarsParams { symbol: symbol.to_owned(), resolution: "1".to_owned() }
}

fn bar() -> Bar {
    Bar { time: 0, open: 1.0, high: 2.0, low: 0.5, close: 1.5, volume: 10.0, ts_ns: 0, levels: None }
}

#[expect(clippy::print_stdout, reason = "what it is for")]
fn print(what: &str, costs: Vec<Cost>) {
    let (wall, cpu): (Vec<f64>, Vec<f64>) = costs.into_iter().map(|cost| (cost.wall, cost.cpu)).unzip();
    let both = |mut nanoseconds: Vec<f64>| {
        nanoseconds.sort_by(f64::total_cmp);
        let at = |share: usize| nanoseconds[nanoseconds.len() * share / 100];
        format!("median {:>7.0} ns  p99 {:>7.0} ns", at(50), at(99))
    };
    println!("{what:<24} wall {}   cpu {}", both(wall), both(cpu));
}
