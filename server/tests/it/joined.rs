//! Topics that services join and leave while something else goes on: other calls, hooks, the end of the connection.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};
use std::time::Duration;

use bellwire::contract as rt;
use rt::{Deserialize, Serialize, Value};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::by_hand::{ByHand, frame};
use crate::contract::{Act, Plain, REPLY, Symbol, symbol};
use crate::harness::TestServer;
use crate::services::TestServices;

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes that may wait for a client.
const QUEUE: usize = 64 << 10;
/// Symbols that are joined together.
const MANY: [&str; 6] = ["A", "B", "C", "D", "E", "F"];

/// A retained topic that services join.
#[derive(Debug)]
struct Last;

impl rt::Topic for Last {
    type Params = Symbol;
    type Update = Value;
    type Snapshot = Value;
    const SPEC: rt::TopicSpec = rt::TopicSpec {
        route: "last",
        state: Some(rt::StateSpec { kind: rt::StateKind::Latest, http: None }),
        by_handler: true,
        ..Plain::SPEC
    };
}

/// A request that does one thing after the other.
struct Do;

impl rt::Request for Do {
    type Payload = Steps;
    type Reply = Value;
    type Error = rt::Refusal;
    const SPEC: rt::RequestSpec = rt::RequestSpec { name: "do", ..Act::SPEC };
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(from = "Vec<String>")]
struct Steps(Vec<String>);

impl From<Vec<String>> for Steps {
    fn from(steps: Vec<String>) -> Self {
        // Outside a service, where nobody catches it.
        assert!(!steps.iter().any(|step| step == "panic"), "asked to");
        Self(steps)
    }
}

type Hook = Arc<dyn Fn(&rt::Caller) + Send + Sync>;

/// An application that keeps one of its callers.
#[derive(Clone, Default)]
struct World {
    kept: Arc<OnceLock<rt::Caller>>,
    gates: Arc<[Notify; 2]>,
    /// What it does with that caller when a topic gets its first subscriber.
    on_first: Option<Hook>,
    /// The same where it loses its last.
    on_last: Option<Hook>,
}

impl World {
    fn call(&self, hook: Option<&Hook>) {
        if let (Some(hook), Some(caller)) = (hook, self.kept.get()) {
            hook(caller);
        }
    }

    async fn serve(&self) -> TestServer {
        let endpoint = rt::Endpoint::new(&REPLY).topic(self.clone()).request::<Do, _>(Arc::new(self.clone()));
        let queue = Some(bellwire::Size(QUEUE as u64));
        let limit = |settings: &mut bellwire::Settings| settings.queue = queue;
        TestServer::serve(TestServices::default(), vec![endpoint], axum::Router::new(), limit).await
    }
}

impl rt::RequestRouter<Do> for World {
    async fn call(&self, caller: &rt::Caller, Steps(steps): Steps) -> Result<Value, rt::Refusal> {
        let last = caller.topics::<Last>();
        for step in steps {
            match step.as_str() {
                "keep" => self.kept.set(caller.clone()).expect("one is kept"),
                "join" => _ = last.join(&symbol("A"))?,
                "join kept" => {
                    let kept = self.kept.get().expect("one is kept");
                    kept.topics::<Last>().join(&symbol("A"))?;
                }
                "join many" => _ = last.join_all(&MANY.map(symbol))?,
                "leave" => _ = last.leave(&symbol("A")),
                "wait 0" => self.gates[0].notified().await,
                "wait 1" => self.gates[1].notified().await,
                other => panic!("no such step: {other}"),
            }
        }
        Ok(json!(last.count()))
    }
}

impl rt::TopicRouter for World {
    type Topic = Last;

    async fn authorize(&self, _: &rt::Caller, _: &Symbol) -> Result<(), rt::Refusal> {
        Ok(())
    }

    async fn snapshot(&self, _: &rt::Caller, _: &Symbol) -> Option<Value> {
        None
    }

    fn first_subscriber(&self, _: &Symbol) {
        self.call(self.on_first.as_ref());
    }

    fn last_subscriber(&self, _: &Symbol) {
        self.call(self.on_last.as_ref());
    }
}

fn steps(id: u64, steps: &[&str]) -> Value {
    json!({"type": "do", "id": id, "payload": steps})
}

fn publisher(server: &TestServer) -> rt::Publisher<Last> {
    let publisher = rt::Publisher::new(&server.node);
    publisher.publish(&symbol("A"), &json!({"v": 1}));
    publisher
}

#[tokio::test]
async fn a_kept_caller_keeps_no_socket() {
    for (end, code) in [(frame(0x88, &1000_u16.to_be_bytes()), Some(1000)), (asked("panic"), None)] {
        let server = World::default().serve().await;
        let mut client = ByHand::open(&server).await;
        client.ask(&steps(1, &["keep", "join"])).await;
        client.send(&end).await;
        if let Some(code) = code {
            assert_eq!(client.close().await.0, code);
        }
        let end = timeout(PATIENCE, client.stream.read(&mut [0; 16])).await;
        assert_eq!(end.expect("the socket ends").expect("and ends well"), 0, "after {code:?}");
        assert_eq!(publisher(&server).publish(&symbol("A"), &json!({"v": 2})).subscribers, 0);
    }
}

fn asked(step: &str) -> Vec<u8> {
    frame(0x81, steps(2, &[step]).to_string().as_bytes())
}

