//! From bars to a picture: `axis` chooses round numbers, `svg` draws, `png` rasterises.

mod axis;
mod png;
mod svg;
mod theme;

pub(crate) use png::Painter;
pub(crate) use theme::Theme;

use crate::exchanges::Candle;
use crate::zones::Zone;

/// Size of a chart in CSS pixels; a picture at scale 2 has twice as many.
pub(crate) const WIDTH: f64 = 1200.0;
/// See [`WIDTH`].
pub(crate) const HEIGHT: f64 = 640.0;

/// What a chart shows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    /// `BTC-USD`.
    pub(crate) symbol: String,
    /// `5M`, or what else stands beside the symbol.
    pub(crate) caption: String,
    /// Oldest first.
    pub(crate) bars: Vec<Candle>,
    /// Bands behind the bars.
    pub(crate) zones: Vec<Zone>,
}

impl Chart {
    /// The chart as SVG text.
    pub(crate) fn svg(&self, theme: Theme) -> String {
        svg::draw(self, theme)
    }
}
