//! What fuzz targets once found, and the project's own documents and frames, run through the targets' bodies.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::{fuzzed, project_root};

fn inputs(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        if path.is_dir() {
            inputs(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn replay(folders: &[&str], run: fn(&[u8])) -> usize {
    let mut found = Vec::new();
    for folder in folders {
        inputs(&project_root().join(folder), &mut found);
    }
    for path in &found {
        run(&fs::read(path).expect("a readable file"));
    }
    found.len()
}

#[test]
fn documents_that_once_broke_the_loader_do_no_more() {
    assert!(replay(&["tests/fuzz/regressions/load_document", "asyncapi"], fuzzed::load_document::run) > 0);
}

#[test]
fn frames_that_once_broke_the_decoder_do_no_more() {
    replay(&["tests/fuzz/regressions/decode_frame", "tests/frames"], fuzzed::decode_frame::run);
    for text in
        ["", "{}", r#"{"type":"a","payload":null,"id":"\u0000"}"#, r#"{"type":"\ud83d\ude00"}"#, "\u{feff}{}"]
    {
        fuzzed::decode_frame::run(text.as_bytes());
    }
}

/// `UPDATE_GOLDEN=1` writes them.
#[test]
fn the_fuzzer_begins_with_compressed_messages() {
    let folder = project_root().join("tests/fuzz/seeds/decode_websocket");
    for (name, bytes) in fuzzed::websocket_seeds::seeds() {
        fuzzed::decode_websocket::run(&bytes);
        let path = folder.join(format!("{name}.bin"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, &bytes).expect("the folder is there");
        }
        assert!(
            fs::read(&path).is_ok_and(|seed| seed == bytes),
            "{}: run with UPDATE_GOLDEN=1",
            path.display()
        );
    }
}

#[test]
fn what_a_client_sends_is_understood_however_it_is_cut() {
    replay(&["tests/fuzz/regressions/decode_websocket", "tests/frames"], fuzzed::decode_websocket::run);
    for bytes in [
        &b"\x00"[..],
        b"\x02\x81\x80\0\0\0\0\x88\x80\0\0\0\0",
        b"\x05\xc1\x82\0\0\0\0\x00\x00",
        b"\x07\xff\xff",
    ] {
        fuzzed::decode_websocket::run(bytes);
    }
}
