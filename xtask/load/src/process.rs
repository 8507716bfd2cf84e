//! A server under test: started, watched through the operating system, stopped when it is dropped.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(20);
/// What a server prints once it listens, before its address.
const ANNOUNCEMENT: &str = "listening on ";

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// Path of its socket.
    pub path: &'static str,
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
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), path };
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
        assert_eq!((running(""), ticks("42 (x) S 1"), pss("Rss: 1 kB")), (None, None, None));
    }
}