#[test]
fn a_hook_may_ask_about_the_connection_whose_topic_it_is() {
    let counted = Arc::new(Mutex::default());
    let seen = counted.clone();
    let count = move |caller: &rt::Caller| {
        let counts: &mut Vec<usize> = &mut seen.lock().unwrap_or_else(PoisonError::into_inner);
        counts.push(caller.topics::<Last>().count());
    };
    let count: Hook = Arc::new(count);
    let world = World { on_first: Some(count.clone()), on_last: Some(count), ..World::default() };
    // A runtime of its own: what hangs does so on a thread that nobody waits for.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (told, answers) = mpsc::sync_channel(2);
    runtime.spawn(async move {
        let server = world.serve().await;
        let mut client = server.client().await;
        for asked in [["keep", "join"].as_slice(), &["leave"]] {
            told.send(client.ask_ok(steps(1, asked)).await).expect("someone listens");
        }
    });
    let answers: Vec<Value> = (0..2).map_while(|_| answers.recv_timeout(PATIENCE).ok()).collect();
    runtime.shutdown_background();
    let counts: Vec<&Value> = answers.iter().map(|answer| &answer["result"]).collect();
    assert_eq!(counts, [&json!(1), &json!(0)], "the connection hangs");
    assert_eq!(*counted.lock().expect("no panic"), [1, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_joined_anew_while_it_is_left_gets_its_snapshot() {
    let once = Mutex::new(true);
    let rejoin = move |caller: &rt::Caller| {
        if std::mem::take(&mut *once.lock().expect("no panic")) {
            let last = caller.topics::<Last>();
            let joined = std::thread::spawn(move || last.join(&symbol("A"))).join();
            assert!(joined.expect("no panic").expect("there is room"), "it had been left");
        }
    };
    let server = World { on_last: Some(Arc::new(rejoin)), ..World::default() }.serve().await;
    let publisher = publisher(&server);
    let mut client = server.client().await;
    client.ask_ok(steps(1, &["keep", "join"])).await;
    assert_eq!(client.frame().await["type"], "last.snapshot");
    client.ask_ok(steps(2, &["leave"])).await;
    assert_eq!(publisher.publish(&symbol("A"), &json!({"v": 2})).subscribers, 1, "it is joined");
    assert_eq!(client.frame().await["payload"], json!({"v": 1}), "what is retained");
    assert_eq!(client.frame().await["payload"], json!({"v": 2}), "then updates");
}

#[tokio::test]
async fn a_call_of_another_connection_holds_nothing_back() {
    let world = World::default();
    let server = world.serve().await;
    publisher(&server);
    let (mut one, mut other) = (server.client().await, server.client().await);
    one.ask_ok(steps(1, &["keep"])).await;
    one.send(steps(2, &["wait 0"])).await;
    one.nothing_waits().await;
    // As many calls here as there: the second one joins for the other connection, whose second is under way.
    other.ask_ok(steps(1, &[])).await;
    other.ask_ok(steps(2, &["join kept"])).await;
    assert_eq!(one.frame().await["type"], "last.snapshot", "joined by no call of its own");
    world.gates[0].notify_one();
    assert_eq!(one.frame().await["id"], 2);
    one.nothing_waits().await;
}

#[tokio::test]
async fn what_a_call_joins_waits_for_its_own_reply() {
    let world = World::default();
    let server = world.serve().await;
    publisher(&server);
    let mut client = server.client().await;
    client.send(steps(1, &["join", "wait 0"])).await;
    client.send(steps(2, &["leave", "join", "wait 1"])).await;
    client.nothing_waits().await;
    for (gate, id) in world.gates.iter().zip([1, 2]) {
        gate.notify_one();
        assert_eq!(client.frame().await["id"], id);
        if id == 2 {
            assert_eq!(client.frame().await["type"], "last.snapshot");
        }
        client.nothing_waits().await;
    }
}

#[tokio::test]
async fn what_one_call_joins_more_than_once_is_told_once() {
    let server = World::default().serve().await;
    publisher(&server);
    let mut client = server.client().await;
    for (id, asked, frames) in
        [(1, ["join", "leave", "join"].as_slice(), 1), (2, &["leave", "join", "leave"], 0), (3, &["join"], 1)]
    {
        client.ask_ok(steps(id, asked)).await;
        for _ in 0..frames {
            assert_eq!(client.frame().await["type"], "last.snapshot", "{asked:?}");
        }
        client.nothing_waits().await;
    }
}

#[tokio::test]
async fn many_topics_joined_at_once_are_all_told() {
    let server = World::default().serve().await;
    let publisher = publisher(&server);
    // Together more than may wait, and with the longer ones more than the kernel takes as well.
    for size in [QUEUE / 4, 8 * QUEUE] {
        for name in MANY {
            publisher.publish(&symbol(name), &json!("x".repeat(size)));
        }
        let mut client = ByHand::open(&server).await;
        client.send(&frame(0x81, steps(1, &["join many"]).to_string().as_bytes())).await;
        assert_eq!(client.next().await.json()["type"], "do.response");
        for number in 0..MANY.len() {
            let came = client.next().await;
            assert_eq!(came.first, 0x81, "{number} snapshots, then {:?}", came.close());
            assert_eq!(came.json()["type"], "last.snapshot");
        }
    }
}
