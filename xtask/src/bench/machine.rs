//! Facts about the machine, without which no figure means anything.

use std::fs;

use super::programs::Programs;
use crate::command::said;
use crate::project;

/// Names and values, in the order they are shown.
pub(super) fn facts(programs: &Programs) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        facts.extend(value.map(|value| (name.to_owned(), value)));
    };
    add("Cores", std::thread::available_parallelism().ok().map(|cores| cores.to_string()));
    add("CPU", processor());
    add("Memory", memory());
    add("Kernel", said("uname", &["-sr"]));
    add("Rust", said("rustc", &["--version"]));
    add("Load before the run", load());
    add("Commit", commit());
    facts.extend(programs.versions.iter().cloned());
    facts
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    text.lines().find_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim().to_owned()))
}

fn memory() -> Option<String> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kibibytes: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix("kB")?.trim().parse().ok())?;
    Some(format!("{} GiB", (kibibytes + 512 * 1024) / (1024 * 1024)))
}

/// What was measured, and whether it had been changed since.
fn commit() -> Option<String> {
    said("git", &["-C", &project::root().to_string_lossy(), "describe", "--always", "--dirty"])
}

/// What else ran in the last minute: a loaded machine measures its load.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next().map(str::to_owned)
}

/// What the cores did so far, in ticks, as `/proc/stat` counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    /// Up to now.
    pub(super) fn now() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/stat").ok()?)
    }

    fn read(text: &str) -> Option<Self> {
        let line = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are part of the first two.
        let ticks: Vec<u64> = line.split_whitespace().take(8).map_while(|ticks| ticks.parse().ok()).collect();
        Some(Self { all: ticks.iter().sum(), stolen: *ticks.get(7)? })
    }

    /// A fact: how much of the time since then the cores were not to be had, because others of the same host had them.
    pub(super) fn stolen_since(self, before: Self) -> (String, String) {
        let all = self.all.saturating_sub(before.all).max(1);
        let percent = 100 * self.stolen.saturating_sub(before.stolen) / all;
        ("Taken by other machines of the host meanwhile".to_owned(), format!("{percent} %"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commit_is_named_where_there_is_one() {
        let head = said("git", &["-C", &project::root().to_string_lossy(), "rev-parse", "HEAD"]);
        assert_eq!(commit().is_some(), head.is_some());
    }

    #[test]
    fn what_others_of_the_host_took_is_a_share_of_all_ticks() {
        let before = Ticks::read("cpu  100 0 50 800 10 0 20 20 7 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n");
        let after = Ticks::read("cpu  200 0 100 1400 10 0 20 270 9 0\n");
        let (before, after) = (before.expect("a line of all cores"), after.expect("a line of all cores"));
        assert_eq!(before, Ticks { all: 1000, stolen: 20 });
        assert_eq!(after.stolen_since(before).1, "25 %");
        assert_eq!(before.stolen_since(before).1, "0 %");
        assert_eq!(Ticks::read("cpu  1 2 3\n"), None);
        assert_eq!(Ticks::read(""), None);
    }
}
