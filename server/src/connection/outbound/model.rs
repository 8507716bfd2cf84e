//! A model of delivery: random schedules over the real hub and the real queues, with what each client received held
//! against what was published. Every log is contiguous, or the client was told where it is not.
//!
//! A schedule is made from a number, which a failure names: `MODEL_SEED=123 cargo test -p bellwire --lib model`. An
//! optimised build runs a million of them: `cargo test --release -p bellwire --lib model`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::time::Instant;

use super::Outbound;
use super::tests::{next, update};
use crate::connection::stream::Stream;
use crate::hub::fixtures::{EVERY, NoHooks, policy};
use crate::hub::{
    ENTRY_COST, Hub, Lifecycle, Outlet, Position, Route, RoutePolicy, Subscription, Unrecoverable,
};
use crate::node::Node;
use crate::protocol::{DeliverySpec, HistorySpec, Overflow, StateKind};

/// Schedules in all; mistakes that were made on purpose showed themselves within the first few hundred.
const SCHEDULES: u64 = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };
const STEPS: usize = 40;
const CLIENTS: usize = 3;
const TTL: Duration = Duration::from_secs(60);
/// What an update that is kept counts for beside its frame.
const KEPT_COST: usize = 128;

/// One client: what it knows, and its end of the wire while it is connected.
#[derive(Default)]
struct Client {
    wire: Option<Wire>,
    /// What a returning client would say.
    known: Option<Position>,
}

struct Wire {
    overflow: Overflow,
    subscription: Option<Subscription>,
    outbound: Arc<Outbound>,
    /// Number of the last update that was delivered or accounted for; `None` until the first frame, where nothing says.
    at: u64,
    /// A resync was announced, and its snapshot has to follow.
    awaits_snapshot: bool,
    /// The topic is held back while a snapshot of it is made.
    making: Option<Making>,
    /// The same while there is no room for one.
    postponed: Option<Making>,
    /// A resync that came meanwhile.
    resync_is_due: bool,
}

/// Why a snapshot is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Making {
    First,
    /// The client has subscribed once more, and goes on reading updates.
    Again,
    Resync,
}

struct World {
    policy: RoutePolicy,
    route: Arc<Route>,
    hub: Hub,
    /// When each update of the present epoch was published; an update's payload is its number.
    published: Vec<Instant>,
    clients: [Client; CLIENTS],
}

impl World {
    fn new(random: &mut StdRng) -> Self {
        let overflow = [Overflow::Close, Overflow::DropOldest, Overflow::Resync][random.random_range(0..3)];
        let state = random.random::<bool>().then_some(StateKind::Latest);
        let history = HistorySpec { size: random.random_range(1..8), ttl_ms: 60_000 };
        let delivery = DeliverySpec { overflow, ..EVERY };
        let policy = RoutePolicy { state, history: Some(history), delivery, ..policy("t") };
        let hub = Hub::default();
        let route = hub.route("/ws", policy);
        Self { policy, route, hub, published: Vec::new(), clients: Default::default() }
    }

    fn publish(&mut self) {
        self.published.push(Instant::now());
        let number = self.published.len().to_string();
        let published = self.route.publish(|| Ok::<_, ()>("t".to_owned()), || Ok(number));
        published.expect("nothing fails");
    }

    /// Subscribes as a connection does: hold, reply, then what was missed or the snapshot.
    fn connect(&mut self, client: usize, limit: usize, makes_snapshot: bool) {
        if self.clients[client].wire.is_some() {
            return;
        }
        let kept = self.kept();
        let World { route, clients, published, policy, .. } = self;
        let (index, client) = (client, &mut clients[client]);
        let outbound = Arc::new(Outbound::new(limit, NODE.with(Clone::clone), dead_stream(), None));
        let outlet: Arc<dyn Outlet> = outbound.clone();
        let hooks: Arc<dyn Lifecycle> = Arc::new(NoHooks);
        let (subscription, beginning) = route.subscribe("t", &outlet, &hooks, client.known.as_ref());
        let position = beginning.position.expect("the topic has history");
        if let (Some(recovered), Some(known)) = (beginning.recovered, &client.known) {
            let expected = recovery(published.len() as u64, kept, known, &position.epoch, limit);
            assert_eq!(recovered, expected);
        }
        let mut making = None;
        let at = match (beginning.recovered, &client.known) {
            (Some(Ok(())), Some(known)) => {
                assert_eq!(known.epoch, position.epoch, "nothing of another epoch is recovered");
                subscription.resume();
                known.offset
            }
            (Some(Ok(())), None) => panic!("recovered without being asked"),
            _ => {
                making = Some(Making::First);
                position.offset
            }
        };
        client.known = Some(Position { offset: at, ..position });
        client.wire = Some(Wire {
            overflow: policy.delivery.overflow,
            subscription: Some(subscription),
            outbound,
            at,
            awaits_snapshot: false,
            making,
            postponed: None,
            resync_is_due: false,
        });
        if !makes_snapshot {
            self.finish(index, false, 0);
        }
    }

