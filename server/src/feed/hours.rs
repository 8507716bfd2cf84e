//! Opening hours in a time zone, with days off. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};

/// How far ahead the next opening is looked for.
const LOOK_AHEAD_DAYS: i64 = 400;

/// When something is open: a span of the day, on some days of the week, holidays excepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    zone: TimeZone,
    days: Vec<Weekday>,
    open: Time,
    close: Time,
    holidays: BTreeSet<Date>,
    always: bool,
}

/// Whether it is open, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Within its hours.
    Open,
    /// Outside them, and told to stay open ([`Hours::always`]).
    Overridden,
    /// Not a day it opens.
    DayOff,
    /// A holiday.
    Holiday,
    /// An opening day, before or after its hours.
    OffHours,
}

impl Opening {
    /// Whether it is open, for whatever reason.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Overridden)
    }
}

/// Hours that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not a name of the time zone database.
    #[error("`{0}` is no time zone; write a name such as `Asia/Kolkata`")]
    Zone(String),
    /// Not a span of days.
    #[error("`{0}` are no days; write `Mon-Fri`, or a list such as `Mon,Wed,Fri`")]
    Days(String),
    /// Not a span of the day.
    #[error("`{0}` are no hours; write `09:15-15:30`")]
    Span(String),
    /// Not a date.
    #[error("`{0}` is no date; write `2026-01-26`")]
    Date(String),
}

impl Hours {
    /// Hours from text: a zone (`Asia/Kolkata`), days (`Mon-Fri` or `Mon,Wed`) and a span (`09:15-15:30`, both ends
    /// included; one whose end is not after its start ends the day after).
    ///
    /// # Errors
    /// Names the part that cannot be read.
    pub fn parse(zone: &str, days: &str, span: &str) -> Result<Self, HoursError> {
        let (open, close) = parse_span(span).ok_or_else(|| HoursError::Span(span.to_owned()))?;
        Ok(Self {
            zone: TimeZone::get(zone).map_err(|_| HoursError::Zone(zone.to_owned()))?,
            days: parse_days(days).ok_or_else(|| HoursError::Days(days.to_owned()))?,
            open,
            close,
            holidays: BTreeSet::new(),
            always: false,
        })
    }

    /// Days on which it stays shut, as `2026-01-26`.
    ///
    /// # Errors
    /// Names the first that is no date.
    pub fn holidays<S: AsRef<str>>(mut self, dates: impl IntoIterator<Item = S>) -> Result<Self, HoursError> {
        for date in dates {
            let text = date.as_ref().trim();
            self.holidays.insert(text.parse().map_err(|_| HoursError::Date(text.to_owned()))?);
        }
        Ok(self)
    }

    /// Stays open outside the hours as well, for development.
    #[must_use]
    pub fn always(mut self, always: bool) -> Self {
        self.always = always;
        self
    }

    /// Whether it is open at this time.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Opening {
        let today = now.to_zoned(self.zone.clone()).date();
        let open = self.session_around(now).is_some();
        match (open, self.always) {
            (true, _) => Opening::Open,
            (false, true) => Opening::Overridden,
            (false, false) if self.holidays.contains(&today) => Opening::Holiday,
            (false, false) if !self.days.contains(&today.weekday()) => Opening::DayOff,
            (false, false) => Opening::OffHours,
        }
    }

    /// How long until it opens or closes; a day, where that is more than a year away.
    #[must_use]
    pub fn until_change(&self, now: Timestamp) -> Duration {
        let change = match self.session_around(now) {
            // Its last moment is part of it.
            Some((_, end)) => Some(end.timestamp() + 1.millisecond()),
            None => self.next_start(now),
        };
        let left = change.map(|change| change.duration_since(now));
        left.and_then(|left| Duration::try_from(left).ok()).unwrap_or(Duration::from_secs(86_400))
    }

    fn session_around(&self, now: Timestamp) -> Option<(Zoned, Zoned)> {
        let today = now.to_zoned(self.zone.clone()).date();
        let days = [today.yesterday().ok(), Some(today)].into_iter().flatten();
        days.filter_map(|day| self.session(day))
            .find(|(start, end)| (start.timestamp()..=end.timestamp()).contains(&now))
    }

    fn next_start(&self, now: Timestamp) -> Option<Timestamp> {
        let today = now.to_zoned(self.zone.clone()).date();
        let days = (0..LOOK_AHEAD_DAYS).filter_map(|ahead| today.checked_add(ahead.days()).ok());
        days.filter_map(|day| self.session(day))
            .map(|(start, _)| start.timestamp())
            .find(|start| *start > now)
    }

    /// The session that begins on a day.
    fn session(&self, day: Date) -> Option<(Zoned, Zoned)> {
        if !self.days.contains(&day.weekday()) || self.holidays.contains(&day) {
            return None;
        }
        let last_day = if self.close > self.open { day } else { day.tomorrow().ok()? };
        let start = day.to_datetime(self.open).to_zoned(self.zone.clone()).ok()?;
        let end = last_day.to_datetime(self.close).to_zoned(self.zone.clone()).ok()?;
        Some((start, end))
    }
}

