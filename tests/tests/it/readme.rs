//! The README, as far as it can be executed: its commands exist, its settings are real, its length is kept.

use std::fs;

use e2e::{Spawned, project_root};

fn readme() -> String {
    fs::read_to_string(project_root().join("README.md")).expect("the README")
}

#[test]
fn it_is_short() {
    assert!(readme().lines().count() <= 150);
}

#[test]
fn every_flag_it_names_is_in_the_help_of_the_server() {
    let output = Spawned::command("trading").arg("--help").output().expect("the program starts");
    let help = String::from_utf8_lossy(&output.stdout);
    let readme = readme();
    let table = readme.split("### Settings").nth(1).expect("the table of settings");
    let table = table.split("\n## ").next().unwrap_or(table);
    let flags: Vec<&str> = table
        .split('`')
        .filter(|text| text.starts_with("--"))
        .flat_map(|text| text.split_whitespace().next())
        .collect();
    assert!(flags.len() >= 8, "{flags:?}");
    for flag in flags.iter().filter(|flag| **flag != "--") {
        assert!(help.contains(flag), "{flag}");
    }
}

#[test]
fn its_document_is_the_one_that_is_served() {
    let readme = readme();
    let yaml =
        readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let document = fs::read_to_string(project_root().join("asyncapi/trading.yaml")).expect("the document");
    for line in yaml.lines().map(str::trim).filter(|line| line.ends_with(':') || line.starts_with("summary"))
    {
        assert!(document.contains(line), "`{line}` is not in asyncapi/trading.yaml");
    }
}

#[test]
fn every_xtask_command_it_names_exists() {
    let manifest = project_root().join("xtask/src/main.rs");
    let source = fs::read_to_string(manifest).expect("the tasks").to_lowercase();
    for file in ["README.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(project_root().join(file)).expect("a root document");
        for task in text
            .split("cargo xtask ")
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_lowercase()).next())
        {
            assert!(
                task.is_empty() || source.contains(&format!("    {task}(")),
                "{file}: cargo xtask {task}"
            );
        }
    }
}