    /// The client subscribes to what it holds, and gets its snapshot now or when there is room.
    fn again(&mut self, client: usize) {
        if let Some(wire) = &mut self.clients[client].wire
            && wire.making.is_none()
        {
            wire.subscription().hold(true);
            // Who waits for one gets no updates before it, whoever else asks.
            let making = wire.postponed.take().unwrap_or(Making::Again);
            wire.make(making);
        }
    }

    /// The snapshot is made, by the service or of what is retained; another thread is faster with so many updates of
    /// another topic.
    fn finish(&mut self, client: usize, by_service: bool, rivals: usize) {
        let (made, has_state) = (self.published.len(), self.policy.state.is_some());
        let Some(wire) = &mut self.clients[client].wire else { return };
        let Some(making) = wire.making.take() else { return };
        let payload = by_service.then(|| made.to_string());
        if wire.outbound.make_way_for_made("t", payload.as_deref()) {
            (0..rivals).for_each(|_| wire.crowd());
            let is_whole = wire.subscription().release(payload.as_deref());
            if let Some(lag) = wire.outbound.lock().lag("t").filter(|_| is_whole) {
                // It found no room after all: with nothing lost besides, it is only put off.
                wire.postponed = (lag.dropped == 0).then_some(making);
            } else if making != Making::Again {
                // Of a topic that begins anew meanwhile nothing comes before the client is told.
                wire.awaits_snapshot = is_whole && (by_service || (has_state && made > 0));
            }
        } else {
            // Others have taken the room while it was made.
            wire.put_off(making);
        }
        if std::mem::take(&mut wire.resync_is_due) {
            wire.resync();
        }
    }

    /// How many updates the history must still have.
    fn kept(&self) -> u64 {
        let size = self.policy.history.map_or(0, |history| history.size as usize);
        self.published.iter().rev().take(size).take_while(|at| at.elapsed() <= TTL).count() as u64
    }

    /// Another topic takes room in the client's queue.
    fn crowd(&mut self, client: usize) {
        if let Some(wire) = &self.clients[client].wire {
            wire.crowd();
        }
    }

    /// The client reads some frames, or all.
    fn read(&mut self, client: usize, count: usize) {
        let client = &mut self.clients[client];
        let Some(wire) = &mut client.wire else { return };
        for _ in 0..count {
            let Some(text) = next(&wire.outbound) else { break };
            if text == "overflow" {
                // Told by the close.
                let closes = self.policy.delivery.overflow == Overflow::Close;
                assert!(closes, "no other policy closes");
                client.wire = None;
                return;
            }
            wire.take(&text);
        }
        client.known = client.known.take().map(|known| Position { offset: wire.at, ..known });
    }

    /// In the end everyone reads all there is, and knows all that was published.
    fn settle(&mut self) {
        for index in 0..CLIENTS {
            self.read(index, usize::MAX);
            while self.clients[index].wire.as_ref().is_some_and(|wire| wire.making.is_some()) {
                self.finish(index, false, 0);
                self.read(index, usize::MAX);
            }
            let Some(wire) = &self.clients[index].wire else { continue };
            assert_eq!(
                wire.at,
                self.published.len() as u64,
                "something is missing at the end, and nothing says so"
            );
            assert!(!wire.awaits_snapshot, "a snapshot never came");
        }
    }

    /// The process ends; another goes on, with the histories of this one or without.
    fn restart(&mut self, handed_over: bool) {
        for client in &mut self.clients {
            client.wire = None;
        }
        let kept = self.hub.hand_over();
        // Too late for anyone: it must not become an update of the next process that nobody hears of.
        self.publish();
        self.published.pop();
        self.hub = Hub::default();
        self.route = self.hub.route("/ws", self.policy);
        if handed_over && self.hub.take_over(&kept, Duration::ZERO) == 1 {
            return;
        }
        self.published.clear();
    }
}

impl Wire {
    fn subscription(&self) -> &Subscription {
        self.subscription.as_ref().expect("it is connected")
    }

    fn crowd(&self) {
        let delivery = DeliverySpec { overflow: Overflow::DropOldest, ..EVERY };
        self.outbound.offer(&update("other:{}", "0", delivery));
    }

    fn resync(&mut self) {
        let overflow = self.overflow;
        let begun = self.outbound.begin_resync(self.subscription(), "t");
        assert!(begun.unwrap_or(0) == 0 || overflow == Overflow::Resync, "no other policy begins anew");
        match begun {
            // Its snapshot was put off, or found no room: its readers know of no loss, and get all that they got before.
            Some(0) => {
                let making = self.postponed.take().expect("nothing was lost and nothing put off");
                self.make(making);
            }
            Some(dropped) => {
                self.at += dropped;
                self.awaits_snapshot = true;
                self.postponed = None;
                self.make(Making::Resync);
            }
            None => {}
        }
    }

    /// The snapshot is made now, or when there is room.
    fn make(&mut self, making: Making) {
        if self.outbound.make_way_for(self.subscription().topic()) {
            self.making = Some(making);
        } else {
            self.put_off(making);
        }
    }

