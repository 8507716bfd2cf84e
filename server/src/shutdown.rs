//! A signal that, once given, stays given: the node is about to stop.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// A latched signal. Connections look at it whenever they are woken; `Shared::begin_shutdown` wakes them all.
#[derive(Debug, Default)]
pub(crate) struct Shutdown {
    is_given: AtomicBool,
    /// Wakes those who wait for nothing else.
    given: Notify,
}

impl Shutdown {
    /// Gives the signal.
    pub(crate) fn begin(&self) {
        self.is_given.store(true, Ordering::SeqCst);
        self.given.notify_waiters();
    }

    /// Whether it was given.
    pub(crate) fn has_begun(&self) -> bool {
        self.is_given.load(Ordering::SeqCst)
    }

    /// Waits until it is given.
    pub(crate) async fn begun(&self) {
        // Made before the look: a signal between the two is not missed.
        let given = self.given.notified();
        if !self.has_begun() {
            given.await;
        }
    }
}

/// Waits for SIGINT or SIGTERM.
pub(crate) async fn signalled() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
