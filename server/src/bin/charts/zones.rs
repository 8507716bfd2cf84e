//! Price zones: bands in which the price has turned more than once. Pure.
//!
//! A turn is a bar whose high (or low) stands above (below) those of its two neighbours on both sides. A zone is a band
//! no wider than the typical bar that holds two turns or more.

use crate::exchanges::Candle;

/// Neighbours on each side that a turn exceeds.
const REACH: usize = 2;
/// Most zones shown.
const MOST: usize = 5;

/// A band of prices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Zone {
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// How often the price has turned in it.
    pub(crate) turns: usize,
}

/// The zones of these bars, the lowest first: the band with most turns, then the next that keeps its distance.
pub(crate) fn zones(bars: &[Candle]) -> Vec<Zone> {
    let mut turns = turns(bars);
    turns.sort_by(f64::total_cmp);
    let ranges = bars.iter().map(|bar| bar.high - bar.low).sum::<f64>();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred bars")]
    let width = ranges / bars.len().max(1) as f64;
    let mut zones: Vec<Zone> = Vec::new();
    while zones.len() < MOST {
        let Some(zone) = densest(&turns, width).filter(|zone| zone.turns > 1) else { break };
        turns.retain(|turn| *turn < zone.low - 2.0 * width || *turn > zone.high + 2.0 * width);
        zones.push(zone);
    }
    zones.sort_by(|left, right| left.low.total_cmp(&right.low));
    zones
}

/// The band of at most this width that holds most of the sorted turns.
fn densest(turns: &[f64], width: f64) -> Option<Zone> {
    let band = |(index, low): (usize, &f64)| {
        let inside: Vec<&f64> = turns[index..].iter().take_while(|turn| *turn - low <= width).collect();
        Zone { low: *low, high: inside.last().map_or(*low, |high| **high), turns: inside.len() }
    };
    turns.iter().enumerate().map(band).max_by_key(|zone| zone.turns)
}

fn turns(bars: &[Candle]) -> Vec<f64> {
    let mut turns = Vec::new();
    for (index, bar) in bars.iter().enumerate().skip(REACH) {
        let Some(after) = bars.get(index + 1..=index + REACH) else { break };
        let around = || bars[index - REACH..index].iter().chain(after);
        if around().all(|other| other.high < bar.high) {
            turns.push(bar.high);
        }
        if around().all(|other| other.low > bar.low) {
            turns.push(bar.low);
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(middles: &[f64]) -> Vec<Candle> {
        let bar = |middle: &f64| Candle {
            time: 0,
            open: *middle,
            high: middle + 1.0,
            low: middle - 1.0,
            close: *middle,
            volume: 1.0,
        };
        middles.iter().map(bar).collect()
    }

    #[test]
    fn prices_where_it_turns_twice_are_zones() {
        let swing = [5.0, 7.0, 10.0, 7.0, 5.0, 3.0, 5.0, 8.0, 10.5, 8.0, 5.0, 3.2, 5.0, 8.0];
        let zones = zones(&bars(&swing));
        assert_eq!(zones, [Zone { low: 2.0, high: 2.2, turns: 2 }, Zone { low: 11.0, high: 11.5, turns: 2 }]);
    }

    #[test]
    fn few_bars_have_none() {
        for count in 0..5 {
            assert!(zones(&bars(&vec![1.0; count])).is_empty());
        }
    }
}
