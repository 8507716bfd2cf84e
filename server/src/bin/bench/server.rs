//! The server that `cargo xtask bench` measures: one topic in three manners, one request that publishes to it, one that echoes.
//!
//! It does nothing of its own, so that what is measured is the framework.

#[rustfmt::skip] // the generator formats what it writes
mod generated;

use bellwire::contract::Caller;
use bellwire::{App, Node};
use clap::Parser;
use tokio::runtime::Builder;

use generated::{
    BenchApi, BenchPublishers, BenchRequests, EchoError, PublishError,
    types::{Bar, BarsParams, Echo, Publication, PublicationTo, Published},
};

/// Serves the benchmark API of `asyncapi/bench.yaml`.
#[derive(Debug, Parser)]
#[command(name = "bench-server", version)]
struct Args {
    #[command(flatten)]
    server: bellwire::Settings,
    /// Threads that serve: one is the cheapest for each message, more deliver more of them
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: u16,
}

/// Publishes what it is told to.
#[derive(Debug, Clone)]
struct Bench {
    publish: BenchPublishers,
}

impl Bench {
    fn send(&self, publication: Publication) {
        let Publication { to, symbol, resolution, time, open, high, low, close, volume, ts_ns, levels } =
            publication;
        let params = BarsParams { symbol, resolution };
        let bar = Bar { time, open, high, low, close, volume, ts_ns, levels };
        match to {
            PublicationTo::Bars => self.publish.bars.publish(&params, &bar),
            PublicationTo::Joined => self.publish.joined.publish(&params, &bar),
            PublicationTo::Quotes => self.publish.quotes.publish(&params, &bar),
        };
    }
}

impl BenchRequests for Bench {
    async fn publish(&self, _caller: &Caller, payload: Publication) -> Result<Published, PublishError> {
        self.send(payload);
        Ok(Published {})
    }

    async fn echo(&self, _caller: &Caller, payload: Echo) -> Result<Echo, EchoError> {
        Ok(payload)
    }
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let runtime = match args.threads {
        // Nobody to share work with, so nothing is spent on sharing it.
        1 => Builder::new_current_thread().enable_all().build(),
        more => Builder::new_multi_thread().worker_threads(more.into()).enable_all().build(),
    };
    runtime?.block_on(serve(args.server))
}

async fn serve(mut settings: bellwire::Settings) -> anyhow::Result<()> {
    // A load of ten thousand connections must not meet a limit.
    settings.max_connections.get_or_insert(1_000_000);
    bellwire::init_logging(&settings)?;
    let node = Node::new();
    let bench = Bench { publish: BenchPublishers::new(&node) };
    let api = BenchApi { bars: (), joined: (), quotes: (), requests: bench };
    App::new(node, settings).endpoint(api.into_endpoint()).on_bound(announce).serve().await?;
    Ok(())
}

/// The load generator reads the port from this line.
#[expect(clippy::print_stdout, reason = "said to the program that started the server")]
fn announce(address: std::net::SocketAddr) {
    println!("listening on {address}");
}
