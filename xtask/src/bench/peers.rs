//! Whom Bellwire is measured beside. How each is built, installed and started stands in `programs.rs`.

use anyhow::{Result, bail};

use super::scenarios::Scenario;

/// The name of our own server.
pub(super) const OURS: &str = "bellwire";

/// A server to measure.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) name: &'static str,
    about: &'static str,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ours,
    /// Writes each publication at once, or some of a topic together.
    Bare {
        together: &'static str,
    },
    Naive,
    Bun,
    NodeWs,
    FastWs,
}

const PEERS: &[Peer] = &[
    Peer { name: OURS, about: "this project, on one thread", kind: Kind::Ours },
    Peer {
        name: "bare",
        about: "a poll loop, one write per socket and frame",
        kind: Kind::Bare { together: "1" },
    },
    Peer {
        name: "bare16",
        about: "the same, up to 16 frames per write",
        kind: Kind::Bare { together: "16" },
    },
    Peer { name: "bun", about: "Bun, that is uWebSockets", kind: Kind::Bun },
    Peer { name: "ws", about: "ws on Node.js", kind: Kind::NodeWs },
    Peer { name: "fastws", about: "FastWS on Python", kind: Kind::FastWs },
    Peer { name: "naive", about: "axum, a task and a broadcast channel by hand", kind: Kind::Naive },
];

impl Peer {
    /// Whether the project has promised something in comparison with it.
    pub(super) fn is_in_a_target(&self) -> bool {
        matches!(self.kind, Kind::Ours | Kind::Bare { .. } | Kind::Bun)
    }

    /// Whether the scenario says anything about it.
    pub(super) fn takes(&self, scenario: &Scenario) -> bool {
        match self.kind {
            Kind::Ours => true,
            _ if scenario.is_conflated() => false,
            Kind::Bare { together: "16" } => scenario.is_saturated(),
            Kind::Bare { .. } | Kind::Naive | Kind::FastWs => !scenario.is_deflated(),
            Kind::Bun | Kind::NodeWs => true,
        }
    }
}

/// Our own server.
pub(super) fn ours() -> &'static Peer {
    &PEERS[0]
}

/// The one of that name.
pub(super) fn named(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}

/// Ours and those named.
pub(super) fn chosen(names: &[String]) -> Result<Vec<&'static Peer>> {
    for name in names {
        if name != "all" && !PEERS.iter().any(|peer| peer.name == name) {
            let known: Vec<&str> = PEERS.iter().map(|peer| peer.name).collect();
            bail!("no peer is called `{name}`; there are {} and all", known.join(", "));
        }
    }
    let wanted =
        |peer: &&Peer| peer.kind == Kind::Ours || names.iter().any(|name| name == peer.name || name == "all");
    Ok(PEERS.iter().filter(wanted).collect())
}

/// Where a peer stands among all.
pub(super) fn rank(name: &str) -> usize {
    PEERS.iter().position(|peer| peer.name == name).unwrap_or(PEERS.len())
}

/// What a peer is, for readers.
pub(super) fn about(name: &str) -> &'static str {
    named(name).map_or("", |peer| peer.about)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_always_measured() {
        let names = |names: &[&str]| -> Vec<&str> {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            chosen(&names).expect("known names").iter().map(|peer| peer.name).collect()
        };
        assert_eq!(names(&[]), ["bellwire"]);
        assert_eq!(names(&["ws", "bare"]), ["bellwire", "bare", "ws"]);
        assert_eq!(names(&["all"]).len(), PEERS.len());
        assert!(chosen(&["deno".to_owned()]).is_err());
    }
}
