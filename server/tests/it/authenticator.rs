//! Tokens that an application verifies itself, in its own time.

use std::time::Duration;

use bellwire::contract::Identity;
use bellwire::{App, AuthMode, Authenticator, Error, Node, Period, Secret, Settings};
use bellwire::{TokenError, Verified, Verifying};
use serde_json::{Map, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::auth::{INVALID, authenticate, said, subject};
use crate::contract::REPLY_ADDRESS;
use crate::harness::{Client, head};
use crate::services::{TestServices, endpoint};

/// Knows tokens of its own.
struct Sessions;

/// How long it looks at one of them.
const SLOWLY: Duration = Duration::from_millis(600);

impl Authenticator for Sessions {
    fn authenticate<'a>(&'a self, token: &'a Secret) -> Verifying<'a> {
        Box::pin(async move {
            match token.expose() {
                "session-1" => {
                    Ok(Verified { identity: Identity::new("user-1", Map::new()), expires_at: None })
                }
                "slow" => {
                    tokio::time::sleep(SLOWLY).await;
                    Ok(Verified { identity: Identity::new("user-1", Map::new()), expires_at: None })
                }
                "hang" => std::future::pending().await,
                "panic" => panic!("asked to"),
                "later" => Err(TokenError::Unavailable("the session store is away")),
                _ => Err(TokenError::Invalid("no such session")),
            }
        })
    }
}

/// A server that asks [`Sessions`], its address, and how to stop it.
async fn with_sessions(heartbeat: Duration) -> (String, oneshot::Sender<()>, JoinHandle<Result<(), Error>>) {
    with_sessions_in(AuthMode::Optional, heartbeat).await
}

/// The same, with tokens asked for in another way.
async fn with_sessions_in(
    mode: AuthMode,
    heartbeat: Duration,
) -> (String, oneshot::Sender<()>, JoinHandle<Result<(), Error>>) {
    let mut settings = Settings::default();
    settings.port = Some(0);
    settings.heartbeat = Some(Period(heartbeat));
    settings.request_timeout = Some(Period(2 * SLOWLY));
    settings.auth_mode = Some(mode);
    let services = TestServices::default();
    let app = App::new(Node::new(), settings).endpoint(endpoint::<false>(&services)).authenticator(Sessions);
    let server = app.bind().await.expect("binds");
    let url = format!("ws://{}{REPLY_ADDRESS}", server.local_addr());
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    (url, stop, task)
}

#[tokio::test]
async fn looking_at_a_token_is_not_the_clients_silence() {
    let (url, _stop, _task) = with_sessions(SLOWLY / 2).await;
    let mut in_query = Client::open(&format!("{url}?token=slow")).await;
    let mut in_message = Client::open(&url).await;
    let (known, reply) = tokio::join!(subject(&mut in_query), in_message.ask(authenticate("slow")));
    assert_eq!((known, &reply["payload"]["result"]["subject"]), (json!("user-1"), &json!("user-1")));
}

#[tokio::test]
async fn who_brings_its_token_in_time_is_let_in_however_long_it_is_looked_at() {
    // Longer than a client has time to send one.
    let (url, _stop, _task) = with_sessions_in(AuthMode::Required, Duration::from_secs(30)).await;
    let mut client = Client::open(&url).await;
    let reply = client.ask(authenticate("slow")).await;
    assert_eq!(reply["payload"]["result"]["subject"], "user-1", "{reply}");
}

#[tokio::test]
async fn a_client_whose_token_is_looked_at_is_told_of_a_stop() {
    let (url, stop, task) = with_sessions(Duration::from_secs(30)).await;
    let mut client = Client::open(&format!("{url}?token=hang")).await;
    drop(stop);
    assert_eq!(client.frame().await["payload"]["condition"], "shutting-down");
    assert_eq!(said(&client.close().await), (1012, "Service restart"));
    task.await.expect("no panic").expect("stops well");
}

#[tokio::test]
async fn a_token_that_cannot_be_verified_over_http_is_answered() {
    let (url, _stop, _task) = with_sessions(Duration::from_secs(30)).await;
    let address = url.trim_start_matches("ws://").split('/').next().expect("an address").to_owned();
    for token in ["later", "panic", "hang"] {
        let mut stream = TcpStream::connect(&address).await.expect("connects");
        let request = format!("GET /api/v1/owned/A?token={token} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("writes");
        let answer = head(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{token}: {answer}");
    }
}

#[tokio::test]
async fn an_application_may_verify_tokens_itself() {
    let (url, stop, task) = with_sessions(Duration::from_secs(30)).await;
    let url = format!("{url}?token=");
    let mut known = Client::open(&format!("{url}session-1")).await;
    assert_eq!(subject(&mut known).await, "user-1");
    assert_eq!(said(&Client::open(&format!("{url}session-2")).await.close().await), INVALID);
    for token in ["later", "panic"] {
        assert_eq!(
            Client::open(&format!("{url}{token}")).await.close().await.0,
            1011,
            "{token}: to be tried again"
        );
    }
    drop((known, stop));
    task.await.expect("no panic").expect("stops well");
}
