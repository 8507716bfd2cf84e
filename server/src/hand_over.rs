//! Histories from one process to the next: a file that is written when a server has drained, and read and removed when
//! the next one starts.
//!
//! It is removed before it counts, so that no later start takes it for the present; a process that is killed leaves
//! none, and clients are told that nothing can be recovered. A process that starts while the one before is still at it
//! waits: else it would begin without those histories, and they be left for a third that knows nothing of its own.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use crate::hub::{Hub, KeptRoute, fault_of};

/// Of the file's form.
const VERSION: u32 = 1;
/// How often a process looks whether the one before is done.
const CLAIM_POLL: Duration = Duration::from_millis(20);

/// A place for histories, which this process alone uses until it ends.
#[derive(Debug)]
pub(crate) struct HandOver {
    path: PathBuf,
    /// A file beside it. The system unlocks it, however the process ends.
    _lock: fs::File,
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    /// Milliseconds since 1970.
    written_at: u64,
    routes: Vec<KeptRoute>,
}

impl HandOver {
    /// Waits so long for the process before to be done with the place.
    pub(crate) async fn claim(path: PathBuf, patience: Duration) -> io::Result<Self> {
        let end = Instant::now() + patience;
        loop {
            match Self::try_claim(path.clone()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < end => {}
                claimed => return claimed,
            }
            sleep(CLAIM_POLL).await;
        }
    }

    fn try_claim(path: PathBuf) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        owner_only(&mut options);
        let lock = options.open(path.with_added_extension("lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, _lock: lock }),
            Err(TryLockError::Error(error)) => Err(error),
            Err(TryLockError::WouldBlock) => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, "another server that runs uses the file"))
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what the next process needs, and publishes nothing to topics with history any more. Only the owner may
    /// read the file: it holds what was published.
    pub(crate) fn write(&self, hub: &Hub) -> io::Result<()> {
        let file = File { version: VERSION, written_at: now_ms(), routes: hub.hand_over() };
        let text = serde_json::to_vec(&file)?;
        let new = self.path.with_added_extension("new");
        // One that a crash left behind could have other rights.
        let _ = fs::remove_file(&new);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        owner_only(&mut options);
        let mut out = options.open(&new)?;
        out.write_all(&text)?;
        out.sync_all()?;
        fs::rename(&new, &self.path)
    }

    /// Takes over what the process before left, if it left anything: says how many topics. A file of which a part
    /// cannot be true is believed in nothing.
    pub(crate) fn read(&self, hub: &Hub) -> io::Result<usize> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(error) => return Err(error),
        };
        fs::remove_file(&self.path)?;
        let file: File = serde_json::from_slice(&text)?;
        if file.version != VERSION {
            let message = format!("its version is {}, not {VERSION}", file.version);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        if let Some(fault) = fault_of(&file.routes) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, fault));
        }
        Ok(hub.take_over(&file.routes, Duration::from_millis(now_ms().saturating_sub(file.written_at))))
    }
}

/// Makes a file that others cannot read.
fn owner_only(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}

