//! The chart server as its users meet it: a process, its socket, its HTTP, and the exchanges it connects to.

mod contract;
mod export;
mod ingest;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use e2e::{Spawned, TestSocket};

const EVERY: [&str; 4] = ["chart:2M", "chart:5M", "chart:15M", "chart:zones"];

/// A chart server with a picture folder of its own.
struct Charts {
    server: Spawned,
    folder: PathBuf,
}

/// Starts one with these arguments.
fn charts(arguments: &[&str]) -> Charts {
    let folder = new_folder();
    let own = ["--folder", folder.to_str().expect("a path in UTF-8")];
    let server = Spawned::start("charts", &[&own, arguments].concat());
    Charts { server, folder }
}

/// Connects and takes the texts that every new connection gets.
async fn connected(server: &Spawned) -> TestSocket {
    let mut socket = TestSocket::connect(server.socket()).await;
    for text in EVERY {
        assert_eq!(socket.next_text().await, text);
    }
    socket
}

fn new_folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("bellwire-charts-e2e-{}-{number}", std::process::id()))
}

impl Drop for Charts {
    fn drop(&mut self) {
        // Never made, where a test asks for no picture.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
