//! A feed against scripted providers on a paused clock, and against local servers over real sockets.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Mutex;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_tungstenite::tungstenite::Message;

use super::*;

/// What a scripted session does next.
#[derive(Debug, Clone)]
enum Step {
    Bring(&'static str),
    Wait(u64),
    Fail(FeedError),
    RateLimit,
}

/// A provider that plays one script per session and notes what it is told.
#[derive(Clone)]
struct Scripted {
    name: &'static str,
    scripts: Arc<Mutex<VecDeque<Vec<Step>>>>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    fn new(name: &'static str, scripts: &[&[Step]]) -> Self {
        let scripts = scripts.iter().map(|script| script.to_vec()).collect();
        Self { name, scripts: Arc::new(Mutex::new(scripts)), told: Arc::default() }
    }
}

impl Provider for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    fn connect(&self) -> BoxFuture<'_, Result<Box<dyn Session>, FeedError>> {
        let script = self.scripts.lock().unwrap().pop_front();
        let session = script.map(|steps| Playing { steps: steps.into(), told: self.told.clone() });
        let result = session.ok_or_else(|| FeedError::Unavailable("no script".to_owned()));
        async move { result.map(|session| Box::new(session) as Box<dyn Session>) }.boxed()
    }
}

struct Playing {
    steps: VecDeque<Step>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Session for Playing {
    fn next(&mut self) -> BoxFuture<'_, Result<Incoming, FeedError>> {
        async move {
            if let Some(Step::Wait(seconds)) = self.steps.front() {
                sleep(Duration::from_secs(*seconds)).await;
                self.steps.pop_front();
            }
            match self.steps.pop_front() {
                Some(Step::Bring(text)) => Ok(Incoming::Frame(text.to_owned())),
                Some(Step::Fail(error)) => Err(error),
                Some(Step::RateLimit) => Ok(Incoming::RateLimited { retry_after: Duration::from_secs(5) }),
                Some(Step::Wait(_)) => Ok(Incoming::Nothing),
                None => std::future::pending().await,
            }
        }
        .boxed()
    }

    fn subscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        self.told.lock().unwrap().push(format!("+{}", keys.join(",")));
        async { Ok(()) }.boxed()
    }

    fn unsubscribe<'a>(&'a mut self, keys: &'a [String]) -> BoxFuture<'a, Result<(), FeedError>> {
        self.told.lock().unwrap().push(format!("-{}", keys.join(",")));
        async { Ok(()) }.boxed()
    }
}

fn lost() -> Step {
    Step::Fail(FeedError::Unavailable("lost".to_owned()))
}

/// The next events, as short lines with the second they came at.
async fn events(feed: &mut RunningFeed, start: Instant, count: usize) -> Vec<String> {
    let mut lines = Vec::new();
    while lines.len() < count {
        let Some(event) = feed.next().await else { break };
        let at = start.elapsed().as_secs();
        lines.push(match event {
            FeedEvent::Frame { provider, text } => format!("{at} {provider}: {text}"),
            FeedEvent::Status(status) => {
                format!("{at} {:?} {}", status.state, status.provider.unwrap_or_default())
            }
        });
    }
    lines
}

#[tokio::test(start_paused = true)]
async fn rotates_through_enabled_providers_with_growing_waits() {
    let first = Scripted::new("first", &[&[Step::Bring("1"), lost()], &[Step::Bring("3")]]);
    let second = Scripted::new("second", &[&[lost()]]);
    let retry = Retry::backoff(Duration::from_secs(1), Duration::from_secs(8));
    let mut feed = Feed::new().provider(first).provider(second).retry(retry).start();
    let want = [
        "0 Connecting first",
        "0 Live first",
        "0 first: 1",
        "0 Degraded first",
        "1 Connecting second",
        "1 Live second",
        "1 Degraded second",
        "3 Connecting first",
        "3 Live first",
        "3 first: 3",
    ];
    assert_eq!(events(&mut feed, Instant::now(), want.len()).await, want);
}

#[tokio::test(start_paused = true)]
async fn says_when_the_operator_has_to_act_and_when_nobody_is_there() {
    let expired = Scripted::new("x", &[&[Step::Fail(FeedError::TokenExpired)]]);
    let mut feed = Feed::new().provider(expired).start();
    let want = ["0 Connecting x", "0 Live x", "0 TokenExpired x", "1 Connecting x"];
    assert_eq!(events(&mut feed, Instant::now(), 4).await, want);

    let disabled = WebSocketProvider::new("off", "ws://127.0.0.1:1").enabled(false);
    let mut feed = Feed::new().provider(disabled).start();
    assert_eq!(events(&mut feed, Instant::now(), 9).await, ["0 Ended "]);
}

