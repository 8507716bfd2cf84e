//! Replays recorded Coinbase frames at their own pace, or faster, once or for ever.
//!
//! The first pass tells everything, history included. Further passes tell live trades and tickers alone, with times
//! moved on by the length of the recording, so that time never runs backwards and trades keep distinct ids.

use std::time::Duration;

use anyhow::ensure;
use tokio::{sync::mpsc, time::Instant};

use super::MarketEvent;
pub(crate) use crate::exchanges::COINBASE_RECORDING as SHIPPED;
use crate::exchanges::coinbase;

/// Pause between two passes.
const SEAM: Duration = Duration::from_secs(1);

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
    /// Events by their distance from the first frame.
    steps: Vec<(Duration, Vec<MarketEvent>)>,
    /// Frames that could not be read.
    pub(crate) unreadable: u64,
}

impl Recording {
    /// Reads a recording. Frames inside that cannot be read are counted.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut recording = Self { steps: Vec::new(), unreadable: 0 };
        for (offset, frame) in bellwire::feed::Recording::parse(text)?.frames() {
            match coinbase::parse(frame) {
                Ok(events) if events.is_empty() => {}
                Ok(events) => {
                    let events = events.into_iter().map(MarketEvent::from).collect();
                    recording.steps.push((*offset, events));
                }
                Err(_) => recording.unreadable += 1,
            }
        }
        ensure!(!recording.steps.is_empty(), "it holds no prices");
        Ok(recording)
    }

    /// Symbols it tells about, in order.
    pub(crate) fn symbols(&self) -> Vec<String> {
        let events = self.steps.iter().flat_map(|(_, events)| events);
        let symbols: std::collections::BTreeSet<&str> = events.map(MarketEvent::symbol).collect();
        symbols.into_iter().map(str::to_owned).collect()
    }

    fn length(&self) -> Duration {
        self.steps.last().map(|(offset, _)| *offset).unwrap_or_default() + SEAM
    }

    /// The steps of one pass, counted from 0.
    fn pass(&self, pass: u32) -> impl Iterator<Item = (Duration, Vec<MarketEvent>)> + '_ {
        let moved = self.length() * pass;
        self.steps.iter().map(move |(offset, events)| {
            let events = events.iter().filter_map(|event| in_pass(event, pass, moved)).collect();
            (*offset, events)
        })
    }
}

fn in_pass(event: &MarketEvent, pass: u32, moved: Duration) -> Option<MarketEvent> {
    if pass == 0 {
        return Some(event.clone());
    }
    match event {
        MarketEvent::Trade { trade, live: true } => {
            let mut trade = trade.clone();
            trade.time += i64::try_from(moved.as_millis()).ok()?;
            trade.trade_id = format!("{}.{pass}", trade.trade_id);
            Some(MarketEvent::Trade { trade, live: true })
        }
        MarketEvent::Ticker(_) => Some(event.clone()),
        MarketEvent::Trade { live: false, .. } | MarketEvent::Candle { .. } => None,
    }
}

/// Plays a recording into a channel until it ends or nobody listens any more.
pub(crate) async fn run(recording: Recording, pace: Pace, sender: mpsc::Sender<MarketEvent>) {
    for pass in 0..=if pace.repeat { u32::MAX - 1 } else { 0 } {
        let start = Instant::now();
        for (offset, events) in recording.pass(pass) {
            tokio::time::sleep_until(start + offset.div_f64(pace.speed)).await;
            for event in events {
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        }
        tokio::time::sleep(SEAM.div_f64(pace.speed)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(recording: &Recording, pass: u32) -> Vec<MarketEvent> {
        recording.pass(pass).flat_map(|(_, events)| events).collect()
    }

    #[test]
    fn the_shipped_recording_holds_what_its_readme_says() {
        let recording = Recording::parse(SHIPPED).unwrap();
        assert_eq!(recording.unreadable, 0);
        assert_eq!(recording.symbols(), ["BTC-USD", "ETH-USD"]);
        let events = events(&recording, 0);
        let candles = events.iter().filter(|event| matches!(event, MarketEvent::Candle { .. })).count();
        let tickers = events.iter().filter(|event| matches!(event, MarketEvent::Ticker(_))).count();
        assert_eq!((candles, tickers > 150), (204, true));
    }

    #[test]
    fn further_passes_move_on() {
        let recording = Recording::parse(SHIPPED).unwrap();
        let newest = |pass| {
            let times = events(&recording, pass).into_iter().filter_map(|event| match event {
                MarketEvent::Trade { trade, .. } => Some(trade.time),
                _ => None,
            });
            times.fold((i64::MAX, i64::MIN), |(low, high), time| (low.min(time), high.max(time)))
        };
        let (first, second) = (newest(0), newest(1));
        assert!(second.0 > first.1, "{first:?} {second:?}");
        assert!(events(&recording, 1).iter().all(|event| !matches!(event, MarketEvent::Candle { .. })));
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
        let length = recording.length();
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
}
