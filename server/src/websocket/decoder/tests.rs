//! One table: frames in, events or a violation out, wherever the bytes are cut.

use super::*;
use crate::websocket::Compressor;

const LIMITS: Limits = Limits { message: 1_000, fragments: 4 };
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// One masked frame; `first` is the header's first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(KEY);
    let mut payload = payload.to_vec();
    unmask(&mut payload, KEY, 0);
    bytes.extend(payload);
    bytes
}

fn run(mut input: Vec<u8>, piece: usize, deflate: bool) -> (Vec<String>, Option<Violation>) {
    let inflating = if deflate { Inflating::EachAlone } else { Inflating::Never };
    let mut decoder = Decoder::new(LIMITS, inflating);
    let mut told = Vec::new();
    for piece in input.chunks_mut(piece) {
        let sink = |event: Event<'_>| {
            told.push(match event {
                Event::Text(text) => format!("text {text}"),
                Event::Binary(bytes) => format!("binary {bytes:?}"),
                Event::Ping(bytes) => format!("ping {}", bytes.len()),
                Event::Pong(bytes) => format!("pong {}", bytes.len()),
                Event::Close(None) => "close".to_owned(),
                Event::Close(Some(close)) => format!("close {} {}", close.code, close.reason),
            });
        };
        if let Err(violation) = decoder.feed(piece, sink) {
            return (told, Some(violation));
        }
        if told.last().is_some_and(|line| line.starts_with("close")) {
            break;
        }
    }
    (told, None)
}

#[test]
fn one_event_comes_at_a_time_and_what_follows_is_left_as_it_came() {
    let frames =
        [frame(0x81, b"one"), frame(0x89, b""), frame(0x01, b"t"), frame(0x80, b"wo"), frame(0x88, b"")];
    let input = frames.concat();
    let (mut bytes, mut decoder) = (input.clone(), Decoder::new(LIMITS, Inflating::Never));
    let (mut rest, mut told) = (&mut bytes[..], Vec::new());
    while !rest.is_empty() {
        assert_eq!(*rest, input[input.len() - rest.len()..], "after {told:?}");
        let known = told.len();
        let fed = decoder.feed_one(rest, &mut |event| told.push(format!("{event:?}")));
        assert!(told.len() <= known + 1, "{told:?}");
        rest = fed.unwrap().unwrap_or_default();
    }
    assert_eq!(told, ["Text(\"one\")", "Ping([])", "Text(\"two\")", "Close(None)"]);
}

#[track_caller]
fn check(frames: &[Vec<u8>], want: &[&str], violation: Option<Violation>) {
    let input = frames.concat();
    for piece in (1..=input.len().min(40)).chain([input.len()]) {
        let (told, ended) = run(input.clone(), piece, false);
        assert_eq!(
            (told.as_slice(), ended),
            (want.map_strings().as_slice(), violation),
            "in pieces of {piece}"
        );
    }
}

trait MapStrings {
    fn map_strings(&self) -> Vec<String>;
}

impl MapStrings for &[&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(|line| (*line).to_owned()).collect()
    }
}

#[test]
fn whole_messages() {
    check(
        &[frame(0x81, b"Hello"), frame(0x82, &[1, 2]), frame(0x81, b"")],
        &["text Hello", "binary [1, 2]", "text "],
        None,
    );
    let long = "ä".repeat(300);
    check(&[frame(0x81, long.as_bytes())], &[&format!("text {long}")], None);
}

#[test]
fn fragments_and_control_frames_between_them() {
    check(
        &[frame(0x01, b"Hel"), frame(0x89, b"ok?"), frame(0x00, b""), frame(0x80, b"lo")],
        &["ping 3", "text Hello"],
        None,
    );
    check(&[frame(0x01, b""), frame(0x80, b"whole")], &["text whole"], None);
    check(&[frame(0x01, b"\xe2\x82"), frame(0x80, b"\xac")], &["text €"], None);
}

#[test]
fn goodbyes() {
    check(&[frame(0x88, b""), frame(0x81, b"late")], &["close"], None);
    check(&[frame(0x88, b"\x03\xe8bye"), frame(0x81, b"late")], &["close 1000 bye"], None);
    check(&[frame(0x88, b"\x03")], &[], Some(Violation::MalformedClose));
    check(&[frame(0x88, b"\x03\xed")], &[], Some(Violation::MalformedClose));
    check(&[frame(0x88, b"\x03\xe8\xff")], &[], Some(Violation::InvalidUtf8));
}

#[test]
fn violations() {
    check(&[vec![0x81, 0x01, b'x']], &[], Some(Violation::NotMasked));
    check(&[frame(0x91, b"")], &[], Some(Violation::ReservedBits));
    check(&[frame(0xc1, b"x")], &[], Some(Violation::ReservedBits));
    check(&[frame(0x83, b"")], &[], Some(Violation::UnknownOpCode));
    check(&[frame(0x80, b"x")], &[], Some(Violation::UnexpectedContinuation));
    check(&[frame(0x01, b"x"), frame(0x81, b"y")], &[], Some(Violation::ExpectedContinuation));
    check(&[frame(0x09, b"")], &[], Some(Violation::FragmentedControlFrame));
    check(&[frame(0x89, &[0; 126])], &[], Some(Violation::LongControlFrame));
    check(&[vec![0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]], &[], Some(Violation::BadLength));
}