fn now_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::*;
    use crate::hub::fixtures::{self, Inbox, NoHooks};
    use crate::hub::{Lifecycle, Outlet, Position, Route, RoutePolicy};
    use crate::protocol::{HistorySpec, StateKind};

    /// A path that is nobody else's, empty again at the end.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Self {
            Self(std::env::temp_dir().join(format!("bellwire-{}-{name}", std::process::id())))
        }

        fn claim(&self) -> HandOver {
            HandOver::try_claim(self.0.clone()).expect("nobody else has it")
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            for path in [self.0.clone(), self.0.with_added_extension("lock")] {
                let _ = fs::remove_file(path);
            }
        }
    }

    fn route(hub: &Hub) -> Arc<Route> {
        let history = Some(HistorySpec { size: 100, ttl_ms: 60_000 });
        hub.route("/ws", RoutePolicy { history, state: Some(StateKind::Latest), ..fixtures::policy("t") })
    }

    /// Where a topic stands for one who comes.
    fn offset(route: &Arc<Route>) -> u64 {
        let (outlet, hooks): (Arc<dyn Outlet>, Arc<dyn Lifecycle>) =
            (Arc::new(Inbox::default()), Arc::new(NoHooks));
        route.subscribe("t", &outlet, &hooks, None).1.position.expect("the topic has history").offset
    }

    /// Reads a file that holds this, into a hub of its own; says what the topic has come to by then.
    fn taken_over(name: &str, file: &Value) -> (Result<usize, String>, u64) {
        let place = Place::new(name);
        fs::write(&place.0, file.to_string()).expect("a file");
        let hub = Hub::default();
        let route = route(&hub);
        let taken = place.claim().read(&hub).map_err(|error| error.to_string());
        assert!(!place.0.exists(), "no later start takes it for the present");
        fixtures::publish(&route, "t", "9");
        (taken, offset(&route))
    }

    fn file(topics: &[Value]) -> Value {
        let routes = [json!({"endpoint": "/ws", "route": "t", "topics": topics})];
        json!({"version": VERSION, "written_at": now_ms(), "routes": routes})
    }

    fn topic(offset: u64) -> Value {
        json!({
            "topic": "t", "epoch": "9b2f", "offset": offset, "state": ["3"],
            "updates": [[30, "1"], [20, "2"], [10, "3"]],
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_waits_for_the_one_before() {
        let place = Place::new("turns");
        let claim = |patience| HandOver::claim(place.0.clone(), Duration::from_secs(patience));
        let before = place.claim();
        let refused = claim(5).await.map_err(|error| error.to_string());
        assert_eq!(refused.err().as_deref(), Some("another server that runs uses the file"));

        let ends = async {
            sleep(Duration::from_secs(3)).await;
            before.write(&Hub::default()).expect("there is room");
            drop(before);
        };
        let (after, ()) = tokio::join!(claim(5), ends);
        after.expect("the one before has ended");
        assert!(place.0.exists(), "it was written by then");
    }

    #[tokio::test]
    async fn ages_that_cannot_be_leave_no_hole() {
        let hub = Hub::default();
        let route = route(&hub);
        let mut topic = topic(7);
        topic["updates"][1][0] = json!(u64::MAX);
        let File { routes, .. } = serde_json::from_value(file(&[topic])).expect("a file");
        assert_eq!(hub.take_over(&routes, Duration::ZERO), 1);
        let inbox = Arc::new(Inbox::default());
        let (outlet, hooks): (Arc<dyn Outlet>, Arc<dyn Lifecycle>) = (inbox.clone(), Arc::new(NoHooks));
        let since = Position { epoch: "9b2f".into(), offset: 4 };
        let (subscription, beginning) = route.subscribe("t", &outlet, &hooks, Some(&since));
        assert_eq!(beginning.recovered, Some(Ok(())));
        subscription.resume();
        assert_eq!(inbox.take().concat(), ["1", "2", "3"]);
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused_as_a_whole_and_named() {
        assert_eq!(taken_over("whole", &file(&[topic(7)])), (Ok(1), 8));
        let with = |member: &str, value: Value| {
            let mut topic = topic(7);
            topic[member] = value;
            vec![topic]
        };
        let cases = [
            ("last", with("offset", json!(u64::MAX)), "its offset is none that clients can count from"),
            ("far", with("offset", json!(1_u64 << 53)), "its offset is none that clients can count from"),
            ("none", with("offset", json!(2)), "it has more updates than were numbered"),
            ("text", with("updates", json!([[30, "1"], [20, "2},"]])), "an update of it is no JSON"),
            ("state", with("state", json!(["{"])), "its state is no JSON"),
            ("twice", vec![topic(7), topic(7)], "it is there twice"),
            (
                "lost",
                vec![topic(7), with("offset", json!(1)).remove(0)],
                "it has more updates than were numbered",
            ),
        ];
        for (name, topics, reason) in cases {
            let expected = format!("topic t of /ws: {reason}");
            assert_eq!(taken_over(name, &file(&topics)), (Err(expected), 1), "{name}");
        }
    }
}
