//! What was sent to everyone while nobody was connected, for those who come within its time: bounded by count, age and
//! bytes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::Publication;
use crate::protocol::ReplaySpec;

/// Messages for those who come later, oldest first.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Without it nothing is kept.
    spec: Option<ReplaySpec>,
    /// The operator's word on how long.
    ttl: Option<Duration>,
    messages: VecDeque<(Instant, Arc<Publication>)>,
    bytes: usize,
}

impl Kept {
    /// Keeps messages from now on, unless it does already.
    pub(super) fn begin(&mut self, spec: ReplaySpec) {
        self.spec.get_or_insert(spec);
    }

    /// Forgets messages of this age, rather than of the one that the document names.
    pub(super) fn limit_age(&mut self, ttl: Duration) {
        self.ttl = Some(ttl);
    }

    /// Keeps a message; the oldest ones go where there is no room. One that has no room even alone is not kept.
    pub(super) fn push(&mut self, publication: &Arc<Publication>, now: Instant) {
        let Some(spec) = self.spec else { return };
        self.forget_old(now);
        let limit = usize::try_from(spec.bytes).unwrap_or(usize::MAX);
        let size = publication.frame.len();
        if size > limit || spec.size == 0 {
            return;
        }
        while self.messages.len() >= spec.size as usize || self.bytes + size > limit {
            self.forget_first();
        }
        self.bytes += size;
        self.messages.push_back((now, publication.clone()));
    }

    /// What a client that comes now gets, in order.
    pub(super) fn frames(&mut self, now: Instant) -> Vec<Bytes> {
        self.forget_old(now);
        self.messages.iter().map(|(_, publication)| publication.frame.clone()).collect()
    }

    /// How many messages that would be.
    pub(super) fn len(&mut self, now: Instant) -> usize {
        self.forget_old(now);
        self.messages.len()
    }

    fn forget_old(&mut self, now: Instant) {
        let declared = || Duration::from_millis(self.spec.map_or(0, |spec| spec.ttl_ms));
        let ttl = self.ttl.unwrap_or_else(declared);
        while self.messages.front().is_some_and(|(kept, _)| now.saturating_duration_since(*kept) >= ttl) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((_, publication)) = self.messages.pop_front() {
            self.bytes -= publication.frame.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::fixtures::EVERY;

    fn kept(size: u32, ttl_ms: u64, bytes: u64) -> Kept {
        let mut kept = Kept::default();
        kept.begin(ReplaySpec { size, ttl_ms, bytes });
        kept
    }

    fn push(kept: &mut Kept, texts: &[&str], now: Instant) {
        for text in texts {
            kept.push(&Arc::new(Publication::message(text.as_bytes(), EVERY)), now);
        }
    }

    fn texts(kept: &mut Kept, now: Instant) -> Vec<String> {
        kept.frames(now).iter().map(|frame| String::from_utf8_lossy(frame).into_owned()).collect()
    }

    #[test]
    fn the_last_messages_are_kept_within_every_bound() {
        let now = Instant::now();
        for (size, bytes, expected) in [
            (3, 100, &["2", "3", "44"][..]),
            (9, 3, &["3", "44"]),
            (9, 2, &["44"]),
            (9, 1, &["3"]),
            (0, 100, &[]),
        ] {
            let mut kept = kept(size, 1000, bytes);
            push(&mut kept, &["1", "2", "3", "44"], now);
            assert_eq!(texts(&mut kept, now), expected, "{size} messages, {bytes} bytes");
            assert_eq!(texts(&mut kept, now), expected, "reading takes nothing away");
        }
    }

    #[test]
    fn messages_go_at_their_age() {
        let now = Instant::now();
        let after = |ms| now + Duration::from_millis(ms);
        let mut kept = kept(9, 100, 100);
        push(&mut kept, &["1"], now);
        push(&mut kept, &["2"], after(50));
        assert_eq!(texts(&mut kept, after(99)), ["1", "2"]);
        assert_eq!(texts(&mut kept, after(100)), ["2"]);
        assert_eq!(kept.len(after(150)), 0);
        assert_eq!(kept.bytes, 0);
    }

    #[test]
    fn nothing_is_kept_unless_it_is_declared() {
        let now = Instant::now();
        let mut kept = Kept::default();
        push(&mut kept, &["1"], now);
        assert_eq!(kept.len(now), 0);
    }
}
