//! First inputs for the fuzz target `decode_websocket`: what a fuzzer would take long to find, compressed messages above all.

use bellwire::websocket::Compressor;

/// Largest message that the target takes.
const LARGEST: usize = 64 * 1024;

/// First inputs, by name: compressed and plain messages, whole and in fragments, as clients may send them and as they
/// may not. `tests/fuzz/seeds/decode_websocket` holds them for the fuzzer.
#[must_use]
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    const EACH_ALONE: u8 = 1;
    const WITH_CONTEXT: u8 = 2;
    let update =
        br#"{"type":"bars.update","payload":{"time":1697097660000,"open":150.5,"high":152,"low":150}}"#;
    let message = update.repeat(8);
    let deflated = Compressor::with_window(&message, 9, 15);
    let (first, rest) = deflated.split_at(deflated.len() / 2);
    let bomb = |bytes: usize| frame(0xc1, &Compressor::shared(&vec![b'x'; bytes], 9));
    let broken: Vec<u8> = deflated.iter().map(|byte| byte ^ 0x55).collect();
    let (ping, close) = (frame(0x89, b"ping"), frame(0x88, b"\x03\xe8bye"));
    // What is negotiated, how many bytes come at once, and what comes.
    let rows: Vec<(&str, u8, u8, Vec<Vec<u8>>)> = vec![
        ("plain", 0, 7, vec![frame(0x81, update), ping.clone(), frame(0x8a, b""), close.clone()]),
        (
            "plain-fragments",
            0,
            3,
            vec![frame(0x01, b"{\"a"), ping.clone(), frame(0x00, b"\":"), frame(0x80, b"1}")],
        ),
        ("plain-not-negotiated", 0, 1, vec![frame(0xc1, &deflated)]),
        ("deflated", EACH_ALONE, 5, vec![frame(0xc1, &deflated), close.clone()]),
        ("deflated-small-window", EACH_ALONE, 1, vec![frame(0xc1, &Compressor::with_window(&message, 1, 9))]),
        ("deflated-empty", EACH_ALONE, 1, vec![frame(0xc1, &[0]), frame(0xc1, &[2, 0])]),
        ("deflated-stored", EACH_ALONE, 2, vec![frame(0xc1, b"\x00\x05\x00\xfa\xffHello\x00")]),
        ("deflated-fragments", EACH_ALONE, 9, vec![frame(0x41, first), ping, frame(0x80, rest), close]),
        ("deflated-twice", WITH_CONTEXT, 80, vec![frame(0xc1, &deflated), frame(0xc1, &deflated)]),
        // RFC 7692, 7.2.3.2: the second message is a reference into the window that the first one filled.
        (
            "deflated-context",
            WITH_CONTEXT,
            4,
            vec![frame(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"), frame(0xc1, b"\xf2\x00\x11\x00\x00")],
        ),
        ("deflated-to-the-limit", EACH_ALONE, 30, vec![bomb(LARGEST)]),
        ("deflated-beyond-the-limit", WITH_CONTEXT, 30, vec![bomb(LARGEST + 1)]),
        ("deflated-broken", EACH_ALONE, 3, vec![frame(0xc1, &broken)]),
        (
            "deflated-no-utf8",
            EACH_ALONE,
            2,
            vec![frame(0xc1, &Compressor::shared(b"caf\xe9 caf\xe9 caf\xe9", 9))],
        ),
        ("deflated-continuation", EACH_ALONE, 6, vec![frame(0x41, first), frame(0xc0, rest)]),
    ];
    let seed = |(name, negotiated, piece, frames): (&'static str, u8, u8, Vec<Vec<u8>>)| {
        (name, [vec![negotiated + 3 * (piece - 1)], frames.concat()].concat())
    };
    rows.into_iter().map(seed).collect()
}

/// A client's frame: the first byte as it is, the payload masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(length @ 0..=125) => frame.push(0x80 | length),
        _ => {
            frame.push(0xfe);
            frame.extend(u16::try_from(payload.len()).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
