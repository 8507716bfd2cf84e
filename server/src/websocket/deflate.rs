//! permessage-deflate (RFC 7692), always without context takeover: a message compressed once serves every socket, and
//! an idle connection keeps no window.

use std::cell::RefCell;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::Violation;

/// What ends every deflated message and is not sent (RFC 7692, 7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// The window everybody has, and the only one that shared frames use.
const FULL_WINDOW: u8 = 15;

thread_local! {
    // One state per thread, reset before each message, instead of one per connection.
    static DECOMPRESS: RefCell<Decompress> = RefCell::new(Decompress::new(false));
    static COMPRESS: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

/// The terms of compression on one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Value of the `Sec-WebSocket-Extensions` header of the answer.
    pub response: String,
    /// Bits of the window that the client can inflate; 15 can take shared frames.
    pub server_window_bits: u8,
}

/// Picks the first acceptable offer of a client's `Sec-WebSocket-Extensions` header.
#[must_use]
pub fn accept_extensions(offers: &str) -> Option<Negotiated> {
    offers.split(',').find_map(accept)
}

fn accept(offer: &str) -> Option<Negotiated> {
    let mut parts = offer.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("permessage-deflate") {
        return None;
    }
    let mut server_window_bits = None;
    let mut seen: Vec<&str> = Vec::new();
    for parameter in parts {
        let (name, value) = match parameter.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim().trim_matches('"'))),
            None => (parameter, None),
        };
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match (name, value) {
            (
                "server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits",
                None,
            ) => {}
            ("client_max_window_bits", Some(bits)) => _ = window_bits(bits)?,
            ("server_max_window_bits", Some(bits)) => server_window_bits = Some(window_bits(bits)?),
            _ => return None,
        }
    }
    // Raw deflate knows no window of eight bits.
    if server_window_bits == Some(8) {
        return None;
    }
    let mut response =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
    if let Some(bits) = server_window_bits {
        response.push_str(&format!("; server_max_window_bits={bits}"));
    }
    Some(Negotiated { response, server_window_bits: server_window_bits.unwrap_or(FULL_WINDOW) })
}

fn window_bits(text: &str) -> Option<u8> {
    let bits: u8 = text.parse().ok()?;
    ((8..=15).contains(&bits) && !text.starts_with('0')).then_some(bits)
}

/// Deflates whole messages.
#[derive(Debug)]
pub struct Compressor(());

impl Compressor {
    /// The payload of a compressed frame, for clients with a full window.
    #[must_use]
    pub fn shared(payload: &[u8]) -> Vec<u8> {
        COMPRESS.with_borrow_mut(|compress| {
            compress.reset();
            deflate(compress, payload)
        })
    }

    /// The same for one client with a window of its own.
    #[must_use]
    pub fn with_window(payload: &[u8], bits: u8) -> Vec<u8> {
        if bits == FULL_WINDOW {
            return Self::shared(payload);
        }
        deflate(&mut Compress::new_with_window_bits(Compression::fast(), false, bits.max(9)), payload)
    }
}

fn deflate(compress: &mut Compress, payload: &[u8]) -> Vec<u8> {
    let mut output = Vec::with_capacity(payload.len() / 2 + 64);
    let mut consumed = 0;
    loop {
        let before = compress.total_in();
        // Deflating into a growing buffer cannot fail; were it to, the stream would end here and inflate short.
        let status = compress.compress_vec(&payload[consumed..], &mut output, FlushCompress::Sync);
        consumed += usize::try_from(compress.total_in() - before).unwrap_or(0);
        let full = output.len() == output.capacity();
        if status.is_err() || (consumed == payload.len() && !full) {
            break;
        }
        output.reserve(output.len().max(64));
    }
    if output.ends_with(&TAIL) {
        output.truncate(output.len() - TAIL.len());
    }
    output
}

/// Inflates whole messages.
#[derive(Debug, Default)]
pub(super) struct Inflater(());