fn parse_span(text: &str) -> Option<(Time, Time)> {
    let (open, close) = text.split_once('-')?;
    Some((open.trim().parse().ok()?, close.trim().parse().ok()?))
}

fn parse_days(text: &str) -> Option<Vec<Weekday>> {
    if let Some((first, last)) = text.split_once('-') {
        let (first, last) = (parse_day(first)?, parse_day(last)?);
        let mut days = vec![first];
        while *days.last()? != last {
            days.push(days.last()?.next());
        }
        return Some(days);
    }
    text.split(',').map(parse_day).collect()
}

fn parse_day(text: &str) -> Option<Weekday> {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let text = text.trim().to_ascii_lowercase();
    let index = names.iter().position(|name| text == *name)?;
    Weekday::from_monday_zero_offset(i8::try_from(index).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hours: &Hours, table: &[(&str, Opening)]) {
        for (time, want) in table {
            assert_eq!(hours.at(time.parse().unwrap()), *want, "{time}");
        }
    }

    #[test]
    fn a_market_in_another_zone() {
        let hours = Hours::parse("Asia/Kolkata", "Mon-Fri", "09:15-15:30").unwrap();
        let hours = hours.holidays(["2026-01-26"]).unwrap();
        let table = [
            ("2026-01-23T09:14:59+05:30", Opening::OffHours),
            ("2026-01-23T09:15:00+05:30", Opening::Open),
            ("2026-01-23T10:00:00Z", Opening::Open),
            ("2026-01-23T15:30:00.001+05:30", Opening::OffHours),
            ("2026-01-24T12:00:00+05:30", Opening::DayOff),
            ("2026-01-26T12:00:00+05:30", Opening::Holiday),
        ];
        check(&hours, &table);
        check(&hours.clone().always(true), &[("2026-01-24T12:00:00+05:30", Opening::Overridden)]);
        for (now, seconds) in [
            ("2026-01-23T09:15:00+05:30", 6 * 3_600 + 15 * 60),
            // Over the weekend and the holiday.
            ("2026-01-23T15:31:00+05:30", 4 * 86_400 - (6 * 3_600 + 16 * 60)),
        ] {
            assert_eq!(hours.until_change(now.parse().unwrap()).as_secs(), seconds, "{now}");
        }
    }

    #[test]
    fn daylight_saving_moves_the_opening() {
        let hours = Hours::parse("America/New_York", "Mon-Fri", "09:30-16:00").unwrap();
        let table = [
            ("2026-03-06T14:29:00Z", Opening::OffHours),
            ("2026-03-06T14:30:00Z", Opening::Open),
            ("2026-03-09T13:30:00Z", Opening::Open),
        ];
        check(&hours, &table);
    }

    #[test]
    fn a_session_may_last_past_midnight() {
        let hours = Hours::parse("UTC", "Sun,Mon", "22:00-21:00").unwrap();
        let table = [
            ("2026-01-25T21:59:00Z", Opening::OffHours),
            ("2026-01-25T23:00:00Z", Opening::Open),
            ("2026-01-26T21:30:00Z", Opening::OffHours),
            ("2026-01-27T20:00:00Z", Opening::Open),
            ("2026-01-27T22:30:00Z", Opening::DayOff),
        ];
        check(&hours, &table);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let error = |zone, days, span| Hours::parse(zone, days, span).unwrap_err();
        assert_eq!(error("Mars/Base", "Mon", "09:00-10:00"), HoursError::Zone("Mars/Base".into()));
        assert_eq!(error("UTC", "Mon-Foo", "09:00-10:00"), HoursError::Days("Mon-Foo".into()));
        assert_eq!(error("UTC", "Mon", "9 to 5"), HoursError::Span("9 to 5".into()));
        let dates = Hours::parse("UTC", "Mon", "09:00-10:00").unwrap().holidays(["26.1.2026"]);
        assert_eq!(dates.unwrap_err(), HoursError::Date("26.1.2026".into()));
    }
}
