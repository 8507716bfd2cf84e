//! What the program prints once it listens: where to look, and what to try.

use std::net::SocketAddr;

use crate::generated::ENDPOINT;

/// Prints the lines for an address.
#[expect(clippy::print_stdout, reason = "said to the person who started the server")]
pub(crate) fn print(address: SocketAddr, demo: bool) {
    let path = ENDPOINT.address;
    let what = if demo { "a strategy on paper" } else { "waiting for what is published" };
    println!(
        "{title} {version}: {what}

  socket     ws://{address}{path}
  docs       http://{address}{path}/asyncapi
  AsyncAPI   http://{address}{path}/asyncapi.json
  health     http://{address}/health

Try next:
  open the docs page and connect from its console: what was kept for you comes first
  npx wscat -c ws://{address}{path}
",
        title = ENDPOINT.title,
        version = ENDPOINT.version,
    );
}
