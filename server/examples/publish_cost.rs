//! What a publication costs its publisher, who is on a thread of its own: with nobody listening, and with many.
//!
//! Prints a line for each: nanoseconds per call, median and 99th percentile, by the clock on the wall and as CPU of the
//! publishing thread. The two differ where the thread that is woken to deliver takes the publisher's core. Whoever
//! publishes while the node sleeps pays for waking it, and for what has left the caches meanwhile: a line says what
//! waking a task costs and nothing else, and `burst` is what each of several costs that come at once.
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
/// Distance between two publications that someone hears, or between two bursts of them, so that fan-out keeps up.
const PAUSE: Duration = Duration::from_millis(2);
/// Publications of a burst.
const BURST: usize = 32;
/// Publications that wait at a subscriber before it reads.
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
#[expect(clippy::print_stdout, reason = "what it is for")]
async fn main() -> anyhow::Result<()> {
    let node = Node::new();
    let publish = BenchPublishers::new(&node);
    let api = BenchApi { bars: (), joined: (), requests: Silent };
    let mut settings = Settings::default();
    settings.port = Some(0);
    let server = App::new(node, settings).endpoint(api.into_endpoint()).bind().await?;
    let address = server.local_addr();
    tokio::spawn(server.run(std::future::pending()));

    for place in ["nobody subscribed      ", "others subscribed      "] {
        let unheard = publish.clone();
        let rounds = tokio::task::spawn_blocking(move || time_unheard(&unheard)).await?;
        println!("{place}  {}", summary(rounds));
        // Stays to the end.
        std::mem::forget(subscribe(address, "somebody")?);
    }
    let wakes = tokio::task::spawn_blocking(|| time_wake(&Handle::current())).await?;
    println!("a task woken             {}", summary(wakes));
    for subscribers in [1, 100, 1_000] {
        let publish = publish.clone();
        let work = move || time_heard(&publish, address, subscribers);
        let Heard { alone, burst } = tokio::task::spawn_blocking(work).await??;
        println!("{subscribers:>5} subscribed, alone  {}", summary(alone));
        println!("{subscribers:>5} subscribed, burst  {}", summary(burst));
    }
    Ok(())
}

fn time_unheard(publish: &BenchPublishers) -> Vec<Cost> {
    let (params, bar) = (params("nobody"), bar());
    let round = |_| {
        let start = Start::now();
        for _ in 0..CALLS {
            std::hint::black_box(publish.bars.publish(&params, &bar));
        }
        let Cost { wall, cpu } = start.elapsed();
        Cost { wall: wall / f64::from(CALLS), cpu: cpu / f64::from(CALLS) }
    };
    (0..ROUNDS).map(round).collect()
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

/// What it takes to wake a task of a node that sleeps, and nothing else.
fn time_wake(runtime: &Handle) -> Vec<Cost> {
    let wake = Arc::new(Notify::new());
    let task = wake.clone();
    let task = runtime.spawn(async move {
        loop {
            task.notified().await;
        }
    });
    let call = |_| {
        let start = Start::now();
        wake.notify_one();
        let cost = start.elapsed();
        thread::park_timeout(PAUSE);
        cost
    };
    let calls = (0..ROUNDS * 5).map(call).collect();
    task.abort();
    calls
}

/// What publications cost that someone hears.
struct Heard {
    /// One after a pause.
    alone: Vec<Cost>,
    /// Each of several without a pause, on average.
    burst: Vec<Cost>,
}

fn time_heard(publish: &BenchPublishers, address: SocketAddr, subscribers: usize) -> io::Result<Heard> {
    let symbol = format!("S{subscribers}");
    let sockets: Vec<TcpStream> =
        (0..subscribers).map(|_| subscribe(address, &symbol)).collect::<io::Result<_>>()?;
    let (params, bar) = (params(&symbol), bar());
    let time = |round: usize, calls: usize| {
        let start = Start::now();
        for _ in 0..calls {
            std::hint::black_box(publish.bars.publish(&params, &bar));
        }
        let Cost { wall, cpu } = start.elapsed();
        thread::park_timeout(PAUSE);
        // Reading all sockets leaves the publisher's caches cold, so not more often than these have to be read.
        if round.is_multiple_of((UNREAD / calls).max(1)) {
            drain(&sockets);
        }
        Cost { wall: wall / calls as f64, cpu: cpu / calls as f64 }
    };
    let alone = (0..ROUNDS * 5).map(|round| time(round, 1)).collect();
    let burst = (0..ROUNDS * 5).map(|round| time(round, BURST)).collect();
    Ok(Heard { alone, burst })
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

fn summary(costs: Vec<Cost>) -> String {
    let (wall, cpu): (Vec<f64>, Vec<f64>) = costs.into_iter().map(|cost| (cost.wall, cost.cpu)).unzip();
    let both = |mut nanoseconds: Vec<f64>| {
        nanoseconds.sort_by(f64::total_cmp);
        let at = |share: usize| nanoseconds[nanoseconds.len() * share / 100];
        format!("median {:>7.0} ns  p99 {:>7.0} ns", at(50), at(99))
    };
    format!("wall {}   cpu {}", both(wall), both(cpu))
}
