//! The drawing: header, price panel with zones and candles, volume panel, axes.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::axis::{price, price_ticks, time_step};
use super::theme::{Palette, Theme};
use super::{Chart, HEIGHT, WIDTH};
use crate::exchanges::Candle;

const LEFT: f64 = 28.0;
const RIGHT: f64 = WIDTH - 92.0;
const PRICE_TOP: f64 = 104.0;
const PRICE_BOTTOM: f64 = 470.0;
const VOLUME_TOP: f64 = 496.0;
const VOLUME_BOTTOM: f64 = 584.0;
/// Widest slot of one bar: a few bars stand close together at the right instead of far apart.
const WIDEST_SLOT: f64 = 26.0;

/// A chart as SVG text.
pub(super) fn draw(chart: &Chart, theme: Theme) -> String {
    let palette = theme.palette();
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" font-family="Inter" font-size="13"><rect width="100%" height="100%" fill="{}"/>"#,
        palette.paper
    );
    let plot = Plot::new(chart, palette);
    plot.header(&mut out, chart);
    if chart.bars.is_empty() {
        let middle = f64::midpoint(PRICE_TOP, PRICE_BOTTOM);
        plot.text(&mut out, WIDTH / 2.0, middle, "middle", palette.faint, "No bars yet");
    } else {
        plot.price_axis(&mut out, chart);
        plot.time_axis(&mut out, chart);
        plot.zones(&mut out, chart);
        plot.candles(&mut out, chart);
        plot.last_price(&mut out, chart);
    }
    out.push_str("</svg>");
    out
}

/// Text as it stands inside an element.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Where prices, volumes and bars stand.
struct Plot {
    palette: &'static Palette,
    low: f64,
    high: f64,
    volume: f64,
    slot: f64,
    ticks: Vec<f64>,
    decimals: usize,
}

