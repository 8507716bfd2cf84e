//! The same document gives the same bytes, and the order of declarations decides nothing but order.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bellwire_codegen::model::Api;
use bellwire_codegen::{Perspective, RustOptions, emit_rust};

use crate::files::load_text;
use crate::golden::{api, cases};

fn files(api: &Api) -> BTreeMap<PathBuf, String> {
    let files = emit_rust(api, &RustOptions::new("document.yaml"));
    files.into_iter().map(|file| (file.path, file.contents)).collect()
}

#[test]
fn two_runs_give_the_same_bytes() {
    for case in cases() {
        assert_eq!(files(&api(&case)), files(&api(&case)), "{}", case.display());
    }
}

/// A file that outgrows the limit holds one type, which nothing can split.
#[test]
fn files_are_named_once_and_short() {
    for case in cases() {
        let emitted = emit_rust(&api(&case), &RustOptions::new("document.yaml"));
        let names: BTreeMap<_, _> =
            emitted.iter().map(|file| (file.path.to_string_lossy().to_lowercase(), ())).collect();
        assert_eq!(names.len(), emitted.len(), "{}: two files differ in case alone", case.display());
        for file in emitted {
            let lines = file.contents.lines().count();
            let types =
                ["\npub struct ", "\npub enum "].iter().map(|kind| file.contents.matches(kind).count());
            let is_short = lines <= 500 || types.sum::<usize>() == 1;
            assert!(
                file.contents.ends_with('\n') && !file.contents.ends_with("\n\n"),
                "{}",
                file.path.display()
            );
            assert!(is_short, "{}: {} has {lines} lines", case.display(), file.path.display());
        }
    }
}

/// Components are a dictionary: in which order they stand may change no file but the list of them.
#[test]
fn the_order_of_components_does_not_reach_their_files() {
    let document = |schemas: [&str; 3]| {
        let schemas = schemas.concat();
        format!(
            "asyncapi: 3.0.0\ninfo: {{ title: T, version: '1' }}\nchannels:\n  feed:\n    address: /ws\n    x-topics:\n      \
             a: {{ params: {{ $ref: '#/components/schemas/Params' }}, update: {{ $ref: '#/components/schemas/Bar' }} }}\n\
             components:\n  schemas:\n{schemas}"
        )
    };
    let bar = "    Bar: { type: object, properties: { side: { $ref: '#/components/schemas/Side' } } }\n";
    let side = "    Side: { type: string, enum: [buy, sell] }\n";
    let params = "    Params: { type: object, properties: { symbol: { type: string } } }\n";
    let read = |text: String| match load_text(&text, Perspective::Server) {
        Ok(loaded) => files(&loaded.api),
        Err(report) => panic!("{report}"),
    };
    let (mut first, mut second) = (read(document([bar, side, params])), read(document([params, side, bar])));
    let list = Path::new("types/mod.rs");
    for files in [&mut first, &mut second] {
        let mut lines: Vec<_> = files[list].lines().map(str::to_owned).collect();
        lines.sort();
        files.insert(list.to_owned(), lines.join("\n"));
    }
    assert_eq!(first, second);
}
