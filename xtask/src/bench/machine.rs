//! Facts about the machine, without which no figure means anything.

use std::fs;

use super::peers::Programs;
use crate::command::said;

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

/// What else ran in the last minute: a loaded machine measures its load.
fn load() -> Option<String> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    text.split_whitespace().next().map(str::to_owned)
}
