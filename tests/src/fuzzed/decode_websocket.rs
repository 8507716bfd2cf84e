//! The WebSocket decoder on one input: what it says must not depend on how the bytes were cut.

use bellwire::websocket::{Decoder, Event, Limits, Violation};

const LIMITS: Limits = Limits { message: 64 * 1024, fragments: 32 };

/// Decodes the bytes in one piece and in several, and compares. The first byte chooses the size of the pieces and whether
/// compression was negotiated.
pub fn run(data: &[u8]) {
    let Some((&choice, bytes)) = data.split_first() else { return };
    let deflate = choice & 1 == 1;
    let piece = usize::from(choice >> 1) + 1;
    let whole = decode(bytes, bytes.len().max(1), deflate);
    assert_eq!(decode(bytes, piece, deflate), whole, "in pieces of {piece}");
}

fn decode(bytes: &[u8], piece: usize, deflate: bool) -> (Vec<String>, Option<Violation>) {
    let mut decoder = Decoder::new(LIMITS, deflate);
    let (mut events, mut closed) = (Vec::new(), false);
    for piece in bytes.to_vec().chunks_mut(piece) {
        let fed = decoder.feed(piece, |event| {
            closed |= matches!(event, Event::Close(_));
            events.push(format!("{event:?}"));
        });
        if let Err(violation) = fed {
            return (events, Some(violation));
        }
        if closed {
            break;
        }
    }
    (events, None)
}
