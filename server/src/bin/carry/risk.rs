//! The risk rules: a day's loss of more than 3 % pauses openings, a drawdown of more than 6 % stops everything.

use crate::generated::types::{
    EmergencyAction, EmergencyActionAction, Equity, Fraction, RiskReport, RiskReportStatus,
};
use crate::values::{decimal, money, time};
use jiff::Timestamp;

/// Loss of a day, in per cent, above which no position is opened.
const DAY_LOSS_LIMIT: i64 = 3;
/// Distance from the peak, in per cent, above which everything stops; it is over at half of it.
const DRAWDOWN_LIMIT: i64 = 6;

/// What the rules know: cents, and days as numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    status: RiskReportStatus,
    equity: i64,
    peak: i64,
    day: i64,
    day_open: i64,
}

impl Rules {
    /// Rules for an account that begins with this much on this day.
    pub(crate) fn new(equity: i64, day: i64) -> Self {
        Self { status: RiskReportStatus::Normal, equity, peak: equity, day, day_open: equity }
    }

    /// How things stand.
    pub(crate) fn status(&self) -> RiskReportStatus {
        self.status
    }

    /// Whether positions may be opened.
    pub(crate) fn may_open(&self) -> bool {
        self.status == RiskReportStatus::Normal
    }

    /// Whether positions may be closed: a stop leaves them alone.
    pub(crate) fn may_close(&self) -> bool {
        self.status != RiskReportStatus::HardStop
    }

    /// The equity as it is told.
    pub(crate) fn equity(&self) -> Equity {
        let (now, peak) = (money(self.equity), money(self.peak));
        Equity { total_equity: now.clone(), peak_equity: peak, current_equity: now, timestamp: None }
    }

    /// Takes note of the equity; gives what is to be told where the status changes.
    pub(crate) fn assess(&mut self, equity: i64, day: i64) -> Option<RiskReport> {
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

    fn judge(&self) -> RiskReportStatus {
        let exceeds = |loss: i64, of: i64, per_cent: i64| {
            i128::from(loss) * 100 > i128::from(of) * i128::from(per_cent)
        };
        let drawdown = self.peak - self.equity;
        // A stop does not end by a hair's breadth: the drawdown must be below half its limit.
        let stopped = self.status == RiskReportStatus::HardStop
            && i128::from(drawdown) * 100 >= i128::from(self.peak) * i128::from(DRAWDOWN_LIMIT / 2);
        if stopped || exceeds(drawdown, self.peak, DRAWDOWN_LIMIT) {
            RiskReportStatus::HardStop
        } else if exceeds(self.day_open - self.equity, self.day_open, DAY_LOSS_LIMIT) {
            RiskReportStatus::SoftPause
        } else {
            RiskReportStatus::Normal
        }
    }

    fn report(&self) -> RiskReport {
        let message = match self.status {
            RiskReportStatus::SoftPause => "New position openings stopped. Existing positions remain open.",
            RiskReportStatus::HardStop => "All trading stopped: the drawdown limit is exceeded.",
            _ => "Within all limits.",
        };
        RiskReport {
            status: self.status,
            message: message.to_owned(),
            reason: None,
            drawdown_pct: Some(fraction(self.peak - self.equity, self.peak)),
            daily_loss_pct: Some(fraction((self.day_open - self.equity).max(0), self.day_open)),
            duration_seconds: None,
            open_positions: None,
            timestamp: None,
        }
    }
}

/// What a change of status does to the positions that are open: a stop pauses them, its end lets them go on.
pub(crate) fn action(
    before: RiskReportStatus,
    after: RiskReportStatus,
    positions_affected: Vec<String>,
    now: Timestamp,
) -> Option<EmergencyAction> {
    let (action, message) = match (before, after) {
        (RiskReportStatus::HardStop, RiskReportStatus::HardStop) => return None,
        (_, RiskReportStatus::HardStop) => (EmergencyActionAction::Pause, "Positions are left alone."),
        (RiskReportStatus::HardStop, _) => {
            (EmergencyActionAction::Resume, "Positions are looked after again.")
        }
        _ => return None,
    };
    let (type_, message, timestamp) = (Default::default(), message.to_owned(), time(now));
    Some(EmergencyAction { type_, action, message, positions_affected, timestamp })
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
