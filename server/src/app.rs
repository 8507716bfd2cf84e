//! From endpoints and settings to a server that runs and stops well.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinError;
use tokio::time::{sleep, timeout};

use crate::Error;
use crate::auth::{Authenticator, Guard, Keys};
use crate::config::{Lifetime, Period, Settings, Size, Switch};
use crate::connection::{Options, Served};
use crate::contract::Endpoint;
use crate::hand_over::HandOver;
use crate::http::{AcceptOptions, Door, HttpOptions, OriginPolicy, prepare, router, serve, with_cors};
use crate::node::Node;
use crate::protocol::ConnectionSpec;
use crate::shutdown::signalled;
use crate::websocket::CompressionPolicy;

const DEFAULT_PORT: u16 = 8000;
const DEFAULT_MAX_CONNECTIONS: usize = 10_000;
const DEFAULT_MESSAGE_TIMEOUT: Duration = Duration::from_secs(30);
/// Below this, what compression saves is less than what a packet costs anyway.
const DEFAULT_COMPRESSION_THRESHOLD: usize = 512;
const DEFAULT_REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Enough for a fast reader over a long way; the kernel left to itself holds megabytes for each that is stalled.
const DEFAULT_SEND_BUFFER: usize = 128 * 1024;
const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);
/// How often a draining server looks whether the last connection has gone.
const DRAIN_POLL: Duration = Duration::from_millis(20);

/// A server in the making: endpoints, settings, and an application's own routes.
pub struct App {
    node: Node,
    settings: Settings,
    endpoints: Vec<Endpoint>,
    routes: Router,
    authenticator: Option<Arc<dyn Authenticator>>,
    port_range: u16,
    on_bound: Option<Box<dyn FnOnce(SocketAddr) + Send>>,
}

impl App {
    /// A server without endpoints.
    pub fn new(node: Node, settings: Settings) -> Self {
        Self {
            node,
            settings,
            endpoints: Vec::new(),
            routes: Router::new(),
            authenticator: None,
            port_range: 1,
            on_bound: None,
        }
    }

    /// Serves an endpoint.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoints.push(endpoint);
        self
    }

    /// Serves routes of the application's own. They are asked before the server's, so that they can replace
    /// `/health`; a fallback among them is not used. The sockets of the endpoints come before all routes.
    #[must_use]
    pub fn routes(mut self, routes: Router) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Verifies tokens in the application's own way, in place of the keys of the settings.
    #[must_use]
    pub fn authenticator(mut self, authenticator: impl Authenticator) -> Self {
        self.authenticator = Some(Arc::new(authenticator));
        self
    }

    /// How many ports are tried where the operator does not say.
    #[must_use]
    pub fn port_range(mut self, count: u16) -> Self {
        self.port_range = count;
        self
    }

    /// Is told the address once the server listens: where a binary prints it.
    #[must_use]
    pub fn on_bound(mut self, hook: impl FnOnce(SocketAddr) + Send + 'static) -> Self {
        self.on_bound = Some(Box::new(hook));
        self
    }

    /// Listens, and serves until SIGINT or SIGTERM.
    ///
    /// # Errors
    /// Where the settings are unusable, the address is taken, or serving fails.
    pub async fn serve(self) -> Result<(), Error> {
        self.bind().await?.run(signalled()).await
    }

    /// Listens, without serving yet.
    ///
    /// # Errors
    /// Where the settings are unusable or the address is taken.
    pub async fn bind(self) -> Result<Server, Error> {
        let settings = self.settings.with_file()?;
        let host = settings.host.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let first = settings.port.unwrap_or(DEFAULT_PORT);
        let listener = listen(host, first, settings.port_range.unwrap_or(self.port_range)).await?;
        let local_addr = listener.local_addr().map_err(Error::Serve)?;
        let shutdown_timeout = period(settings.shutdown_timeout, DEFAULT_SHUTDOWN_TIMEOUT);
        let history_file = settings.history_file.clone();
        let accept = AcceptOptions {
            head_timeout: period(settings.head_timeout, DEFAULT_HEAD_TIMEOUT),
            send_buffer: send_buffer_of(&settings),
        };
        prepare(&listener, accept).map_err(Error::Serve)?;
        let (router, door) = build(&self.node, settings, self.endpoints, self.routes, self.authenticator)?;
        let hand_over = match history_file {
            Some(path) => take_over(&self.node, path, shutdown_timeout).await,
            None => None,
        };
        tracing::info!(address = %local_addr, "listening");
        if let Some(hook) = self.on_bound {
            hook(local_addr);
        }
        let node = self.node;
        Ok(Server { listener, local_addr, door, router, accept, node, shutdown_timeout, hand_over })
    }

    /// The routes alone, for an application that serves them itself. Draining is then its own affair.
    ///
    /// # Errors
    /// Where the settings are unusable.
    pub fn into_router(self) -> Result<Router, Error> {
        let settings = self.settings.with_file()?;
        let (router, _) = build(&self.node, settings, self.endpoints, self.routes, self.authenticator)?;
        Ok(router)
    }
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("App").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

