//! What the project has promised itself, row by row, and whether a run kept it.

use serde_json::{Value, json};

use super::data::{Data, Median};
use super::peers::OURS;

/// One promise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Target {
    pub(super) scenario: &'static str,
    pub(super) figure: &'static str,
    pub(super) against: Against,
    /// Most that the figure, or its ratio, may be.
    pub(super) most: f64,
}

/// What a figure of ours is divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Against {
    /// The same figure of a peer.
    Peer(&'static str),
    /// The same figure of ours in another scenario.
    Scenario(&'static str),
    /// Another figure of ours in the same scenario.
    Figure(&'static str),
    /// Nothing: the figure itself counts.
    Itself,
}

/// A promise and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) target: Target,
    /// The median, or the ratio of the medians; none where something was not measured.
    pub(super) found: Option<f64>,
    /// The same of each round, to show how far rounds lie apart.
    pub(super) rounds: Option<Median>,
}

impl Verdict {
    pub(super) fn met(&self) -> Option<bool> {
        self.found.map(|found| found <= self.target.most)
    }

    pub(super) fn to_json(&self) -> Option<Value> {
        let (found, Target { scenario, figure, against, most }) = (self.found?, self.target);
        let against = match against {
            Against::Peer(name) | Against::Scenario(name) | Against::Figure(name) => Some(name),
            Against::Itself => None,
        };
        Some(json!({
            "scenario": scenario,
            "figure": figure,
            "against": against,
            "target": most,
            "found": found,
            "least": self.rounds.map(|rounds| rounds.least),
            "most": self.rounds.map(|rounds| rounds.most),
            "met": self.met(),
        }))
    }
}

/// Every promise, with what a run found.
pub(super) fn verdicts(data: &Data) -> Vec<Verdict> {
    let verdict = |target| Verdict { found: found(data, &target), rounds: rounds(data, &target), target };
    targets().into_iter().map(verdict).collect()
}

/// The ratio of the medians of all rounds.
fn found(data: &Data, target: &Target) -> Option<f64> {
    ratio(target, |scenario, peer, figure| Some(data.median(scenario, peer, figure)?.value))
}

/// What each round would have found by itself: whatever else the machine did then fell on both sides.
fn rounds(data: &Data, target: &Target) -> Option<Median> {
    let of = |round| ratio(target, |scenario, peer, figure| data.figure(scenario, peer, figure, round));
    Median::of((1..=data.rounds()).filter_map(of).collect())
}

fn ratio(target: &Target, measured: impl Fn(&str, &str, &str) -> Option<f64>) -> Option<f64> {
    let Target { scenario, figure, against, .. } = *target;
    let ours = measured(scenario, OURS, figure)?;
    let other = match against {
        Against::Peer(peer) => measured(scenario, peer, figure)?,
        Against::Scenario(other) => measured(other, OURS, figure)?,
        Against::Figure(other) => measured(scenario, OURS, other)?,
        Against::Itself => return Some(ours),
    };
    (other > 0.0).then(|| ours / other)
}

fn targets() -> Vec<Target> {
    let cpu = |scenario, against, most| Target { scenario, figure: "cpu_us", against, most };
    let (bun, bare, bare16) = (Against::Peer("bun"), Against::Peer("bare"), Against::Peer("bare16"));
    let mut targets = Vec::new();
    for scenario in ["topic-100-saturated", "topic-1000-saturated", "topic-5000-saturated"] {
        targets.extend([cpu(scenario, bun, 0.8), cpu(scenario, bare16, 0.9)]);
    }
    let paced = ["topic-100-paced", "topic-1000-paced", "topic-5000-paced"];
    for scenario in paced {
        targets.extend([cpu(scenario, bun, 1.0), cpu(scenario, bare, 1.1)]);
    }
    targets.push(cpu("flush", bun, 0.35));
    targets.extend(paced.map(|scenario| Target { figure: "p99_ms", ..cpu(scenario, bun, 1.0) }));
    for scenario in
        ["topics-1000-paced", "topics-5000-paced", "topics-1000-saturated", "topics-5000-saturated"]
    {
        targets.push(cpu(scenario, bun, 0.9));
    }
    let own = |scenario, figure, against, most| Target { scenario, figure, against, most };
    targets.extend([
        cpu("deflate-1k", Against::Scenario("plain-1k"), 1.2),
        own("idle", "kib_per_connection", Against::Itself, 2.0),
        cpu("requests", bun, 0.9),
        cpu("storm", bun, 1.0),
        own("slow", "p99_during_ms", Against::Figure("p99_before_ms"), 1.1),
        own("slow", "lost", Against::Itself, 0.0),
        own("slow", "slow_unsaid", Against::Itself, 0.0),
        own("slow", "memory_growth_mib", Against::Itself, 2.0),
        own("slow-conflated", "p99_during_ms", Against::Figure("p99_before_ms"), 1.1),
        own("slow-conflated", "lost", Against::Itself, 0.0),
        own("slow-conflated", "slow_ended", Against::Itself, 0.0),
        own("slow-conflated", "memory_growth_mib", Against::Itself, 2.0),
    ]);
    targets
}

#[cfg(test)]
mod tests {
    use super::super::data::Run;
    use super::super::scenarios;
    use super::*;
    use bellwire_load::Figures;

    #[test]
    fn every_target_names_a_scenario_that_exists() {
        let known = scenarios::chosen(&[], false).expect("all");
        for target in targets() {
            let mut names = vec![target.scenario];
            if let Against::Scenario(other) = target.against {
                names.push(other);
            }
            for name in names {
                assert!(known.iter().any(|scenario| scenario.name == name), "{name}");
            }
        }
    }

    #[test]
    fn ratios_are_of_medians_and_gaps_stay_gaps() {
        let mut data = Data::new(Vec::new(), false);
        let run = |scenario: &str, peer: &str, figure, value| {
            Run::new(scenario, peer, 1, Ok(Figures::from([(figure, value)])))
        };
        data.runs = vec![
            run("topic-100-saturated", OURS, "cpu_us", 0.3),
            run("topic-100-saturated", "bun", "cpu_us", 0.4),
            run("idle", OURS, "kib_per_connection", 2.5),
        ];
        let verdicts = verdicts(&data);
        let of = |scenario: &str, against: Against| {
            let same =
                |verdict: &&Verdict| verdict.target.scenario == scenario && verdict.target.against == against;
            verdicts.iter().find(same).map(Verdict::met)
        };
        assert_eq!(of("topic-100-saturated", Against::Peer("bun")), Some(Some(true)));
        assert_eq!(of("topic-100-saturated", Against::Peer("bare16")), Some(None));
        assert_eq!(of("idle", Against::Itself), Some(Some(false)));
    }

    #[test]
    fn rounds_are_compared_each_by_itself() {
        let mut data = Data::new(Vec::new(), false);
        let run =
            |peer: &str, round, cpu| Run::new("requests", peer, round, Ok(Figures::from([("cpu_us", cpu)])));
        data.runs = vec![run(OURS, 1, 1.0), run("bun", 1, 2.0), run(OURS, 2, 4.0), run("bun", 2, 4.0)];
        data.runs.push(run(OURS, 3, 9.0));
        let verdicts = verdicts(&data);
        let verdict = verdicts.iter().find(|one| one.target.scenario == "requests").expect("a target");
        let spread = verdict.rounds.map(|rounds| (rounds.least, rounds.most));
        assert_eq!((verdict.found, spread), (Some(4.0 / 3.0), Some((0.5, 1.0))));
        let json = verdict.to_json().expect("found");
        assert_eq!((&json["least"], &json["most"], &json["met"]), (&json!(0.5), &json!(1.0), &json!(false)));
    }
}
