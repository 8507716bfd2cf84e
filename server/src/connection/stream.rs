//! The bytes of one socket: the TCP stream itself where that can be had, else whatever carries it (TLS, a test's pipe).
//!
//! Shared by the connection's loop, which may wait for it, and by whoever fans out, who may not. Writers agree among
//! themselves (see `outbound`); only the loop reads.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// Anything that carries bytes both ways.
pub(crate) trait Carrier: AsyncRead + AsyncWrite + Send {}
impl<T: AsyncRead + AsyncWrite + Send> Carrier for T {}

/// What every socket is to have, whoever accepted it: small frames must not wait for others to travel with (joining them is
/// decided where they are written), and the kernel may hold so much for a client that does not read.
pub(crate) fn set_up(socket: &SockRef<'_>, send_buffer: usize) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(send_buffer)
}

/// One socket.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Other(Mutex<Pin<Box<dyn Carrier>>>),
}

impl Stream {
    /// One that is no TCP stream itself.
    pub(crate) fn carried_by(carrier: impl Carrier + 'static) -> Self {
        Self::Other(Mutex::new(Box::pin(carrier)))
    }

    /// Sets what every socket is to have, on one that another server accepted. What the system refuses stays as it is.
    pub(crate) fn set_up(&self, send_buffer: usize) {
        if let Self::Tcp(stream) = self {
            let _ = set_up(&SockRef::from(stream), send_buffer);
        }
    }

    /// Whether the socket can be asked without waiting.
    pub(crate) fn is_direct(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Writes what the socket takes at once; only on sockets that can be asked without waiting. What tokio knows of
    /// its readiness is not asked: it lies elsewhere in memory, and on a socket for which nothing waits it says yes.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => system::send(stream, bytes),
            Self::Other(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes, or arranges to be woken when that is possible.
    pub(crate) fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => loop {
                match stream.try_write(bytes) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    outcome => return Poll::Ready(outcome),
                }
                ready!(stream.poll_write_ready(context))?;
            },
            Self::Other(carrier) => lock(carrier).as_mut().poll_write(context, bytes),
        }
    }

    /// Sends on what a carrier buffers; TCP buffers nothing.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(_) => Poll::Ready(Ok(())),
            Self::Other(carrier) => lock(carrier).as_mut().poll_flush(context),
        }
    }

    /// Reads, or arranges to be woken when there is something; 0 is the end.
    pub(crate) fn poll_read(&self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => loop {
                ready!(stream.poll_read_ready(context))?;
                let mut short = None;
                let outcome = stream.try_io(Interest::READABLE, || {
                    let count = system::receive(stream, buffer)?;
                    if count > 0 && count < buffer.len() {
                        // There is no more for now: told as blocking, it spares the system call that would say so.
                        short = Some(count);
                        return Err(io::ErrorKind::WouldBlock.into());
                    }
                    Ok(count)
                });
                match (outcome, short) {
                    (_, Some(count)) => return Poll::Ready(Ok(count)),
                    (Err(error), None) if error.kind() == io::ErrorKind::WouldBlock => {}
                    (outcome, None) => return Poll::Ready(outcome),
                }
            },
            Self::Other(carrier) => {
                let mut buffer = ReadBuf::new(buffer);
                ready!(lock(carrier).as_mut().poll_read(context, &mut buffer))?;
                Poll::Ready(Ok(buffer.filled().len()))
            }
        }
    }

    /// Lets the system hold so many more bytes for a client that does not read: the last words to it. What the system
    /// refuses stays as it is.
    pub(crate) fn make_room(&self, bytes: usize) {
        if let Self::Tcp(stream) = self {
            let socket = SockRef::from(stream);
            // Linux tells twice what was asked for, and may already hold more than that: less room than this is none.
            let held = socket.send_buffer_size().unwrap_or(0);
            let _ = socket.set_send_buffer_size(held.saturating_add(bytes));
        }
    }

    /// Ends the sending side, so that the client sees the end and what is still under way is not reset.
    pub(crate) fn poll_finish(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => Poll::Ready(SockRef::from(stream).shutdown(std::net::Shutdown::Write)),
            Self::Other(carrier) => lock(carrier).as_mut().poll_shutdown(context),
        }
    }
}

fn lock(carrier: &Mutex<Pin<Box<dyn Carrier>>>) -> MutexGuard<'_, Pin<Box<dyn Carrier>>> {
    carrier.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The system calls themselves: what the C library does around its own (a thread may be cancelled in them) costs each
/// small frame several per cent.
#[cfg(unix)]
mod system {
    use std::io;

    use rustix::net::{RecvFlags, SendFlags, recv, send as transmit};
    use tokio::net::TcpStream;

    pub(super) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        // A client that is gone is an error, never a signal, whatever the program does about those.
        #[cfg(not(target_vendor = "apple"))]
        let flags = SendFlags::NOSIGNAL;
        #[cfg(target_vendor = "apple")]
        let flags = SendFlags::empty();
        Ok(transmit(stream, bytes, flags)?)
    }

    pub(super) fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(recv(stream, buffer, RecvFlags::empty())?.0)
    }
}

#[cfg(not(unix))]
mod system {
    use std::io::{self, Read as _};

    use socket2::SockRef;
    use tokio::net::TcpStream;

    pub(super) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
        SockRef::from(stream).send(bytes)
    }

    pub(super) fn receive(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
        (&*SockRef::from(stream)).read(buffer)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Stream").finish()
    }
}
