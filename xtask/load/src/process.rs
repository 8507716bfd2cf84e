//! A server under test: started, watched through the operating system, stopped when it is dropped.

use std::cell::RefCell;
use std::fmt;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);
/// What a server prints once it listens, before its address.
const ANNOUNCEMENT: &str = "listening on ";

/// How long it may take to answer a plain request.
const ANSWER: Duration = Duration::from_secs(5);

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Path of its socket.
    pub path: &'static str,
    /// Called once, when what is measured begins.
    at_measuring: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Server {
    /// Starts a program that prints `listening on ADDRESS`, or `ws://ADDRESS/`, once it does.
    ///
    /// # Errors
    /// Where it does not start, or says nothing in time.
    pub fn start(mut command: Command, path: &'static str) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        let (sender, receiver) = mpsc::sync_channel(1);
        if let Some(stdout) = child.stdout.take() {
            // Goes on reading to the end: a server must not block because nobody reads what it prints.
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if let Some(address) = line.strip_prefix(ANNOUNCEMENT) {
                        let _ = sender.try_send(address.trim().to_owned());
                    }
                }
            });
        }
        let mut server = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            path,
            at_measuring: RefCell::default(),
        };
        let address =
            receiver.recv_timeout(START).map_err(|_| anyhow!("{program} did not say that it listens"))?;
        let plain = address.trim_start_matches("ws://").trim_end_matches('/');
        server.address = plain.parse().with_context(|| format!("{program} listens on `{address}`"))?;
        Ok(server)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Has something done at the moment from which a plan counts: a profiler started, say.
    pub fn at_measuring(&self, act: impl FnOnce() + 'static) {
        self.at_measuring.replace(Some(Box::new(act)));
    }

    /// What counts begins now.
    pub(crate) fn measuring(&self) {
        if let Some(act) = self.at_measuring.take() {
            act();
        }
    }

    /// A counter, named with its labels, that it tells in the text format of Prometheus; 0 where it has not counted yet.
    ///
    /// # Errors
    /// Where it tells nothing at that path.
    pub fn counter(&self, path: &str, name: &str) -> Result<u64> {
        counter_of(self.address, path, name)
    }

    /// CPU time it has used.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn cpu(&self) -> Result<Duration> {
        cpu_of(&self.pid().to_string())
    }

    /// Bytes of memory it holds.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn memory(&self) -> Result<u64> {
        memory_of(&self.pid().to_string())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU time, user and system, of a process (`self`, or a number).
///
/// The scheduler's count per thread is exact to the nanosecond, but forgets threads that have ended; `stat` forgets none
/// and counts in hundredths of a second. What is larger is right.
///
/// # Errors
/// Where there is no such process, or no such count: on systems other than Linux.
pub fn cpu_of(process: &str) -> Result<Duration> {
    let threads = fs::read_dir(format!("/proc/{process}/task"))
        .with_context(|| format!("cannot see process {process} under /proc; measuring needs Linux"))?;
    let exact: Option<u64> = threads
        .flatten()
        .map(|thread| running(&fs::read_to_string(thread.path().join("schedstat")).ok()?))
        .sum();
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let ticks = ticks(&stat).ok_or_else(|| anyhow!("cannot read the CPU time of process {process}"))?;
    Ok(Duration::from_nanos(exact.unwrap_or(0)).max(Duration::from_millis(ticks * 10)))
}

/// The first number of `schedstat`: nanoseconds on a CPU.
fn running(schedstat: &str) -> Option<u64> {
    schedstat.split_whitespace().next()?.parse().ok()
}

/// User and system time in `stat`; the program's name before them may hold anything but a last `)`.
fn ticks(stat: &str) -> Option<u64> {
    let mut numbers = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || numbers.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// Bytes of memory a process holds, pages shared with others counted in part (PSS).
///
/// # Errors
/// Where there is no such process.
pub fn memory_of(process: &str) -> Result<u64> {
    let path = format!("/proc/{process}/smaps_rollup");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    match pss(&text) {
        Some(kibibytes) => Ok(kibibytes * 1024),
        None => bail!("{path} says nothing about Pss"),
    }
}

/// The same as [`Server::counter`], of whoever listens there.
pub(crate) fn counter_of(address: SocketAddr, path: &str, name: &str) -> Result<u64> {
    let mut stream = TcpStream::connect(address).context("cannot ask for the counters")?;
    stream.set_read_timeout(Some(ANSWER))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if !answer.starts_with("HTTP/1.1 200") {
        bail!("{path}: {}", answer.lines().next().unwrap_or("no answer"));
    }
    Ok(counted(&answer, name))
}

/// The value of a counter among others.
fn counted(text: &str, name: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

fn pss(rollup: &str) -> Option<u64> {
    rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_prints_is_read() {
        assert_eq!(running("123456 789 10\n"), Some(123_456));
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 4";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(pss("Rss:   10 kB\nPss:    7 kB\nPss_Dirty: 3 kB\n"), Some(7));
        let metrics = "# TYPE a counter\r\na_total 3\na_totals 4\na_total{route=\"x\"} 5\n";
        assert_eq!((counted(metrics, "a_total"), counted(metrics, "b_total")), (3, 0));
        assert_eq!(counted(metrics, "a_total{route=\"x\"}"), 5);
        assert_eq!((running(""), ticks("42 (x) S 1"), pss("Rss: 1 kB")), (None, None, None));
    }
}
