//! From a listener to HTTP: accepts connections, sets what their sockets need, bounds the time a request's head takes.

use std::io;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// How long to pause where connections cannot be accepted, because files have run out for instance.
const BREATH: Duration = Duration::from_millis(100);

/// What holds for every socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AcceptOptions {
    /// How long the head of a request may take to arrive.
    pub(crate) head_timeout: Duration,
    /// What the kernel buffers for one socket that is not read.
    pub(crate) send_buffer: usize,
}

/// Sets on a listener what every socket it accepts is to have: the kernel hands it on, which spares a system call each.
///
/// # Errors
/// Where the system refuses.
pub(crate) fn prepare(listener: &TcpListener, options: AcceptOptions) -> io::Result<()> {
    set_up(&SockRef::from(listener), options)
}

fn set_up(socket: &SockRef<'_>, options: AcceptOptions) -> io::Result<()> {
    // Small frames must not wait for others to travel with; joining them is decided where they are written.
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(options.send_buffer)
}

/// Errors of one connection that never came to be.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves until `finished`, and then what is under way.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    options: AcceptOptions,
    mut finished: oneshot::Receiver<()>,
) {
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(options.head_timeout);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that the sender is gone, which ends the server just as well.
            _ = &mut finished => break,
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_the_clients(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "cannot accept connections");
                sleep(BREATH).await;
                continue;
            }
        };
        if !cfg!(target_os = "linux") {
            // Not every system hands them on.
            let _ = set_up(&SockRef::from(&stream), options);
        }
        let router = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(remote));
            TowerToHyperService::new(router.clone()).call(request)
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%remote, error, "connection ended");
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}
