//! Results as a page: the targets first, then every figure, then what was counted and where.

use std::fmt::Write as _;

use super::data::{Data, Median, short};
use super::peers;
use super::profile::{Function, Profile};
use super::scenarios::{self, Scenario};
use super::targets::{Against, Verdict, verdicts};

const COUNTED: &str = "\
## What was counted

- **CPU** is the server's, user and system, as the kernel's scheduler counts it, divided by the frames that reached
  subscribers (or by replies, or by connections). The clock stops when the last frame has arrived.
- **Every delivery is counted and checked** to be the next of its topic; deflated ones are inflated on every 50th socket.
- **Latency** runs from the moment a publication was due, on a fixed schedule, to its arrival at the subscriber. Generator and
  server share the cores, so milliseconds are mostly waiting for them: compare within a row.
- **Paced**: 30 000 deliveries a second over one topic, 5 000 over a thousand topics. **Saturated**: as fast as they are
  delivered, with at most 256 publications of a topic under way (fewer where they would fill the kernel's memory).
- Everybody is driven the same way: one control connection sends `publish` requests, subscribers ask for `bars`
  (`asyncapi/bench.yaml`). Every run starts a fresh server; rounds are interleaved; the table shows medians, and least and most
  in the raw data beside it (`results.json`).
- Peers that no target names (`ws`, FastWS, axum by hand) are measured for half as long, with 2 000 idle connections instead of
  10 000 and 1 000 instead of 4 000 in the storm.
- **Memory** is the growth of the server's PSS over the connections, 1.5 s after the last one was opened.
";

/// The whole page.
pub(super) fn page(data: &Data) -> String {
    let mut page = String::from("# Measured\n\n");
    if data.quick {
        page.push_str("Made by `--quick` with a development build: no figure here means anything.\n\n");
    }
    page.push_str("Written by `cargo xtask bench`. Ratios below 1 say that Bellwire is cheaper.\n\n");
    page.push_str("![CPU for each delivered frame](results.svg)\n\n");
    targets(&mut page, data);
    let tables = [
        ("CPU, µs per delivered frame (reply, connection)", "cpu_us"),
        ("p50 latency, ms", "p50_ms"),
        ("p99 latency, ms", "p99_ms"),
        ("Deliveries per second", "deliveries_per_s"),
        ("Requests per second", "requests_per_s"),
        ("KiB per idle, subscribed connection", "kib_per_connection"),
        ("Slow readers: healthy p99 before, ms", "p99_before_ms"),
        ("Slow readers: healthy p99 during, ms", "p99_during_ms"),
        ("Slow readers: growth of the server's memory, MiB", "memory_growth_mib"),
        ("Lost", "lost"),
        ("Out of order", "disorder"),
        ("Cores the generator used", "generator_busy"),
    ];
    let scenarios = scenarios::chosen(&[], false).unwrap_or_default();
    for (title, figure) in tables {
        table(&mut page, data, &scenarios, title, figure);
    }
    slow_readers(&mut page, data);
    profiles(&mut page, data);
    failures(&mut page, data);
    page.push_str(COUNTED);
    page.push_str("\n## Who was measured\n\n");
    for peer in data.peers() {
        let _ = writeln!(page, "- **{peer}**: {}", peers::about(peer));
    }
    page.push_str("\n## The machine\n\n");
    for (name, value) in &data.facts {
        let _ = writeln!(page, "- {name}: {value}");
    }
    page
}

/// One line: how many targets were met.
pub(super) fn summary(data: &Data) -> String {
    let verdicts = verdicts(data);
    let count = |wanted| verdicts.iter().filter(|verdict| verdict.met() == wanted).count();
    format!("targets: {} met, {} missed, {} not measured", count(Some(true)), count(Some(false)), count(None))
}

fn targets(page: &mut String, data: &Data) {
    let _ = writeln!(page, "## Targets\n\n{}.\n", capital(&summary(data)));
    page.push_str("| scenario | figure | compared with | target | found | |\n|---|---|---|---|---|---|\n");
    for verdict in verdicts(data).iter().filter(|verdict| verdict.found.is_some()) {
        let Verdict { target, found } = verdict;
        let against = match target.against {
            Against::Peer(peer) => peer,
            Against::Scenario(scenario) => scenario,
            Against::Figure(figure) => figure_name(figure),
            Against::Itself => "-",
        };
        let met = if verdict.met() == Some(true) { "met" } else { "**missed**" };
        let _ = writeln!(
            page,
            "| {} | {} | {against} | ≤ {} | {} | {met} |",
            target.scenario,
            figure_name(target.figure),
            target.most,
            short(found.unwrap_or_default()),
        );
    }
    page.push('\n');
}

/// What a figure is called in the table of targets.
fn figure_name(figure: &str) -> &str {
    match figure {
        "cpu_us" => "CPU",
        "p99_ms" => "p99",
        "kib_per_connection" => "KiB per connection",
        "p99_during_ms" => "healthy p99 during",
        "p99_before_ms" => "healthy p99 before",
        "memory_growth_mib" => "growth of memory, MiB",
        "slow_unsaid" => "ends without code or count",
        other => other,
    }
}

fn table(page: &mut String, data: &Data, scenarios: &[Scenario], title: &str, figure: &str) {
    let peers = data.peers();
    let cells = |scenario: &Scenario| -> Vec<Option<Median>> {
        peers.iter().map(|peer| data.median(scenario.name, peer, figure)).collect()
    };
    let rows: Vec<(&Scenario, Vec<Option<Median>>)> = scenarios
        .iter()
        .map(|scenario| (scenario, cells(scenario)))
        .filter(|(_, cells)| cells.iter().any(Option::is_some))
        .collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(page, "## {title}\n\n| | {} |", peers.join(" | "));
    let _ = writeln!(page, "|---|{}", "---|".repeat(peers.len()));
    for (scenario, cells) in rows {
        let texts: Vec<String> =
            cells.iter().map(|cell| cell.map_or_else(|| "-".to_owned(), |cell| short(cell.value))).collect();
        let _ = writeln!(page, "| {} | {} |", scenario.title, texts.join(" | "));
    }
    page.push('\n');
}

/// What became of the slow readers, in words.
fn slow_readers(page: &mut String, data: &Data) {
    let ends: Vec<(&str, String)> =
        data.peers().into_iter().filter_map(|peer| Some((peer, end_of_slow(data, peer)?))).collect();
    if ends.is_empty() {
        return;
    }
    page.push_str("## Slow readers: what became of them\n\n");
    for (peer, end) in ends {
        let _ = writeln!(page, "- {peer}: {end}");
    }
    page.push('\n');
}

/// `10 of 10 ended, code 4413; the server counted 10`
fn end_of_slow(data: &Data, peer: &str) -> Option<String> {
    let of = |figure: &str| data.median("slow", peer, figure).map(|median| median.value);
    let mut text = format!("{} of {} ended", short_count(of("slow_ended")?), short_count(of("slow")?));
    match (of("close_code"), of("slow_closed_with_code")) {
        (Some(code), Some(count)) if of("slow_ended") == Some(count) => {
            let _ = write!(text, ", code {}", short_count(code));
        }
        (Some(code), Some(count)) => {
            let _ = write!(text, ", {} of them with code {}", short_count(count), short_count(code));
        }
        _ => {}
    }
    if let Some(counted) = of("slow_counted") {
        let _ = write!(text, "; the server counted {}", short_count(counted));
    }
    Some(text)
}

/// A number of things: medians of even numbers of rounds may fall between two.
fn short_count(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// Where the time goes in scenarios that miss a target.
fn profiles(page: &mut String, data: &Data) {
    if data.profiles.is_empty() && data.unprofiled.is_none() {
        return;
    }
    page.push_str("## Where the time goes that misses a target\n\n");
    if let Some(why) = &data.unprofiled {
        let _ = writeln!(page, "{}.\n", capital(why));
        return;
    }
    page.push_str("Per cent of the server's CPU in each function itself, callees not counted (`perf`; `k` is the kernel).\n\n");
    for Profile { scenario, user, kernel, functions } in &data.profiles {
        let _ = writeln!(page, "**{scenario}**: user {user:.0} %, kernel {kernel:.0} %\n\n```text");
        for Function { percent, in_kernel, name } in functions {
            let place = if *in_kernel { 'k' } else { ' ' };
            let _ = writeln!(page, "{percent:5.1} {place} {name}");
        }
        page.push_str("```\n\n");
    }
}

fn failures(page: &mut String, data: &Data) {
    let failed: Vec<_> = data.runs.iter().filter_map(|run| Some((run, run.error.as_ref()?))).collect();
    if failed.is_empty() {
        return;
    }
    page.push_str("## Runs that failed\n\n");
    for (run, error) in failed {
        let _ = writeln!(page, "- {} on {}, round {}: {error}", run.scenario, run.peer, run.round);
    }
    page.push('\n');
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::super::data::Run;
    use super::super::peers::OURS;
    use super::*;
    use bellwire_load::Figures;

    #[test]
    fn the_page_shows_medians_ratios_and_failures() {
        let mut data = Data::new(vec![("Cores".to_owned(), "2".to_owned())], false);
        let run = |peer: &str, round, cpu| {
            Run::new("topic-100-saturated", peer, round, Ok(Figures::from([("cpu_us", cpu)])))
        };
        let slow = |peer: &str, figures: &[(&'static str, f64)]| {
            let figures = figures.iter().copied().chain([("slow", 10.0)]);
            Run::new("slow", peer, 1, Ok(figures.collect()))
        };
        data.runs = vec![
            run(OURS, 1, 0.25),
            run("bun", 1, 0.5),
            run(OURS, 2, 0.35),
            Run::new("idle", "bun", 1, Err(anyhow::anyhow!("it died"))),
            slow(
                OURS,
                &[
                    ("slow_ended", 10.0),
                    ("close_code", 4413.0),
                    ("slow_closed_with_code", 10.0),
                    ("slow_counted", 10.0),
                ],
            ),
            slow("bun", &[("slow_ended", 0.0)]),
        ];
        let functions = vec![Function { percent: 41.25, in_kernel: true, name: "tcp_write_xmit".to_owned() }];
        data.profiles = vec![Profile { scenario: "idle".to_owned(), user: 20.4, kernel: 79.6, functions }];
        let page = page(&data);
        for expected in [
            "Targets: 1 met, 0 missed,",
            "| topic-100-saturated | CPU | bun | ≤ 0.8 | 0.600 | met |",
            "| | bellwire | bun |\n|---|---|---|\n| 1 topic × 100, saturated | 0.300 | 0.500 |",
            "- bellwire: 10 of 10 ended, code 4413; the server counted 10\n- bun: 0 of 10 ended\n",
            "**idle**: user 20 %, kernel 80 %\n\n```text\n 41.2 k tcp_write_xmit\n```",
            "- idle on bun, round 1: it died",
            "- Cores: 2",
        ] {
            assert!(page.contains(expected), "{expected}\nis missing from\n{page}");
        }
    }
}