#[test]
fn limits() {
    check(&[frame(0x82, &[0; 1_001])], &[], Some(Violation::TooBig));
    check(&[frame(0x02, &[0; 600]), frame(0x80, &[0; 401])], &[], Some(Violation::TooBig));
    let many: Vec<Vec<u8>> = [0x02, 0x00, 0x00, 0x00, 0x00, 0x00].map(|first| frame(first, b"x")).to_vec();
    check(&many, &[], Some(Violation::TooManyFragments));
}

#[test]
fn bad_text_fails_before_its_message_ends() {
    check(&[frame(0x81, b"ok \xff"), frame(0x81, b"never")], &[], Some(Violation::InvalidUtf8));
    check(&[frame(0x01, b"ok \xf4"), frame(0x00, b"\x90")], &[], Some(Violation::InvalidUtf8));
    check(&[frame(0x81, b"cut \xe2\x82")], &[], Some(Violation::InvalidUtf8));
}

#[test]
fn compressed_messages() {
    let payload = Compressor::shared(b"Hello, Hello, Hello", 1);
    let (head, tail) = payload.split_at(3);
    for input in [frame(0xc1, &payload), [frame(0x41, head), frame(0x89, b""), frame(0x80, tail)].concat()] {
        for piece in 1..=input.len() {
            let (told, ended) = run(input.clone(), piece, true);
            assert_eq!((told.last().map(String::as_str), ended), (Some("text Hello, Hello, Hello"), None));
        }
    }
    let (_, ended) = run([frame(0x41, head), frame(0xc0, tail)].concat(), 50, true);
    assert_eq!(ended, Some(Violation::ReservedBits));
    let bomb = Compressor::shared(&[0; 100_000], 1);
    assert_eq!(run(frame(0xc2, &bomb), 4_096, true).1, Some(Violation::TooBig));
}

#[test]
fn compressed_text_fails_before_its_message_ends() {
    let bad = Compressor::shared(b"good until \xce\xba\xed\xa0\x80 here", 1);
    let input = [frame(0x41, &bad), frame(0x00, b"")].concat();
    assert_eq!(run(input, 7, true).1, Some(Violation::InvalidUtf8));
    let cut = Compressor::shared(b"cut \xe2\x82", 1);
    assert_eq!(run(frame(0xc1, &cut), 100, true).1, Some(Violation::InvalidUtf8));
    assert_eq!(run(frame(0xc1, &[0xff; 20]), 100, true).1, Some(Violation::MalformedDeflate));
}

#[test]
fn a_compressed_message_is_whole_or_refused_in_one_frame_and_in_many() {
    let whole = Compressor::shared(b"whole", 1);
    for len in 1..=whole.len() {
        let message = &whole[..len];
        let (first, rest) = message.split_at(len / 2);
        let fragments = [frame(0x41, first), frame(0x00, rest), frame(0x80, b"")].concat();
        for input in [frame(0xc1, message), fragments] {
            let expected = match len == whole.len() {
                true => (vec!["text whole".to_owned()], None),
                false => (Vec::new(), Some(Violation::MalformedDeflate)),
            };
            assert_eq!(run(input, 100, true), expected, "{len} of {} bytes", whole.len());
        }
    }
}

#[test]
fn what_does_not_shrink_may_be_as_large_as_the_limit() {
    let noise = crate::websocket::deflate::noise(1_000);
    let stored = Compressor::shared(&noise, 1);
    assert!(stored.len() > LIMITS.message);
    assert_eq!(run(frame(0xc2, &stored), 300, true).0, [format!("binary {noise:?}")]);
    // Blocks that hold nothing: a message that goes on for ever without growing.
    let empty = [frame(0x42, &[0, 0, 0, 0xff, 0xff].repeat(100)), frame(0x00, &[0; 700])].concat();
    assert_eq!(run(empty, 64, true).1, Some(Violation::TooBig));
}

#[test]
fn nothing_is_kept_between_messages() {
    let mut decoder = Decoder::new(LIMITS, Inflating::EachAlone);
    assert_eq!(decoder.unfinished(), None);
    decoder.feed(&mut frame(0x01, b"x"), |_| {}).unwrap();
    let first = decoder.unfinished();
    assert!(first.is_some());
    decoder.feed(&mut frame(0x89, b"a ping changes nothing"), |_| {}).unwrap();
    assert_eq!(decoder.unfinished(), first);
    decoder.feed(&mut frame(0x80, b"x"), |_| {}).unwrap();
    assert!(decoder.unfinished().is_none() && decoder.message.is_none());
    decoder.feed(&mut [0x81], |_| {}).unwrap();
    assert!(decoder.unfinished().is_some() && decoder.unfinished() != first);
}
