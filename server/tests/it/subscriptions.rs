//! Subscriptions: exact, idempotent, ordered, with a snapshot that nothing is lost around.

use std::time::Duration;

use bellwire::Period;
use bellwire::contract::{Publisher, Topic};
use serde_json::{Value, json};

use crate::contract::{Keyed, Merged, Plain, Symbol, Window, symbol};
use crate::harness::{Client, TestServer, eventually};

async fn subscribe(client: &mut Client, route: &str, name: &str) -> Value {
    client.ask_ok(json!({"type": format!("{route}.subscribe"), "payload": {"symbol": name}})).await
}

async fn unsubscribe(client: &mut Client, route: &str, name: &str) -> Value {
    client.ask_ok(json!({"type": format!("{route}.unsubscribe"), "payload": {"symbol": name}})).await
}

/// Publishes values, subscribes, and returns the snapshot's payload.
async fn snapshot_after<T: Topic<Params = Symbol, Update = Value>>(values: &[Value]) -> Value {
    let server = TestServer::start().await;
    let publisher = Publisher::<T>::new(&server.node);
    for value in values {
        publisher.publish(&symbol("A"), value);
    }
    let mut client = server.client().await;
    subscribe(&mut client, T::SPEC.route, "A").await;
    let frame = client.frame().await;
    assert_eq!(frame["type"], format!("{}.snapshot", T::SPEC.route));
    frame["payload"].clone()
}

#[tokio::test]
async fn each_kind_of_state_is_sent_as_its_snapshot() {
    let merged = snapshot_after::<Merged>(&[json!({"a": 1, "b": 1}), json!({"b": 2})]).await;
    assert_eq!(merged, json!({"a": 1, "b": 2}));
    let values = [json!({"k": 1, "v": 1}), json!({"k": 2, "v": 1}), json!({"k": 1, "v": 2})];
    assert_eq!(snapshot_after::<Keyed>(&values).await, json!([{"k": 1, "v": 2}, {"k": 2, "v": 1}]));
    let window = snapshot_after::<Window>(&[json!(1), json!(2), json!(3), json!(4)]).await;
    assert_eq!(window, json!([4, 3, 2]));
}

#[tokio::test]
async fn a_topic_that_nobody_subscribes_to_takes_no_memory_whoever_listens_to_others() {
    let server = TestServer::start().await;
    let publisher = Publisher::<Plain>::new(&server.node);
    let (params, update) = (symbol("nobody"), json!({"price": 1.5}));
    let mut client = server.client().await;
    for somebody_listens in [false, true] {
        if somebody_listens {
            subscribe(&mut client, "plain", "somebody").await;
        }
        // The first takes the room that the thread then keeps.
        publisher.publish(&params, &update);
        let memory = allocation_counter::measure(|| {
            assert_eq!(publisher.publish(&params, &update).subscribers, 0);
        });
        assert_eq!(memory.count_total, 0, "where somebody listens to another topic: {somebody_listens}");
    }
}

#[tokio::test]
async fn what_is_published_in_order_arrives_in_order_across_topics() {
    const TOPICS: [&str; 3] = ["A", "B", "C"];
    let server = TestServer::start().await;
    let publisher = Publisher::<Plain>::new(&server.node);
    let mut client = server.client().await;
    for topic in TOPICS {
        subscribe(&mut client, "plain", topic).await;
    }
    for round in 0..50 {
        // Waits for the task that fans out, and must not take the round's last value along with it.
        publisher.publish(&symbol("C"), &json!("before"));
        server.node.in_order(|| TOPICS.map(|topic| publisher.publish(&symbol(topic), &json!(round))));
    }
    for round in 0..50 {
        for topic in TOPICS {
            let mut frame = client.frame().await;
            if frame["payload"] == "before" {
                frame = client.frame().await;
            }
            let topic = format!("plain:{{\"symbol\":\"{topic}\"}}");
            assert_eq!((&frame["topic"], &frame["payload"]), (&json!(topic), &json!(round)), "{frame}");
        }
    }
}

#[tokio::test]
async fn hooks_follow_the_first_and_the_last_subscriber_alone() {
    let server = TestServer::start().await;
    let (mut one, mut two) = (server.client().await, server.client().await);
    for client in [&mut one, &mut two] {
        subscribe(client, "plain", "A").await;
        subscribe(client, "plain", "A").await;
    }
    subscribe(&mut one, "plain", "B").await;
    assert_eq!(server.services.hooks(), ["+plain:A", "+plain:B"]);
    unsubscribe(&mut one, "plain", "A").await;
    unsubscribe(&mut one, "plain", "A").await;
    assert_eq!(server.services.hooks(), ["+plain:A", "+plain:B"]);
    drop(two);
    eventually("the last subscriber of A left", || server.services.hooks().len() == 3).await;
    drop(one);
    eventually("the last subscriber of B left", || server.services.hooks().len() == 4).await;
    assert_eq!(server.services.hooks(), ["+plain:A", "+plain:B", "-plain:A", "-plain:B"]);
    let publisher = Publisher::<Plain>::new(&server.node);
    assert_eq!(publisher.publish(&symbol("A"), &json!(1)).subscribers, 0);
    assert!(!publisher.has_subscribers(&symbol("A")));
}

