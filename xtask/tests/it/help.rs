//! Help is for people: examples, exit codes, and lines that fit.

use crate::sandbox::Sandbox;

#[test]
fn every_task_explains_itself_within_a_hundred_columns() {
    let sandbox = Sandbox::new("help");
    for task in
        [&[][..], &["generate"], &["new"], &["tidy"], &["check"], &["autobahn"], &["bench"], &["test"]]
    {
        let help = sandbox.xtask(&[task, &["--help"]].concat());
        assert_eq!(help.code, 0, "{task:?}");
        let longest = help.out.lines().max_by_key(|line| line.chars().count()).expect("some help");
        assert!(longest.chars().count() <= 100, "{task:?}: {longest}");
    }
    for (task, word) in [("generate", "Examples:"), ("generate", "Exit codes:"), ("new", "Example:")] {
        assert!(sandbox.xtask(&[task, "--help"]).out.contains(word), "{task}: {word}");
    }
}

#[test]
fn a_wrong_command_line_is_told_apart_from_a_failure() {
    let sandbox = Sandbox::new("usage");
    for arguments in
        [&["no-such-task"][..], &["generate", "--rust", "out"], &["generate", "--check", "--watch"]]
    {
        assert_eq!(sandbox.xtask(arguments).code, 2, "{arguments:?}");
    }
    assert_eq!(sandbox.xtask(&["check", "--only", "clipy"]).code, 1);
}
