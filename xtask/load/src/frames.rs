//! The small protocol of `asyncapi/bench.yaml`, as text: what is sent, and where the two checked numbers stand.

use std::fmt::Write as _;

/// Numbers are counted from here, so that every frame of a run has the same length.
pub(crate) const FIRST_TIME: u64 = 1_000_000_000;
/// Nanoseconds are counted from here; every sum stays below 2^53, so that JavaScript does not round it.
pub(crate) const FIRST_NS: u64 = 1_000_000_000_000_000;
/// The member whose numbers rise by one from update to update of a topic.
pub(crate) const TIME: &[u8] = b"\"time\":";
/// The member that says how many values a frame stands for, where it is not one.
const CONFLATED: &[u8] = b"\"conflated\":";
/// What stands after it.
const PAYLOAD: &[u8] = b"\"payload\":";
/// The member that holds when the update was due.
pub(crate) const TS: &[u8] = b"\"ts_ns\":";

/// The symbol of a topic.
pub(crate) fn symbol(topic: usize) -> String {
    format!("S{topic:03}")
}

/// Subscribes to a topic.
pub(crate) fn subscribe(route: &str, topic: usize) -> String {
    let symbol = symbol(topic);
    format!(r#"{{"type":"{route}.subscribe","id":"1","payload":{{"symbol":"{symbol}","resolution":"1"}}}}"#)
}

/// Whether a frame answers a subscribe, and well.
pub(crate) fn is_subscribed(frame: &[u8]) -> bool {
    let head = &frame[..frame.len().min(200)];
    contains(head, b"subscribe.response") && !contains(head, b"\"error\"")
}

/// Levels that make an update larger by about so many bytes.
pub(crate) fn levels(bytes: usize) -> String {
    const LEVEL: &str = "[101.25,3400.5]";
    if bytes < 2 * LEVEL.len() {
        return String::new();
    }
    let list = vec![LEVEL; (bytes - 12) / (LEVEL.len() + 1)].join(",");
    format!(r#","levels":[{list}]"#)
}

/// Publishes an update; `levels` is what [`levels`] made.
pub(crate) fn publish(out: &mut String, route: &str, topic: usize, count: u64, due: u64, levels: &str) {
    out.clear();
    let to = if route == "bars" { String::new() } else { format!(r#""to":"{route}","#) };
    let (time, ts) = (FIRST_TIME + count, FIRST_NS + due);
    let _ = write!(
        out,
        r#"{{"type":"publish","payload":{{{to}"symbol":"{}","resolution":"1","time":{time},"open":101.25,"high":102.5,"low":100.75,"close":101.5,"volume":12345,"ts_ns":{ts}{levels}}}}}"#,
        symbol(topic),
    );
}

/// Asks for an echo.
pub(crate) fn echo(id: u64) -> String {
    format!(r#"{{"type":"echo","id":"{id}","payload":{{"ts_ns":{}}}}}"#, FIRST_NS + id)
}

/// The number behind a key. `hint` is where it stood last time: frames of one kind hardly differ.
pub(crate) fn number(frame: &[u8], key: &[u8], hint: &mut usize) -> Option<u64> {
    let at = if frame.get(*hint..).is_some_and(|rest| rest.starts_with(key)) {
        *hint
    } else {
        position(frame, key)?
    };
    *hint = at;
    let digits = frame[at + key.len()..].trim_ascii_start();
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits[..length]
        .iter()
        .try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
        .filter(|_| length > 0)
}

/// How many values a frame stands for.
pub(crate) fn stands_for(frame: &[u8]) -> u64 {
    let head = position(frame, PAYLOAD).map_or(frame, |end| &frame[..end]);
    number(head, CONFLATED, &mut 0).unwrap_or(1)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    position(text, part).is_some()
}

fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_with_and_without_a_hint() {
        let frame = br#"{"type":"bars.update","payload":{"time":1000000007,"ts_ns": 42}}"#;
        for start in [0, 31, 33, 500] {
            let mut hint = start;
            assert_eq!(number(frame, TIME, &mut hint), Some(1_000_000_007));
            assert_eq!(number(frame, TIME, &mut hint), Some(1_000_000_007));
            assert_eq!(number(frame, TS, &mut hint), Some(42));
        }
        assert_eq!(number(b"{}", TIME, &mut 0), None);
        assert_eq!(number(br#"{"time":null}"#, TIME, &mut 0), None);
    }

    #[test]
    fn frames_say_how_many_values_they_stand_for_before_their_payload() {
        let cases = [
            (r#"{"type":"quotes.update","topic":"quotes:{}","conflated":5,"payload":{"time":1}}"#, 5),
            (r#"{"type":"quotes.update","topic":"quotes:{}","payload":{"time":1,"conflated":7}}"#, 1),
            ("{}", 1),
        ];
        for (frame, expected) in cases {
            assert_eq!(stands_for(frame.as_bytes()), expected, "{frame}");
        }
    }

    #[test]
    fn updates_have_about_the_size_that_was_asked_for() {
        for bytes in [100, 1000, 2000] {
            let length = levels(bytes).len();
            assert!(length <= bytes && length + 20 > bytes, "{length} for {bytes}");
        }
        let mut frame = String::new();
        publish(&mut frame, "bars", 7, 3, 5, &levels(40));
        let expected = concat!(
            r#"{"type":"publish","payload":{"symbol":"S007","resolution":"1","time":1000000003,"open":101.25,"#,
            r#""high":102.5,"low":100.75,"close":101.5,"volume":12345,"ts_ns":1000000000000005,"#,
            r#""levels":[[101.25,3400.5]]}}"#
        );
        assert_eq!(frame, expected);
    }

    #[test]
    fn only_good_answers_count_as_subscribed() {
        assert!(is_subscribed(br#"{"type":"bars.subscribe.response","payload":{"status":"ok"}}"#));
        assert!(!is_subscribed(br#"{"type":"bars.subscribe.response","payload":{"status":"error"}}"#));
        assert!(!is_subscribed(br#"{"type":"bars.update"}"#));
    }
}
