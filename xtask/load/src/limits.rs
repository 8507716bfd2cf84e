//! How many files this process and the servers it starts may have open.

use anyhow::{Result, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a process has open besides its sockets.
const OTHERS: u64 = 200;

/// Allows so many sockets at once, as far as the system lets us.
///
/// # Errors
/// Where the hard limit is lower.
pub fn allow_files(sockets: usize) -> Result<()> {
    let needed = sockets as u64 + OTHERS;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(());
    }
    if let Some(most) = limit.maximum.filter(|most| *most < needed) {
        bail!(
            "{needed} open files are needed and {most} allowed: `ulimit -Hn {needed}`, then run this again"
        );
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum: limit.maximum })?;
    Ok(())
}
