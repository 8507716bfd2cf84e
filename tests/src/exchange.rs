//! Exchanges for apps to connect to: local servers that play recordings, refuse, or say nothing.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;

use tokio::sync::broadcast;

use crate::{eventually, project_root};

/// A server that stands in for an exchange; it ends with the test's runtime.
#[derive(Debug, Clone)]
pub struct Exchange {
    address: String,
    heard: Arc<Mutex<Vec<String>>>,
    orders: broadcast::Sender<Order>,
}

/// What a test has an exchange do, on every connection that is open.
#[derive(Debug, Clone)]
enum Order {
    Say(String),
    HangUp,
}

impl Exchange {
    /// Accepts WebSockets; once a client has said something, sends it the frames and then keeps quiet, or hangs up.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn playing(frames: Vec<String>, hang_up: bool) -> Self {
        Self::serving(move |stream, heard| play(stream, frames.clone(), hang_up, heard)).await
    }

    /// Accepts WebSockets and answers every text by what `answer` makes of it; its first argument counts connections from
    /// 1. [`say`](Self::say) and [`hang_up`](Self::hang_up) do the rest.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn talking(answer: impl Fn(usize, &str) -> Vec<String> + Send + Sync + 'static) -> Self {
        let orders = broadcast::Sender::new(4_096);
        let (answer, connections, sender) = (Arc::new(answer), AtomicUsize::new(0), orders.clone());
        let mut exchange = Self::serving(move |stream, heard| {
            let number = connections.fetch_add(1, Ordering::Relaxed) + 1;
            talk(stream, number, answer.clone(), sender.subscribe(), heard)
        })
        .await;
        exchange.orders = orders;
        exchange
    }

    /// Accepts WebSockets that bring `Authorization: Bearer <token>` and answers others with 401. What the header was is
    /// [`heard`](Self::heard) each time.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn admitting(token: &'static str) -> Self {
        Self::serving(move |stream, heard: Arc<Mutex<Vec<String>>>| async move {
            #[expect(clippy::result_large_err, reason = "the library says what a refusal is")]
            let check = |request: &Request, response: Response| {
                let given = request.headers().get("authorization").and_then(|value| value.to_str().ok());
                heard.lock().unwrap().push(given.unwrap_or_default().to_owned());
                if given.and_then(|given| given.strip_prefix("Bearer ")) == Some(token) {
                    return Ok(response);
                }
                let mut refused = ErrorResponse::new(None);
                *refused.status_mut() = StatusCode::UNAUTHORIZED;
                Err(refused)
            };
            let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, check).await else { return };
            while let Some(Ok(_)) = socket.next().await {}
        })
        .await
    }

    /// Sends a text to whoever is connected ([`talking`](Self::talking)).
    pub fn say(&self, text: impl Into<String>) {
        // Nobody may be connected.
        let _ = self.orders.send(Order::Say(text.into()));
    }

    /// Ends all connections ([`talking`](Self::talking)).
    pub fn hang_up(&self) {
        let _ = self.orders.send(Order::HangUp);
    }

    /// How many connections it has now ([`talking`](Self::talking)).
    #[must_use]
    pub fn connected(&self) -> usize {
        self.orders.receiver_count()
    }

    /// Accepts WebSockets and then neither reads nor writes.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn mute() -> Self {
        Self::serving(|stream, heard: Arc<Mutex<Vec<String>>>| async move {
            let _socket = tokio_tungstenite::accept_async(stream).await;
            heard.lock().unwrap().push("connected".to_owned());
            std::future::pending::<()>().await;
        })
        .await
    }

    /// Answers every HTTP request with this status and body.
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn answering(status: u16, body: &'static str) -> Self {
        Self::serving(move |mut stream, heard: Arc<Mutex<Vec<String>>>| async move {
            let mut buffer = vec![0; 8_192];
            let read = stream.read(&mut buffer).await.unwrap_or_default();
            heard.lock().unwrap().push(String::from_utf8_lossy(&buffer[..read]).into_owned());
            let head = format!(
                "HTTP/1.1 {status} Status\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            // A client that has gone is no failure of this server.
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        })
        .await
    }

    async fn serving<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address").to_string();
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let orders = broadcast::Sender::new(1);
        let exchange = Self { address, heard: heard.clone(), orders };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, heard.clone()));
            }
        });
        exchange
    }

    /// `ws://…`.
    #[must_use]
    pub fn socket(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// `http://…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What clients have said so far.
    ///
    /// # Panics
    /// When a serving task has panicked.
    #[must_use]
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Waits until clients have said so much.
    pub async fn hears(&self, count: usize) -> Vec<String> {
        eventually("the exchange to hear its client", || {
            let heard = self.heard();
            (heard.len() >= count).then_some(heard)
        })
        .await
    }
}

async fn talk(
    stream: TcpStream,
    number: usize,
    answer: Arc<impl Fn(usize, &str) -> Vec<String>>,
    mut orders: broadcast::Receiver<Order>,
    heard: Arc<Mutex<Vec<String>>>,
) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    loop {
        let answers = tokio::select! {
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    heard.lock().unwrap().push(text.to_string());
                    answer(number, &text)
                }
                Some(Ok(_)) => Vec::new(),
                Some(Err(_)) | None => return,
            },
            order = orders.recv() => match order {
                Ok(Order::Say(text)) => vec![text],
                Ok(Order::HangUp) | Err(_) => return,
            },
        };
        for text in answers {
            if socket.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    }
}

async fn play(stream: TcpStream, frames: Vec<String>, hang_up: bool, heard: Arc<Mutex<Vec<String>>>) {
    let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
    let mut frames = Some(frames);
    while let Some(Ok(message)) = socket.next().await {
        if let Message::Text(text) = message {
            heard.lock().unwrap().push(text.to_string());
        }
        for frame in frames.take().unwrap_or_default() {
            if socket.send(Message::text(frame)).await.is_err() {
                return;
            }
        }
        if hang_up {
            let _ = socket.close(None).await;
            return;
        }
    }
}

/// The frames of a shipped recording, in order.
///
/// # Panics
/// When there is no such recording.
#[must_use]
pub fn recorded_frames(name: &str) -> Vec<String> {
    let path = project_root().join(Path::new("server/src/bin/exchanges/recordings")).join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let recording = bellwire::feed::Recording::parse(&text).expect("a recording");
    recording.frames().iter().map(|(_, frame)| frame.clone()).collect()
}
