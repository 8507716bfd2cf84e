//! A signal that, once given, stays given: the node is about to stop.

use std::sync::atomic::{AtomicBool, Ordering};

/// A latched signal. Connections look at it whenever they are woken; `Shared::begin_shutdown` wakes them all.
#[derive(Debug, Default)]
pub(crate) struct Shutdown(AtomicBool);

impl Shutdown {
    /// Gives the signal.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it was given.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::SeqCst)
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
