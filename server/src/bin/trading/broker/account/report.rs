//! What an account tells of itself: orders, positions, fills, what it is worth.

use super::{Account, Balance, DEPOSIT, Equity, Execution, Holding, PlacedOrder, Position};
use crate::broker::order::{DUST, printed};
use crate::generated::types::Side;

/// Currency that cash is counted in.
const CURRENCY: &str = "USD";

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

    /// Cash and each asset that is held.
    pub(crate) fn balances(&self) -> Vec<Balance> {
        let available = self.available_cash();
        let cash = Balance {
            asset: CURRENCY.to_owned(),
            available: cents(available),
            locked: cents(self.cash - available),
            total: cents(self.cash),
        };
        let assets = self.holdings.keys().map(|symbol| {
            let total = self.held(symbol);
            let locked = self.promised(symbol, None).min(total);
            let asset = symbol.split(['-', '/']).next().unwrap_or(symbol).to_owned();
            Balance { asset, available: (total - locked).max(0.0), locked, total }
        });
        std::iter::once(cash).chain(assets).collect()
    }
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
