//! What a replayed recording of Coinbase frames means to the market.
//!
//! The first pass tells everything, history included. Further passes tell live trades and tickers alone, with times
//! moved on by the length of the recording, so that time never runs backwards and trades keep distinct ids.

use std::collections::BTreeSet;

use anyhow::ensure;
use bellwire::feed::{Feed, FeedEvent, Replay};
use tokio::sync::mpsc;

use super::MarketEvent;
pub(crate) use crate::exchanges::COINBASE_RECORDING as SHIPPED;
use crate::exchanges::coinbase;

/// How a recording is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// 1 is as recorded, 10 ten times as fast.
    pub(crate) speed: f64,
    /// Start again at the end.
    pub(crate) repeat: bool,
}

/// A recording in memory.
#[derive(Debug)]
pub(crate) struct Recording {
    frames: bellwire::feed::Recording,
    /// Symbols it tells about, in order.
    pub(crate) symbols: Vec<String>,
    /// Frames that could not be read.
    pub(crate) unreadable: u64,
}

impl Recording {
    /// Reads a recording. Frames inside that cannot be read are counted.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let frames = bellwire::feed::Recording::parse(text)?;
        let (mut symbols, mut unreadable) = (BTreeSet::new(), 0);
        for (_, frame) in frames.frames() {
            match events(frame) {
                Ok(events) => symbols.extend(events.map(|event| event.symbol().to_owned())),
                Err(_) => unreadable += 1,
            }
        }
        ensure!(!symbols.is_empty(), "it holds no prices");
        Ok(Self { frames, symbols: symbols.into_iter().collect(), unreadable })
    }

    /// What a frame tells in a pass; passes are counted from 0.
    fn told(&self, frame: &str, pass: i64) -> Vec<MarketEvent> {
        let length = i64::try_from(self.frames.length().as_millis()).unwrap_or(i64::MAX);
        let moved = length.saturating_mul(pass);
        // What cannot be read has been counted.
        events(frame).into_iter().flatten().filter_map(|event| in_pass(event, pass, moved)).collect()
    }
}

fn events(frame: &str) -> Result<impl Iterator<Item = MarketEvent>, serde_json::Error> {
    Ok(coinbase::parse(frame)?.into_iter().map(MarketEvent::from))
}

fn in_pass(event: MarketEvent, pass: i64, moved: i64) -> Option<MarketEvent> {
    if pass == 0 {
        return Some(event);
    }
    match event {
        MarketEvent::Trade { mut trade, live: true } => {
            trade.time = trade.time.checked_add(moved)?;
            trade.trade_id = format!("{}.{pass}", trade.trade_id);
            Some(MarketEvent::Trade { trade, live: true })
        }
        MarketEvent::Ticker(mut ticker) => {
            ticker.time = ticker.time.checked_add(moved)?;
            Some(MarketEvent::Ticker(ticker))
        }
        MarketEvent::Trade { live: false, .. } | MarketEvent::Candle { .. } => None,
    }
}

/// Plays a recording into a channel until it ends or nobody listens any more.
pub(crate) async fn run(recording: Recording, pace: Pace, sender: mpsc::Sender<MarketEvent>) {
    let replay = Replay::new("recording", recording.frames.clone()).speed(pace.speed).repeat(pace.repeat);
    let mut feed = Feed::new().provider(replay).start();
    let (mut pass, mut position) = (0, 0);
    while let Some(event) = feed.next().await {
        let FeedEvent::Frame { text, .. } = event else { continue };
        for event in recording.told(&text, pass) {
            if sender.send(event).await.is_err() {
                return;
            }
        }
        position += 1;
        if position == recording.frames.frames().len() {
            (pass, position) = (pass + 1, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn told(recording: &Recording, pass: i64) -> Vec<MarketEvent> {
        recording.frames.frames().iter().flat_map(|(_, frame)| recording.told(frame, pass)).collect()
    }

    #[test]
    fn the_shipped_recording_holds_what_its_readme_says() {
        let recording = Recording::parse(SHIPPED).unwrap();
        assert_eq!(recording.unreadable, 0);
        assert_eq!(recording.symbols, ["BTC-USD", "ETH-USD"]);
        let events = told(&recording, 0);
        let candles = events.iter().filter(|event| matches!(event, MarketEvent::Candle { .. })).count();
        let tickers = events.iter().filter(|event| matches!(event, MarketEvent::Ticker(_))).count();
        assert_eq!((candles, tickers > 150), (204, true));
    }

    #[test]
    fn further_passes_move_on() {
        let recording = Recording::parse(SHIPPED).unwrap();
        let newest = |pass| {
            let times = told(&recording, pass).into_iter().filter_map(|event| match event {
                MarketEvent::Trade { trade, .. } => Some(trade.time),
                _ => None,
            });
            times.fold((i64::MAX, i64::MIN), |(low, high), time| (low.min(time), high.max(time)))
        };
        let (first, second) = (newest(0), newest(1));
        assert!(second.0 > first.1, "{first:?} {second:?}");
        assert!(told(&recording, 1).iter().all(|event| !matches!(event, MarketEvent::Candle { .. })));
    }

    #[test]
    fn what_is_no_recording_is_refused() {
        for (text, want) in [
            ("", "it holds no frames"),
            ("hello", "line 1 is not a line of a recording: expected value at line 1 column 1"),
            (r#"{"t":"recv","ts":1.0,"data":"{}"}"#, "it holds no prices"),
        ] {
            assert_eq!(Recording::parse(text).unwrap_err().to_string(), want);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn plays_at_the_recorded_pace() {
        let recording = Recording::parse(SHIPPED).unwrap();
        let length = recording.frames.frames().last().unwrap().0;
        let (sender, mut receiver) = mpsc::channel(10_000);
        let start = Instant::now();
        run(recording, Pace { speed: 2.0, repeat: false }, sender).await;
        assert_eq!(start.elapsed().as_millis() / 10, (length / 2).as_millis() / 10);
        let mut count = 0;
        while receiver.recv().await.is_some() {
            count += 1;
        }
        assert!(count > 400, "{count}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pass_follows_the_one_before() {
        let recording = Recording::parse(SHIPPED).unwrap();
        let want = [told(&recording, 0), told(&recording, 1), told(&recording, 2)].concat();
        let (sender, mut receiver) = mpsc::channel(1);
        let playing = tokio::spawn(run(recording, Pace { speed: 100.0, repeat: true }, sender));
        for (index, want) in want.into_iter().enumerate() {
            assert_eq!(receiver.recv().await, Some(want), "event {index}");
        }
        drop(receiver);
        playing.await.unwrap();
    }
}
