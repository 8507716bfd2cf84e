//! Results as a page: the targets first, then every figure, then what was counted and where.

use std::fmt::Write as _;

use super::data::{Data, Median, short};
use super::scenarios::{self, Scenario};
use super::targets::{Against, Verdict, verdicts};
use super::{compared, counted, ends, peers};

/// The whole page.
pub(super) fn page(data: &Data) -> String {
    let mut page = String::from("# Measured\n\n");
    if data.quick {
        page.push_str("Made by `--quick` with a development build: no figure here means anything.\n\n");
    }
    let rounds = match data.rounds() {
        1 => "the figures of one round".to_owned(),
        rounds => format!("medians of {rounds} rounds"),
    };
    let _ = writeln!(
        page,
        "Written by `cargo xtask bench`: {rounds}. A ratio is the ratio of the medians; below 1 Bellwire is cheaper.\n"
    );
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
        ("Bytes of a frame's text, its header not counted", "frame_bytes"),
        ("Lost, in the worst round", "lost"),
        ("Out of order, in the worst round", "disorder"),
        ("Cores the generator used", "generator_busy"),
    ];
    let scenarios = scenarios::chosen(&[], false).unwrap_or_default();
    for (title, figure) in tables {
        table(&mut page, data, &scenarios, title, figure);
    }
    ends::add(&mut page, data);
    compared::add(&mut page, data);
    failures(&mut page, data);
    page.push_str(&counted::text(data));
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
    page.push_str("`rounds` is the least and the most of what each round would have found by itself; `found` decides.\n\n");
    page.push_str(
        "| scenario | figure | compared with | target | found | rounds | |\n|---|---|---|---|---|---|---|\n",
    );
    for verdict in verdicts(data).iter().filter(|verdict| verdict.found.is_some()) {
        let Verdict { target, found, rounds } = verdict;
        let against = match target.against {
            Against::Peer(peer) => peer,
            Against::Scenario(scenario) => scenario,
            Against::Figure(figure) => figure_name(figure),
            Against::Itself => "-",
        };
        let met = if verdict.met() == Some(true) { "met" } else { "**missed**" };
        let _ = writeln!(
            page,
            "| {} | {} | {against} | ≤ {} | {} | {} | {met} |",
            target.scenario,
            figure_name(target.figure),
            target.most,
            short(found.unwrap_or_default()),
            rounds.filter(|_| data.rounds() > 1).map_or_else(|| "-".to_owned(), spread),
        );
    }
    page.push('\n');
}

fn spread(rounds: Median) -> String {
    format!("{} – {}", short(rounds.least), short(rounds.most))
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
        "slow_ended" => "slow ones ended",
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
        let is_fault = matches!(figure, "lost" | "disorder");
        let text = |cell: &Option<Median>| match cell {
            // No median may hide that something was lost once.
            Some(cell) => short(if is_fault { cell.most } else { cell.value }),
            None => "-".to_owned(),
        };
        let texts: Vec<String> = cells.iter().map(text).collect();
        let _ = writeln!(page, "| {} | {} |", scenario.title, texts.join(" | "));
    }
    page.push('\n');
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

pub(super) fn capital(text: &str) -> String {
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
        data.runs = vec![
            run(OURS, 1, 0.25),
            run("bun", 1, 0.5),
            run(OURS, 2, 0.35),
            run("bun", 2, 0.5),
            Run::new("idle", "bun", 1, Err(anyhow::anyhow!("it died"))),
        ];
        let page = page(&data);
        for expected in [
            "Written by `cargo xtask bench`: medians of 2 rounds. A ratio",
            "Targets: 1 met, 0 missed,",
            "| topic-100-saturated | CPU | bun | ≤ 0.8 | 0.600 | 0.500 – 0.700 | met |",
            "| | bellwire | bun |\n|---|---|---|\n| 1 topic × 100, saturated | 0.300 | 0.500 |",
            "- idle on bun, round 1: it died",
            "- Cores: 2",
        ] {
            assert!(page.contains(expected), "{expected}\nis missing from\n{page}");
        }
    }
}
