//! Spans of time that bars cover.

use jiff::{Span, Timestamp, ToSpan, civil::Weekday, tz::TimeZone};

use crate::generated::types::Resolution;

/// Every resolution, finest first.
pub(crate) const ALL: [Resolution; 8] = [
    Resolution::Minute1,
    Resolution::Minute5,
    Resolution::Minute15,
    Resolution::Minute30,
    Resolution::Hour1,
    Resolution::Day,
    Resolution::Week,
    Resolution::Month,
];

/// The name on the wire: `1`, `5`, … `M`.
pub(crate) fn wire_name(resolution: Resolution) -> &'static str {
    match resolution {
        Resolution::Minute1 => "1",
        Resolution::Minute5 => "5",
        Resolution::Minute15 => "15",
        Resolution::Minute30 => "30",
        Resolution::Hour1 => "60",
        Resolution::Day => "D",
        Resolution::Week => "W",
        Resolution::Month => "M",
    }
}

/// Finds a resolution by its name on the wire.
pub(crate) fn parse(name: &str) -> Result<Resolution, String> {
    ALL.into_iter().find(|resolution| wire_name(*resolution) == name.trim()).ok_or_else(|| {
        let names = ALL.map(wire_name).join(", ");
        format!("no such resolution `{name}`; there are {names}")
    })
}

/// Start of the bar that holds an instant, both in milliseconds since the epoch. Days, weeks (from Monday) and months
/// are those of UTC. `None` for instants outside the calendar.
pub(crate) fn bar_start(resolution: Resolution, time_ms: i64) -> Option<i64> {
    let minutes = match resolution {
        Resolution::Minute1 => 1,
        Resolution::Minute5 => 5,
        Resolution::Minute15 => 15,
        Resolution::Minute30 => 30,
        Resolution::Hour1 => 60,
        Resolution::Day | Resolution::Week | Resolution::Month => return calendar_start(resolution, time_ms),
    };
    let width = minutes * 60_000;
    Some(time_ms.div_euclid(width) * width)
}

fn calendar_start(resolution: Resolution, time_ms: i64) -> Option<i64> {
    let date = Timestamp::from_millisecond(time_ms).ok()?.to_zoned(TimeZone::UTC).date();
    let back: Span = match resolution {
        Resolution::Week => i64::from(date.weekday().since(Weekday::Monday)).days(),
        Resolution::Month => i64::from(date.day() - 1).days(),
        _ => 0.days(),
    };
    let start = date.checked_sub(back).ok()?.to_zoned(TimeZone::UTC).ok()?;
    Some(start.timestamp().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(resolution: &str, time: &str, want: &str) {
        let time: Timestamp = time.parse().unwrap();
        let start = bar_start(parse(resolution).unwrap(), time.as_millisecond()).unwrap();
        assert_eq!(Timestamp::from_millisecond(start).unwrap().to_string(), want);
    }

    #[test]
    fn bars_start_on_round_times() {
        check("1", "2026-08-09T21:05:48.629Z", "2026-08-09T21:05:00Z");
        check("5", "2026-08-09T21:04:59.999Z", "2026-08-09T21:00:00Z");
        check("15", "2026-08-09T21:15:00Z", "2026-08-09T21:15:00Z");
        check("30", "2026-08-09T21:29:00Z", "2026-08-09T21:00:00Z");
        check("60", "2026-08-09T21:59:00Z", "2026-08-09T21:00:00Z");
        check("D", "2026-08-09T21:05:00Z", "2026-08-09T00:00:00Z");
        check("W", "2026-08-09T21:05:00Z", "2026-08-03T00:00:00Z");
        check("W", "2026-08-10T00:00:00Z", "2026-08-10T00:00:00Z");
        check("M", "2026-08-31T23:59:59Z", "2026-08-01T00:00:00Z");
        check("1", "1969-12-31T23:59:30Z", "1969-12-31T23:59:00Z");
    }

    #[test]
    fn unknown_resolutions_name_the_known_ones() {
        assert_eq!(parse("7").unwrap_err(), "no such resolution `7`; there are 1, 5, 15, 30, 60, D, W, M");
    }
}
