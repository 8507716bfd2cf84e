//! What the program prints once it listens: where to look, and what to try.

use std::net::SocketAddr;

use crate::generated::ENDPOINT;

/// Prints the lines for an address.
#[expect(clippy::print_stdout, reason = "said to the person who started the server")]
pub(crate) fn print(address: SocketAddr) {
    let path = ENDPOINT.address;
    println!(
        "{title} {version}

  socket     ws://{address}{path}
  docs       http://{address}{path}/asyncapi
  AsyncAPI   http://{address}{path}/asyncapi.json
  state      http://{address}/api/state   (also account, positions, trades, scan)

Try next:
  open the docs page, connect from its console, and see the snapshot and every event after it
  curl http://{address}/api/trades?limit=3
  curl -X POST http://{address}/api/events -H 'content-type: application/json' -d '{{\"type\":\"SCAN_START\",\"count\":12}}'
",
        title = ENDPOINT.title,
        version = ENDPOINT.version,
    );
}
