//! A socket of which something was read already: that comes first. And the way back, from an HTTP server's upgrade to
//! the bare socket.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::connection::Stream;

/// How long a client may take nothing of an answer: it is held for as long.
const STALL: Duration = Duration::from_secs(30);

/// A socket, and what was read of it.
#[derive(Debug)]
pub(super) struct Replayed {
    read: Bytes,
    stream: TcpStream,
    /// Until when it has to take something, where it takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Replayed {
    pub(super) fn new(read: Bytes, stream: TcpStream) -> Self {
        Self { read, stream, stalled: None }
    }

    /// What became of a write; an error where there has been no progress for too long.
    fn unless_stalled(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(STALL)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Replayed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let count = self.read.len().min(buffer.remaining());
        buffer.put_slice(&self.read[..count]);
        self.read.advance(count);
        if self.read.is_empty() {
            // An empty end still holds all of it.
            self.read = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replayed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.unless_stalled(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.unless_stalled(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The stream behind an upgrade, and what the HTTP server had read beyond the request. Its buffer is copied and let go:
/// it pins eight KiB for a few bytes.
pub(super) fn stream_of(upgraded: Upgraded) -> (Stream, Vec<u8>) {
    let upgraded = match downcast::<TokioIo<Replayed>>(upgraded) {
        Ok(parts) => {
            let Replayed { read, stream, .. } = parts.io.into_inner();
            return (Stream::Tcp(stream), [&parts.read_buf[..], &read[..]].concat());
        }
        Err(upgraded) => upgraded,
    };
    // An application's own server, over TCP or over anything else.
    match downcast::<TokioIo<TcpStream>>(upgraded) {
        Ok(parts) => (Stream::Tcp(parts.io.into_inner()), parts.read_buf.to_vec()),
        Err(upgraded) => (Stream::carried_by(TokioIo::new(upgraded)), Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_nobody_takes_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut client, (server, _)) = (client.expect("connected"), server.expect("accepted"));
        let (mut replayed, start) = (Replayed::new(Bytes::new(), server), Instant::now());
        // Whoever takes something now and then gets all the time it needs.
        let answer = vec![0; 64 << 20];
        let (mut scratch, mut writing) = (vec![0; 1 << 20], Box::pin(replayed.write_all(&answer)));
        for _ in 0..4 {
            let stalled = timeout(STALL - Duration::from_secs(1), &mut writing).await;
            assert!(stalled.is_err(), "the socket took all of it: {stalled:?}");
            let mut taken = 0;
            while taken < 4 << 20 {
                taken += tokio::select! {
                    written = &mut writing => panic!("{written:?}"),
                    count = client.read(&mut scratch) => count.expect("it reads"),
                };
            }
        }
        let given_up = timeout(2 * STALL, writing).await.expect("in time");
        assert_eq!(given_up.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        assert!(start.elapsed() > 4 * (STALL - Duration::from_secs(1)));
    }
}
