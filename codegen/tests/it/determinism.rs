//! The same document gives the same bytes, and the order of declarations decides nothing but order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bellwire_codegen::model::Api;
use bellwire_codegen::{OutputFile, Perspective, RustOptions, TypeScriptOptions, emit_rust, emit_typescript};

use crate::files::load_text;
use crate::golden::{api, cases};

/// What each language's emitter makes of a model.
fn emitted(api: &Api) -> [Vec<OutputFile>; 2] {
    let source = "document.yaml".to_owned();
    [emit_rust(api, &RustOptions::new(&source)), emit_typescript(api, &TypeScriptOptions { source })]
}

fn files(api: &Api) -> BTreeMap<PathBuf, String> {
    emitted(api).into_iter().flatten().map(|file| (file.path, file.contents)).collect()
}

#[test]
fn two_runs_give_the_same_bytes() {
    for case in cases() {
        assert_eq!(files(&api(&case)), files(&api(&case)), "{}", case.display());
    }
}

/// A file of Rust that outgrows the limit holds one type, which nothing can split.
#[test]
fn files_are_named_once_and_short() {
    for case in cases() {
        for files in emitted(&api(&case)) {
            check_files(&case.display().to_string(), files);
        }
    }
}

fn check_files(case: &str, files: Vec<OutputFile>) {
    let names: BTreeSet<_> = files.iter().map(|file| file.path.to_string_lossy().to_lowercase()).collect();
    assert_eq!(names.len(), files.len(), "{case}: two files differ in case alone");
    for file in files {
        let lines = file.contents.lines().count();
        let types = ["\npub struct ", "\npub enum "].iter().map(|kind| file.contents.matches(kind).count());
        let is_short = lines <= 500 || types.sum::<usize>() == 1;
        let ends_well = file.contents.ends_with('\n') && !file.contents.ends_with("\n\n");
        assert!(ends_well, "{case}: {}", file.path.display());
        assert!(is_short, "{case}: {} has {lines} lines", file.path.display());
    }
}

/// Hundreds of everything: members, values, arms, topics, requests, errors.
#[test]
fn no_typescript_file_is_long_whatever_the_document() {
    let each = |line: &dyn Fn(usize) -> String| (0..510).map(line).collect::<String>();
    let topics = each(&|n| {
        format!(
            "      topic{n}: {{ params: {{ $ref: '#/components/schemas/Wide' }}, update: {{ $ref: '#/components/schemas/S{n}' }} }}\n"
        )
    });
    let requests =
        each(&|n| format!("      ask.{n}: {{ summary: Asks., errors: {{ no-{n}: {{ retry: never }} }} }}\n"));
    let members = each(&|n| {
        format!("        m{n}: {{ description: The member., $ref: '#/components/schemas/S{n}' }}\n")
    });
    let small = each(&|n| {
        format!("    S{n}: {{ type: object, required: [t], properties: {{ t: {{ const: t{n} }} }} }}\n")
    });
    let values = each(&|n| format!("value{n}, "));
    let arms = each(&|n| format!("{{ $ref: '#/components/schemas/S{n}' }}, "));
    let text = format!(
        "asyncapi: 3.0.0\ninfo: {{ title: T, version: '1' }}\nchannels:\n  feed:\n    address: /ws\n    x-topics:\n\
         {topics}    x-requests:\n{requests}components:\n  schemas:\n    Wide:\n      type: object\n      properties:\n\
         {members}    Many: {{ enum: [{values}] }}\n    Any: {{ oneOf: [{arms}] }}\n{small}"
    );
    match load_text(&text, Perspective::Server) {
        Ok(loaded) => {
            let options = TypeScriptOptions { source: "wide.yaml".to_owned() };
            check_files("wide", emit_typescript(&loaded.api, &options));
        }
        Err(report) => panic!("{report}"),
    }
}

/// An error's type, its codes and their constant name each other, and nothing is imported from page to page.
#[test]
fn errors_of_one_request_stay_in_one_file() {
    for requests in 30..42 {
        let error = |e| format!("          reason-{e}: {{ retry: never }}\n");
        let errors = |n: usize| (0..n % 6 + 1).map(error).collect::<String>();
        let request = |n: usize| format!("      job{n}:\n        errors:\n{}", errors(n));
        let text = format!(
            "asyncapi: 3.0.0\ninfo: {{ title: T, version: '1' }}\nchannels:\n  feed:\n    address: /ws\n    \
             x-requests:\n{}",
            (0..requests).map(request).collect::<String>()
        );
        let loaded = load_text(&text, Perspective::Server).unwrap();
        let files = emit_typescript(&loaded.api, &TypeScriptOptions { source: "many.yaml".to_owned() });
        let pages = files.iter().filter(|file| file.contents.contains("ErrorCode ="));
        let pages: Vec<&str> = pages.map(|file| file.contents.as_str()).collect();
        assert!(pages.len() > 1, "{requests} requests fill one page");
        for number in 0..requests {
            let alias = format!("export type Job{number}ErrorCode =");
            let page = pages.iter().find(|page| page.contains(&alias)).unwrap();
            for other in ["const Job{}ErrorCode =", "type Job{}Error ="] {
                let other = other.replace("{}", &number.to_string());
                assert!(page.contains(&other), "{requests} requests: `{other}` stands on another page");
            }
        }
    }
}

/// What is too long for a file is filled into lines; they break between values, not inside.
#[test]
fn values_of_a_long_enumeration_keep_their_blanks() {
    let value = |n| format!("value  number {n}");
    let values: Vec<_> = (0..500).map(|n| format!("'{}'", value(n))).collect();
    let text = format!(
        "asyncapi: 3.0.0\ninfo: {{ title: T, version: '1' }}\nchannels:\n  feed:\n    address: /ws\n    x-broadcasts:\n      \
         b: {{ payload: {{ type: object, properties: {{ a: {{ enum: [{}] }} }} }} }}\n",
        values.join(", ")
    );
    let loaded = load_text(&text, Perspective::Server).unwrap();
    let files = emit_typescript(&loaded.api, &TypeScriptOptions { source: "long.yaml".to_owned() });
    let types = files.iter().find(|file| file.contents.contains("export type BPayloadA =")).unwrap();
    let alias = types.contents.split("export type BPayloadA =").nth(1).unwrap();
    for value in values {
        assert!(alias.split(';').next().unwrap().contains(&value), "no {value} in {alias}");
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
    let lists = [Path::new("types/mod.rs"), Path::new("types/index.ts")];
    for files in [&mut first, &mut second] {
        for list in lists {
            let mut lines: Vec<_> = files[list].lines().map(str::to_owned).collect();
            lines.sort();
            files.insert(list.to_owned(), lines.join("\n"));
        }
    }
    assert_eq!(first, second);
}