fn build(
    node: &Node,
    settings: Settings,
    endpoints: Vec<Endpoint>,
    routes: Router,
    authenticator: Option<Arc<dyn Authenticator>>,
) -> Result<(Router, Door), Error> {
    let keys = Keys::new(&settings, authenticator)?;
    let mut served: Vec<Arc<Served>> = Vec::new();
    for endpoint in endpoints {
        let address = endpoint.spec.address;
        if served.iter().any(|known| known.endpoint.spec.address == address) {
            return Err(Error::DuplicateEndpoint(address));
        }
        let guard = Guard::new(&keys, endpoint.spec.connection.auth, address, endpoint.has_access_rules())?;
        let options = options_of(&endpoint.spec.connection, &settings);
        served.push(Arc::new(Served::new(node.clone(), endpoint, options, guard)));
    }
    let origins = OriginPolicy::new(settings.allow_origin);
    let options = HttpOptions {
        origins: origins.clone(),
        max_connections: settings.max_connections.unwrap_or(DEFAULT_MAX_CONNECTIONS),
        publish_token: settings.publish_token,
    };
    let (router, door) = router(node, &served, options);
    Ok((with_cors(routes.fallback_service(router), origins), door))
}

/// What is in force: the operator's settings, else the document's.
fn options_of(spec: &ConnectionSpec, settings: &Settings) -> Options {
    let size = |set: Option<Size>, declared: u64| bytes(set.unwrap_or(Size(declared)));
    let lifetime = settings.lifetime.unwrap_or(Lifetime(spec.lifetime_ms.map(Duration::from_millis)));
    Options {
        heartbeat: period(settings.heartbeat, Duration::from_millis(spec.heartbeat_ms)),
        lifetime: lifetime.0,
        activity: spec.activity,
        on_invalid: spec.on_invalid,
        max_message_bytes: size(settings.max_message, spec.max_message_bytes),
        message_timeout: period(settings.message_timeout, DEFAULT_MESSAGE_TIMEOUT),
        compression: compression_of(settings),
        max_depth: spec.max_depth,
        max_subscriptions: spec.max_subscriptions as usize,
        queue_bytes: size(settings.queue, spec.queue_bytes),
        send_buffer: send_buffer_of(settings),
        replay_ttl: settings.replay_ttl.map(|Period(ttl)| ttl),
        messages_per_second: spec.messages_per_second,
        http_per_second: Some(settings.http_rate.unwrap_or(spec.messages_per_second))
            .filter(|rate| *rate > 0),
        request_timeout: period(settings.request_timeout, DEFAULT_REQUEST_TIMEOUT),
        drain_timeout: period(settings.shutdown_timeout, DEFAULT_SHUTDOWN_TIMEOUT) / 2,
    }
}

