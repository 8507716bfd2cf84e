//! A bot that only pretends, in a thread of its own and without a runtime, as a blocking trading terminal would have it.

mod bot;
mod market;

use std::thread;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::{SeedableRng, rngs::StdRng};

use crate::updates::Updates;
use bot::Bot;

/// Steps it has made before it starts, so that there is something to see at once.
const WARM_UP: i32 = 60;

/// Starts it; it goes on until the process ends.
pub(crate) fn start(updates: Updates, interval: Duration, seed: Option<u64>) -> std::io::Result<()> {
    let random = match seed {
        Some(seed) => StdRng::seed_from_u64(seed),
        None => StdRng::from_rng(&mut rand::rng()),
    };
    let mut bot = Bot::new(random);
    let step = SignedDuration::try_from(interval).unwrap_or(SignedDuration::ZERO);
    let begin = Timestamp::now();
    let past = (1..=WARM_UP).rev().map(move |steps| begin - step * steps);
    thread::Builder::new().name("demo bot".to_owned()).spawn(move || {
        for time in past {
            push(&updates, bot.step(time));
        }
        loop {
            push(&updates, bot.step(Timestamp::now()));
            // Nobody unparks it: this is its pace, off the runtime's threads.
            thread::park_timeout(interval);
        }
    })?;
    Ok(())
}

fn push(updates: &Updates, events: Vec<crate::generated::types::Event>) {
    for event in events {
        updates.push_update(event);
    }
}
