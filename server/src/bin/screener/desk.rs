//! What is wanted of the upstream: by connections, which own their sets, and by operators, who pin symbols over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellwire::contract::Refusal;
use bellwire::{Claim, Interests};
use tokio::sync::watch;

/// Exchange and kind of a symbol that comes without.
const EXCHANGE: &str = "NSE";
const KIND: &str = "EQ";

/// A symbol in full: `SBIN` is `NSE:SBIN-EQ`.
pub(crate) fn full(symbol: &str) -> String {
    if symbol.contains(':') { symbol.to_owned() } else { format!("{EXCHANGE}:{symbol}-{KIND}") }
}

/// What is wanted, and whether the upstream is to be connected at all.
#[derive(Debug)]
pub(crate) struct Desk {
    interests: Interests<String>,
    pins: Mutex<BTreeMap<String, Claim<String>>>,
    parked: watch::Sender<bool>,
}

impl Desk {
    /// Nothing is wanted yet; at most `bound` symbols will be.
    pub(crate) fn new(bound: usize) -> Self {
        Self { interests: Interests::new(bound), pins: Mutex::default(), parked: watch::Sender::new(false) }
    }

    /// What connections want, for the topic's hooks.
    pub(crate) fn interests(&self) -> &Interests<String> {
        &self.interests
    }

    fn pins(&self) -> MutexGuard<'_, BTreeMap<String, Claim<String>>> {
        self.pins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room upstream for all of these or none.
    pub(crate) fn claim<'s>(
        &self,
        symbols: impl IntoIterator<Item = &'s String>,
    ) -> Result<Vec<Claim<String>>, Refusal> {
        symbols.into_iter().map(|symbol| self.interests.claim(symbol.clone())).collect()
    }

    /// Holds all of these until [`Desk::unpin`], or none.
    pub(crate) fn pin(&self, symbols: &[String]) -> Result<(), Refusal> {
        let claims = self.claim(symbols)?;
        self.pins().extend(symbols.iter().cloned().zip(claims));
        self.wake();
        Ok(())
    }

    /// Gives up what was pinned; where nothing else is wanted, the upstream is to disconnect. Says whether it is.
    pub(crate) fn unpin(&self) -> bool {
        let pins = std::mem::take(&mut *self.pins());
        drop(pins);
        let idle = self.interests.is_empty();
        self.parked.send_replace(idle);
        idle
    }

    /// Someone wants something: the upstream is to be connected.
    pub(crate) fn wake(&self) {
        self.parked.send_if_modified(|parked| std::mem::replace(parked, false));
    }

    /// Whether the upstream is to stay disconnected, as it changes.
    pub(crate) fn parked(&self) -> watch::Receiver<bool> {
        self.parked.subscribe()
    }

    /// The symbols wanted, as they change, until the receivers are gone.
    pub(crate) fn follow(&self) -> watch::Receiver<Arc<BTreeSet<String>>> {
        let (sender, wanted) = watch::channel(Arc::default());
        let (mut changes, interests) = (self.interests.changes(), self.interests.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = changes.next() => {}
                    () = sender.closed() => return,
                }
                sender.send_replace(Arc::new(interests.current().into_iter().collect()));
            }
        });
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_symbols_are_completed() {
        for (symbol, want) in [
            ("SBIN", "NSE:SBIN-EQ"),
            ("M&M", "NSE:M&M-EQ"),
            ("NSE:SBIN-EQ", "NSE:SBIN-EQ"),
            ("BSE:SENSEX-INDEX", "BSE:SENSEX-INDEX"),
        ] {
            assert_eq!(full(symbol), want);
        }
    }

    #[test]
    fn pins_are_held_once_given_up_together_and_park_only_what_nobody_wants() {
        let desk = Desk::new(3);
        let symbols = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        desk.pin(&symbols(&["a", "b", "a"])).expect("there is room");
        desk.interests().add(&"a".to_owned());
        desk.pin(&symbols(&["c", "d"])).expect_err("there is no room for both");
        assert_eq!(desk.interests().current(), ["a", "b"], "all or none");
        assert!(!desk.unpin(), "a connection holds one");
        assert_eq!(desk.interests().current(), ["a"]);
        desk.interests().remove(&"a".to_owned());
        assert!(desk.unpin());
        assert!(*desk.parked().borrow());
        desk.wake();
        assert!(!*desk.parked().borrow());
    }
}
