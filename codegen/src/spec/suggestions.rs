//! What a reference that leads nowhere was probably meant to say.

use super::node::Node;
use super::pointer;
use crate::nearest::nearest;

/// The pointer that was probably meant: misspelt steps replaced, else a component of the same name elsewhere.
pub(super) fn suggestion(root: &Node, tokens: &[String]) -> Option<String> {
    let mut node = root;
    let mut pointer = String::new();
    for token in tokens {
        let name = match pointer::child(node, token) {
            Some(_) => token.as_str(),
            None => match nearest(token, node.entries().iter().map(|entry| entry.key.as_str())) {
                Some(name) => name,
                None => return elsewhere(root, tokens),
            },
        };
        node = pointer::child(node, name)?;
        pointer = format!("{pointer}/{}", pointer::escape(name));
    }
    Some(pointer)
}

fn elsewhere(root: &Node, tokens: &[String]) -> Option<String> {
    let name = tokens.last()?;
    let sections = root.get("components")?.entries();
    let section = sections.iter().find(|section| section.value.get(name).is_some())?;
    Some(format!("/components/{}/{}", pointer::escape(&section.key), pointer::escape(name)))
}

/// What there is to choose from where the last step fails, if that is a short list.
pub(super) fn existing(root: &Node, tokens: &[String]) -> Option<String> {
    let (_, parents) = tokens.split_last()?;
    let parent = parents.iter().try_fold(root, |node, token| pointer::child(node, token))?;
    let names: Vec<_> = parent.entries().iter().map(|entry| format!("`{}`", entry.key)).collect();
    let place: String = parents.iter().map(|token| format!("/{}", pointer::escape(token))).collect();
    (1..=12).contains(&names.len()).then(|| format!("`#{place}` has {}", names.join(", ")))
}