#[tokio::test(start_paused = true)]
async fn follows_what_is_wanted_and_queues_what_is_refused() {
    let keys = |list: &[&str]| Arc::new(list.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<_>>());
    let wanted = watch::Sender::new(keys(&["a", "b"]));
    let script = [Step::Wait(1), Step::RateLimit, Step::Wait(60), lost()];
    let provider = Scripted::new("x", &[&script, &[]]);
    let told = provider.told.clone();
    let mut feed = Feed::new().provider(provider).wanted(wanted.subscribe()).start();
    let status = feed.status();
    let start = Instant::now();
    events(&mut feed, start, 2).await;
    sleep(Duration::from_secs(2)).await;
    // Both were refused after a second, for five.
    assert_eq!((status.borrow().subscribed, status.borrow().queued), (0, 2));
    sleep(Duration::from_secs(10)).await;
    assert_eq!((status.borrow().subscribed, status.borrow().queued), (2, 0));
    wanted.send_replace(keys(&["b", "c"]));
    events(&mut feed, start, 3).await;
    let session = ["+a,b", "+a,b", "-a", "+c"];
    // After the loss everything that is wanted is told again.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(*told.lock().unwrap(), [&session[..], &["+b,c"]].concat());
}

#[tokio::test(start_paused = true)]
async fn connects_only_within_its_hours() {
    let start = Instant::now();
    let base: Timestamp = "2026-01-23T09:14:00+05:30".parse().unwrap();
    let clock = move || base + jiff::SignedDuration::try_from(start.elapsed()).unwrap();
    let hours = Hours::parse("Asia/Kolkata", "Mon-Fri", "09:15-09:20").unwrap();
    let provider = Scripted::new("x", &[&[Step::Bring("1")]]);
    let mut feed = Feed::new().provider(provider).hours(hours).clock(clock).start();
    let want = ["0 Closed ", "60 Connecting x", "60 Live x", "60 x: 1", "360 Closed "];
    assert_eq!(events(&mut feed, start, want.len()).await, want);
}

/// A local upstream: serves its scripts, one per connection, as WebSocket frames.
async fn upstream(frames: Vec<String>, then_close: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let frames = frames.clone();
            tokio::spawn(async move {
                let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
                for frame in frames {
                    socket.send(Message::text(frame)).await.unwrap();
                }
                if then_close {
                    socket.close(None).await.unwrap();
                }
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_text() {
                        socket.send(message).await.unwrap();
                    }
                }
            });
        }
    });
    address
}

/// A local server that answers each HTTP request with the next of these, and says how many came.
async fn http_server(answers: &[&'static str]) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let (answers, requests) = (answers.to_vec(), seen.clone());
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _): (TcpStream, _) = listener.accept().await.unwrap();
            let mut buffer = vec![0; 4_096];
            let read = stream.read(&mut buffer).await.unwrap();
            requests.lock().unwrap().push(String::from_utf8_lossy(&buffer[..read]).into_owned());
            let (status, body) = answer.split_once(' ').unwrap();
            let head =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
        }
    });
    (address, seen)
}

async fn frames(feed: &mut RunningFeed, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        if let FeedEvent::Frame { text, .. } = feed.next().await.unwrap() {
            texts.push(text);
        }
    }
    texts
}

/// The first status that says why something failed.
async fn failure_of(feed: &mut RunningFeed) -> FeedStatus {
    loop {
        if let Some(FeedEvent::Status(status)) = feed.next().await
            && status.last_error.is_some()
        {
            return status;
        }
    }
}

async fn error_of(feed: &mut RunningFeed) -> String {
    failure_of(feed).await.last_error.unwrap_or_default()
}

#[tokio::test]
async fn a_closed_socket_leads_to_the_next_provider() {
    let first = upstream(vec!["a".into(), "b".into()], true).await;
    let second = upstream(vec!["c".into()], false).await;
    let provider = |name: &str, address| WebSocketProvider::new(name, format!("ws://{address}"));
    let feed = Feed::new().provider(provider("first", first)).provider(provider("second", second));
    let mut feed = feed.retry(Retry::fixed(Duration::ZERO)).start();
    assert_eq!(frames(&mut feed, 3).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_socket_that_answers_no_ping_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // Shakes hands, and then never reads.
        let _socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        std::future::pending::<()>().await;
    });
    let (every, within) = (Duration::from_millis(5), Duration::from_millis(20));
    let provider = WebSocketProvider::new("mute", format!("ws://{address}")).ping(every, within);
    let mut feed = Feed::new().provider(provider).start();
    assert_eq!(error_of(&mut feed).await, "no answer within 20ms");
}

