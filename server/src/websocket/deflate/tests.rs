use super::*;
use crate::websocket::Violation;

const POLICY: CompressionPolicy = CompressionPolicy { threshold: 100, level: 1, client_context: false };

fn terms(server_window_bits: u8) -> Terms {
    Terms { policy: POLICY, server_window_bits, inflating: Inflating::EachAlone }
}

fn inflate(payload: &[u8], piece: usize, limit: usize) -> Result<Vec<u8>, Violation> {
    let (mut inflater, mut output) = (Inflater::new(Inflating::EachAlone), Vec::new());
    for piece in payload.chunks(piece) {
        inflater.push(piece, limit, &mut output)?;
    }
    inflater.finish()?;
    Ok(output)
}

fn json() -> String {
    r#"{"type":"bars.update","payload":{"open":1.0,"high":2.0}}"#.repeat(50)
}

#[test]
fn messages_survive_the_round_trip_however_they_are_cut() {
    for payload in ["", "x", json().as_str()] {
        for (bits, level) in [(9, 1), (12, 6), (15, 1), (15, 9)] {
            let small = Compressor::with_window(payload.as_bytes(), level, bits);
            for piece in [1, 7, small.len().max(1)] {
                let back = inflate(&small, piece, payload.len());
                assert_eq!(back.as_deref(), Ok(payload.as_bytes()), "window {bits}, pieces of {piece}");
            }
        }
    }
    assert!(Compressor::shared(json().as_bytes(), 1).len() * 10 < json().len());
}

#[test]
fn bombs_are_defused_and_never_held() {
    let bomb = Compressor::shared(&vec![0; 10 << 20], 9);
    assert!(bomb.len() * 50 < 10 << 20, "{}", bomb.len());
    for piece in [1_000, bomb.len()] {
        assert_eq!(inflate(&bomb, piece, 1 << 20), Err(Violation::TooBig));
    }
    let (mut inflater, mut output) = (Inflater::new(Inflating::EachAlone), Vec::new());
    assert_eq!(inflater.push(&bomb, 1 << 20, &mut output), Err(Violation::TooBig));
    assert!(output.capacity() <= 2 << 20, "{}", output.capacity());
}

#[test]
fn rubbish_is_refused() {
    assert_eq!(inflate(&[0xff; 20], 20, 1 << 20), Err(Violation::MalformedDeflate));
}

#[test]
fn a_final_block_ends_a_stream_and_the_next_begins_anew() {
    let mut both = Vec::new();
    for text in ["first ", "second"] {
        let mut compress = Compress::new(Compression::fast(), false);
        let mut stream = Vec::with_capacity(100);
        compress.compress_vec(text.as_bytes(), &mut stream, FlushCompress::Finish).expect("room");
        both.extend(stream);
    }
    // The padding that RFC 7692, 7.2.3.4 puts before what is cut off.
    both.push(0);
    for piece in [1, both.len()] {
        assert_eq!(inflate(&both, piece, 100).as_deref(), Ok(&b"first second"[..]), "pieces of {piece}");
    }
}

#[test]
fn a_message_that_is_cut_inside_a_block_is_refused_wherever_that_is() {
    let (json, noise) = (json(), noise(300));
    let mut compressed: Vec<Vec<u8>> = Vec::new();
    for payload in [b"x".as_slice(), b"Hello", json.as_bytes(), &noise] {
        for level in [1, 9] {
            compressed.push(Compressor::shared(payload, level));
            let mut compress = Compress::new(Compression::new(level.into()), false);
            let mut stream = Vec::with_capacity(1_000);
            compress.compress_vec(payload, &mut stream, FlushCompress::Finish).expect("room");
            // As it is, and with the padding that belongs behind it.
            compressed.push(stream.clone());
            stream.push(0);
            compressed.push(stream);
        }
    }
    for message in compressed {
        let is_padded_final =
            message.last() == Some(&0) && inflate(&message[..message.len() - 1], 1, 1 << 16).is_ok();
        // One zero is a whole message, the empty one.
        let cuts = 1 + usize::from(message[0] == 0)..message.len() - usize::from(is_padded_final);
        for piece in [1, message.len()] {
            assert!(inflate(&message, piece, 1 << 16).is_ok());
            for cut in cuts.clone() {
                let cut_short = inflate(&message[..cut], piece, 1 << 16);
                assert_eq!(cut_short, Err(Violation::MalformedDeflate), "{cut} of {} bytes", message.len());
            }
        }
        let mut inflater = Inflater::new(Inflating::WithContext);
        for cut in cuts.chain([message.len()]) {
            inflater.state = None;
            inflater.push(&message[..cut], 1 << 16, &mut Vec::new()).expect("it fits");
            let ended = inflater.finish();
            assert_eq!(ended.is_ok(), cut == message.len(), "{cut} of {} bytes", message.len());
        }
    }
    assert_eq!(inflate(b"", 1, 0), Ok(Vec::new()), "nothing is nothing");
}

#[test]
fn a_context_goes_on_from_message_to_message() {
    let mut compress = Compress::new(Compression::fast(), false);
    let mut inflater = Inflater::new(Inflating::WithContext);
    let mut sizes = Vec::new();
    for _ in 0..3 {
        let small = deflate(&mut compress, json().as_bytes());
        let mut output = Vec::new();
        inflater.push(&small, json().len(), &mut output).expect("fits");
        inflater.finish().expect("ends");
        assert_eq!(output, json().as_bytes());
        sizes.push(small.len());
    }
    assert!(sizes[1] < sizes[0], "{sizes:?}");
    assert!(inflater.state.is_some());
}

#[test]
fn only_what_shrinks_and_is_long_enough_is_compressed() {
    let noise = noise(400);
    for (payload, compressed) in [(&b"short"[..], false), (json().as_bytes(), true), (&noise, false)] {
        let mut frame = BytesMut::new();
        assert_eq!(terms(9).frame_into(&mut frame, OpCode::Binary, payload), compressed);
        assert_eq!(frame[0] & 0x40 != 0, compressed);
        assert_eq!(terms(9).shared_frame(payload).is_some(), compressed);
    }
}

#[test]
fn small_windows_take_short_shared_frames() {
    assert!(terms(15).takes_shared(1 << 20));
    assert!(terms(9).takes_shared(512) && !terms(9).takes_shared(513));
}
