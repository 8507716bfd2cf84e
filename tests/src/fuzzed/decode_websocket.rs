//! The WebSocket decoder on one input: what it says must not depend on how the bytes were cut, and what was compressed
//! inflates to what it was.

use bellwire::websocket::{Compressor, Decoder, Event, Inflating, Limits, Violation};

const LIMITS: Limits = Limits { message: 64 * 1024, fragments: 32 };

/// Decodes the bytes in one piece and in several, and compares; then sends them compressed. The first byte chooses the
/// size of the pieces and what was negotiated.
pub fn run(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let inflating = [Inflating::Never, Inflating::EachAlone, Inflating::WithContext][usize::from(choice % 3)];
    let piece = usize::from(choice / 3) + 1;
    let whole = decode(bytes, bytes.len().max(1), inflating);
    assert_eq!(decode(bytes, piece, inflating), whole, "in pieces of {piece}");
    if bytes.len() <= LIMITS.message {
        round_trip(bytes, piece, 9 + choice % 7);
    }
}

fn decode(bytes: &[u8], piece: usize, inflating: Inflating) -> (Vec<String>, Option<Violation>) {
    let mut decoder = Decoder::new(LIMITS, inflating);
    let (mut events, mut closed) = (Vec::new(), false);
    for piece in bytes.to_vec().chunks_mut(piece) {
        let fed = decoder.feed(piece, |event| {
            closed |= matches!(event, Event::Close(_));
            events.push(format!("{event:?}"));
        });
        if let Err(violation) = fed {
            return (events, Some(alike(violation, inflating)));
        }
        if closed {
            break;
        }
    }
    (events, None)
}

/// A compressed message may be wrong in several ways; which one shows first depends on how much is inflated at once.
fn alike(violation: Violation, inflating: Inflating) -> Violation {
    match violation {
        Violation::InvalidUtf8 | Violation::TooBig if inflating != Inflating::Never => {
            Violation::MalformedDeflate
        }
        other => other,
    }
}

/// The bytes as one compressed message.
fn round_trip(message: &[u8], piece: usize, window_bits: u8) {
    let payload = Compressor::with_window(message, 1, window_bits);
    // Final, compressed, binary; a length of eight bytes; masked by a key that changes nothing.
    let mut frame = vec![0xc2, 0xff];
    frame.extend((payload.len() as u64).to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(payload);
    let got = decode(&frame, piece, Inflating::EachAlone);
    assert_eq!(got, (vec![format!("{:?}", Event::Binary(message))], None));
}
