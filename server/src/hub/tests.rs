use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::fixtures::policy;
use super::{Hub, Lifecycle, Outlet, Publication, PublicationKind, Route, RoutePolicy, Subscription};
use crate::protocol::StateKind;

/// Keeps what it is offered.
#[derive(Default)]
struct Inbox {
    received: Mutex<Vec<String>>,
    overflowed: AtomicBool,
}

impl Inbox {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.received.lock().expect("no panic"))
    }
}

impl Outlet for Inbox {
    fn offer(&self, publication: &Arc<Publication>) {
        let payload =
            std::str::from_utf8(&publication.frame[publication.rest_at.expect("an update")..]).expect("text");
        let payload = payload.trim_start_matches(",\"payload\":").trim_end_matches('}');
        let mark = if publication.kind == PublicationKind::Snapshot { "=" } else { "" };
        self.received.lock().expect("no panic").push(format!("{}{mark}{payload}", publication.topic));
    }

    fn room(&self) -> usize {
        usize::MAX
    }

    fn overflow(&self) {
        self.overflowed.store(true, Ordering::SeqCst);
    }

    fn fail(&self) {
        self.overflow();
    }
}

struct Hooks(String, Arc<Mutex<Vec<String>>>);

impl Lifecycle for Hooks {
    fn first_subscriber(&self) {
        self.1.lock().expect("no panic").push(format!("+{}", self.0));
    }

    fn last_subscriber(&self) {
        self.1.lock().expect("no panic").push(format!("-{}", self.0));
    }
}

fn route(state: Option<StateKind>) -> Arc<Route> {
    Hub::default().route("/ws", RoutePolicy { state, ..policy("t") })
}

fn publish(route: &Route, topic: &str, payload: &str) -> usize {
    let publish = route.publish(|| Ok::<_, ()>(topic.to_owned()), || Ok(payload.to_owned()));
    publish.expect("nothing fails")
}

/// What a test does to the hub.
#[derive(Debug, Clone)]
enum Step {
    Subscribe(usize, usize),
    Hold(usize, usize),
    Release(usize, usize, bool),
    Unsubscribe(usize, usize),
    Disconnect(usize),
    Publish(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let (connection, topic) = (0..3_usize, 0..3_usize);
    prop_oneof![
        3 => (connection.clone(), topic.clone()).prop_map(|(c, t)| Step::Subscribe(c, t)),
        1 => (connection.clone(), topic.clone()).prop_map(|(c, t)| Step::Hold(c, t)),
        2 => (connection.clone(), topic.clone(), any::<bool>()).prop_map(|(c, t, own)| Step::Release(c, t, own)),
        2 => (connection.clone(), topic.clone()).prop_map(|(c, t)| Step::Unsubscribe(c, t)),
        1 => connection.prop_map(Step::Disconnect),
        6 => topic.prop_map(Step::Publish),
    ]
}

/// The hub as it ought to be, as simply as it can be said.
#[derive(Default)]
struct Model {
    /// By connection and topic: the updates held back, if they are.
    held: HashMap<(usize, usize), Option<Vec<String>>>,
    latest: HashMap<usize, String>,
    hooks: Vec<String>,
    expected: [Vec<String>; 3],
}

impl Model {
    fn subscribers(&self, topic: usize) -> usize {
        self.held.keys().filter(|(_, held)| *held == topic).count()
    }

    fn subscribe(&mut self, connection: usize, topic: usize) {
        if self.subscribers(topic) == 0 {
            self.hooks.push(format!("+t{topic}"));
        }
        self.held.entry((connection, topic)).or_insert(Some(Vec::new()));
    }

    fn unsubscribe(&mut self, connection: usize, topic: usize) {
        if self.held.remove(&(connection, topic)).is_some() && self.subscribers(topic) == 0 {
            self.hooks.push(format!("-t{topic}"));
        }
    }

