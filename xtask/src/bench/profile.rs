//! Where the time goes in scenarios that miss a target: `perf` beside one more run of each, folded by function.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use anyhow::{Context as _, Result, bail};
use bellwire_load::Server;

use super::data::Data;
use super::peers::{self, Programs};
use super::scenarios::Scenario;
use super::targets::verdicts;
use crate::command::said;
use crate::terminal::Terminal;

/// Samples a second; no divisor of what timers do.
const FREQUENCY: &str = "997";
/// Functions that are told.
const SHOWN: usize = 20;
/// What is said where there is no `perf`.
const NO_PERF: &str = "no profiles: `perf` is not installed (the package linux-perf, or linux-tools)";

/// Where the time of one scenario went, in per cent of the server's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profile {
    pub(super) scenario: String,
    pub(super) user: f64,
    pub(super) kernel: f64,
    /// The dearest functions by the time in themselves, callees not counted.
    pub(super) functions: Vec<Function>,
}

/// A function's share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Function {
    pub(super) percent: f64,
    pub(super) in_kernel: bool,
    pub(super) name: String,
}

/// Profiles each scenario in which a ratio of times is missed, or says why not.
pub(super) fn add(data: &mut Data, scenarios: &[Scenario], programs: &Programs, terminal: &Terminal) {
    data.profiles.clear();
    data.unprofiled = None;
    if said("perf", &["--version"]).is_none() {
        terminal.result(NO_PERF);
        data.unprofiled = Some(NO_PERF.to_owned());
        return;
    }
    let missed: Vec<&Scenario> = scenarios.iter().filter(|scenario| is_missed(data, scenario.name)).collect();
    for (done, scenario) in missed.iter().enumerate() {
        terminal.progress(&format!("profile {} of {}: {} …", done + 1, missed.len(), scenario.name));
        match of(scenario, programs) {
            Ok(profile) => {
                let (user, kernel) = (profile.user, profile.kernel);
                terminal
                    .line(&format!("profile {:<20} user {user:.0} %  kernel {kernel:.0} %", scenario.name));
                data.profiles.push(profile);
            }
            Err(error) => terminal.result(&format!("no profile of {}: {error:#}", scenario.name)),
        }
    }
}

/// Whether a scenario misses a target that time decides.
fn is_missed(data: &Data, scenario: &str) -> bool {
    let of_time = |figure: &str| figure == "cpu_us" || figure.starts_with("p99");
    verdicts(data).iter().any(|verdict| {
        verdict.target.scenario == scenario && of_time(verdict.target.figure) && verdict.met() == Some(false)
    })
}

fn of(scenario: &Scenario, programs: &Programs) -> Result<Profile> {
    let ours = peers::ours();
    let server = programs.start(ours)?;
    let samples = programs.scratch("perf.data")?;
    let recorder = Rc::new(RefCell::new(None));
    let (pid, into, handle) = (server.pid(), samples.clone(), recorder.clone());
    server.at_measuring(move || {
        handle.replace(record(pid, &into).ok());
    });
    let found = scenario.plan_for(ours).run(&server);
    stop(server, recorder.take())?;
    found?;
    let report = Command::new("perf")
        .args(["report", "--stdio", "--no-children", "-F", "overhead,sym", "-t", ";", "-i"])
        .arg(&samples)
        .stderr(Stdio::null())
        .output()
        .context("cannot start perf")?;
    let _ = std::fs::remove_file(&samples);
    read(scenario.name, &String::from_utf8_lossy(&report.stdout))
}

fn record(pid: u32, into: &Path) -> Result<Child> {
    let mut command = Command::new("perf");
    command.args(["record", "--quiet", "-F", FREQUENCY, "--pid", &pid.to_string(), "--output"]).arg(into);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().context("cannot start perf")
}

/// Ends the server, and with it the recording.
fn stop(server: Server, recorder: Option<Child>) -> Result<()> {
    drop(server);
    match recorder {
        Some(mut recorder) => recorder.wait().map(drop).context("perf is lost"),
        None => bail!("perf could not be started, or the scenario measures no time"),
    }
}

/// Reads what `perf report` prints: lines `12.5%;[k] name`.
fn read(scenario: &str, report: &str) -> Result<Profile> {
    let mut shares: BTreeMap<(bool, String), f64> = BTreeMap::new();
    for line in report.lines().filter(|line| !line.starts_with('#')) {
        let Some((percent, symbol)) = line.split_once(';') else { continue };
        let Ok(percent) = percent.trim().trim_end_matches('%').parse::<f64>() else { continue };
        let (place, name) = symbol.trim().split_once(' ').unwrap_or(("", symbol));
        *shares.entry((place == "[k]", folded(name.trim()))).or_default() += percent;
    }
    if shares.is_empty() {
        bail!("perf took no samples");
    }
    let sum = |in_kernel| {
        shares.iter().filter(|((kernel, _), _)| *kernel == in_kernel).map(|(_, share)| share).sum()
    };
    let (user, kernel) = (sum(false), sum(true));
    let mut functions: Vec<Function> = shares
        .into_iter()
        .map(|((in_kernel, name), percent)| Function { percent, in_kernel, name })
        .collect();
    functions.sort_by(|a, b| b.percent.total_cmp(&a.percent));
    functions.truncate(SHOWN);
    Ok(Profile { scenario: scenario.to_owned(), user, kernel, functions })
}

/// A function's name without what tells its instances apart: hashes and type parameters.
fn folded(name: &str) -> String {
    let name = match name.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => path,
        _ => name,
    };
    let (mut out, mut depth, mut last) = (String::with_capacity(name.len()), 0_u32, ' ');
    for letter in name.chars() {
        // The type of an `impl` stands first and says whose the function is: it stays, without its own parameters.
        let opens_type = letter == '<' && depth == 0 && (out.is_empty() || last == '<');
        match letter {
            '<' if !opens_type => depth += 1,
            '>' if depth > 0 && last != '-' => depth -= 1,
            _ if depth == 0 => out.push(letter),
            _ => {}
        }
        last = letter;
    }
    out.replace("::{{closure}}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_folded_by_function() {
        let report = "\
# Overhead;Symbol
# ........
 40.00%  ;[k] tcp_sendmsg_locked
 20.50%  ;[.] bellwire::hub::run::Run<T>::plain::h0123456789abcdef
 10.25%  ;[.] bellwire::hub::run::Run<U>::plain::hfedcba9876543210
 29.25%  ;[k] [unknown]

";
        let profile = read("paced", report).expect("samples");
        assert!((profile.kernel - 69.25).abs() < 1e-9 && (profile.user - 30.75).abs() < 1e-9);
        let names: Vec<&str> = profile.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(names, ["tcp_sendmsg_locked", "bellwire::hub::run::Run::plain", "[unknown]"]);
        assert!(read("paced", "# nothing\n").is_err());
    }

    #[test]
    fn names_lose_hashes_and_parameters_but_not_their_type() {
        let cases = [
            (
                "<alloc::sync::Arc<T,A> as core::ops::Drop>::drop",
                "<alloc::sync::Arc as core::ops::Drop>::drop",
            ),
            ("tokio::runtime::park::Inner<F>::park::{{closure}}", "tokio::runtime::park::Inner::park"),
            ("std::thread::spawn<fn(u8)->u8>", "std::thread::spawn"),
            ("__memmove_evex", "__memmove_evex"),
        ];
        for (name, expected) in cases {
            assert_eq!(folded(name), expected);
        }
    }
}