impl Inflater {
    /// What a compressed payload inflates to; more than `limit` bytes are a violation, and never held.
    pub(super) fn inflate(&mut self, payload: &[u8], limit: usize) -> Result<Vec<u8>, Violation> {
        DECOMPRESS.with_borrow_mut(|decompress| {
            decompress.reset(false);
            let mut output = Vec::with_capacity((payload.len() * 3).clamp(64, 16 * 1024).min(limit + 1));
            for part in [payload, &TAIL[..]] {
                inflate_part(decompress, part, limit, &mut output)?;
            }
            Ok(output)
        })
    }
}

fn inflate_part(
    decompress: &mut Decompress,
    part: &[u8],
    limit: usize,
    output: &mut Vec<u8>,
) -> Result<(), Violation> {
    let mut consumed = 0;
    loop {
        let (before_in, before_out) = (decompress.total_in(), decompress.total_out());
        let status = decompress
            .decompress_vec(&part[consumed..], output, FlushDecompress::Sync)
            .map_err(|_| Violation::MalformedDeflate)?;
        consumed += usize::try_from(decompress.total_in() - before_in).unwrap_or(0);
        if output.len() > limit {
            return Err(Violation::TooBig);
        }
        if status == Status::StreamEnd {
            // A final block may end a message (RFC 7692, 7.2.3.4); what follows would be a new stream.
            decompress.reset(false);
            if consumed == part.len() {
                return Ok(());
            }
            continue;
        }
        let full = output.len() == output.capacity();
        if full {
            output.reserve(output.len().min(limit + 1 - output.len()).max(1));
        } else if consumed == part.len() {
            return Ok(());
        } else if decompress.total_in() == before_in && decompress.total_out() == before_out {
            return Err(Violation::MalformedDeflate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_answered() {
        let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        for (offer, want) in [
            ("permessage-deflate", Some((plain.to_owned(), 15))),
            ("permessage-deflate; client_max_window_bits", Some((plain.to_owned(), 15))),
            (
                "x-webkit-deflate-frame, permessage-deflate;client_max_window_bits=10",
                Some((plain.to_owned(), 15)),
            ),
            (
                "permessage-deflate; server_max_window_bits=9",
                Some((format!("{plain}; server_max_window_bits=9"), 9)),
            ),
            (
                "permessage-deflate; server_max_window_bits=8, permessage-deflate",
                Some((plain.to_owned(), 15)),
            ),
            ("permessage-deflate; server_max_window_bits=16", None),
            ("permessage-deflate; server_max_window_bits", None),
            ("permessage-deflate; server_no_context_takeover=1", None),
            ("permessage-deflate; unknown", None),
            ("permessage-deflate; client_max_window_bits; client_max_window_bits", None),
            ("", None),
        ] {
            let got = accept_extensions(offer).map(|terms| (terms.response, terms.server_window_bits));
            assert_eq!(got, want, "{offer}");
        }
    }

    #[test]
    fn messages_survive_the_round_trip() {
        let json = r#"{"type":"bars.update","payload":{"open":1.0,"high":2.0}}"#.repeat(50);
        for payload in ["", "x", json.as_str()] {
            for bits in [9, 12, 15] {
                let small = Compressor::with_window(payload.as_bytes(), bits);
                let back = Inflater::default().inflate(&small, payload.len()).unwrap();
                assert_eq!(back, payload.as_bytes(), "window {bits}");
            }
        }
        assert!(Compressor::shared(json.as_bytes()).len() * 10 < json.len());
    }

    #[test]
    fn bombs_are_defused() {
        let bomb = Compressor::shared(&vec![0; 10 << 20]);
        assert!(bomb.len() * 50 < 10 << 20, "{}", bomb.len());
        assert_eq!(Inflater::default().inflate(&bomb, 1 << 20), Err(Violation::TooBig));
    }

    #[test]
    fn rubbish_is_refused() {
        assert_eq!(Inflater::default().inflate(&[0xff; 20], 1 << 20), Err(Violation::MalformedDeflate));
    }
}
