//! The server that `cargo xtask bench` measures, line by line of its contract: what is measured is worth that only if it
//! is right.

use std::collections::BTreeSet;

use e2e::{Spawned, TestSocket, get, post};
use serde_json::{Value, json};

fn bench(arguments: &[&str]) -> Spawned {
    Spawned::start("bench-server", arguments)
}

async fn connected(server: &Spawned) -> TestSocket {
    TestSocket::connect(&format!("{}/ws", server.socket())).await
}

fn params(symbol: &str, resolution: &str) -> Value {
    json!({ "symbol": symbol, "resolution": resolution })
}

fn topic(route: &str, symbol: &str, resolution: &str) -> String {
    format!("{route}:{}", json!({ "resolution": resolution, "symbol": symbol }))
}

/// The update with this number: all digits of its numbers count, and some have more than a double keeps.
fn bar(number: i64) -> Value {
    json!({ "time": number, "open": 101.25, "high": 1e300, "low": -0.1, "close": 101.5, "volume": 5e-324,
        "ts_ns": i64::MAX - number })
}

/// What asks to publish an update under a name.
fn publication(params: &Value, update: &Value) -> Value {
    let mut members = params.clone();
    members.as_object_mut().unwrap().extend(update.as_object().unwrap().clone());
    members
}

async fn publish(control: &mut TestSocket, payload: &Value) {
    control.send(&json!({ "type": "publish", "payload": payload })).await;
}

/// Asks with an id; the answer is the next frame, so nothing else was said before.
async fn ask(socket: &mut TestSocket, kind: &str, payload: &Value) -> Value {
    socket.send(&json!({ "type": kind, "id": 7, "payload": payload })).await;
    let reply = socket.next().await;
    assert_eq!((&reply["type"], &reply["id"]), (&json!(format!("{kind}.response")), &json!(7)), "{reply}");
    reply["payload"].clone()
}

const NAMES: [(&str, &str); 14] = [
    ("ACME", "1"),
    ("ACME", "5"),
    ("", ""),
    ("", "1"),
    ("two words", " "),
    // Both would be `a:b:c`, were names written one behind the other.
    ("a", "b:c"),
    ("a:b", "c"),
    ("\"quoted\"", "\\"),
    ("{\"symbol\":\"ACME\"}", "[]"),
    ("line\nbreak\ttab", "\u{1}"),
    ("Zürich 漢字 🦀", "한국"),
    // The same to the eye, in other letters.
    ("e\u{301}", "1"),
    ("\u{e9}", "1"),
    ("<script>&amp;", "/../\u{2028}"),
];

#[tokio::test]
async fn a_topic_may_have_any_name_and_gets_its_own_updates_alone() {
    let server = bench(&[]);
    let (mut control, mut all) = (connected(&server).await, connected(&server).await);
    for (symbol, resolution) in NAMES {
        let reply = all.subscribe("bars", &params(symbol, resolution)).await;
        let name = topic("bars", symbol, resolution);
        assert_eq!(
            (&reply["status"], &reply["topic"], &reply["symbol"], &reply["resolution"]),
            (&json!("ok"), &json!(name), &json!(symbol), &json!(resolution)),
            "{reply}"
        );
    }
    for ((symbol, resolution), number) in NAMES.into_iter().zip(0..) {
        let mut own = connected(&server).await;
        own.subscribe("bars", &params(symbol, resolution)).await;
        publish(&mut control, &publication(&params("nobody's", "1"), &bar(number))).await;
        publish(&mut control, &publication(&params(symbol, resolution), &bar(number))).await;
        let name = topic("bars", symbol, resolution);
        let want = json!({ "type": "bars.update", "topic": name, "payload": bar(number) });
        for socket in [&mut own, &mut all] {
            assert_eq!(socket.next().await, want);
        }
        own.close().await;
    }
}

#[tokio::test]
async fn an_update_arrives_with_the_members_it_was_published_with_and_no_others() {
    let server = bench(&[]);
    let (mut control, mut reader) = (connected(&server).await, connected(&server).await);
    let name = params("ACME", "1");
    for route in ["bars", "joined"] {
        reader.subscribe(route, &name).await;
    }
    let many: Vec<Value> = (0..20_000).map(|level| json!([f64::from(level) + 0.5, 0.25])).collect();
    for (to, route) in [(None, "bars"), (Some("bars"), "bars"), (Some("joined"), "joined")] {
        for levels in [None, Some(json!([])), Some(json!([[1.5, -2.5]])), Some(json!(many))] {
            let mut update = bar(1);
            if let Some(levels) = levels {
                update["levels"] = levels;
            }
            let mut payload = publication(&name, &update);
            payload["unknown"] = json!("is not passed on");
            if let Some(to) = to {
                payload["to"] = json!(to);
            }
            publish(&mut control, &payload).await;
            let want = json!({ "type": format!("{route}.update"), "topic": topic(route, "ACME", "1"),
                "payload": update });
            assert_eq!(reader.next().await, want);
        }
    }
}

#[tokio::test]
async fn who_asks_with_an_id_is_answered_and_who_asks_without_is_not() {
    let server = bench(&[]);
    let mut control = connected(&server).await;
    let payload = publication(&params("ACME", "1"), &bar(1));
    for _ in 0..3 {
        publish(&mut control, &payload).await;
        // Failures go unanswered alike.
        publish(&mut control, &json!({})).await;
        assert_eq!(ask(&mut control, "publish", &payload).await, json!({ "status": "ok", "result": {} }));
    }
    for ts_ns in [0, 1, -1, i64::MIN, i64::MAX, (1 << 53) + 1] {
        let echo = json!({ "ts_ns": ts_ns });
        assert_eq!(ask(&mut control, "echo", &echo).await, json!({ "status": "ok", "result": echo }));
    }
}