fn bytes(Size(bytes): Size) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// What the kernel may hold for one client that does not read.
fn send_buffer_of(settings: &Settings) -> usize {
    settings.send_buffer.map_or(DEFAULT_SEND_BUFFER, bytes)
}

/// How messages are compressed, unless they are not at all.
fn compression_of(settings: &Settings) -> Option<CompressionPolicy> {
    let threshold = settings.compression_threshold.map_or(DEFAULT_COMPRESSION_THRESHOLD, bytes);
    let policy = CompressionPolicy {
        threshold,
        level: settings.compression_level.unwrap_or(1),
        client_context: settings.compression_context == Some(Switch::On),
    };
    (settings.compression != Some(Switch::Off)).then_some(policy)
}

fn period(set: Option<Period>, default: Duration) -> Duration {
    set.map_or(default, |Period(duration)| duration)
}

/// Goes on with the histories that the process before left, which may need as long as this one would to stop. Without
/// them clients are told that what they missed is gone: no reason not to start. `None` where the place is not this
/// process's.
async fn take_over(node: &Node, path: PathBuf, patience: Duration) -> Option<HandOver> {
    let file = path.display().to_string();
    let cannot = |error: &io::Error| tracing::error!(%error, path = %file, "histories cannot be taken over");
    let hand_over = HandOver::claim(path, patience).await.inspect_err(cannot).ok()?;
    if let Ok(topics) = hand_over.read(&node.shared().hub).inspect_err(cannot) {
        tracing::info!(topics, path = %file, "histories taken over");
    }
    Some(hand_over)
}

/// The first port of the range that is free.
async fn listen(host: IpAddr, first: u16, count: u16) -> Result<TcpListener, Error> {
    let last = first.saturating_add(count.saturating_sub(1));
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for port in first..=last {
        match TcpListener::bind((host, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    let ports = if first == last { first.to_string() } else { format!("{first}-{last}") };
    Err(Error::Bind { address: format!("{host}:{ports}"), source: failure })
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    local_addr: SocketAddr,
    door: Door,
    router: Router,
    accept: AcceptOptions,
    node: Node,
    shutdown_timeout: Duration,
    hand_over: Option<HandOver>,
}

impl Server {
    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `stop` is ready, then drains: `/health` says so, upgrades are refused, every client is told when
    /// to come back and closed once its requests are answered. Returns within the shutdown timeout; with a
    /// `history_file`, histories are left there for the next process.
    ///
    /// # Errors
    /// Where serving fails.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> Result<(), Error> {
        let (finish, finished) = tokio::sync::oneshot::channel::<()>();
        // A task of its own: the caller's thread may be none of the runtime's workers, and each connection a wake.
        let mut serving = tokio::spawn(serve(self.listener, self.door, self.router, self.accept, finished));
        tokio::select! {
            ended = &mut serving => return served(ended),
            () = stop => {}
        }
        tracing::info!(connections = self.node.connection_count(), "draining");
        let drained = async {
            self.node.shared().begin_shutdown();
            while self.node.connection_count() > 0 {
                sleep(DRAIN_POLL).await;
            }
            drop(finish);
            std::future::pending::<()>().await;
        };
        let ended = timeout(self.shutdown_timeout, async {
            tokio::select! {
                ended = &mut serving => served(ended),
                () = drained => Ok(()),
            }
        });
        let ended = ended.await;
        if ended.is_err() {
            serving.abort();
            tracing::warn!(connections = self.node.connection_count(), "stopped with connections open");
        }
        if let Some(hand_over) = &self.hand_over
            && let Err(error) = hand_over.write(&self.node.shared().hub)
        {
            tracing::error!(%error, path = %hand_over.path().display(), "histories cannot be handed over");
        }
        ended.unwrap_or(Ok(()))
    }
}

/// A panic in the accepting task ends the server.
fn served(ended: Result<(), JoinError>) -> Result<(), Error> {
    ended.map_err(|error| Error::Serve(io::Error::other(error)))
}
