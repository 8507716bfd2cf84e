//! Durations and sizes as people write them: `30s`, `250ms`, `never`, `1MiB`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// A length of time: `250ms`, `30s`, `5m`, `1h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period(pub Duration);

/// An age, or `never`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime(pub Option<Duration>);

/// A number of bytes: `512B`, `64KiB`, `1MiB`, `1MB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

/// Text that is no duration or no size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct UnitError {
    text: String,
    expected: &'static str,
}

const PERIOD: &str = "a duration such as 250ms, 30s, 5m, 1h or 7d, longer than nothing";
const SIZE: &str = "a size such as 512B, 64KiB, 1MiB or 1MB, larger than nothing";

impl FromStr for Period {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let milliseconds = scaled(text, |unit| match unit {
            "ms" => Some(1),
            "s" => Some(1_000),
            "m" => Some(60_000),
            "h" => Some(3_600_000),
            "d" => Some(86_400_000),
            _ => None,
        });
        let milliseconds =
            milliseconds.ok_or_else(|| UnitError { text: text.to_owned(), expected: PERIOD })?;
        Ok(Self(Duration::from_millis(milliseconds)))
    }
}

impl FromStr for Lifetime {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        if text == "never" { Ok(Self(None)) } else { text.parse().map(|Period(age)| Self(Some(age))) }
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let bytes = scaled(text, |unit| match unit {
            "" | "B" => Some(1),
            "kB" => Some(1_000),
            "KiB" => Some(1 << 10),
            "MB" => Some(1_000_000),
            "MiB" => Some(1 << 20),
            "GiB" => Some(1 << 30),
            _ => None,
        });
        bytes.map(Self).ok_or_else(|| UnitError { text: text.to_owned(), expected: SIZE })
    }
}

/// A positive whole number and its unit, multiplied.
fn scaled(text: &str, factor: impl Fn(&str) -> Option<u64>) -> Option<u64> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    number.checked_mul(factor(&text[digits..])?).filter(|scaled| *scaled > 0)
}

macro_rules! read_as_text {
    ($($unit:ty),*) => {$(
        impl<'de> Deserialize<'de> for $unit {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}
read_as_text!(Period, Lifetime, Size);

/// Reads a number of seconds within these bounds, for a flag of an app's own whose unit its users know:
///
/// ```
/// #[derive(clap::Parser)]
/// struct Arguments {
///     /// Seconds between two looks at the upstream
///     #[arg(long, value_name = "SECONDS", default_value = "0.5", value_parser = bellwire::seconds(0.1..=60.0))]
///     interval: std::time::Duration,
/// }
/// ```
///
/// What is less than nothing, or more than a [`Duration`] holds, is refused whatever the bounds say.
pub fn seconds(
    bounds: RangeInclusive<f64>,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync + 'static {
    move |text| {
        let seconds = text.parse().ok().filter(|seconds| bounds.contains(seconds));
        let duration = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        duration.ok_or_else(|| format!("write seconds from {} to {}", bounds.start(), bounds.end()))
    }
}

/// A secret: it can be compared, but shows itself nowhere.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Secret(String);

impl Secret {
    /// The secret as bytes, for a comparison in constant time.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// The secret itself, for whoever verifies it: it must not be logged, echoed or kept.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations_and_sizes() {
        assert_eq!("250ms".parse(), Ok(Period(Duration::from_millis(250))));
        assert_eq!("1h".parse(), Ok(Period(Duration::from_secs(3600))));
        assert_eq!("never".parse(), Ok(Lifetime(None)));
        assert_eq!("7d".parse(), Ok(Lifetime(Some(Duration::from_secs(604_800)))));
        assert_eq!("1MiB".parse(), Ok(Size(1 << 20)));
        assert_eq!("2kB".parse(), Ok(Size(2000)));
        assert_eq!("17".parse(), Ok(Size(17)));
    }

    #[test]
    fn refuses_what_is_neither() {
        for text in
            ["", "s", "30", "0s", "-1s", "1.5s", "30 s", "99999999999999999999s", "18446744073709551615d"]
        {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
        for text in ["", "0", "1 MiB", "1mib", "-1B"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn reads_seconds_within_bounds() {
        let within = seconds(0.5..=60.0);
        assert_eq!(within("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(within("60"), Ok(Duration::from_secs(60)));
        for text in ["", "0.4", "61", "-1", "NaN", "inf", "1s"] {
            assert_eq!(within(text), Err("write seconds from 0.5 to 60".to_owned()), "{text}");
        }
        assert!(seconds(-1.0..=f64::MAX)("-1").is_err());
        assert!(seconds(-1.0..=f64::MAX)("1e300").is_err());
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(..)");
    }
}