/// Publications that do not fit, and where: without each member, and with these in its place.
fn misfits(fits: &Value) -> Vec<(Value, String)> {
    let wrong = [
        ("symbol", json!(7), "/symbol"),
        ("resolution", json!(["1"]), "/resolution"),
        ("time", json!("now"), "/time"),
        ("time", json!(1.5), "/time"),
        ("open", json!("1"), "/open"),
        ("volume", json!({}), "/volume"),
        ("ts_ns", json!("1"), "/ts_ns"),
        ("ts_ns", json!(u64::MAX), "/ts_ns"),
        ("time", json!(1e30), "/time"),
        ("levels", json!([[1, 2], [3]]), "/levels/1"),
        ("levels", json!([[1, 2, 3]]), "/levels/0"),
        ("levels", json!([[1, "2"]]), "/levels/0/1"),
        ("to", json!("nowhere"), "/to"),
    ];
    let mut misfits: Vec<_> = wrong
        .map(|(member, value, pointer)| {
            let mut payload = fits.clone();
            payload[member] = value;
            (payload, pointer.to_owned())
        })
        .into();
    for member in fits.as_object().unwrap().keys() {
        let mut payload = fits.clone();
        payload.as_object_mut().unwrap().remove(member);
        misfits.push((payload, format!("/{member}")));
    }
    misfits
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_place_and_reaches_nobody() {
    let server = bench(&[]);
    let (mut control, mut reader) = (connected(&server).await, connected(&server).await);
    let name = params("ACME", "1");
    reader.subscribe("bars", &name).await;
    let fits = publication(&name, &bar(1));
    for (payload, pointer) in misfits(&fits) {
        let refused = ask(&mut control, "publish", &payload).await;
        let answer = post(&server.url("/publish"), None, &payload.to_string());
        assert_eq!(answer.status, 422, "{payload}: {answer:?}");
        for error in [refused, answer.json()] {
            assert_eq!((&error["code"], &error["retry"]), (&json!("invalid-payload"), &json!("never")));
            // Some are wrong in two ways, but in one place.
            let places =
                error["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap());
            assert_eq!(BTreeSet::from_iter(places), BTreeSet::from([pointer.as_str()]), "{error}");
        }
    }
    publish(&mut control, &fits).await;
    assert_eq!(reader.next().await["payload"], bar(1));
}

#[tokio::test]
async fn back_ends_publish_over_http_as_well() {
    let server = bench(&["--publish-token", "t0ken"]);
    let mut reader = connected(&server).await;
    let name = params("über", "1 m");
    reader.subscribe("bars", &name).await;
    let update = json!({ "type": "bars.update", "topic": topic("bars", "über", "1 m"), "payload": bar(2) });

    let answer = post(&server.url("/publish"), None, &publication(&name, &bar(2)).to_string());
    assert_eq!((answer.status, answer.body.as_str()), (200, "{}"), "{answer:?}");
    assert_eq!(reader.next().await, update);

    let message = json!({ "type": "bars.update", "params": name, "payload": bar(2) }).to_string();
    let answer = post(&server.url("/bench/publish"), Some("t0ken"), &message);
    let want = json!({ "subscribers": 1, "topic": update["topic"] });
    assert_eq!((answer.status, answer.json()), (200, want));
    assert_eq!(reader.next().await, update);
    assert_eq!(post(&server.url("/bench/publish"), Some("wrong"), &message).status, 401);
}

/// So many that they come in many reads and writes.
const MANY: i64 = 1_000;

async fn send_many(mut control: TestSocket, to: &str) {
    for number in 0..MANY {
        let mut payload = publication(&params("ACME", "1"), &bar(number));
        payload["to"] = json!(to);
        publish(&mut control, &payload).await;
    }
    // All of it was served before this is.
    ask(&mut control, "echo", &json!({ "ts_ns": 1 })).await;
}

async fn take_many(mut reader: TestSocket, route: &str) {
    let name = topic(route, "ACME", "1");
    for number in 0..MANY {
        // The whole frame: none was dropped before it, and it stands for itself alone.
        let want = json!({ "type": format!("{route}.update"), "topic": name, "payload": bar(number) });
        assert_eq!(reader.next().await, want);
    }
}

#[tokio::test]
async fn of_many_updates_none_is_missing_and_all_come_in_order() {
    for (threads, route) in [("1", "bars"), ("1", "joined"), ("2", "bars"), ("2", "joined")] {
        let server = bench(&["--threads", threads]);
        let mut readers = Vec::new();
        for _ in 0..3 {
            let mut reader = connected(&server).await;
            reader.subscribe(route, &params("ACME", "1")).await;
            readers.push(take_many(reader, route));
        }
        let control = connected(&server).await;
        tokio::join!(send_many(control, route), futures_util::future::join_all(readers));
    }
}

#[tokio::test]
async fn it_shows_its_health_and_its_document() {
    let server = bench(&[]);
    let reader = connected(&server).await;
    for path in ["/health", "/bench/health"] {
        let health = get(&server.url(path)).json();
        let said = (&health["status"], &health["active_connections"]);
        assert_eq!(said, (&json!("healthy"), &json!(1)), "{health}");
    }
    drop(reader);
    let document = get(&server.url("/ws/asyncapi.json")).json();
    assert_eq!(document["info"]["title"], "Bellwire benchmark");
    assert!(get(&server.url("/ws/asyncapi")).content_type.starts_with("text/html"));
    let refused = Spawned::command("bench-server").args(["--threads", "0"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
}
