//! A server's memory, and one of its counters, read every now and then by a thread of its own: who receives must not
//! wait for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::process::{Server, counter_of, memory_of};

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(250);
/// The moment of what has not happened.
const NEVER: u64 = u64::MAX;

/// A counter, and the number that is waited for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Until {
    pub(crate) path: &'static str,
    pub(crate) counter: &'static str,
    pub(crate) count: u64,
}

/// What the two threads tell each other.
#[derive(Debug)]
struct Shared {
    /// Most memory seen, in bytes.
    peak: AtomicU64,
    /// Nanoseconds after the start.
    reached: AtomicU64,
    stop: AtomicBool,
}

/// A running watcher.
#[derive(Debug)]
pub(crate) struct Watcher {
    shared: Arc<Shared>,
    thread: JoinHandle<Result<()>>,
}

impl Watcher {
    /// Starts to look; moments count from `start`.
    pub(crate) fn start(server: &Server, until: Option<Until>, start: Instant) -> Self {
        let (peak, reached, stop) = (AtomicU64::new(0), AtomicU64::new(NEVER), AtomicBool::new(false));
        let shared = Arc::new(Shared { peak, reached, stop });
        let (process, address) = (server.pid().to_string(), server.address);
        let thread = {
            let shared = shared.clone();
            thread::spawn(move || watch(&process, address, until, start, &shared))
        };
        Self { shared, thread }
    }

    /// Only what is seen from now on counts as a peak; `memory` is what the server holds now.
    pub(crate) fn begin(&self, memory: u64) {
        self.shared.peak.store(memory, Ordering::Release);
    }

    /// When the counter was seen at the number waited for.
    pub(crate) fn reached(&self) -> Option<Duration> {
        Some(self.shared.reached.load(Ordering::Acquire)).filter(|at| *at != NEVER).map(Duration::from_nanos)
    }

    /// Looks once more, ends, and says how many bytes there were at most.
    pub(crate) fn stop(self) -> Result<u64> {
        self.shared.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        self.thread.join().map_err(|_| anyhow!("the watcher died"))??;
        Ok(self.shared.peak.load(Ordering::Acquire))
    }
}

fn watch(
    process: &str,
    address: SocketAddr,
    mut until: Option<Until>,
    start: Instant,
    shared: &Shared,
) -> Result<()> {
    loop {
        let is_last = shared.stop.load(Ordering::Acquire);
        shared.peak.fetch_max(memory_of(process)?, Ordering::AcqRel);
        if let Some(Until { path, counter, count }) = &until
            && counter_of(address, path, counter)? >= *count
        {
            let now = u64::try_from(start.elapsed().as_nanos()).unwrap_or(NEVER);
            shared.reached.store(now, Ordering::Release);
            until = None;
        }
        if is_last {
            return Ok(());
        }
        thread::park_timeout(PERIOD);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_last_look_sees_memory_and_the_counter() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a question");
            let mut asked = [0; 512];
            let count = stream.read(&mut asked).expect("a request");
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nended_total 10\n").expect("an answer");
            String::from_utf8_lossy(&asked[..count]).into_owned()
        });
        let (peak, reached, stop) = (AtomicU64::new(7), AtomicU64::new(NEVER), AtomicBool::new(true));
        let shared = Shared { peak, reached, stop };
        let until = Until { path: "/metrics", counter: "ended_total", count: 10 };
        watch("self", address, Some(until), Instant::now(), &shared).expect("a look");
        assert!(shared.peak.load(Ordering::Acquire) > 7);
        assert!(shared.reached.load(Ordering::Acquire) < NEVER);
        assert!(server.join().expect("it answered").starts_with("GET /metrics HTTP/1.1\r\n"));
    }
}
