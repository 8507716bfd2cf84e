//! `bench`: that every kind of scenario runs, counts and writes its files, and what fails the command. What `--quick` measures
//! is not looked at.

use std::fs;
use std::process::Command;

use crate::sandbox::Sandbox;

#[test]
fn a_quick_run_counts_every_delivery_and_writes_its_files() {
    let sandbox = Sandbox::new("bench");
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["bench", "--quick", "--peers", "bellwire"])
        .args(["--only", "topic-100-,topics-1000-saturated,large-paced,flush,idle,storm,requests,slow"])
        .arg("--out")
        .arg(&sandbox.root)
        .output()
        .expect("xtask starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    let raw: serde_json::Value = serde_json::from_str(&sandbox.read("results.json")).expect("raw data");
    let runs = raw["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 10, "{printed}");
    for run in runs {
        let figures = &run["figures"];
        assert!(figures.is_object(), "{run}");
        for fault in ["lost", "disorder", "replaced_unsaid"] {
            assert!(figures[fault].is_null() || figures[fault] == 0.0, "{run}");
        }
    }
    for (file, expected) in [("results.md", "## Targets"), ("results.svg", "<svg ")] {
        assert!(sandbox.read(file).contains(expected), "{file}");
    }
    fs::remove_dir_all(&sandbox.root).expect("the results go");
}

#[test]
fn a_lost_update_of_ours_fails_the_command_and_a_missed_target_does_not() {
    let sandbox = Sandbox::new("bench-faults");
    let cases = [
        (("bellwire", "cpu_us", 1e9), true),
        (("bun", "lost", 1.0), true),
        (("bellwire", "lost", 1.0), false),
        (("bellwire", "disorder", 1.0), false),
    ];
    for ((peer, figure, value), expected) in cases {
        let run = |peer: &str, figures: serde_json::Value| serde_json::json!({ "scenario": "requests", "peer": peer, "round": 1, "figures": figures });
        let mut runs = vec![run("bellwire", serde_json::json!({ "cpu_us": 1.0 }))];
        runs.push(run("bun", serde_json::json!({ "cpu_us": 1.0 })));
        let changed = runs.iter_mut().find(|run| run["peer"] == peer).expect("it is measured");
        changed["figures"][figure] = value.into();
        let raw = serde_json::json!({ "quick": false, "facts": [], "runs": runs });
        fs::write(sandbox.root.join("results.json"), raw.to_string()).expect("raw data");
        let status = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(["bench", "--redraw", "--out"])
            .arg(&sandbox.root)
            .output()
            .expect("xtask starts")
            .status;
        assert_eq!(status.success(), expected, "{peer} {figure}");
    }
    fs::remove_dir_all(&sandbox.root).expect("the results go");
}
