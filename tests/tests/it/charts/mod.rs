//! The chart server as its users meet it: a process, its socket, its HTTP, and the exchanges it connects to.

mod contract;
mod export;
mod ingest;

use e2e::{Spawned, TempPath, TestSocket};

const EVERY: [&str; 4] = ["chart:2M", "chart:5M", "chart:15M", "chart:zones"];

/// A chart server with a picture folder of its own.
struct Charts {
    server: Spawned,
    folder: TempPath,
}

/// Starts one with these arguments.
fn charts(arguments: &[&str]) -> Charts {
    let folder = TempPath::new("charts");
    let own = ["--folder", folder.argument()];
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
