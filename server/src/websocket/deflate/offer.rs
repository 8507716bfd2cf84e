//! The negotiation of permessage-deflate at the handshake (RFC 7692, 7.1).

use super::{CompressionPolicy, FULL_WINDOW, Inflating, Terms};

/// What was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Negotiated {
    /// Value of the `Sec-WebSocket-Extensions` header of the answer.
    pub response: String,
    /// What follows from it.
    pub terms: Terms,
}

/// Picks the first acceptable offer of a client's `Sec-WebSocket-Extensions` header.
#[must_use]
pub fn accept_extensions(offers: &str, policy: CompressionPolicy) -> Option<Negotiated> {
    offers.split(',').find_map(|offer| accept(offer, policy))
}

/// The parameters of one offer.
#[derive(Default)]
struct Offer {
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
}

fn accept(offer: &str, policy: CompressionPolicy) -> Option<Negotiated> {
    let Offer { client_no_context_takeover, server_max_window_bits } = read(offer)?;
    let with_context = policy.client_context && !client_no_context_takeover;
    let mut response = "permessage-deflate; server_no_context_takeover".to_owned();
    if !with_context {
        response.push_str("; client_no_context_takeover");
    }
    if let Some(bits) = server_max_window_bits {
        response.push_str(&format!("; server_max_window_bits={bits}"));
    }
    let terms = Terms {
        policy,
        server_window_bits: server_max_window_bits.unwrap_or(FULL_WINDOW),
        inflating: if with_context { Inflating::WithContext } else { Inflating::EachAlone },
    };
    Some(Negotiated { response, terms })
}

/// `None` where the offer is another extension's, malformed, or beyond what raw deflate can do.
fn read(offer: &str) -> Option<Offer> {
    let mut parts = offer.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case("permessage-deflate") {
        return None;
    }
    let mut read = Offer::default();
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
            ("client_no_context_takeover", None) => read.client_no_context_takeover = true,
            // The server never takes context over, and inflates whatever window a client chooses.
            ("server_no_context_takeover" | "client_max_window_bits", None) => {}
            ("client_max_window_bits", Some(bits)) => _ = window_bits(bits)?,
            // Raw deflate knows no window of eight bits.
            ("server_max_window_bits", Some(bits)) => {
                read.server_max_window_bits = Some(window_bits(bits).filter(|bits| *bits > 8)?);
            }
            _ => return None,
        }
    }
    Some(read)
}

fn window_bits(text: &str) -> Option<u8> {
    let bits: u8 = text.parse().ok()?;
    ((8..=15).contains(&bits) && !text.starts_with(['0', '+'])).then_some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRESH: CompressionPolicy = CompressionPolicy { threshold: 512, level: 1, client_context: false };
    const KEPT: CompressionPolicy = CompressionPolicy { client_context: true, ..FRESH };

    #[test]
    fn offers_are_answered() {
        let server = "permessage-deflate; server_no_context_takeover";
        let plain = format!("{server}; client_no_context_takeover");
        for (offer, want) in [
            ("permessage-deflate", Some((plain.clone(), 15))),
            ("permessage-deflate; client_max_window_bits", Some((plain.clone(), 15))),
            (
                "x-webkit-deflate-frame, permessage-deflate;client_max_window_bits=10",
                Some((plain.clone(), 15)),
            ),
            (
                "permessage-deflate; server_max_window_bits=9",
                Some((format!("{plain}; server_max_window_bits=9"), 9)),
            ),
            ("permessage-deflate; server_max_window_bits=8, permessage-deflate", Some((plain.clone(), 15))),
            ("permessage-deflate; server_max_window_bits=16", None),
            ("permessage-deflate; server_max_window_bits=+9", None),
            ("permessage-deflate; server_max_window_bits=", None),
            ("permessage-deflate; server_max_window_bits", None),
            ("permessage-deflate; server_no_context_takeover=1", None),
            ("permessage-deflate; unknown", None),
            ("permessage-deflate; client_max_window_bits; client_max_window_bits", None),
            ("", None),
        ] {
            let got = accept_extensions(offer, FRESH);
            assert_eq!(got.map(|got| (got.response, got.terms.server_window_bits)), want, "{offer}");
        }
        let both = "permessage-deflate; client_no_context_takeover, permessage-deflate";
        for (offer, policy, response, inflating) in [
            ("permessage-deflate", KEPT, server, Inflating::WithContext),
            (both, KEPT, plain.as_str(), Inflating::EachAlone),
            ("permessage-deflate", FRESH, plain.as_str(), Inflating::EachAlone),
        ] {
            let got = accept_extensions(offer, policy).expect(offer);
            assert_eq!((got.response.as_str(), got.terms.inflating), (response, inflating), "{offer}");
        }
    }
}
