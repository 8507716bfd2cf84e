//! From a listener to sockets and HTTP: accepts connections, sets what their sockets need, bounds the time a request's
//! head takes.

use std::future::{Future, pending, ready};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Sleep, sleep};

use super::door::Door;
use super::replayed::Replayed;
use crate::connection::{Stream, set_up};
use crate::contract::erased::BoxFuture;

/// How long to pause where connections cannot be accepted, because files have run out for instance.
const BREATH: Duration = Duration::from_millis(100);
/// What is read at once of a connection's first request.
const FIRST_READ: usize = 4 * 1024;

/// What holds for every socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AcceptOptions {
    /// How long the head of a request may take to arrive.
    pub(crate) head_timeout: Duration,
    /// What the kernel buffers for one socket that is not read.
    pub(crate) send_buffer: usize,
}

/// How long a client's first request may still take to arrive; running where the first bytes were not there at once.
type Patience = Option<Pin<Box<Sleep>>>;

/// Whoever serves what comes.
struct Reception {
    door: Door,
    router: Router,
    head_timeout: Duration,
    http: Builder<TokioExecutor>,
    /// Gone once the server stops.
    graceful: Mutex<Option<GracefulShutdown>>,
}

/// One who came, in one task from the first byte to the last. Written out, so that whoever is served does not go on
/// holding what waiting for the first byte took.
enum Guest {
    Waiting {
        reception: Arc<Reception>,
        /// Taken out when it is known what for.
        stream: Option<Stream>,
        remote: SocketAddr,
        patience: Patience,
    },
    Served(BoxFuture<()>),
}

/// Sets on a listener what every socket it accepts is to have: the kernel hands it on, which spares a system call each.
///
/// # Errors
/// Where the system refuses.
pub(crate) fn prepare(listener: &TcpListener, options: AcceptOptions) -> io::Result<()> {
    set_up(&SockRef::from(listener), options.send_buffer)
}

/// Errors of one connection that never came to be.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Serves until `finished`, and then what is under way.
pub(crate) async fn serve(
    listener: TcpListener,
    door: Door,
    router: Router,
    options: AcceptOptions,
    mut finished: oneshot::Receiver<()>,
) {
    let reception = Arc::new(Reception::new(door, router, options.head_timeout));
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
            let _ = set_up(&SockRef::from(&stream), options.send_buffer);
        }
        let (reception, stream) = (reception.clone(), Some(Stream::Tcp(stream)));
        tokio::spawn(Guest::Waiting { reception, stream, remote, patience: None });
    }
    drop(listener);
    let graceful = reception.graceful.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(graceful) = graceful {
        graceful.shutdown().await;
    }
}

impl Reception {
    fn new(door: Door, router: Router, head_timeout: Duration) -> Self {
        let mut http = Builder::new(TokioExecutor::new()).http1_only();
        http.http1().timer(TokioTimer::new()).header_read_timeout(head_timeout);
        Self { door, router, head_timeout, http, graceful: Mutex::new(Some(GracefulShutdown::new())) }
    }

    /// Looks at the first bytes of a client, and serves what they ask for.
    fn receive(
        self: &Arc<Self>,
        stream: Stream,
        remote: SocketAddr,
        bytes: Bytes,
        patience: Patience,
    ) -> BoxFuture<()> {
        if let Some((admitted, length)) = self.door.admit(&bytes, remote) {
            let (agreed, serve) = admitted.into_parts();
            let mut answer = agreed.written();
            // What keeps the socket from taking it, the connection will meet too.
            let written = stream.try_write(&answer).unwrap_or(0);
            return serve(stream, bytes[length..].to_vec(), answer.split_off(written));
        }
        let Stream::Tcp(stream) = stream else { return Box::pin(ready(())) };
        let (reception, stream) = (self.clone(), Replayed::new(bytes, stream));
        Box::pin(async move { reception.serve_http(stream, remote, patience).await })
    }

    async fn serve_http(&self, stream: Replayed, remote: SocketAddr, patience: Patience) {
        let (router, has_come) = (self.router.clone(), Arc::new(Notify::new()));
        let too_late = is_too_late(patience, has_come.clone());
        let service = service_fn(move |mut request: Request<Incoming>| {
            has_come.notify_one();
            request.extensions_mut().insert(ConnectInfo(remote));
            TowerToHyperService::new(router.clone()).call(request)
        });
        let connection = self.http.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        // One that came too late is let go.
        let Some(connection) = self.watch(connection) else { return };
        tokio::select! {
            ended = connection => if let Err(error) = ended {
                tracing::debug!(%remote, error, "connection ended");
            },
            () = too_late => tracing::debug!(%remote, "the first request took too long to arrive"),
        }
    }

    fn watch<C: GracefulConnection>(
        &self,
        connection: C,
    ) -> Option<impl Future<Output = C::Output> + use<C>> {
        let graceful = self.graceful.lock().unwrap_or_else(PoisonError::into_inner);
        graceful.as_ref().map(|graceful| graceful.watch(connection))
    }
}

/// Ready where a client's first request has not come in time. The HTTP server sees to the time of those behind it: for the
/// first it counts from when it was handed the socket.
async fn is_too_late(patience: Patience, has_come: Arc<Notify>) {
    if let Some(patience) = patience {
        tokio::select! {
            biased;
            () = has_come.notified() => {}
            () = patience => return,
        }
    }
    pending::<()>().await;
}

impl Future for Guest {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let served = match &mut *self {
                Self::Served(serving) => return serving.as_mut().poll(context),
                Self::Waiting { reception, stream, remote, patience } => {
                    let Some(waiting) = stream else { return Poll::Ready(()) };
                    let mut buffer = [0; FIRST_READ];
                    match waiting.poll_read(context, &mut buffer) {
                        Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(()),
                        Poll::Ready(Ok(count)) => {
                            let Some(stream) = stream.take() else { return Poll::Ready(()) };
                            let bytes = Bytes::copy_from_slice(&buffer[..count]);
                            reception.receive(stream, *remote, bytes, patience.take())
                        }
                        Poll::Pending => {
                            let patience =
                                patience.get_or_insert_with(|| Box::pin(sleep(reception.head_timeout)));
                            return patience.as_mut().poll(context);
                        }
                    }
                }
            };
            *self = Self::Served(served);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn each_socket_has_what_its_listener_was_given() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let options = AcceptOptions { head_timeout: Duration::ZERO, send_buffer: 64 * 1024 };
        prepare(&listener, options).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (_client, (socket, _)) = (client.expect("connected"), accepted.expect("accepted"));
        let held = SockRef::from(&socket).send_buffer_size().expect("known");
        if cfg!(target_os = "linux") {
            assert!(socket.nodelay().expect("known"), "a small frame waits for no other");
            // Twice what was asked for.
            assert_eq!(held, 2 * options.send_buffer);
        }
    }
}
