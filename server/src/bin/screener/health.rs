//! How the whole is doing, and what to do about it. Pure.

use bellwire::feed::{FeedError, FeedState, FeedStatus, Opening};
use jiff::Timestamp;

use crate::generated::types::{Health, HealthFyers, HealthStatus, HealthUpstream, MarketState};

/// What is known.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) opening: Opening,
    /// `None` while the upstream is disconnected on request.
    pub(crate) feed: Option<FeedStatus>,
    pub(crate) total_symbols: usize,
    pub(crate) frames_skipped: u64,
    pub(crate) last_update: Option<Timestamp>,
    /// The upstream's token is in a file, which is read before each connection.
    pub(crate) has_token_file: bool,
}

/// The market by the calendar.
pub(crate) fn market_state(opening: Opening) -> MarketState {
    match opening {
        Opening::Open => MarketState::Open,
        Opening::Overridden => MarketState::OpenDev,
        Opening::DayOff => MarketState::ClosedWeekend,
        Opening::Holiday => MarketState::ClosedHoliday,
        Opening::OffHours => MarketState::ClosedOffHours,
    }
}

/// The health page.
pub(crate) fn health(findings: &Findings) -> Health {
    let queued = findings.feed.as_ref().map_or(0, |feed| feed.queued);
    let (status, fyers, upstream, mut recommendations) = judge(findings);
    if findings.frames_skipped > 0 {
        recommendations.push("Some upstream frames did not fit; the log shows samples".to_owned());
    }
    Health {
        status,
        fyers,
        market_status: market_state(findings.opening),
        upstream,
        last_update: findings.last_update.map(|time| format!("{time:.3}")),
        total_symbols: findings.total_symbols as u64,
        queued_symbols: queued as u64,
        frames_skipped: findings.frames_skipped,
        recommendations,
    }
}

type Judgement = (HealthStatus, HealthFyers, HealthUpstream, Vec<String>);

fn judge(findings: &Findings) -> Judgement {
    use {HealthFyers as Fyers, HealthStatus as Is, HealthUpstream as Up};
    let Some(feed) = &findings.feed else {
        let again = "Disconnected on request: subscribe to a symbol to connect again";
        return (Is::Ready, Fyers::Ok, Up::Closed, vec![again.to_owned()]);
    };
    let error = feed.last_error.as_deref().unwrap_or("no answer yet");
    let expired = feed.failures > 0 && error == FeedError::TokenExpired.to_string();
    let how = match findings.has_token_file {
        true => "Write a new token to the file of --upstream-token-file: it is read within a minute",
        false => "Renew the upstream's token and restart; with --upstream-token-file that needs no restart",
    };
    let renew = || vec![format!("{how} ({error})")];
    let retried = |what: &str| vec![format!("{what}; tries go on ({error})")];
    match feed.state {
        FeedState::Closed => {
            let closed = "The market is closed: last values are served; DEV_MODE=true connects all the same";
            (Is::Ready, Fyers::Ok, Up::Closed, vec![closed.to_owned()])
        }
        FeedState::Live if feed.queued > 0 => {
            let wait = format!("{} symbols wait: the upstream wants fewer requests", feed.queued);
            (Is::Degraded, Fyers::Ok, Up::Live, vec![wait])
        }
        FeedState::Live => (Is::Ready, Fyers::Ok, Up::Live, Vec::new()),
        FeedState::TokenExpired => (Is::Degraded, Fyers::TokenExpired, Up::TokenExpired, renew()),
        FeedState::Connecting if expired => (Is::Degraded, Fyers::TokenExpired, Up::Connecting, renew()),
        FeedState::Connecting => (Is::Degraded, Fyers::Down, Up::Connecting, retried("Connecting upstream")),
        FeedState::Degraded => {
            (Is::Degraded, Fyers::Down, Up::Degraded, retried("The upstream cannot be used"))
        }
        FeedState::Ended => {
            (Is::Down, Fyers::Down, Up::Ended, vec!["The feed has ended: restart with another".to_owned()])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(state: FeedState, failures: u32, last_error: Option<&str>, queued: usize) -> FeedStatus {
        FeedStatus {
            state,
            since: Timestamp::UNIX_EPOCH,
            provider: Some("upstream".to_owned()),
            failures,
            last_error: last_error.map(str::to_owned),
            subscribed: 0,
            queued,
        }
    }

    #[test]
    fn every_state_has_a_judgement() {
        use {HealthFyers as Fyers, HealthStatus as Is};
        let expired = Some("the token has expired");
        for (feed, status, fyers, advice) in [
            (None, Is::Ready, Fyers::Ok, Some("on request")),
            (Some(feed(FeedState::Closed, 0, None, 0)), Is::Ready, Fyers::Ok, Some("market is closed")),
            (Some(feed(FeedState::Live, 0, Some("old"), 0)), Is::Ready, Fyers::Ok, None),
            (Some(feed(FeedState::Live, 0, None, 7)), Is::Degraded, Fyers::Ok, Some("7 symbols wait")),
            (Some(feed(FeedState::Connecting, 0, None, 0)), Is::Degraded, Fyers::Down, Some("tries go on")),
            (Some(feed(FeedState::Degraded, 1, Some("why"), 0)), Is::Degraded, Fyers::Down, Some("(why)")),
            (
                Some(feed(FeedState::TokenExpired, 1, expired, 0)),
                Is::Degraded,
                Fyers::TokenExpired,
                Some("Renew"),
            ),
            (
                Some(feed(FeedState::Connecting, 1, expired, 0)),
                Is::Degraded,
                Fyers::TokenExpired,
                Some("Renew"),
            ),
            (Some(feed(FeedState::Ended, 0, None, 0)), Is::Down, Fyers::Down, Some("restart")),
        ] {
            let (total_symbols, frames_skipped, last_update) = (3, 0, None);
            let opening = Opening::Open;
            let has_token_file = false;
            let page = health(&Findings {
                opening,
                feed,
                total_symbols,
                frames_skipped,
                last_update,
                has_token_file,
            });
            assert_eq!((page.status, page.fyers), (status, fyers), "{page:?}");
            match advice {
                Some(advice) => assert!(page.recommendations[0].contains(advice), "{page:?}"),
                None => assert!(page.recommendations.is_empty(), "{page:?}"),
            }
        }
    }
}
