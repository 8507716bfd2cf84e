//! Rust and TypeScript write the same topic from the same parameters, over generated values.
//!
//! The cases are the same in every run; `PROPTEST_RNG_SEED=<number>` draws others, `PROPTEST_CASES=<number>` more.

mod generated;
mod node;

use std::env;

use bellwire::fuzzing::topic_name;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestError, TestRunner};
use serde_json::Value;

use generated::Case;
use node::TopicsOfNode;

const CASES: u32 = 2000;
const SEED: u64 = 20;

fn config() -> Config {
    // What the environment sets is in the default; `failure_persistence` would leave files beside the sources.
    let default = Config { failure_persistence: None, ..Config::default() };
    let is_set = |name| env::var_os(name).is_some();
    Config {
        cases: if is_set("PROPTEST_CASES") { default.cases } else { CASES },
        rng_seed: if is_set("PROPTEST_RNG_SEED") { default.rng_seed } else { RngSeed::Fixed(SEED) },
        ..default
    }
}

/// The topic as the server writes it from the text of a case.
fn topic_of_server(case: &Case) -> String {
    let parse = |text: String| serde_json::from_str::<Value>(&text).expect("a case is JSON");
    topic_name(&case.route, &parse(case.shape.to_string()), &parse(case.params.to_string()))
}

#[test]
fn both_languages_write_the_same_topics() {
    let node = TopicsOfNode::start();
    let mut runner = TestRunner::new(config());
    let outcome = runner.run(&generated::cases(), |case| {
        let (server, client) = (topic_of_server(&case), node.topic(&case.to_string()));
        if server == client {
            return Ok(());
        }
        Err(TestCaseError::fail(format!("  Rust:       {server}\n  TypeScript: {client}")))
    });
    match outcome {
        Ok(()) => (),
        Err(TestError::Fail(topics, case)) => {
            panic!("the topics differ; the smallest case:\n  {case}\n{topics}")
        }
        Err(TestError::Abort(reason)) => panic!("the test was given up: {reason}"),
    }
}
