//! A restart that nobody notices: the next process goes on with the history of the one before.

use e2e::{Spawned, TempPath, TestSocket, post};
use serde_json::{Value, json};

use super::trading;

/// Publishes as a back end does.
fn notify(server: &Spawned, title: &str) {
    let payload = json!({ "category": "info", "title": title, "message": "", "time": 1 });
    let params = json!({ "accountId": "TEST-001" });
    let body = json!({ "type": "notifications.update", "params": params, "payload": payload });
    let answer = post(&server.url("/api/v1/publish"), Some("secret"), &body.to_string());
    assert_eq!(answer.status, 200, "{answer:?}");
}

async fn subscribe(socket: &mut TestSocket, since: &Value) -> Value {
    let payload = json!({ "accountId": "TEST-001" });
    socket.send(&json!({ "type": "notifications.subscribe", "since": since, "payload": payload })).await;
    socket.next_of("notifications.subscribe.response").await
}

#[tokio::test]
async fn a_client_gets_what_it_missed_from_the_next_process() {
    let folder = TempPath::folder("history");
    let file = folder.join("history.json");
    let arguments = ["--publish-token", "secret", "--history-file", file.to_str().expect("a path in UTF-8")];
    let mut server = trading(&arguments);
    let mut socket = TestSocket::connect(server.socket()).await;
    let epoch = subscribe(&mut socket, &Value::Null).await["epoch"].clone();
    notify(&server, "seen");
    let seen = socket.next_of("notifications.update").await;
    assert_eq!((&seen["offset"], &seen["payload"]["title"]), (&json!(1), &json!("seen")), "{seen}");
    drop(socket);
    notify(&server, "missed");
    server.signal("TERM");
    assert!(server.wait().success(), "{}", server.output());

    let server = trading(&arguments);
    assert!(!file.exists(), "it is taken over once");
    let mut socket = TestSocket::connect(server.socket()).await;
    let reply = subscribe(&mut socket, &json!({ "epoch": epoch, "offset": 1 })).await;
    assert_eq!((&reply["recovered"], &reply["offset"]), (&json!(true), &json!(2)), "{reply}");
    notify(&server, "new");
    for (offset, title) in [(2, "missed"), (3, "new")] {
        let update = socket.next_of("notifications.update").await;
        assert_eq!(
            (&update["offset"], &update["payload"]["title"]),
            (&json!(offset), &json!(title)),
            "{update}"
        );
    }
}
