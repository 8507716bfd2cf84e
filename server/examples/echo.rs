//! A bare echo endpoint on Bellwire's connection layer: text as text, binary as binary, with permessage-deflate.
//!
//! `cargo run --release --example echo -- --port 9001` serves what `cargo xtask autobahn` tests; `--port 0` takes any free
//! port and prints which.
#![expect(clippy::print_stdout, reason = "whoever starts it reads the address")]

use bellwire::websocket::CompressionPolicy;
use bellwire::{App, Error, Node, Settings, echo_routes};
use clap::Parser;

/// Largest message.
const MAX_MESSAGE: usize = 16 << 20;

/// Everything that shrinks is compressed, and clients may keep their context, so that all of it is tested.
const COMPRESSION: CompressionPolicy = CompressionPolicy { threshold: 1, level: 1, client_context: true };

#[derive(Debug, Parser)]
struct Arguments {
    /// Port to listen on; 0 for any free one
    #[arg(long, default_value_t = 9001)]
    port: u16,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let mut settings = Settings::default();
    settings.port = Some(Arguments::parse().port);
    App::new(Node::new(), settings)
        .routes(echo_routes("/", MAX_MESSAGE, Some(COMPRESSION)))
        .on_bound(|address| println!("listening on ws://{address}/"))
        .serve()
        .await
}
