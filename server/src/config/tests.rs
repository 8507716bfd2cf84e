use std::path::Path;
use std::time::Duration;

use clap::{Args, Command, FromArgMatches};

use super::{Lifetime, LogFormat, Period, Settings, Size};
use crate::Error;

fn command() -> Command {
    Settings::augment_args(Command::new("server")).term_width(100)
}

fn parse(arguments: &[&str]) -> Settings {
    let matches = command().get_matches_from([&["server"], arguments].concat());
    Settings::from_arg_matches(&matches).expect("arguments parse")
}

fn file(text: &str) -> Result<Settings, Error> {
    Settings::from_toml(text, Path::new("bellwire.toml"))
}

#[test]
fn every_flag_shows_its_default_within_100_columns() {
    let help = command().render_long_help().to_string();
    for line in help.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    for argument in command().get_arguments().filter(|argument| argument.get_id() != "config") {
        let text = argument.get_help().map(ToString::to_string).unwrap_or_default();
        assert!(text.contains("[default: "), "{}: {text}", argument.get_id());
        assert!(argument.get_env().is_some(), "{}", argument.get_id());
    }
}

#[test]
fn a_flag_wins_over_the_file() {
    let file = file("port = 9000\nheartbeat = \"5s\"\nlifetime = \"never\"\n").expect("a file");
    let settings = parse(&["--port", "9001"]).over(file);
    assert_eq!(settings.port, Some(9001));
    assert_eq!(settings.heartbeat, Some(Period(Duration::from_secs(5))));
    assert_eq!(settings.lifetime, Some(Lifetime(None)));
}

#[test]
fn a_file_sets_everything_a_flag_sets() {
    let text = r#"
        host = "0.0.0.0"
        port-range = 10
        max-message = "64KiB"
        queue = "256KiB"
        max-connections = 5
        request-timeout = "1s"
        publish-token = "t0psecr3t"
        allow-origin = ["https://app.example"]
        log = "debug"
        log-format = "json"
        shutdown-timeout = "3s"

        [trading]
        feed = "synthetic"
    "#;
    let settings = file(text).expect("a file");
    assert_eq!(settings.max_message, Some(Size(64 << 10)));
    assert_eq!(settings.log_format, Some(LogFormat::Json));
    assert_eq!(settings.allow_origin, ["https://app.example"]);
    assert!(!format!("{settings:?}").contains("t0psecr3t"));
}

#[test]
fn a_misspelt_or_unusable_setting_is_an_error_that_names_the_file() {
    for text in ["prot = 1", "port = 70000", "heartbeat = \"soon\"", "port = "] {
        let error = file(text).expect_err(text).to_string();
        assert!(error.contains("bellwire.toml"), "{error}");
    }
}
