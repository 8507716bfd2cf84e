//! What each app says of itself where a terminal is narrow.

use e2e::Spawned;

#[test]
fn help_fits_eighty_columns_examples_unbroken() {
    for app in ["trading", "charts", "carry", "bot", "screener"] {
        let output = Spawned::command(app).arg("--help").env("COLUMNS", "80").output().expect("it starts");
        assert!(output.status.success(), "{app}");
        let help = String::from_utf8(output.stdout).expect("UTF-8");
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{app}: {line}");
        }
        let (_, examples) = help.split_once("Examples:\n").expect("examples");
        assert!(examples.lines().count() >= 4, "{app}: {examples}");
        for line in examples.lines() {
            assert!(line.starts_with("  ") && line.contains(app), "{app}: this line was broken off: {line}");
        }
    }
}
