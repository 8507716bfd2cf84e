//! What the program prints once it listens: where to look, and what to try.

use std::net::SocketAddr;

use crate::generated::ENDPOINT;

/// Prints the lines for an address.
#[expect(clippy::print_stdout, reason = "said to the person who started the server")]
pub(crate) fn print(address: SocketAddr, symbol: &str) {
    println!("{}", banner(address, symbol));
}

fn banner(address: SocketAddr, symbol: &str) -> String {
    let path = ENDPOINT.address;
    let base = ENDPOINT.connection.http_base;
    format!(
        "{title} {version}

  socket     ws://{address}{path}
  docs       http://{address}{path}/asyncapi
  AsyncAPI   http://{address}{path}/asyncapi.json

Try next:
  open the docs page and subscribe to `bars` of {symbol} from its console
  curl http://{address}{base}/broadcaster
  npx wscat -c ws://{address}{path} -x '{{\"type\":\"bars.subscribe\",\"payload\":{{\"symbol\":\"{symbol}\"}}}}' -w 10
",
        title = ENDPOINT.title,
        version = ENDPOINT.version,
    )
}
