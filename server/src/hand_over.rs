//! Histories from one process to the next: a file that is written when a server has drained, and read and removed when
//! the next one starts.
//!
//! It is removed before it counts, so that no later start takes it for the present; a process that is killed leaves
//! none, and clients are told that nothing can be recovered.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::hub::{Hub, KeptRoute};

/// Of the file's form.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    /// Milliseconds since 1970.
    written_at: u64,
    routes: Vec<KeptRoute>,
}

/// Writes what the next process needs, and publishes nothing to topics with history any more. Only the owner may read
/// the file: it holds what was published.
pub(crate) fn write(hub: &Hub, path: &Path) -> io::Result<()> {
    let file = File { version: VERSION, written_at: now_ms(), routes: hub.hand_over() };
    let text = serde_json::to_vec(&file)?;
    let new = path.with_added_extension("new");
    // One that a crash left behind could have other rights.
    let _ = fs::remove_file(&new);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(&new)?;
    out.write_all(&text)?;
    out.sync_all()?;
    fs::rename(&new, path)
}

/// Takes over what the process before left, if it left anything: says how many topics.
pub(crate) fn read(hub: &Hub, path: &Path) -> io::Result<usize> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    fs::remove_file(path)?;
    let file: File = serde_json::from_slice(&text)?;
    if file.version != VERSION {
        let message = format!("its version is {}, not {VERSION}", file.version);
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(hub.take_over(&file.routes, Duration::from_millis(now_ms().saturating_sub(file.written_at))))
}

fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
