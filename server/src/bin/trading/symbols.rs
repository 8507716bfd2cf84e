//! The symbols there are, and how others are refused.

use std::{collections::BTreeSet, sync::Arc};

use bellwire::contract::Refusal;

use crate::broker::CURRENCY;

/// Symbols that a refusal names at most.
const NAMED: usize = 20;

/// The symbols that the feed tells about, walking ones among them; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Symbols {
    known: Arc<BTreeSet<String>>,
    /// Back ends may publish others over HTTP, so that topics of any symbol make sense.
    open: bool,
}

impl Symbols {
    /// These, and any other where `open`.
    pub(crate) fn new(known: impl IntoIterator<Item = String>, open: bool) -> Self {
        Self { known: Arc::new(known.into_iter().collect()), open }
    }

    /// Whether a symbol's topics ever tell anything.
    pub(crate) fn check_topic(&self, symbol: &str) -> Result<(), Refusal> {
        if self.open { Ok(()) } else { self.check(symbol) }
    }

    /// Whether there may be a price.
    fn check(&self, symbol: &str) -> Result<(), Refusal> {
        check(symbol, self.known.iter())
    }

    /// Whether there may be a price that an account can buy at. What all are paid in is none: what is bought of it would
    /// pass for cash.
    pub(crate) fn check_tradable(&self, symbol: &str) -> Result<(), Refusal> {
        check(symbol, self.known.iter().filter(|known| *known != CURRENCY))
    }
}

fn check<'a>(symbol: &str, mut allowed: impl Iterator<Item = &'a String> + Clone) -> Result<(), Refusal> {
    let choice = allowed.clone();
    if allowed.any(|allowed| allowed == symbol) {
        return Ok(());
    }
    let choice = one_of(choice);
    Err(Refusal::new("unknown-symbol", format!("{symbol} {choice}")).at("/symbol", choice))
}

/// `is not one of "A", "B"`, as schemas say it; the first of many.
pub(crate) fn one_of<'a>(allowed: impl Iterator<Item = &'a String> + Clone) -> String {
    let more = allowed.clone().count().saturating_sub(NAMED);
    let mut named: Vec<String> = allowed.take(NAMED).map(|allowed| format!("{allowed:?}")).collect();
    if named.is_empty() {
        return "is none of those there are: there are none".to_owned();
    }
    if more > 0 {
        named.push(format!("{more} more"));
    }
    format!("is not one of {}", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(count: usize, open: bool) -> Symbols {
        Symbols::new((0..count).map(|number| format!("S{number:03}")), open)
    }

    #[test]
    fn others_are_refused_with_what_there_is() {
        let refusal = symbols(2, false).check_topic("X").unwrap_err();
        assert_eq!(refusal.code(), "unknown-symbol");
        assert_eq!(refusal.message(), r#"X is not one of "S000", "S001""#);
        assert_eq!(refusal.errors()[0].pointer, "/symbol");
        assert!(symbols(2, false).check_topic("S001").is_ok());
        assert!(symbols(2, true).check_topic("X").is_ok() && symbols(2, true).check_tradable("X").is_err());
    }

    #[test]
    fn nobody_buys_the_currency_that_all_are_paid_in() {
        let symbols = Symbols::new(["AAPL", "USD", "USD-CHF"].map(str::to_owned), false);
        assert!(symbols.check_topic("USD").is_ok());
        let refusal = symbols.check_tradable("USD").unwrap_err();
        assert_eq!(refusal.message(), r#"USD is not one of "AAPL", "USD-CHF""#);
        assert!(symbols.check_tradable("USD-CHF").is_ok());
    }

    #[test]
    fn long_lists_are_cut() {
        let refusal = symbols(50, false).check("X").unwrap_err();
        assert!(refusal.message().ends_with(r#""S019", 30 more"#), "{refusal}");
        assert!(one_of([].iter()).contains("there are none"));
    }
}
