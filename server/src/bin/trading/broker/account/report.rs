//! What an account tells of itself: orders, positions, fills, what it is worth.

use std::collections::BTreeMap;

use super::{Account, Balance, CURRENCY, DEPOSIT, Equity, Execution, Holding, PlacedOrder, Position};
use crate::broker::order::{DUST, printed};
use crate::generated::types::Side;

impl Account {
    /// Working orders, then ended ones, newest first.
    pub(crate) fn orders(&self) -> Vec<PlacedOrder> {
        self.working.values().map(|order| &order.placed).chain(&self.ended).cloned().collect()
    }

    /// Open positions.
    pub(crate) fn positions(&self) -> Vec<Position> {
        self.holdings.iter().map(|(symbol, holding)| holding.position(symbol)).collect()
    }

    /// Fills, newest first.
    pub(crate) fn executions(&self) -> impl Iterator<Item = &Execution> {
        self.executions.iter()
    }

    /// What the account is worth.
    pub(crate) fn equity(&self) -> Equity {
        let open: f64 = self.holdings.values().map(|held| (held.mark - held.average) * held.quantity).sum();
        let balance = DEPOSIT + self.realized;
        Equity {
            equity: cents(balance + open),
            balance: cents(balance),
            unrealized_pl: cents(open),
            realized_pl: cents(self.realized),
        }
    }

    /// Cash and each asset that is held, once: the same asset may be held by several symbols.
    pub(crate) fn balances(&self) -> Vec<Balance> {
        let available = self.available_cash();
        let cash = Balance {
            asset: CURRENCY.to_owned(),
            available: cents(available),
            locked: cents(self.cash - available),
            total: cents(self.cash),
        };
        let mut assets = BTreeMap::<&str, Balance>::new();
        for symbol in self.holdings.keys() {
            let asset = asset_of(symbol);
            let none = || Balance { asset: asset.to_owned(), available: 0.0, locked: 0.0, total: 0.0 };
            let balance = assets.entry(asset).or_insert_with(none);
            let total = self.held(symbol);
            let locked = self.promised(symbol, None).min(total);
            balance.available += (total - locked).max(0.0);
            balance.locked += locked;
            balance.total += total;
        }
        std::iter::once(cash).chain(assets.into_values()).collect()
    }
}

/// What a holding of a symbol is counted as: its base, or all of it where that would pass for the account's cash.
fn asset_of(symbol: &str) -> &str {
    symbol.split(['-', '/']).next().filter(|base| *base != CURRENCY).unwrap_or(symbol)
}

impl Holding {
    pub(super) fn position(&self, symbol: &str) -> Position {
        Position {
            id: symbol.to_owned(),
            symbol: symbol.to_owned(),
            qty: if self.quantity <= DUST { 0.0 } else { self.quantity },
            side: Side::Buy,
            avg_price: printed(self.average),
        }
    }
}

/// Amounts of money are shown in cents; sums of binary fractions are not. The empty sum is -0, which nobody wants to see.
fn cents(amount: f64) -> f64 {
    (amount * 100.0).round() / 100.0 + 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_asset_has_one_balance() {
        for (held, want) in [
            (&[("BTC-USD", 2.0), ("BTC/EUR", 3.0), ("ETH-USD", 1.0)][..], &[("BTC", 5.0), ("ETH", 1.0)][..]),
            (&[("USD-CHF", 4.0), ("USD/JPY", 1.0)], &[("USD-CHF", 4.0), ("USD/JPY", 1.0)]),
            (&[("AAPL", 7.0)], &[("AAPL", 7.0)]),
        ] {
            let holding = |quantity| Holding { quantity, ..Holding::default() };
            let holdings = held.iter().map(|(symbol, quantity)| ((*symbol).to_owned(), holding(*quantity)));
            let account = Account { holdings: holdings.collect(), ..Account::default() };
            let balances = account.balances();
            let told: Vec<_> = balances.iter().map(|told| (told.asset.as_str(), told.total)).collect();
            assert_eq!(told, [&[("USD", DEPOSIT)], want].concat(), "{held:?}");
        }
    }
}
