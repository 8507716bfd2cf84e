//! The golden dialogues, replayed against a real server.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::contract::{CLOSE_ADDRESS, REPLY_ADDRESS};
use crate::harness::TestServer;

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every dialogue with its name.
fn dialogues() -> Vec<(String, Value)> {
    let entries = fs::read_dir(project().join("tests/frames")).expect("a folder of dialogues");
    let mut dialogues: Vec<(String, Value)> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a file");
            let dialogue = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), dialogue)
        })
        .collect();
    dialogues.sort_by(|left, right| left.0.cmp(&right.0));
    dialogues
}

fn steps(dialogue: &Value) -> Vec<(&str, &Value)> {
    let steps = dialogue["steps"].as_array().expect("steps");
    let step =
        |step: &'_ Value| step.as_object().and_then(|step| step.iter().next().map(|(_, _)| ())).is_some();
    assert!(steps.iter().all(step), "each step has a member");
    steps
        .iter()
        .flat_map(|step| step.as_object().expect("a step"))
        .map(|(key, value)| (key.as_str(), value))
        .collect()
}

/// The only member of a frame that differs from run to run.
fn steady(text: &str, golden: &Value) -> String {
    let mut frame: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    if let (Some(delay), Some(known)) =
        (frame.pointer_mut("/payload/retry_after_ms"), golden.pointer("/payload/retry_after_ms"))
    {
        *delay = known.clone();
        return frame.to_string();
    }
    text.to_owned()
}

/// The epoch in the dialogues; the real one is drawn anew each time.
const EPOCH: &str = "\"9b2f\"";

async fn replay(name: &str, dialogue: &Value) {
    let mut server = TestServer::start().await;
    let path = if dialogue["document"] == "trading-close" { CLOSE_ADDRESS } else { REPLY_ADDRESS };
    let mut client = server.connect(path).await;
    let mut epoch = EPOCH.to_owned();
    for (kind, value) in steps(dialogue) {
        match kind {
            "→" => match value.as_str() {
                Some(text) => client.send_text(text).await,
                None => client.send_text(&value.to_string().replace(EPOCH, &epoch)).await,
            },
            "←" => {
                let text = client.text().await;
                let frame = serde_json::from_str::<Value>(&text).unwrap_or_default();
                if frame["epoch"].is_string() {
                    epoch = frame["epoch"].to_string();
                }
                let text = text.replace(&epoch, EPOCH);
                assert_eq!(steady(&text, value), value.to_string(), "{name}");
            }
            "publish" => {
                let answer = server.publish(value).await;
                assert_eq!(answer.status, 200, "{name}: {}", answer.body);
            }
            "stop" => server.stop(),
            "close" => {
                let (code, reason) = client.close().await;
                let golden = (value["code"].as_u64(), value["reason"].as_str());
                assert_eq!((Some(code.into()), Some(reason.as_str())), golden, "{name}");
            }
            other => panic!("{name}: no such step: {other}"),
        }
    }
    server.stop();
    drop(client);
    server.stopped().await;
}

#[tokio::test]
async fn the_server_speaks_every_dialogue() {
    let mut replayed = 0;
    for (name, dialogue) in dialogues() {
        if dialogue["underLoad"] != true {
            replay(&name, &dialogue).await;
            replayed += 1;
        }
    }
    assert!(replayed >= 15);
}

#[test]
fn every_frame_of_the_protocol_stands_in_a_dialogue() {
    let dialogues = dialogues();
    let known: Vec<(&str, String)> = dialogues
        .iter()
        .flat_map(|(_, dialogue)| steps(dialogue))
        .map(|(kind, value)| (kind, value.to_string()))
        .collect();
    let protocol = fs::read_to_string(project().join("PROTOCOL.md")).expect("the protocol");
    let examples = protocol.lines().filter_map(|line| {
        let (arrow, frame) = line.split_once(' ')?;
        (matches!(arrow, "→" | "←") && frame.starts_with('{')).then_some((arrow, frame))
    });
    let mut count = 0;
    for (arrow, frame) in examples {
        let known = known.iter().any(|(kind, text)| *kind == arrow && text == frame);
        assert!(known, "no dialogue has {arrow} {frame}");
        count += 1;
    }
    assert!(count >= 18, "{count} examples");
}