impl Plot {
    fn new(chart: &Chart, palette: &'static Palette) -> Self {
        let bars = &chart.bars;
        let lows = bars.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min);
        let highs = bars.iter().map(|bar| bar.high).fold(f64::NEG_INFINITY, f64::max);
        // A market that does not move still gets a panel with a line in its middle.
        let pad = ((highs - lows) * 0.06).max(highs.abs() * 1e-4).max(1e-8);
        let (low, high) = (lows - pad, highs + pad);
        let (ticks, decimals) = price_ticks(low, high, 6.0);
        #[expect(clippy::cast_precision_loss, reason = "a few hundred bars")]
        let slot = ((RIGHT - LEFT) / bars.len().max(1) as f64).min(WIDEST_SLOT);
        let volume = bars.iter().map(|bar| bar.volume).fold(0.0, f64::max);
        Self { palette, low, high, volume, slot, ticks, decimals }
    }

    fn y(&self, price: f64) -> f64 {
        PRICE_BOTTOM - (price - self.low) / (self.high - self.low) * (PRICE_BOTTOM - PRICE_TOP)
    }

    /// The middle of a bar, counted from the newest.
    fn x(&self, from_newest: usize) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred bars")]
        let slots = from_newest as f64 + 0.5;
        RIGHT - slots * self.slot
    }

    fn text(&self, out: &mut String, x: f64, y: f64, anchor: &str, fill: &str, text: &str) {
        let text = escaped(text);
        let _ =
            write!(out, r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{fill}">{text}</text>"#);
    }

    fn line(&self, out: &mut String, [x1, y1, x2, y2]: [f64; 4], style: &str) {
        let _ = write!(out, r#"<path d="M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}" {style}/>"#);
    }

    fn header(&self, out: &mut String, chart: &Chart) {
        let palette = self.palette;
        let symbol = escaped(&chart.symbol);
        let _ = write!(
            out,
            r#"<text x="{LEFT}" y="50" font-family="Inter SemiBold" font-size="26" fill="{}">{symbol}<tspan dx="12" font-family="Inter" font-size="17" fill="{}">{}</tspan></text>"#,
            palette.ink, palette.faint, chart.caption
        );
        let (Some(first), Some(last)) = (chart.bars.first(), chart.bars.last()) else { return };
        let figures = [("O", last.open), ("H", last.high), ("L", last.low), ("C", last.close)];
        let decimals = self.decimals.max(2);
        let mut line = String::new();
        for (name, value) in figures {
            let _ = write!(
                line,
                r#"<tspan fill="{}">{name} </tspan><tspan fill="{}">{}</tspan><tspan>   </tspan>"#,
                palette.faint,
                palette.ink,
                price(value, decimals)
            );
        }
        let _ = write!(out, r#"<text x="{LEFT}" y="78" font-size="14" xml:space="preserve">{line}</text>"#);
        let change = last.close - first.open;
        let percent = if first.open == 0.0 { 0.0 } else { change / first.open * 100.0 };
        let colour = if change < 0.0 { palette.falling } else { palette.rising };
        let sign = if change < 0.0 { "−" } else { "+" };
        let _ = write!(
            out,
            r#"<text x="{:.1}" y="50" text-anchor="end" font-family="Inter SemiBold" font-size="26" fill="{}">{}</text><text x="{:.1}" y="78" text-anchor="end" font-size="14" fill="{colour}">{sign}{} ({sign}{:.2} %) over {} bars</text>"#,
            WIDTH - LEFT,
            palette.ink,
            price(last.close, decimals),
            WIDTH - LEFT,
            price(change.abs(), decimals),
            percent.abs(),
            chart.bars.len()
        );
    }

    fn price_axis(&self, out: &mut String, chart: &Chart) {
        let last = chart.bars.last().map_or(f64::NEG_INFINITY, |bar| self.y(bar.close));
        let grid = format!(r#"stroke="{}""#, self.palette.grid);
        for tick in &self.ticks {
            let y = self.y(*tick).round() + 0.5;
            self.line(out, [LEFT, y, RIGHT, y], &grid);
            // The tag of the last price stands over what is closer.
            if (y - last).abs() > 18.0 {
                let label = price(*tick, self.decimals);
                self.text(out, RIGHT + 10.0, y + 4.5, "start", self.palette.faint, &label);
            }
        }
    }

    fn time_axis(&self, out: &mut String, chart: &Chart) {
        let bars = &chart.bars;
        let span = bars.windows(2).map(|pair| pair[1].time - pair[0].time).min().unwrap_or(60_000).max(1);
        let step = time_step(span, bars.len(), 9);
        let grid = format!(r#"stroke="{}""#, self.palette.grid);
        let mut day = None;
        for (index, bar) in bars.iter().enumerate() {
            if bar.time.rem_euclid(step) != 0 {
                continue;
            }
            let x = self.x(bars.len() - 1 - index);
            if !(LEFT + 20.0..RIGHT - 20.0).contains(&x) {
                continue;
            }
            self.line(out, [x.round() + 0.5, PRICE_TOP, x.round() + 0.5, VOLUME_BOTTOM], &grid);
            let Ok(time) = Timestamp::from_millisecond(bar.time) else { continue };
            let today = time.strftime("%b %-d").to_string();
            let new_day = day.as_ref() != Some(&today);
            let label = if new_day { today.clone() } else { time.strftime("%H:%M").to_string() };
            day = Some(today);
            let colour = if new_day { self.palette.ink } else { self.palette.faint };
            self.text(out, x, VOLUME_BOTTOM + 24.0, "middle", colour, &label);
        }
        self.text(out, RIGHT + 10.0, VOLUME_BOTTOM + 24.0, "start", self.palette.faint, "UTC");
        self.text(out, RIGHT + 10.0, VOLUME_TOP + 12.0, "start", self.palette.faint, "Volume");
        let base = VOLUME_BOTTOM.round() + 0.5;
        self.line(out, [LEFT, base, RIGHT, base], &grid);
    }

    fn zones(&self, out: &mut String, chart: &Chart) {
        for zone in &chart.zones {
            let (top, bottom) = (self.y(zone.high) - 2.0, self.y(zone.low) + 2.0);
            let _ = write!(
                out,
                r#"<rect x="{LEFT}" y="{top:.1}" width="{:.1}" height="{:.1}" rx="3" fill="{colour}" fill-opacity="0.16"/><path d="M{LEFT} {top:.1}H{RIGHT}M{LEFT} {bottom:.1}H{RIGHT}" stroke="{colour}" stroke-opacity="0.45" stroke-width="1"/>"#,
                RIGHT - LEFT,
                bottom - top,
                colour = self.palette.zone,
            );
            let label = format!("{} turns", zone.turns);
            self.text(out, LEFT + 8.0, top - 5.0, "start", self.palette.zone, &label);
        }
    }

    fn candles(&self, out: &mut String, chart: &Chart) {
        let body = (self.slot * 0.68).max(1.0);
        for (from_newest, bar) in chart.bars.iter().rev().enumerate() {
            let colour = self.colour(bar);
            let x = self.x(from_newest);
            let (top, bottom) = (self.y(bar.open.max(bar.close)), self.y(bar.open.min(bar.close)));
            let (high, low) = (self.y(bar.high), self.y(bar.low));
            let _ = write!(
                out,
                r#"<path d="M{x:.2} {high:.2}V{low:.2}" stroke="{colour}" stroke-width="{:.2}"/><rect x="{:.2}" y="{top:.2}" width="{body:.2}" height="{:.2}" rx="0.8" fill="{colour}"/>"#,
                (self.slot * 0.12).clamp(0.8, 1.6),
                x - body / 2.0,
                (bottom - top).max(1.0),
            );
            if self.volume > 0.0 {
                let height = (bar.volume / self.volume * (VOLUME_BOTTOM - VOLUME_TOP)).max(0.5);
                let _ = write!(
                    out,
                    r#"<rect x="{:.2}" y="{:.2}" width="{body:.2}" height="{height:.2}" fill="{colour}" fill-opacity="0.4"/>"#,
                    x - body / 2.0,
                    VOLUME_BOTTOM - height,
                );
            }
        }
    }

    fn last_price(&self, out: &mut String, chart: &Chart) {
        let Some(last) = chart.bars.last() else { return };
        let (y, colour) = (self.y(last.close), self.colour(last));
        let style = format!(r#"stroke="{colour}" stroke-dasharray="2 4""#);
        self.line(out, [LEFT, y, RIGHT, y], &style);
        let label = price(last.close, self.decimals.max(2));
        let _ = write!(
            out,
            r#"<rect x="{:.1}" y="{:.1}" width="84" height="22" rx="4" fill="{colour}"/><text x="{:.1}" y="{:.1}" text-anchor="middle" font-family="Inter SemiBold" font-size="12.5" fill="{}">{label}</text>"#,
            RIGHT + 4.0,
            y - 11.0,
            RIGHT + 46.0,
            y + 4.5,
            self.palette.tag_ink,
        );
    }

    fn colour(&self, bar: &Candle) -> &'static str {
        if bar.close < bar.open { self.palette.falling } else { self.palette.rising }
    }
}
