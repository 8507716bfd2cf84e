//! What the program prints once it listens: where to look, and what to try.

use std::net::SocketAddr;
use std::path::Path;

use crate::generated::ENDPOINT;

/// Prints the lines for an address.
#[expect(clippy::print_stdout, reason = "said to the person who started the server")]
pub(crate) fn print(address: SocketAddr, symbol: &str, folder: &Path) {
    let path = ENDPOINT.address;
    println!(
        "{title} {version}: {symbol}

  socket     ws://{address}{path}
  docs       http://{address}{path}/asyncapi
  AsyncAPI   http://{address}{path}/asyncapi.json
  pictures   http://{address}/charts/5M.png   (files in {folder})

Try next:
  open the docs page, connect from its console, and see a text for every chart
  curl -X POST http://{address}/refresh-chart -H 'content-type: application/json' -d '{{\"timeframe\":\"5M\"}}'
",
        title = ENDPOINT.title,
        version = ENDPOINT.version,
        folder = folder.display(),
    );
}