#[tokio::test]
async fn updates_reach_exactly_the_subscribers_of_their_parameters() {
    let server = TestServer::start().await;
    let publisher = Publisher::<Plain>::new(&server.node);
    let (mut one, mut two) = (server.client().await, server.client().await);
    subscribe(&mut one, "plain", "A").await;
    subscribe(&mut two, "plain", "B").await;
    assert_eq!(publisher.publish(&symbol("A"), &json!(1)).subscribers, 1);
    assert_eq!(publisher.publish(&symbol("C"), &json!(2)).subscribers, 0);
    assert_eq!(
        one.frame().await,
        json!({"type": "plain.update", "topic": "plain:{\"symbol\":\"A\"}", "payload": 1})
    );
    two.nothing_waits().await;
    assert_eq!(unsubscribe(&mut two, "plain", "A").await["message"], "Not subscribed to A");
    assert_eq!(publisher.publish(&symbol("A"), &json!(3)).subscribers, 1);
}

#[tokio::test]
async fn updates_from_many_threads_arrive_complete_and_in_each_threads_order() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    subscribe(&mut client, "plain", "A").await;
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            let publisher = Publisher::<Plain>::new(&server.node);
            std::thread::spawn(move || {
                for number in 0..250 {
                    publisher.publish(&symbol("A"), &json!([thread, number]));
                }
            })
        })
        .collect();
    let mut next = [0; 4];
    for _ in 0..1000 {
        let frame = client.frame().await;
        let (thread, number) = (frame["payload"][0].as_u64(), frame["payload"][1].as_u64());
        let thread = usize::try_from(thread.expect("a thread")).expect("small");
        assert_eq!(number, Some(next[thread]));
        next[thread] += 1;
    }
    for thread in threads {
        thread.join().expect("no panic");
    }
}

#[tokio::test]
async fn a_service_may_refuse_fail_or_be_late() {
    let server = TestServer::start_with(|settings| {
        settings.request_timeout = Some(Period(Duration::from_millis(50)));
    })
    .await;
    let mut client = server.client().await;
    let cases = [
        ("FORBIDDEN", "forbidden", "never"),
        ("PANIC", "internal", "later"),
        ("HANG", "request-timeout", "later"),
    ];
    for (name, code, retry) in cases {
        let answer =
            client.ask(json!({"type": "plain.subscribe", "id": name, "payload": {"symbol": name}})).await;
        assert_eq!(answer["type"], "plain.subscribe.response");
        assert_eq!(answer["id"], name);
        assert_eq!(answer["payload"]["status"], "error");
        assert_eq!(answer["payload"]["code"], code);
        assert_eq!(answer["payload"]["retry"], retry);
    }
    assert!(server.services.hooks().is_empty());
}

#[tokio::test]
async fn commands_for_one_topic_are_served_in_order() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    client.send(json!({"type": "plain.subscribe", "id": 1, "payload": {"symbol": "GATED"}})).await;
    client.send(json!({"type": "plain.unsubscribe", "id": 2, "payload": {"symbol": "GATED"}})).await;
    client.send(json!({"type": "plain.subscribe", "id": 3, "payload": {"symbol": "FREE"}})).await;
    let answer = client.frame().await;
    assert_eq!(answer["id"], 3, "other topics do not wait: {answer}");
    server.services.gate.notify_one();
    assert_eq!(client.frame().await["payload"]["message"], "Subscribed to GATED");
    assert_eq!(client.frame().await["payload"]["message"], "Unsubscribed from GATED");
    let publisher = Publisher::<Plain>::new(&server.node);
    assert_eq!(publisher.publish(&symbol("GATED"), &json!(1)).subscribers, 0);
}

#[tokio::test]
async fn updates_during_a_services_own_snapshot_follow_it() {
    let server = TestServer::start().await;
    let publisher = Publisher::<Plain>::new(&server.node);
    let mut client = server.client().await;
    subscribe(&mut client, "plain", "SERVED").await;
    assert_eq!(publisher.publish(&symbol("SERVED"), &json!(1)).subscribers, 1);
    client.nothing_waits().await;
    server.services.gate.notify_one();
    assert_eq!(client.frame().await["type"], "plain.snapshot");
    assert_eq!(client.frame().await["payload"], 1);
    publisher.publish(&symbol("SERVED"), &json!(2));
    assert_eq!(client.frame().await["payload"], 2);
}

#[tokio::test]
async fn limits_count_what_is_held() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    for name in ["A", "B", "A"] {
        subscribe(&mut client, "limited", name).await;
    }
    let refused = client.ask(json!({"type": "limited.subscribe", "payload": {"symbol": "C"}})).await;
    assert_eq!(refused["payload"]["code"], "too-many-subscriptions");
    assert_eq!(refused["payload"]["message"], "At most 2 subscriptions to limited per connection");
    unsubscribe(&mut client, "limited", "A").await;
    subscribe(&mut client, "limited", "C").await;
    for number in 0..6 {
        subscribe(&mut client, "plain", &number.to_string()).await;
    }
    let refused = client.ask(json!({"type": "plain.subscribe", "payload": {"symbol": "7"}})).await;
    assert_eq!(refused["payload"]["message"], "At most 8 subscriptions per connection");
    assert_eq!(refused["payload"]["code"], "too-many-subscriptions");
}

#[tokio::test]
async fn a_hook_that_panics_harms_nobody() {
    let server = TestServer::start().await;
    let mut client = server.client().await;
    subscribe(&mut client, "plain", "HOOK-PANIC").await;
    let publisher = Publisher::<Plain>::new(&server.node);
    assert_eq!(publisher.publish(&symbol("HOOK-PANIC"), &json!(1)).subscribers, 1);
    assert_eq!(client.frame().await["payload"], 1);
    drop(client);
    eventually("the topic is given up", || server.services.hooks().len() == 2).await;
}
