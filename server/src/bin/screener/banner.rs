//! What the program prints once it listens: where to look, and what to try.

use std::net::SocketAddr;

use bellwire::feed::Opening;

use crate::generated::ENDPOINT;
use crate::health::market_state;

/// Prints the lines for an address.
#[expect(clippy::print_stdout, reason = "said to the person who started the server")]
pub(crate) fn print(address: SocketAddr, source: &str, opening: Opening) {
    let path = ENDPOINT.address;
    println!(
        "{title} {version}: {source}, market {market}

  socket     ws://{address}{path}
  docs       http://{address}{path}/asyncapi
  AsyncAPI   http://{address}{path}/asyncapi.json
  health     http://{address}/api/system/health

Try next:
  open the docs page, connect from its console, send {{\"action\":\"subscribe\",\"symbols\":[\"SBIN\"]}}, and see it move
  curl http://{address}/api/websocket/status
",
        title = ENDPOINT.title,
        version = ENDPOINT.version,
        market = market_state(opening).as_str(),
    );
}
