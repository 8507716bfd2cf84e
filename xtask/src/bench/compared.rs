//! Profiles on the page: ours alone in per cent, or beside the peers' that are cheaper, in µs per frame.

use std::fmt::Write as _;

use super::data::{Data, short};
use super::markdown::capital;
use super::peers::OURS;
use super::profile::{Function, Profile};

/// Functions that are shown.
const SHOWN: usize = 20;
const ALONE: &str = "\
Time in each function itself, callees not counted (`perf`; `k` is the kernel).
";
const BESIDE: &str = "\
Where a peer is cheaper than the target allows, it was profiled as well: shares of time by `perf`, multiplied by the CPU of the
table above, what differs most first. `-` is less than is kept of a profile; `[unknown]` is what has no name: scripts, compiled
as they run, and programs without symbols.
";

/// Where the time goes in scenarios that miss a target.
pub(super) fn add(page: &mut String, data: &Data) {
    if data.profiles.is_empty() && data.unprofiled.is_none() {
        return;
    }
    page.push_str("## Where the time goes that misses a target\n\n");
    if let Some(why) = &data.unprofiled {
        let _ = writeln!(page, "{}.\n", capital(why));
        return;
    }
    page.push_str(ALONE);
    if data.profiles.iter().any(|profile| profile.peer != OURS) {
        page.push_str(BESIDE);
    }
    page.push('\n');
    let mut last = "";
    for profile in &data.profiles {
        if std::mem::replace(&mut last, &profile.scenario) != profile.scenario {
            of_scenario(page, data, profile);
        }
    }
}

/// The profiles of a scenario follow each other; this is the first.
fn of_scenario(page: &mut String, data: &Data, first: &Profile) {
    let same = |profile: &&Profile| profile.scenario == first.scenario;
    let columns: Vec<Column<'_>> =
        data.profiles.iter().filter(same).filter_map(|profile| Column::of(data, profile)).collect();
    if columns.len() > 1 {
        beside(page, &first.scenario, &columns);
    } else {
        alone(page, first);
    }
}

fn alone(page: &mut String, profile: &Profile) {
    let Profile { scenario, peer, user, kernel, functions } = profile;
    let _ = writeln!(page, "**{scenario}**, {peer}, per cent: user {user:.0}, kernel {kernel:.0}\n\n```text");
    for Function { percent, in_kernel, name } in functions.iter().take(SHOWN) {
        let _ = writeln!(page, "{percent:5.1} {} {name}", place(*in_kernel));
    }
    page.push_str("```\n\n");
}

/// A profile, and what one per cent of it is in µs per frame.
struct Column<'a> {
    profile: &'a Profile,
    scale: f64,
}

impl<'a> Column<'a> {
    fn of(data: &Data, profile: &'a Profile) -> Option<Self> {
        let cpu = data.median(&profile.scenario, &profile.peer, "cpu_us")?.value;
        Some(Self { profile, scale: cpu / 100.0 })
    }

    fn of_function(&self, function: &Function) -> Option<f64> {
        let same = |one: &&Function| one.name == function.name && one.in_kernel == function.in_kernel;
        self.profile.functions.iter().find(same).map(|one| one.percent * self.scale)
    }
}

fn beside(page: &mut String, scenario: &str, columns: &[Column<'_>]) {
    let _ = writeln!(page, "**{scenario}**, µs of CPU per delivered frame (reply, connection)\n");
    page.push_str("| | user | kernel |\n|---|---|---|\n");
    for Column { profile, scale } in columns {
        let (user, kernel) = (short(profile.user * scale), short(profile.kernel * scale));
        let _ = writeln!(page, "| {} | {user} | {kernel} |", profile.peer);
    }
    let heads: String = columns.iter().map(|column| format!("{:>9}", column.profile.peer)).collect();
    let _ = writeln!(page, "\n```text\n{heads}");
    for (function, times) in rows(columns).into_iter().take(SHOWN) {
        for time in times {
            let _ = write!(page, "{:>9}", time.map_or_else(|| "-".to_owned(), |time| format!("{time:.3}")));
        }
        let _ = writeln!(page, " {} {}", place(function.in_kernel), function.name);
    }
    page.push_str("```\n\n");
}

/// Every function with its time in each column, those first in which the first column differs most from another.
fn rows<'a>(columns: &[Column<'a>]) -> Vec<(&'a Function, Vec<Option<f64>>)> {
    let mut rows: Vec<(&Function, Vec<Option<f64>>)> = Vec::new();
    for function in columns.iter().flat_map(|column| &column.profile.functions) {
        let is_known = |(known, _): &(&Function, _)| {
            known.name == function.name && known.in_kernel == function.in_kernel
        };
        if !rows.iter().any(is_known) {
            rows.push((function, columns.iter().map(|column| column.of_function(function)).collect()));
        }
    }
    let difference = |times: &[Option<f64>]| {
        let first = times.first().copied().flatten().unwrap_or(0.0);
        times.iter().map(|time| (time.unwrap_or(0.0) - first).abs()).fold(0.0, f64::max)
    };
    rows.sort_by(|(_, a), (_, b)| difference(b).total_cmp(&difference(a)));
    rows
}

fn place(in_kernel: bool) -> char {
    if in_kernel { 'k' } else { ' ' }
}

#[cfg(test)]
mod tests {
    use super::super::data::Run;
    use super::*;
    use bellwire_load::Figures;

    fn profile(scenario: &str, peer: &str, user: f64, functions: &[(f64, bool, &str)]) -> Profile {
        let functions = functions.iter().map(|(percent, in_kernel, name)| Function {
            percent: *percent,
            in_kernel: *in_kernel,
            name: (*name).to_owned(),
        });
        let (scenario, peer, functions) = (scenario.to_owned(), peer.to_owned(), functions.collect());
        Profile { scenario, peer, user, kernel: 100.0 - user, functions }
    }

    #[test]
    fn the_cheaper_peer_stands_beside_ours_and_differences_come_first() {
        let mut data = Data::new(Vec::new(), false);
        let run = |peer: &str, cpu| Run::new("requests", peer, 1, Ok(Figures::from([("cpu_us", cpu)])));
        data.runs = vec![run(OURS, 4.0), run("bun", 2.0)];
        data.profiles = vec![
            profile("requests", OURS, 25.0, &[(50.0, true, "tcp_write"), (10.0, false, "parse")]),
            profile("requests", "bun", 50.0, &[(75.0, true, "tcp_write"), (40.0, false, "collect")]),
            profile("slow", OURS, 20.4, &[(41.25, true, "tcp_write_xmit")]),
        ];
        let mut page = String::new();
        add(&mut page, &data);
        for expected in [
            "**requests**, µs of CPU per delivered frame",
            "| bellwire | 1.00 | 3.00 |\n| bun | 1.00 | 1.00 |\n",
            "bellwire      bun\n        -    0.800   collect\n    2.000    1.500 k tcp_write\n    0.400        -   parse\n```",
            "**slow**, bellwire, per cent: user 20, kernel 80\n\n```text\n 41.2 k tcp_write_xmit\n```",
        ] {
            assert!(page.contains(expected), "{expected}\nis missing from\n{page}");
        }
    }
}