#[tokio::test]
async fn a_socket_that_only_answers_pings_is_left_where_silence_is_limited() {
    let address = upstream(vec!["a".into()], false).await;
    let provider = WebSocketProvider::new("idle", format!("ws://{address}"))
        .ping(Duration::from_millis(5), Duration::from_secs(30))
        .silence(Duration::from_millis(40));
    let mut feed = Feed::new().provider(provider).start();
    assert_eq!(frames(&mut feed, 1).await, ["a"]);
    assert_eq!(error_of(&mut feed).await, "no answer within 40ms");
}

#[tokio::test]
async fn the_session_step_is_tried_three_times_and_its_answer_used() {
    let answers = ["500 busy", "200 {}", "200 {\"stream\":{\"sessionid\":\"s-1\"}}"];
    let (http, seen) = http_server(&answers).await;
    let socket = upstream(Vec::new(), false).await;
    let step = HttpStep::post(format!("http://{http}/session"), "/stream/sessionid")
        .header("authorization", "Bearer secret")
        .tries(3, Duration::ZERO);
    let provider = WebSocketProvider::new("x", format!("ws://{socket}"))
        .session(step)
        .hello(|change| vec![format!("hello {}", change.session)])
        .subscribe(|change| vec![format!("{} of {}", change.keys.join(","), change.all.len())]);
    let wanted = watch::Sender::new(Arc::new(BTreeSet::from(["a".to_owned(), "b".to_owned()])));
    let mut feed = Feed::new().provider(provider).wanted(wanted.subscribe()).start();
    // The upstream sends back what it is told.
    assert_eq!(frames(&mut feed, 2).await, ["hello s-1", "a,b of 2"]);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3);
    assert!(seen[2].to_lowercase().contains("authorization: bearer secret"), "{}", seen[2]);
}

#[tokio::test]
async fn a_refused_session_is_final_and_names_no_token() {
    for (answer, state, error) in [
        ("401 no", FeedState::TokenExpired, "the token has expired"),
        ("403 no", FeedState::Degraded, "refused: the session request got HTTP 403"),
    ] {
        let (http, seen) = http_server(&[answer, "200 {}"]).await;
        let step = HttpStep::post(format!("http://{http}/s?token=secret"), "/id").tries(3, Duration::ZERO);
        let provider = WebSocketProvider::new("x", "ws://127.0.0.1:1").session(step);
        assert!(!format!("{provider:?}").contains("secret"));
        let mut feed = Feed::new().provider(provider).start();
        let status = failure_of(&mut feed).await;
        assert_eq!((status.state, status.last_error.as_deref()), (state, Some(error)));
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn tls_to_something_else_fails_in_words() {
    let (address, _) = http_server(&["200 plain"]).await;
    let mut feed = Feed::new().provider(WebSocketProvider::new("x", format!("wss://{address}"))).start();
    let error = error_of(&mut feed).await;
    assert!(error.contains("TLS") || error.contains("InvalidContentType"), "{error}");
}

/// An SDK whose calls block and whose frames come from a thread of its own.
struct Sdk(std::sync::mpsc::SyncSender<String>);

impl BlockingClient for Sdk {
    fn connect(&mut self, sink: FrameSink) -> Result<(), FeedError> {
        std::thread::spawn(move || {
            for number in 0..10_000 {
                sink.frame(number.to_string());
            }
            sink.fail(FeedError::TokenExpired);
        });
        Ok(())
    }

    fn subscribe(&mut self, keys: &[String]) -> Result<(), FeedError> {
        self.0.send(format!("+{}", keys.join(","))).unwrap();
        Ok(())
    }

    fn unsubscribe(&mut self, _: &[String]) -> Result<(), FeedError> {
        Ok(())
    }

    fn close(&mut self) {
        self.0.send("closed".to_owned()).unwrap();
    }
}

#[tokio::test]
async fn a_blocking_sdk_loses_nothing_and_is_closed() {
    let (notes, noted) = std::sync::mpsc::sync_channel(16);
    let wanted = watch::Sender::new(Arc::new(BTreeSet::from(["k".to_owned()])));
    let provider = Blocking::new("sdk", move || Sdk(notes.clone()));
    let mut feed = Feed::new().provider(provider).wanted(wanted.subscribe()).start();
    let texts = frames(&mut feed, 10_000).await;
    assert!(texts.iter().enumerate().all(|(index, text)| *text == index.to_string()));
    assert_eq!(error_of(&mut feed).await, "the token has expired");
    let noted = tokio::task::spawn_blocking(move || [noted.recv().unwrap(), noted.recv().unwrap()]);
    assert_eq!(noted.await.unwrap(), ["+k", "closed"]);
}