    fn release(&mut self, connection: usize, topic: usize, own: bool, retains: bool) {
        let Some(held) = self.held.get_mut(&(connection, topic)) else { return };
        let waiting = held.take().unwrap_or_default();
        let retained = self.latest.get(&topic).filter(|_| retains);
        let out = &mut self.expected[connection];
        if own {
            out.push(format!("t{topic}=own"));
        } else if let Some(latest) = retained {
            out.push(format!("t{topic}={latest}"));
            return;
        }
        out.extend(waiting.iter().map(|value| format!("t{topic}{value}")));
    }

    fn publish(&mut self, topic: usize, value: &str) -> usize {
        self.latest.insert(topic, value.to_owned());
        for ((connection, _), held) in self.held.iter_mut().filter(|((_, held), _)| *held == topic) {
            match held {
                Some(waiting) => waiting.push(value.to_owned()),
                None => self.expected[*connection].push(format!("t{topic}{value}")),
            }
        }
        self.subscribers(topic)
    }
}

fn run(steps: &[Step], retains: bool) -> Result<(), TestCaseError> {
    let route = route(retains.then_some(StateKind::Latest));
    let hooks = Arc::new(Mutex::new(Vec::new()));
    let inboxes: [Arc<Inbox>; 3] = std::array::from_fn(|_| Arc::default());
    let mut subscriptions: HashMap<(usize, usize), Subscription> = HashMap::new();
    let mut model = Model::default();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Subscribe(connection, topic) => {
                let name = format!("t{topic}");
                let outlet: Arc<dyn Outlet> = inboxes[connection].clone();
                let lifecycle: Arc<dyn Lifecycle> = Arc::new(Hooks(name.clone(), hooks.clone()));
                subscriptions
                    .entry((connection, topic))
                    .or_insert_with(|| route.subscribe(&name, &outlet, &lifecycle, None).0);
                model.subscribe(connection, topic);
            }
            Step::Hold(connection, topic) => {
                if let Some(subscription) = subscriptions.get(&(connection, topic)) {
                    subscription.hold(false);
                    model.held.entry((connection, topic)).and_modify(|held| {
                        held.get_or_insert_default();
                    });
                }
            }
            Step::Release(connection, topic, own) => {
                if let Some(subscription) = subscriptions.get(&(connection, topic)) {
                    subscription.release(own.then_some("own"));
                    model.release(connection, topic, own, retains);
                }
            }
            Step::Unsubscribe(connection, topic) => {
                subscriptions.remove(&(connection, topic));
                model.unsubscribe(connection, topic);
            }
            Step::Disconnect(connection) => {
                for topic in 0..3 {
                    subscriptions.remove(&(connection, topic));
                    model.unsubscribe(connection, topic);
                }
            }
            Step::Publish(topic) => {
                let value = format!("#{number}");
                let reached = publish(&route, &format!("t{topic}"), &value);
                prop_assert_eq!(reached, model.publish(topic, &value));
            }
        }
        prop_assert_eq!(route.subscription_count(), subscriptions.len());
    }
    for (inbox, expected) in inboxes.iter().zip(&model.expected) {
        prop_assert_eq!(&inbox.take(), expected);
    }
    prop_assert_eq!(&*hooks.lock().expect("no panic"), &model.hooks);
    drop(subscriptions);
    prop_assert!(retains || route.topic_count() == 0, "topics without subscribers are forgotten");
    Ok(())
}

proptest! {
    #[test]
    fn any_schedule_delivers_what_the_model_says(steps in prop::collection::vec(step(), 0..60), retains: bool) {
        run(&steps, retains)?;
    }
}

