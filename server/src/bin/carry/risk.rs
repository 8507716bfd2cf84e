//! The risk rules: a day's loss of more than 3 % pauses openings, a drawdown of more than 6 % stops everything.

use crate::generated::types::{Equity, Fraction, Risk, RiskStatus};
use crate::values::{decimal, money};

/// Loss of a day, in per cent, above which no position is opened.
const DAY_LOSS_LIMIT: i64 = 3;
/// Distance from the peak, in per cent, above which everything stops; it is over at half of it.
const DRAWDOWN_LIMIT: i64 = 6;

/// What the rules know: cents, and days as numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    status: RiskStatus,
    equity: i64,
    peak: i64,
    day: i64,
    day_open: i64,
}

impl Rules {
    /// Rules for an account that begins with this much on this day.
    pub(crate) fn new(equity: i64, day: i64) -> Self {
        Self { status: RiskStatus::Normal, equity, peak: equity, day, day_open: equity }
    }

    /// Whether positions may be opened.
    pub(crate) fn may_open(&self) -> bool {
        self.status == RiskStatus::Normal
    }

    /// The equity as it is told.
    pub(crate) fn equity(&self) -> Equity {
        let (now, peak) = (money(self.equity), money(self.peak));
        Equity { total_equity: now.clone(), peak_equity: peak, current_equity: now }
    }

    /// Takes note of the equity; gives what is to be told where the status changes.
    pub(crate) fn assess(&mut self, equity: i64, day: i64) -> Option<Risk> {
        if day != self.day {
            (self.day, self.day_open) = (day, self.equity);
        }
        self.equity = equity;
        self.peak = self.peak.max(equity);
        let status = self.judge();
        if status == self.status {
            return None;
        }
        self.status = status;
        Some(self.report())
    }

    fn judge(&self) -> RiskStatus {
        let exceeds = |loss: i64, of: i64, per_cent: i64| {
            i128::from(loss) * 100 > i128::from(of) * i128::from(per_cent)
        };
        let drawdown = self.peak - self.equity;
        // A stop does not end by a hair's breadth: the drawdown must be below half its limit.
        let stopped = self.status == RiskStatus::HardStop
            && i128::from(drawdown) * 100 >= i128::from(self.peak) * i128::from(DRAWDOWN_LIMIT / 2);
        if stopped || exceeds(drawdown, self.peak, DRAWDOWN_LIMIT) {
            RiskStatus::HardStop
        } else if exceeds(self.day_open - self.equity, self.day_open, DAY_LOSS_LIMIT) {
            RiskStatus::SoftPause
        } else {
            RiskStatus::Normal
        }
    }

    fn report(&self) -> Risk {
        let message = match self.status {
            RiskStatus::SoftPause => "New position openings stopped. Existing positions remain open.",
            RiskStatus::HardStop => "All trading stopped: the drawdown limit is exceeded.",
            _ => "Within all limits.",
        };
        Risk {
            status: self.status,
            message: message.to_owned(),
            reason: None,
            drawdown_pct: Some(fraction(self.peak - self.equity, self.peak)),
            daily_loss_pct: Some(fraction((self.day_open - self.equity).max(0), self.day_open)),
            duration_seconds: None,
            open_positions: None,
        }
    }
}

/// A part as a fraction with four digits.
fn fraction(part: i64, of: i64) -> Fraction {
    let units = i128::from(part) * 10_000 / i128::from(of.max(1));
    decimal(i64::try_from(units).unwrap_or(i64::MAX), 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_follow_the_rules() {
        let mut rules = Rules::new(10_000, 1);
        for (equity, day, expected) in [
            (9_700, 1, None),
            (9_699, 1, Some(("soft_pause", "0.0301", "0.0301"))),
            (9_701, 1, Some(("normal", "0.0299", "0.0299"))),
            (9_400, 1, Some(("soft_pause", "0.0600", "0.0600"))),
            (9_399, 1, Some(("hard_stop", "0.0601", "0.0601"))),
            (9_650, 1, None),
            (9_700, 1, None),
            (9_701, 1, Some(("normal", "0.0299", "0.0299"))),
            // A new day counts its own loss; the peak stays.
            (9_420, 2, None),
            (9_409, 2, Some(("soft_pause", "0.0591", "0.0300"))),
            (9_300, 2, Some(("hard_stop", "0.0700", "0.0413"))),
            (12_000, 2, Some(("normal", "0.0000", "0.0000"))),
            (11_279, 3, Some(("hard_stop", "0.0600", "0.0600"))),
        ] {
            let told = rules.assess(equity, day);
            let told = told.as_ref().map(|risk| {
                let part = |part: &Option<Fraction>| part.as_ref().map_or("", Fraction::as_str).to_owned();
                (risk.status.as_str(), part(&risk.drawdown_pct), part(&risk.daily_loss_pct))
            });
            let told = told.as_ref().map(|(status, drawdown, loss)| (*status, &**drawdown, &**loss));
            assert_eq!(told, expected, "{equity} on day {day}");
        }
        assert!(!rules.may_open());
        assert_eq!(rules.equity().peak_equity.as_str(), "120.00");
    }
}
