//! Raw results: what was run, what was found, on what machine; and medians of it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use bellwire_load::Figures;
use serde_json::{Value, json};

use super::peers::{OURS, rank};
use super::profile::{Function, Profile};
use super::targets::{Verdict, verdicts};

/// Everything one call of the task has found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Data {
    /// Facts about the machine and the programs, in order.
    pub(super) facts: Vec<(String, String)>,
    /// Made by `--quick`: no figure means anything.
    pub(super) quick: bool,
    pub(super) runs: Vec<Run>,
    /// Where the time of what missed a target went.
    pub(super) profiles: Vec<Profile>,
    /// Why there are no profiles where some were asked for.
    pub(super) unprofiled: Option<String>,
}

/// One scenario on one server, once.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    pub(super) scenario: String,
    pub(super) peer: String,
    pub(super) round: u32,
    pub(super) figures: BTreeMap<String, f64>,
    pub(super) error: Option<String>,
}

/// The middle one of several values, and how far they lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Median {
    pub(super) value: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Run {
    pub(super) fn new(scenario: &str, peer: &str, round: u32, found: Result<Figures>) -> Self {
        let (figures, error) = match found {
            Ok(figures) => {
                (figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(), None)
            }
            Err(error) => (BTreeMap::new(), Some(format!("{error:#}"))),
        };
        Self { scenario: scenario.to_owned(), peer: peer.to_owned(), round, figures, error }
    }
}

impl Data {
    pub(super) fn new(facts: Vec<(String, String)>, quick: bool) -> Self {
        Self { facts, quick, runs: Vec::new(), profiles: Vec::new(), unprofiled: None }
    }

    /// The median of a figure over all rounds.
    pub(super) fn median(&self, scenario: &str, peer: &str, figure: &str) -> Option<Median> {
        let of_both = self.runs.iter().filter(|run| run.scenario == scenario && run.peer == peer);
        Median::of(of_both.filter_map(|run| run.figures.get(figure).copied()).collect())
    }

    /// A figure of one round.
    pub(super) fn figure(&self, scenario: &str, peer: &str, figure: &str, round: u32) -> Option<f64> {
        let is_it = |run: &&Run| run.scenario == scenario && run.peer == peer && run.round == round;
        self.runs.iter().find(is_it)?.figures.get(figure).copied()
    }

    /// How many rounds there were.
    pub(super) fn rounds(&self) -> u32 {
        self.runs.iter().map(|run| run.round).max().unwrap_or(0)
    }

    /// Peers that were measured, in the order in which they are known.
    pub(super) fn peers(&self) -> Vec<&str> {
        let mut peers: Vec<&str> = Vec::new();
        for run in &self.runs {
            if !peers.contains(&run.peer.as_str()) {
                peers.push(&run.peer);
            }
        }
        peers.sort_by_key(|peer| rank(peer));
        peers
    }

    pub(super) fn to_json(&self) -> String {
        let facts: Vec<Value> = self.facts.iter().map(|(name, value)| json!([name, value])).collect();
        let runs: Vec<Value> = self
            .runs
            .iter()
            .map(|run| {
                let mut object = json!({ "scenario": run.scenario, "peer": run.peer, "round": run.round });
                match &run.error {
                    Some(error) => object["error"] = json!(error),
                    None => object["figures"] = json!(run.figures),
                }
                object
            })
            .collect();
        let profiles: Vec<Value> = self.profiles.iter().map(profile_to_json).collect();
        // Follow from the runs, for those who read this file and not the page.
        let targets: Vec<Value> = verdicts(self).iter().filter_map(Verdict::to_json).collect();
        let mut all = json!({
            "quick": self.quick, "facts": facts, "runs": runs, "profiles": profiles, "targets": targets,
        });
        if let Some(why) = &self.unprofiled {
            all["unprofiled"] = json!(why);
        }
        format!("{all:#}\n")
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let raw: Value = serde_json::from_str(text).context("the raw data is no JSON")?;
        let list = |name: &str| raw[name].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let run = |value: &Value| {
            let members = value["figures"].as_object().cloned().unwrap_or_default();
            Run {
                scenario: text(&value["scenario"]),
                peer: text(&value["peer"]),
                round: value["round"].as_u64().and_then(|round| u32::try_from(round).ok()).unwrap_or(0),
                figures: members
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value.as_f64()?)))
                    .collect(),
                error: value["error"].as_str().map(str::to_owned),
            }
        };
        Ok(Self {
            facts: list("facts").iter().map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
            quick: raw["quick"] == true,
            runs: list("runs").iter().map(run).collect(),
            profiles: list("profiles").iter().map(profile_of_json).collect(),
            unprofiled: raw["unprofiled"].as_str().map(str::to_owned),
        })
    }
}

