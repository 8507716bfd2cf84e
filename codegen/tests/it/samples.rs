//! Documents that other people wrote load without errors, read from either side.

use std::path::Path;

use bellwire_codegen::model::Action;
use bellwire_codegen::{LoadOptions, Perspective, load};

use crate::files::{Below, tests};

const SAMPLES: [&str; 6] = [
    "binance-spot-streams.yaml",
    "coinbase.yaml",
    "gemini.yml",
    "kraken-message-filter.yml",
    "kraken-multiple-channels.yml",
    "slack-rtm.yml",
];

#[test]
fn every_sample_loads_from_both_sides() {
    let reader = Below(tests().join("samples"));
    for sample in SAMPLES {
        let load = |perspective| match load(Path::new(sample), &reader, &LoadOptions { perspective }) {
            Ok(loaded) => loaded,
            Err(report) => panic!("{sample}:\n{report}"),
        };
        let server = load(Perspective::Server);
        let client = load(Perspective::Client);
        assert!(!server.api.endpoints.is_empty(), "{sample} has no endpoint");
        assert!(!server.api.types.is_empty(), "{sample} has no types");
        let turned = server.api.endpoints.iter().zip(&client.api.endpoints);
        for (server, client) in turned.flat_map(|(a, b)| a.operations.iter().zip(&b.operations)) {
            assert_eq!(server.name, client.name);
            assert_eq!(server.action == Action::Send, client.action == Action::Receive);
        }
        if std::env::var_os("SHOW_SAMPLES").is_some() {
            println!("{}", server.report);
        }
    }
}
