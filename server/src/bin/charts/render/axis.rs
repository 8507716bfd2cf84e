//! Round numbers along an axis. Pure.

/// Round prices between `low` and `high`, about `count` of them, and the decimals that tell them apart.
pub(super) fn price_ticks(low: f64, high: f64, count: f64) -> (Vec<f64>, usize) {
    let rough = (high - low) / count;
    if !rough.is_finite() || rough <= 0.0 {
        return (Vec::new(), 2);
    }
    let magnitude = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().find(|factor| factor * magnitude >= rough);
    let step = factor.unwrap_or(10.0) * magnitude;
    let decimals =
        (0..=8_u8).find(|places| is_round(step * 10_f64.powi(i32::from(*places)))).unwrap_or(8).into();
    let first = (low / step).ceil();
    let ticks = (0..100).map(|index| (first + f64::from(index)) * step);
    (ticks.take_while(|tick| *tick <= high).collect(), decimals)
}

fn is_round(value: f64) -> bool {
    (value - value.round()).abs() < 1e-6
}

/// A distance between time labels, in bars, that leaves about `count` of them and falls on round times.
pub(super) fn time_step(span_ms: i64, bars: usize, count: usize) -> i64 {
    const MINUTES: [i64; 12] = [2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1_440];
    let whole = span_ms.saturating_mul(i64::try_from(bars).unwrap_or(i64::MAX));
    let least = whole / i64::try_from(count.max(1)).unwrap_or(1);
    let fitting = MINUTES.into_iter().map(|minutes| minutes * 60_000).find(|step| *step >= least);
    fitting.unwrap_or(7 * 1_440 * 60_000)
}

/// A price with its decimals, thousands apart by thin groups: `65,083.67`.
pub(super) fn price(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if value < 0.0 { "−" } else { "" };
    match fraction {
        Some(fraction) => format!("{sign}{grouped}.{fraction}"),
        None => format!("{sign}{grouped}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        for (low, high, want) in [
            (65_012.0, 65_118.0, "65025 65050 65075 65100 0"),
            (0.04298, 0.0431, "0.043 0.043025 0.04305 0.043075 0.0431 6"),
            (1.0, 1.0, " 2"),
            (f64::NAN, 1.0, " 2"),
        ] {
            let (ticks, decimals) = price_ticks(low, high, 5.0);
            let texts: Vec<String> =
                ticks.iter().map(|tick| format!("{}", (tick * 1e8).round() / 1e8)).collect();
            assert_eq!(format!("{} {decimals}", texts.join(" ")), want);
        }
    }

    #[test]
    fn prices_read_easily() {
        let texts = [price(65_083.67, 2), price(1_234_567.0, 0), price(-0.5, 1), price(999.0, 0)];
        assert_eq!(texts, ["65,083.67", "1,234,567", "−0.5", "999"]);
    }

    #[test]
    fn times_are_round() {
        assert_eq!(time_step(300_000, 100, 8) / 60_000, 120);
        assert_eq!(time_step(120_000, 1, 8) / 60_000, 2);
    }
}
