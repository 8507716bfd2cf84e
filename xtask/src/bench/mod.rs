//! `cargo xtask bench`: Bellwire and its peers under the same load, on this machine, in interleaved rounds.
//!
//! The load generator is the package `bellwire-load`; this module decides what is run, and makes a page of it.

mod compared;
mod counted;
mod data;
mod ends;
mod machine;
mod markdown;
mod peers;
mod plot;
mod profile;
mod programs;
mod scenarios;
mod targets;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bellwire_load::allow_files;

use crate::project;
use crate::terminal::{Style, Terminal, readable};
use data::{Data, Run};
use peers::Peer;
use programs::Programs;
use scenarios::Scenario;

/// Measure what a delivered message costs, beside other servers
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whom to measure beside Bellwire: bun, ws, fastws, naive, bare, bare16, or all; installed into target/
    #[arg(long, value_delimiter = ',', value_name = "PEERS", default_value = "bare,bare16,bun")]
    peers: Vec<String>,
    /// Run these scenarios only; the beginning of a name is enough
    #[arg(long, value_delimiter = ',', value_name = "SCENARIOS")]
    only: Vec<String>,
    /// How often everything is measured; the table shows medians
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=99))]
    rounds: u32,
    /// Where the table, the plot and the raw data go [default: server/benches/results]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// One short round with a development build: shows that it works, not how fast
    #[arg(long)]
    quick: bool,
    /// Draw table and plot of the raw data again and measure nothing
    #[arg(long)]
    redraw: bool,
    /// Run what misses a target once more under `perf`, the peer beside it, and say where the time goes; with --redraw, that alone
    #[arg(long)]
    profile: bool,
    /// Name the scenarios and run nothing
    #[arg(long)]
    list: bool,
}

/// Where results go, below the root.
const RESULTS: &str = "server/benches/results";
/// The raw data.
const RAW: &str = "results.json";

