//! A blocking SDK behind the upstream: its calls run on a thread of their own, its callbacks on another.

use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use bellwire::Node;
use bellwire::feed::{Blocking, BlockingClient, Feed, FeedError, FrameSink, Retry};

use super::*;

/// A broker's SDK: every call blocks for a while, ticks come from a thread of its own, and the first subscription is
/// one too many.
struct Sdk {
    calls: Arc<Mutex<Vec<(String, ThreadId)>>>,
    sink: Option<FrameSink>,
}

impl Sdk {
    fn called(&self, call: String) -> usize {
        thread::park_timeout(Duration::from_millis(20));
        let mut calls = self.calls.lock().unwrap();
        calls.push((call, thread::current().id()));
        calls.len()
    }
}

impl BlockingClient for Sdk {
    fn connect(&mut self, sink: FrameSink) -> Result<(), FeedError> {
        self.called("connect".to_owned());
        self.sink = Some(sink);
        Ok(())
    }

    fn subscribe(&mut self, keys: &[String]) -> Result<(), FeedError> {
        if self.called(format!("subscribe {}", keys.join(","))) == 2 {
            return Err(FeedError::RateLimited { retry_after: Duration::from_millis(10) });
        }
        let (sink, keys) = (self.sink.clone().unwrap(), keys.to_vec());
        thread::spawn(move || {
            for key in keys {
                sink.frame(format!(r#"{{"symbol":"{key}","ltp":7.5}}"#));
            }
            sink.frame("not a tick");
        });
        Ok(())
    }

    fn unsubscribe(&mut self, keys: &[String]) -> Result<(), FeedError> {
        self.called(format!("unsubscribe {}", keys.join(",")));
        Ok(())
    }

    fn close(&mut self) {
        self.called("close".to_owned());
    }
}

#[tokio::test]
async fn a_blocking_sdk_fits_behind_the_upstream() {
    let calls: Arc<Mutex<Vec<(String, ThreadId)>>> = Arc::default();
    let desk = Arc::new(Desk::new(10));
    let publisher = TicksPublisher::new(&Node::new());
    let upstream = Upstream::new(desk.clone(), publisher, Clock::default());
    let view = upstream.view();
    let record = calls.clone();
    let make: MakeFeed = Box::new(move |wanted| {
        let calls = record.clone();
        let sdk = Blocking::new("sdk", move || Sdk { calls: calls.clone(), sink: None });
        Feed::new().provider(sdk).wanted(wanted).retry(Retry::fixed(Duration::from_millis(10)))
    });
    desk.pin(&["NSE:SBIN-EQ".to_owned()]).expect("there is room");
    tokio::spawn(upstream.run(make));
    view.clone().last_update.wait_for(Option::is_some).await.expect("a tick");
    let rejects = view.rejects.clone();
    while rejects.count() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(view.is_connected());
    assert!(desk.unpin());
    view.feed.clone().wait_for(Option::is_none).await.expect("it disconnects");
    let closed = || calls.lock().unwrap().iter().any(|(call, _)| call == "close");
    while !closed() {
        tokio::task::yield_now().await;
    }
    let calls = calls.lock().unwrap();
    let said: Vec<&str> = calls.iter().map(|(call, _)| call.as_str()).collect();
    let twice = ["connect", "subscribe NSE:SBIN-EQ", "subscribe NSE:SBIN-EQ"];
    assert_eq!(said[..3], twice, "the refused subscription was queued and retried");
    assert!(
        calls.iter().all(|(_, thread)| *thread != thread::current().id()),
        "never on the runtime's thread"
    );
}