fn profile_to_json(profile: &Profile) -> Value {
    let functions: Vec<Value> = profile
        .functions
        .iter()
        .map(|function| json!([function.percent, function.in_kernel, function.name]))
        .collect();
    json!({
        "scenario": profile.scenario, "peer": profile.peer, "user": profile.user, "kernel": profile.kernel,
        "functions": functions,
    })
}

fn profile_of_json(value: &Value) -> Profile {
    let functions = value["functions"].as_array().cloned().unwrap_or_default();
    let function = |value: &Value| Function {
        percent: value[0].as_f64().unwrap_or(0.0),
        in_kernel: value[1] == true,
        name: value[2].as_str().unwrap_or_default().to_owned(),
    };
    Profile {
        scenario: value["scenario"].as_str().unwrap_or_default().to_owned(),
        // Only ours were profiled once.
        peer: value["peer"].as_str().unwrap_or(OURS).to_owned(),
        user: value["user"].as_f64().unwrap_or(0.0),
        kernel: value["kernel"].as_f64().unwrap_or(0.0),
        functions: functions.iter().map(function).collect(),
    }
}

impl Median {
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let value = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { value, least, most })
    }
}

/// A number with as many digits as mean something.
pub(super) fn short(value: f64) -> String {
    match value.abs() {
        zero if zero < 0.0005 => "0".to_owned(),
        small if small < 1.0 => format!("{value:.3}"),
        middle if middle < 10.0 => format!("{value:.2}"),
        large if large < 100.0 => format!("{value:.1}"),
        huge if huge < 10_000.0 => format!("{value:.0}"),
        huge if huge < 1e6 => format!("{:.0} k", value / 1e3),
        _ => format!("{:.2} M", value / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(peer: &str, round: u32, cpu: f64) -> Run {
        Run::new("paced", peer, round, Ok(Figures::from([("cpu_us", cpu)])))
    }

    #[test]
    fn medians_come_with_their_spread() {
        let median = |values: &[f64]| Median::of(values.to_vec()).map(|m| (m.value, m.least, m.most));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some((2.0, 1.0, 3.0)));
        assert_eq!(median(&[4.0, 2.0]), Some((3.0, 2.0, 4.0)));
        assert_eq!(median(&[]), None);
        let mut data = Data::new(Vec::new(), false);
        data.runs = vec![run("bun", 1, 2.0), run("bellwire", 1, 9.0), run("bun", 2, 4.0)];
        assert_eq!(data.median("paced", "bun", "cpu_us").map(|m| m.value), Some(3.0));
        assert_eq!(data.median("paced", "bun", "p99_ms"), None);
        assert_eq!(data.peers(), ["bellwire", "bun"]);
    }

    #[test]
    fn raw_data_survives_the_file() {
        let mut data = Data::new(vec![("cores".to_owned(), "2".to_owned())], true);
        data.runs = vec![run("bun", 1, 2.25), Run::new("idle", "ws", 1, Err(anyhow::anyhow!("it died")))];
        let functions = vec![Function { percent: 12.5, in_kernel: true, name: "tcp_write".to_owned() }];
        let (scenario, peer) = ("idle".to_owned(), "bun".to_owned());
        data.profiles = vec![Profile { scenario, peer, user: 25.0, kernel: 75.0, functions }];
        assert_eq!(Data::parse(&data.to_json()).expect("its own output"), data);
    }

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (0.1512, "0.151"),
            (3.302, "3.30"),
            (23.61, "23.6"),
            (865.4, "865"),
            (30_012.0, "30 k"),
            (4_812_345.0, "4.81 M"),
        ];
        for (value, expected) in cases {
            assert_eq!(short(value), expected);
        }
    }
}