pub(crate) fn run(args: &Args, terminal: &Terminal) -> Result<bool> {
    let scenarios = scenarios::chosen(&args.only, args.quick)?;
    if args.list {
        scenarios.iter().for_each(|one| terminal.result(&format!("{:<20} {}", one.name, one.title)));
        return Ok(true);
    }
    let folder = args.out.clone().unwrap_or_else(|| project::root().join(RESULTS));
    let mut data = if args.redraw {
        let path = folder.join(RAW);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Data::parse(&text)?
    } else {
        measure(args, &scenarios, terminal)?
    };
    if args.profile {
        let programs = Programs::prepare(&profile::whom(&data, &scenarios), args.quick, terminal)?;
        profile::add(&mut data, &scenarios, &programs, terminal);
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let files =
        [(RAW, data.to_json()), ("results.md", markdown::page(&data)), ("results.svg", plot::picture(&data))];
    for (name, contents) in files {
        let path = folder.join(name);
        fs::write(&path, contents).with_context(|| format!("cannot write {}", path.display()))?;
    }
    terminal.result(&markdown::summary(&data));
    terminal.result(&format!("written to {}", folder.display()));
    let faults = faults(&data);
    faults.iter().for_each(|fault| terminal.error(fault));
    Ok(faults.is_empty())
}

/// What must not happen to our server, whatever it costs: a missed target is a figure, a lost update a defect.
fn faults(data: &Data) -> Vec<String> {
    let mut faults = Vec::new();
    for run in data.runs.iter().filter(|run| run.peer == peers::OURS) {
        let mut add = |what: String| faults.push(format!("{}, round {}: {what}", run.scenario, run.round));
        if let Some(error) = &run.error {
            add(error.clone());
        }
        for (figure, what) in [("lost", "updates lost"), ("disorder", "updates out of order")] {
            if let Some(count) = run.figures.get(figure).filter(|count| **count > 0.0) {
                add(format!("{count:.0} {what}"));
            }
        }
    }
    faults
}

fn measure(args: &Args, scenarios: &[Scenario], terminal: &Terminal) -> Result<Data> {
    let peers = peers::chosen(&args.peers)?;
    let sockets = scenarios.iter().map(|scenario| scenario.plan.sockets()).max().unwrap_or(0);
    allow_files(sockets)?;
    let programs = Programs::prepare(&peers, args.quick, terminal)?;
    let rounds = if args.quick { 1 } else { args.rounds };
    let mut data = Data::new(machine::facts(&programs), args.quick);
    let jobs: Vec<(u32, &Scenario, &Peer)> = (1..=rounds)
        .flat_map(|round| scenarios.iter().map(move |scenario| (round, scenario)))
        .flat_map(|(round, scenario)| peers.iter().map(move |peer| (round, scenario, *peer)))
        .filter(|(_, scenario, peer)| peer.takes(scenario))
        .collect();
    if jobs.is_empty() {
        bail!("none of the peers takes part in these scenarios");
    }
    let (start, before) = (Instant::now(), machine::Ticks::now());
    for (done, (round, scenario, peer)) in jobs.iter().enumerate() {
        terminal.progress(&bar(
            done,
            jobs.len(),
            start.elapsed(),
            &format!("{} {}", scenario.name, peer.name),
        ));
        let found = programs.start(peer).and_then(|server| scenario.plan_for(peer).run(&server));
        let run = Run::new(scenario.name, peer.name, *round, found);
        terminal.line(&describe(&run, rounds, terminal));
        data.runs.push(run);
    }
    if let (Some(before), Some(now)) = (before, machine::Ticks::now()) {
        data.facts.push(now.stolen_since(before));
    }
    terminal.line(&format!("{} runs in {}", jobs.len(), readable(start.elapsed())));
    Ok(data)
}

/// `████████····  41/126  2 min 03 s, 4 min to go  topic-1000-paced bun`
fn bar(done: usize, all: usize, elapsed: Duration, what: &str) -> String {
    const WIDTH: usize = 24;
    let filled = done * WIDTH / all.max(1);
    let to_go = match u32::try_from(done) {
        Ok(done) if done > 0 => {
            let rest = elapsed / done * u32::try_from(all).unwrap_or(u32::MAX).saturating_sub(done);
            format!(", {} to go", readable(rest))
        }
        _ => String::new(),
    };
    let (full, empty) = ("█".repeat(filled), "·".repeat(WIDTH - filled));
    format!("{full}{empty} {done}/{all}  {}{to_go}  {what}", readable(elapsed))
}

/// One line per run.
fn describe(run: &Run, rounds: u32, terminal: &Terminal) -> String {
    let head = format!("{}/{rounds} {:<20} {:<9}", run.round, run.scenario, run.peer);
    match &run.error {
        Some(error) => format!("{head} {}", terminal.paint(Style::Bad, error)),
        None => format!("{head} {}", figures(&run.figures)),
    }
}

fn figures(figures: &BTreeMap<String, f64>) -> String {
    const SHOWN: &[&str] = &[
        "cpu_us",
        "p50_ms",
        "p99_ms",
        "deliveries_per_s",
        "requests_per_s",
        "connections_per_s",
        "kib_per_connection",
        "p99_before_ms",
        "p99_during_ms",
        "memory_growth_mib",
        "slow_lasted_s",
        "slow_ended",
        "close_code",
        "slow_counted",
        "slow_frames",
        "slow_values",
        "replaced_counted",
        "lost",
        "disorder",
        "generator_busy",
    ];
    let shown = SHOWN.iter().filter_map(|name| Some((name, figures.get(*name)?)));
    let parts: Vec<String> = shown.map(|(name, value)| format!("{name} {}", data::short(*value))).collect();
    parts.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_updates_of_ours_are_faults_and_missed_targets_are_not() {
        let mut data = Data::new(Vec::new(), false);
        let run = |scenario: &str, peer: &str, figures: &[(&'static str, f64)]| {
            Run::new(scenario, peer, 1, Ok(figures.iter().copied().collect()))
        };
        data.runs = vec![
            run("flush", peers::OURS, &[("lost", 0.0), ("disorder", 0.0), ("cpu_us", 1e9)]),
            run("idle", peers::OURS, &[("kib_per_connection", 1e9)]),
            run("flush", "ws", &[("lost", 5.0)]),
            Run::new("storm", "bun", 1, Err(anyhow::anyhow!("it died"))),
        ];
        assert_eq!(faults(&data), [""; 0]);
        data.runs.push(run("slow", peers::OURS, &[("lost", 3.0), ("disorder", 1.0)]));
        data.runs.push(Run::new("storm", peers::OURS, 1, Err(anyhow::anyhow!("it died"))));
        let expected = [
            "slow, round 1: 3 updates lost",
            "slow, round 1: 1 updates out of order",
            "storm, round 1: it died",
        ];
        assert_eq!(faults(&data), expected);
    }

    #[test]
    fn the_bar_says_how_far_and_how_long() {
        assert_eq!(bar(0, 4, Duration::ZERO, "x"), "························ 0/4  0.00 s  x");
        let half = bar(2, 4, Duration::from_secs(20), "y");
        assert_eq!(half, "████████████············ 2/4  20.0 s, 20.0 s to go  y");
    }
}
