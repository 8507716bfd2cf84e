//! Money in whole cents inside, decimal strings outside; times as the document writes them.

use bellwire::contract::Decimal;
use jiff::Timestamp;

use crate::generated::types::{Money, Time};

/// The decimal string of so many of the last of `places` digits: `(1234, 2)` is `12.34`.
pub(crate) fn decimal(units: i64, places: usize) -> Money {
    let (sign, digits) = (if units < 0 { "-" } else { "" }, units.unsigned_abs().to_string());
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    let point = if places > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{fraction}").parse().unwrap_or_else(|_| Decimal::from(0))
}

/// Cents as money.
pub(crate) fn money(cents: i64) -> Money {
    decimal(cents, 2)
}

/// A moment as ISO 8601 in UTC, with milliseconds.
pub(crate) fn time(moment: Timestamp) -> Time {
    format!("{moment:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (units, places, expected) in [
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 2, "-0.05"),
            (1_000_000, 2, "10000.00"),
            (-123_456, 2, "-1234.56"),
            (1000, 4, "0.1000"),
            (7, 0, "7"),
            (i64::MIN, 2, "-92233720368547758.08"),
        ] {
            assert_eq!(decimal(units, places).as_str(), expected);
        }
    }

    #[test]
    fn times_have_milliseconds_and_a_zone() {
        assert_eq!(time(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }
}
