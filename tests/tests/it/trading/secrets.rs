//! Tokens are secrets: whatever clients do with them, no text of the server repeats one.

use e2e::{AUTH_SECRET, Spawned, TestSocket, get, in_seconds, mint, post};
use serde_json::json;

use super::trading;

/// What a server was told and what it said.
struct Heard {
    server: Spawned,
    secrets: Vec<String>,
    texts: Vec<String>,
}

impl Heard {
    /// Brings a token in every way there is, and keeps what is said to it.
    async fn use_in_every_way(&mut self, token: &str) {
        let url = self.server.socket().to_owned();
        let bearer = format!("Bearer {token}");
        let offered = format!("bellwire.json.v1, bellwire.bearer.{token}");
        let (as_protocol, chosen) =
            TestSocket::offer(&url, &offered).await.expect("tokens refuse no handshake");
        self.texts.extend(chosen);
        let mut sockets = vec![
            TestSocket::connect(&format!("{url}?token={token}")).await,
            TestSocket::connect_with(&url, "authorization", &bearer).await,
            as_protocol,
            TestSocket::connect(&url).await,
            TestSocket::connect(&url).await,
        ];
        let last = sockets.len() - 1;
        for (index, socket) in sockets.iter_mut().enumerate() {
            if index + 2 > last {
                self.say(
                    socket,
                    &json!({ "type": "authenticate", "payload": { "token": token } }).to_string(),
                )
                .await;
            }
            let foreign = json!({ "type": "orders.subscribe", "payload": { "accountId": "B-1" } });
            self.say(socket, &foreign.to_string()).await;
        }
        // Messages that are wrong around a token.
        let wrong = [
            json!({ "type": "authenticate", "payload": { "token": [token] } }).to_string(),
            json!({ "type": "authenticate", "payload": token }).to_string(),
            json!({ "type": "authenticate", "token": token }).to_string(),
            format!("{{\"type\":\"authenticate\",\"payload\":{{\"token\":\"{token}"),
            format!("{{\"type\":\"authenticate\",\"payload\":{{\"token\":{token}}}}}"),
        ];
        for text in wrong {
            let mut socket = TestSocket::connect(&url).await;
            self.say(&mut socket, &text).await;
            sockets.push(socket);
        }
        for socket in &mut sockets {
            // Whoever may stay is sent away by this: binary messages are none of the protocol.
            let _ = socket.try_send(vec![0].into()).await;
            let (texts, closed) = socket.rest().await;
            self.texts.extend(texts);
            self.texts.push(closed.reason);
        }
        for path in ["/health", "/api/v1/ws", "/api/v1/ws/asyncapi.json", "/nothing"] {
            self.texts.push(get(&self.server.url(&format!("{path}?token={token}"))).body);
        }
        self.texts.push(post(&self.server.url("/api/v1/publish"), Some(token), "{}").body);
        self.texts.push(post(&self.server.url("/api/v1/publish"), Some("published by us"), token).body);
    }

    async fn say(&mut self, socket: &mut TestSocket, text: &str) {
        // The server may have closed already.
        let _ = socket.try_send(text.into()).await;
    }
}

#[tokio::test]
async fn no_token_is_ever_repeated() {
    let server =
        trading(&["--auth-secret", AUTH_SECRET, "--publish-token", "published by us", "--log", "trace"]);
    let good = mint(&json!({ "accounts": ["A-1"] }));
    let expired = mint(&json!({ "exp": in_seconds(-60.0) }));
    let unsigned = format!("{}.", good.rsplit_once('.').expect("a signature").0);
    let forged = format!("{}forged", &good[..good.len() - 6]);
    let tokens = [good, expired, unsigned, forged, "no-token-at-all".to_owned(), "%25no%20token".to_owned()];
    let mut heard = Heard {
        server,
        secrets: vec![AUTH_SECRET.to_owned(), "published by us".to_owned()],
        texts: Vec::new(),
    };
    for token in &tokens {
        heard.use_in_every_way(token).await;
        // Claims and signatures by themselves are as telling.
        heard.secrets.extend(token.split('.').filter(|part| part.len() > 8).map(str::to_owned));
    }
    heard.texts.push(get(&heard.server.url("/metrics")).body);
    heard.server.signal("TERM");
    heard.server.wait();
    let log = heard.server.output();
    assert!(log.contains("token refused") && log.contains("DEBUG"), "everything is logged: {log}");
    let header = "eyJ";
    for text in heard.texts.iter().chain([&log]) {
        for secret in heard.secrets.iter().map(String::as_str).chain([header]) {
            let found = text.find(secret).map(|at| &text[at.saturating_sub(120)..at]);
            assert!(found.is_none(), "a secret stands behind {found:?}");
        }
    }
}
