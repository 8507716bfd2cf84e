//! How many subscriptions a connection may hold, whether its client asked for them or a service joined them.

use super::Served;
use crate::contract::Refusal;
use crate::protocol::{ErrorCode, TopicSpec};

/// Refuses one subscription more to a topic where `held` is the connection's limit, or what `of_route` counts its route's.
pub(super) fn check(
    served: &Served,
    spec: &TopicSpec,
    held: usize,
    of_route: impl FnOnce() -> usize,
) -> Result<(), Refusal> {
    let refuse = |limit: usize, what: &str| {
        let message = format!("At most {limit} subscriptions{what} per connection");
        Err(Refusal::framework(ErrorCode::TooManySubscriptions, message))
    };
    let total = served.options.max_subscriptions;
    if held >= total {
        return refuse(total, "");
    }
    match spec.max_subscriptions {
        Some(limit) if of_route() >= limit as usize => refuse(limit as usize, &format!(" to {}", spec.route)),
        _ => Ok(()),
    }
}
