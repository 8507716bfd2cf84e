//! What is retained, as entries and badges of the page.

use super::operations::{Anchors, Entry, badge, entry as blank, members_of};
use super::{http, types};
use crate::model::{Api, Broadcast, Endpoint, HttpSubject, StateKind, Store};

/// One entry of `x-state`.
pub(super) fn entry(api: &Api, endpoint: &Endpoint, store: &Store, anchors: &mut Anchors<'_>) -> Entry {
    let name = &store.name.wire;
    let (text, title) = kept(&store.kind);
    let mut badges = vec![badge(&text, &title)];
    let broadcasts = |at: &usize| endpoint.broadcasts[*at].name.wire.as_str();
    match store.from.iter().map(broadcasts).collect::<Vec<_>>().as_slice() {
        [] => badges.push(badge("set by the server", "No broadcast changes it.")),
        names if names.len() > 3 => badges.push(badge(
            &format!("from {} broadcasts", names.len()),
            &format!("Changed by {}.", names.join(", ")),
        )),
        names => badges.push(badge(&format!("from {}", names.join(", ")), "The broadcasts that change it.")),
    }
    let told = endpoint.stores.iter().position(|other| other.name.wire == *name);
    let tells = |broadcast: &&Broadcast| {
        broadcast.tells.as_ref().is_some_and(|tells| told.is_some_and(|at| tells.stores.contains(&at)))
    };
    for broadcast in endpoint.broadcasts.iter().filter(tells) {
        badges.push(badge(&format!("in {}", broadcast.name.wire), "Told to each new connection."));
    }
    if let Some(path) = &store.http {
        badges.push(badge(&format!("GET {path}"), "The same over plain HTTP; `?limit=` shortens a list."));
    }
    let call = told
        .and_then(|at| http::snippet(endpoint, HttpSubject::Store(at), Some(&store.name.typescript), None));
    Entry {
        badges,
        members: "Members",
        fields: members_of(api, Some(&store.item)),
        carries: vec![("Holds", types::html(api, &store.shown))],
        attempt: told.and_then(|at| http::attempt(endpoint, HttpSubject::Store(at))),
        code: call.unwrap_or_else(|| "// Comes with the messages to each new connection.".to_owned()),
        ..blank(anchors.claim("state", name), name, ("state", "Retained state"), &store.docs)
    }
}

/// What is kept, and how much of it.
pub(super) fn kept(kind: &StateKind) -> (String, String) {
    match kind {
        StateKind::Latest => {
            ("state: latest".into(), "The last update is kept and sent to those who come later.".into())
        }
        StateKind::Merge => (
            "state: merge".into(),
            "Updates are merged, key by key, and the whole is sent to those who come later.".into(),
        ),
        StateKind::Keyed { key, max_keys, .. } => (
            format!("state: by {}", key.join(", ")),
            format!(
                "The last update of each key is kept, {max_keys} keys at most, and sent to those who come later."
            ),
        ),
        StateKind::Window { size, .. } => (
            format!("state: last {size}"),
            format!("The last {size} updates are kept and sent to those who come later."),
        ),
    }
}
