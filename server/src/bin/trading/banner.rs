//! What the program prints once it listens: where to look, what moves, and what to try.

use std::net::SocketAddr;

use bellwire::{AuthMode, Settings};

use crate::{feed::Feed, generated::ENDPOINT, settings::Args};

/// What there is to say before anything moves.
pub(crate) struct Opening {
    prices: String,
    accounts: &'static str,
    symbol: String,
}

impl Opening {
    /// Of a program with these arguments and this feed.
    pub(crate) fn new(args: &Args, feed: &Feed) -> Self {
        let recorded: Vec<&str> =
            feed.symbols.iter().filter(|symbol| !feed.walking.contains(symbol)).map(String::as_str).collect();
        let kinds = [(recorded.join(", "), "recorded"), (feed.walking.join(", "), "random walks")];
        let kinds = kinds.iter().filter(|(symbols, _)| !symbols.is_empty());
        Self {
            prices: kinds.map(|(symbols, kind)| format!("{symbols} ({kind})")).collect::<Vec<_>>().join("; "),
            accounts: accounts(&args.server),
            symbol: feed.symbols.first().cloned().unwrap_or_default(),
        }
    }

    /// Prints the lines for an address.
    #[expect(clippy::print_stdout, reason = "said to the person who started the server")]
    pub(crate) fn print(&self, address: SocketAddr) {
        let Self { prices, accounts, symbol } = self;
        let path = ENDPOINT.address;
        let base = ENDPOINT.connection.http_base;
        println!(
            "{title} {version}

  socket     ws://{address}{path}
  docs       http://{address}{path}/asyncapi
  AsyncAPI   http://{address}{path}/asyncapi.json
  prices     {prices}
  accounts   {accounts}

Try next:
  open the docs page and subscribe to `bars` of {symbol} from its console
  curl http://{address}{base}/broadcaster
  npx wscat -c ws://{address}{path} -x '{{\"type\":\"bars.subscribe\",\"payload\":{{\"symbol\":\"{symbol}\"}}}}' -w 10
",
            title = ENDPOINT.title,
            version = ENDPOINT.version,
        );
    }
}

/// Who may use which account: decided by the same settings as who may connect.
fn accounts(server: &Settings) -> &'static str {
    let has_key = server.auth_secret.is_some() || server.auth_public_key.is_some();
    match server.auth_mode {
        Some(AuthMode::Off) => "open to everyone who can connect (--auth-mode off)",
        None if !has_key => "open to everyone who can connect; --auth-secret or --auth-public-key close them",
        _ => "each only to those whose token names it in the claim `accounts`",
    }
}
