//! Durations and sizes as the document writes them.

/// Milliseconds of `250ms`, `30s`, `5m`, `1h` or `7d`.
#[must_use]
pub fn duration_ms(text: &str) -> Option<u64> {
    quantity(text, &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)])
}

/// Bytes of `512B`, `64KiB`, `1MiB`, `500kB` or `2MB`.
#[must_use]
pub fn size_bytes(text: &str) -> Option<u64> {
    quantity(text, &[("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("kB", 1_000), ("MB", 1_000_000)])
}

/// Values beyond this are mistakes, and would overflow arithmetic that adds them up.
const LARGEST: u64 = 1 << 52;

fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor).filter(|value| *value <= LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_units_and_refuses_the_rest() {
        assert_eq!(duration_ms("250ms"), Some(250));
        assert_eq!(duration_ms("7d"), Some(604_800_000));
        assert_eq!(duration_ms("30"), None);
        assert_eq!(duration_ms("-1s"), None);
        assert_eq!(duration_ms("1.5s"), None);
        assert_eq!(duration_ms("99999999999999999999s"), None);
        assert_eq!(size_bytes("1MiB"), Some(1_048_576));
        assert_eq!(size_bytes("500 kB"), Some(500_000));
        assert_eq!(size_bytes("1mb"), None);
    }
}
