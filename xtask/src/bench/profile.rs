//! Where the time goes in scenarios that miss a target, ours and the peers' they miss it against: `perf` beside one more run of
//! each, folded by function. What it looks like on the page stands in `compared.rs`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use anyhow::{Context as _, Result, bail};
use bellwire_load::Server;

use super::data::Data;
use super::peers::{self, Peer};
use super::programs::Programs;
use super::scenarios::Scenario;
use super::targets::{Against, Verdict, verdicts};
use crate::command::said;
use crate::terminal::Terminal;

/// Samples a second; no divisor of what timers do.
const FREQUENCY: &str = "997";
/// Functions that are kept: more than are shown, so that what is dear in one profile is found in the other.
const KEPT: usize = 60;
/// What is said where there is no `perf`.
const NO_PERF: &str = "no profiles: `perf` is not installed (the package linux-perf, or linux-tools)";

/// Where the time of one scenario on one server went, in per cent of the server's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Profile {
    pub(super) scenario: String,
    pub(super) peer: String,
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
    let missed: Vec<(&Scenario, &Peer)> = missed(data, scenarios);
    for (done, (scenario, peer)) in missed.iter().enumerate() {
        let what = format!("{} {}", scenario.name, peer.name);
        terminal.progress(&format!("profile {} of {}: {what} …", done + 1, missed.len()));
        match of(scenario, peer, programs) {
            Ok(profile) => {
                let (user, kernel) = (profile.user, profile.kernel);
                terminal.line(&format!("profile {what:<30} user {user:.0} %  kernel {kernel:.0} %"));
                data.profiles.push(profile);
            }
            Err(error) => terminal.result(&format!("no profile of {what}: {error:#}")),
        }
    }
}

/// Whose programs are needed for that.
pub(super) fn whom(data: &Data, scenarios: &[Scenario]) -> Vec<&'static Peer> {
    let mut peers = vec![peers::ours()];
    for (_, peer) in missed(data, scenarios) {
        if !peers.iter().any(|known| known.name == peer.name) {
            peers.push(peer);
        }
    }
    peers
}

/// Scenarios that miss a target that time decides: ours, and whom they miss it against.
fn missed<'a>(data: &Data, scenarios: &'a [Scenario]) -> Vec<(&'a Scenario, &'static Peer)> {
    let of_time = |figure: &str| figure == "cpu_us" || figure.starts_with("p99");
    let is_missed = |verdict: &Verdict| of_time(verdict.target.figure) && verdict.met() == Some(false);
    let verdicts: Vec<Verdict> = verdicts(data).into_iter().filter(is_missed).collect();
    let mut all: Vec<(&Scenario, &Peer)> = Vec::new();
    for scenario in scenarios {
        for verdict in verdicts.iter().filter(|verdict| verdict.target.scenario == scenario.name) {
            let other = match verdict.target.against {
                Against::Peer(name) => peers::named(name),
                _ => None,
            };
            for peer in [Some(peers::ours()), other].into_iter().flatten() {
                if !all.iter().any(|(known, of)| known.name == scenario.name && of.name == peer.name) {
                    all.push((scenario, peer));
                }
            }
        }
    }
    all
}

fn of(scenario: &Scenario, peer: &Peer, programs: &Programs) -> Result<Profile> {
    let server = programs.start(peer)?;
    let samples = programs.scratch("perf.data")?;
    let recorder = Rc::new(RefCell::new(None));
    let (pid, into, handle) = (server.pid(), samples.clone(), recorder.clone());
    server.at_measuring(move || {
        handle.replace(record(pid, &into).ok());
    });
    let found = scenario.plan_for(peer).run(&server);
    stop(server, recorder.take())?;
    found?;
    let report = Command::new("perf")
        .args(["report", "--stdio", "--no-children", "-F", "overhead,sym", "-t", ";", "-i"])
        .arg(&samples)
        .stderr(Stdio::null())
        .output()
        .context("cannot start perf")?;
    let _ = std::fs::remove_file(&samples);
    read(scenario.name, peer.name, &String::from_utf8_lossy(&report.stdout))
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
fn read(scenario: &str, peer: &str, report: &str) -> Result<Profile> {
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
        let of_place = shares.iter().filter(|((kernel, _), _)| *kernel == in_kernel);
        // Not `sum`, which makes -0 of nothing.
        of_place.fold(0.0, |sum, (_, share)| sum + share)
    };
    let (user, kernel) = (sum(false), sum(true));
    let mut functions: Vec<Function> = shares
        .into_iter()
        .map(|((in_kernel, name), percent)| Function { percent, in_kernel, name })
        .collect();
    functions.sort_by(|a, b| b.percent.total_cmp(&a.percent));
    functions.truncate(KEPT);
    Ok(Profile { scenario: scenario.to_owned(), peer: peer.to_owned(), user, kernel, functions })
}

/// A function's name without what tells its instances apart: hashes and type parameters. All that have none are one.
fn folded(name: &str) -> String {
    if name.starts_with("0x") {
        return "[unknown]".to_owned();
    }
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
    use super::super::{data::Run, scenarios};
    use super::*;
    use bellwire_load::Figures;

    #[test]
    fn who_is_profiled_follows_from_what_was_missed() {
        let mut data = Data::new(Vec::new(), false);
        let run = |scenario: &str, peer: &str, cpu: f64| {
            Run::new(scenario, peer, 1, Ok(Figures::from([("cpu_us", cpu), ("p99_ms", cpu)])))
        };
        let rows = [("bellwire", 2.0), ("bare", 1.0), ("bun", 3.0)];
        data.runs = rows.iter().map(|(peer, cpu)| run("topic-100-paced", peer, *cpu)).collect();
        data.runs.extend([run("requests", "bellwire", 1.0), run("requests", "bun", 4.0)]);
        data.runs.extend([run("plain-1k", "bellwire", 1.0), run("deflate-1k", "bellwire", 2.0)]);
        let scenarios = scenarios::chosen(&[], false).expect("all");
        let missed = missed(&data, &scenarios);
        let names: Vec<(&str, &str)> = missed.iter().map(|(one, peer)| (one.name, peer.name)).collect();
        let expected =
            [("topic-100-paced", "bellwire"), ("topic-100-paced", "bare"), ("deflate-1k", "bellwire")];
        assert_eq!(names, expected);
        let whom: Vec<&str> = whom(&data, &scenarios).iter().map(|peer| peer.name).collect();
        assert_eq!(whom, ["bellwire", "bare"]);
    }

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
        let profile = read("paced", "bun", report).expect("samples");
        assert!((profile.kernel - 69.25).abs() < 1e-9 && (profile.user - 30.75).abs() < 1e-9);
        let names: Vec<&str> = profile.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(names, ["tcp_sendmsg_locked", "bellwire::hub::run::Run::plain", "[unknown]"]);
        assert!(read("paced", "bun", "# nothing\n").is_err());
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
            ("0x00007f1e8c0412d0", "[unknown]"),
        ];
        for (name, expected) in cases {
            assert_eq!(folded(name), expected);
        }
    }
}