    fn put_off(&mut self, making: Making) {
        self.postponed = Some(making);
        self.outbound.postpone(self.subscription().topic());
    }

    /// The promise: an update is the next one, but for those that the frame owns up to.
    fn take(&mut self, text: &str) {
        if text.starts_with("{\"type\":\"other.") {
            return;
        }
        if text.starts_with("resync") {
            match self.making {
                Some(_) => self.resync_is_due = true,
                None => self.resync(),
            }
            return;
        }
        let frame: Value = serde_json::from_str(text).expect("a frame");
        let offset = frame["offset"].as_u64().expect("an offset");
        if frame["type"] == "t.snapshot" {
            // A service's own may contain more than its position says, which then comes once more.
            assert!(frame["payload"].as_u64() >= Some(offset), "{text}");
            assert!(offset >= self.at, "a snapshot of the past: {text} at {}", self.at);
            if !std::mem::take(&mut self.awaits_snapshot) {
                // It has subscribed again and needs none.
                return;
            }
        } else {
            assert_eq!(frame["payload"], offset, "the payload is the number: {text}");
            assert!(!self.awaits_snapshot, "an update before the snapshot: {text}");
            let dropped = frame["dropped"].as_u64().unwrap_or_default();
            assert_eq!(offset, self.at + dropped + 1, "a silent jump or a double: {text} at {}", self.at);
        }
        self.at = offset;
    }
}

/// What a client that knows this much has to be told of a topic that has come so far, before a queue of so many bytes.
fn recovery(end: u64, kept: u64, known: &Position, epoch: &str, room: usize) -> Result<(), Unrecoverable> {
    if *known.epoch != *epoch {
        return Err(Unrecoverable::NewEpoch);
    }
    let missed = end.checked_sub(known.offset).ok_or(Unrecoverable::Ahead)?;
    if missed > kept {
        return Err(Unrecoverable::TooOld);
    }
    let frame = |n: u64| format!(r#"{{"type":"t.update","topic":"t","offset":{n},"payload":{n}}}"#);
    let bytes: usize = (known.offset + 1..=end).map(|n| frame(n).len() + KEPT_COST).sum();
    if bytes > room { Err(Unrecoverable::TooMuch) } else { Ok(()) }
}

thread_local! {
    /// Counters are not looked at here, and dear to make.
    static NODE: Node = Node::new();
}

/// A socket that takes nothing: what is read, the test takes out itself.
fn dead_stream() -> Stream {
    Stream::Other(Mutex::new(Box::pin(tokio::io::join(tokio::io::empty(), tokio::io::sink()))))
}

async fn run(seed: u64) {
    let random = &mut StdRng::seed_from_u64(seed);
    let mut world = World::new(random);
    // Fan-out by its task comes whenever the schedule lets it; without, at once.
    let is_late = random.random();
    if is_late {
        world.hub.start();
    }
    for _ in 0..STEPS {
        let client = random.random_range(0..CLIENTS);
        match random.random_range(0..30) {
            0..9 => world.publish(),
            9..12 => {
                let room = random.random_range(1..8) * (ENTRY_COST + 60);
                world.connect(client, room, random.random());
            }
            12..16 => world.read(client, random.random_range(1..6)),
            16..18 => world.clients[client].wire = None,
            18..20 => world.crowd(client),
            20..23 => world.again(client),
            23..28 => world.finish(client, random.random(), random.random_range(0..6)),
            28 => tokio::time::advance(TTL / random.random_range(1..4)).await,
            _ => {
                world.restart(random.random());
                if is_late {
                    world.hub.start();
                }
            }
        }
        if random.random_range(0..3) == 0 {
            fan_out().await;
        }
        world.route.sweep();
        // A topic that nobody used for its time is forgotten, and begins anew.
        if world.route.topic_count() == 0 {
            world.published.clear();
        }
    }
    fan_out().await;
    world.settle();
}

/// Lets the task that carries publications run until nothing waits.
async fn fan_out() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn whatever_happens_a_client_misses_nothing_without_being_told() {
    if let Some(seed) = chosen() {
        return run_all([seed], run);
    }
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let workers: Vec<_> = (0..threads)
        .map(|first| {
            std::thread::spawn(move || {
                run_all((first..SCHEDULES).step_by(usize::try_from(threads).expect("few")), run);
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("every schedule keeps the promise; the seed is printed above");
    }
}

/// The one schedule that is asked for.
pub(super) fn chosen() -> Option<u64> {
    std::env::var("MODEL_SEED").ok().map(|seed| seed.parse().expect("a number"))
}

/// Runs schedules, each on a clock of its own, and names the one that fails.
pub(super) fn run_all<F: Future<Output = ()>>(seeds: impl IntoIterator<Item = u64>, run: impl Fn(u64) -> F) {
    for seed in seeds {
        let schedule = std::panic::AssertUnwindSafe(|| paused().block_on(run(seed)));
        if let Err(panic) = std::panic::catch_unwind(schedule) {
            eprintln!("MODEL_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

fn paused() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().start_paused(true).build().expect("a runtime")
}