#[test]
fn under_concurrency_a_subscriber_sees_its_snapshot_and_every_later_update() {
    let route = route(Some(StateKind::Latest));
    let done = Arc::new(AtomicBool::new(false));
    let publisher = std::thread::spawn({
        let (route, done) = (route.clone(), done.clone());
        move || {
            for number in 0..20_000 {
                publish(&route, "t", &number.to_string());
            }
            done.store(true, Ordering::SeqCst);
        }
    });
    let subscribers: Vec<_> = (0..3)
        .map(|_| {
            let (route, done) = (route.clone(), done.clone());
            std::thread::spawn(move || {
                while !done.load(Ordering::SeqCst) {
                    let inbox = Arc::new(Inbox::default());
                    let outlet: Arc<dyn Outlet> = inbox.clone();
                    let lifecycle: Arc<dyn Lifecycle> = Arc::new(Hooks(String::new(), Arc::default()));
                    let subscription = route.subscribe("t", &outlet, &lifecycle, None).0;
                    subscription.release(None);
                    std::thread::yield_now();
                    drop(subscription);
                    let received = inbox.take();
                    let numbers: Vec<u64> = received
                        .iter()
                        .map(|text| text.trim_start_matches(['t', '=']).parse().expect("a number"))
                        .collect();
                    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
                    assert!(!inbox.overflowed.load(Ordering::SeqCst));
                }
            })
        })
        .collect();
    publisher.join().expect("no panic");
    for subscriber in subscribers {
        subscriber.join().expect("no panic");
    }
}

#[test]
fn hooks_alternate_whatever_the_threads_do() {
    let route = route(None);
    let hooks = Arc::new(Mutex::new(Vec::new()));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (route, hooks) = (route.clone(), hooks.clone());
            std::thread::spawn(move || {
                for _ in 0..500 {
                    let outlet: Arc<dyn Outlet> = Arc::new(Inbox::default());
                    let lifecycle: Arc<dyn Lifecycle> = Arc::new(Hooks("t".to_owned(), hooks.clone()));
                    drop(route.subscribe("t", &outlet, &lifecycle, None).0);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    let hooks = hooks.lock().expect("no panic");
    assert!(hooks.chunks(2).all(|pair| pair == ["+t", "-t"]));
    assert_eq!(route.topic_count(), 0);
}

/// Lets its own subscription go as soon as somebody has come.
struct Fleeting(Mutex<Option<Subscription>>, Hooks);

impl Lifecycle for Fleeting {
    fn first_subscriber(&self) {
        self.1.first_subscriber();
        self.0.lock().expect("no panic").take();
    }

    fn last_subscriber(&self) {
        self.1.last_subscriber();
    }
}

#[test]
fn hooks_wait_for_whoever_takes_a_seat_under_a_lock() {
    let (route, told) = (route(None), Arc::new(Mutex::new(Vec::new())));
    let outlet: Arc<dyn Outlet> = Arc::new(Inbox::default());
    let fleeting = Arc::new(Fleeting(Mutex::default(), Hooks("t".to_owned(), told.clone())));
    let lifecycle: Arc<dyn Lifecycle> = fleeting.clone();
    let (subscription, _) = route.take_seat("t", &outlet, &lifecycle, None);
    let hooks = subscription.hooks();
    *fleeting.0.lock().expect("no panic") = Some(subscription);
    assert_eq!(*told.lock().expect("no panic"), [""; 0]);
    hooks.call();
    assert_eq!(*told.lock().expect("no panic"), ["+t", "-t"]);
    assert_eq!((route.topic_count(), route.subscription_count()), (0, 0), "nothing is left behind");
}

#[test]
fn a_seat_left_under_a_lock_gets_nothing_and_its_hooks_follow() {
    let (route, told) = (route(None), Arc::new(Mutex::new(Vec::new())));
    let inbox = Arc::new(Inbox::default());
    let (outlet, lifecycle): (Arc<dyn Outlet>, Arc<dyn Lifecycle>) =
        (inbox.clone(), Arc::new(Hooks("t".to_owned(), told.clone())));
    let mut left = route.subscribe("t", &outlet, &lifecycle, None).0;
    left.release(None);
    left.leave_seat();
    left.release(None);
    publish(&route, "t", "1");
    // Takes the seat that has become free, which is no longer for the first one to leave.
    let (held, _) = route.take_seat("t", &outlet, &lifecycle, None);
    assert_eq!(*told.lock().expect("no panic"), ["+t"]);
    drop(left);
    assert_eq!(*told.lock().expect("no panic"), ["+t", "-t", "+t"]);
    held.release(None);
    publish(&route, "t", "2");
    assert_eq!(inbox.take(), ["t2"]);
    drop(held);
    assert_eq!((route.topic_count(), route.subscription_count()), (0, 0), "nothing is left behind");
}
