//! `bench --quick`: that every kind of scenario runs, counts and writes its files. What it measures is not looked at.

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
