//! Writing values as JSON text, with whole floats as short as JavaScript writes them: `150`, not `150.0`.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// From here on not every integer is a double, and clients read integers exactly: a float stays recognisable.
const EXACT_LIMIT: f64 = 9_007_199_254_740_992.0;

/// Writes a value as JSON text.
///
/// # Errors
/// Where the value has no JSON form.
pub(crate) fn to_string<T: Serialize + ?Sized>(value: &T) -> Result<String, serde_json::Error> {
    let mut out = Vec::with_capacity(256);
    value.serialize(&mut Serializer::with_formatter(&mut out, ShortFloats))?;
    String::from_utf8(out).map_err(serde::ser::Error::custom)
}

struct ShortFloats;

impl Formatter for ShortFloats {
    fn write_f32<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f32) -> io::Result<()> {
        if is_short(value.into()) {
            return CompactFormatter.write_i64(writer, value as i64);
        }
        CompactFormatter.write_f32(writer, value)
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if is_short(value) {
            return CompactFormatter.write_i64(writer, value as i64);
        }
        CompactFormatter.write_f64(writer, value)
    }
}

fn is_short(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() < EXACT_LIMIT
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::to_string;

    proptest! {
        #[test]
        fn numbers_are_read_back_exactly(value in prop::num::f64::NORMAL) {
            let text = to_string(&value).expect("a number");
            prop_assert_eq!(serde_json::from_str::<f64>(&text).expect("a number"), value);
        }
    }

    #[test]
    fn whole_floats_are_short_where_integers_are_exact() {
        let cases = [
            (150.0, "150"),
            (-2.0, "-2"),
            (-0.0, "0"),
            (149.5, "149.5"),
            (1e-7, "1e-7"),
            (9_007_199_254_740_991.0, "9007199254740991"),
            (9_007_199_254_740_992.0, "9007199254740992.0"),
            (1e300, "1e+300"),
        ];
        for (value, text) in cases {
            assert_eq!(to_string(&value).expect("a number"), text);
        }
        assert_eq!(to_string(&1.5_f32).expect("a number"), "1.5");
        assert_eq!(to_string(&f64::NAN).expect("no number"), "null");
    }
}
