//! PROTOCOL.md and the golden frames change together: the document carries a digest of the frames.

use super::Finding;
use crate::project::Tree;

pub(super) const DOCUMENT: &str = "PROTOCOL.md";
const FRAMES: &str = "tests/frames/";
const MARK: &str = "<!-- golden frames: ";

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    let Some(text) = tree.text(DOCUMENT) else { return Vec::new() };
    let mut findings = Vec::new();
    let first = text.lines().next().unwrap_or_default();
    if first.rsplit_once(", version ").is_none_or(|(_, version)| version.parse::<u32>().is_err()) {
        findings.push(Finding::deny(DOCUMENT, 1, "the title ends in `, version N`"));
    }
    if tree.exists(FRAMES) && !text.contains(&mark(tree)) {
        findings.push(Finding::deny(
            DOCUMENT,
            0,
            "the golden frames changed: describe the change here (a new version where old clients break), then \
             `UPDATE_GOLDEN=1 cargo xtask tidy`",
        ));
    }
    findings
}

/// The document with the digest of today's frames; `None` where nothing changes.
pub(super) fn updated(tree: &Tree) -> Option<String> {
    let text = tree.text(DOCUMENT)?;
    if !tree.exists(FRAMES) || text.contains(&mark(tree)) {
        return None;
    }
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(MARK)).collect();
    Some(format!("{}\n\n{}\n", kept.join("\n").trim_end(), mark(tree)))
}

fn mark(tree: &Tree) -> String {
    // FNV-1a: this guards against forgetting, not against forgery.
    let mut digest: u64 = 0xcbf2_9ce4_8422_2325;
    for file in tree.under(FRAMES) {
        for byte in file.path.bytes().chain([0]).chain(file.text.bytes()).chain([0]) {
            digest = (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    format!("{MARK}{digest:016x} -->")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_frame_asks_for_the_document() {
        let frame = ("tests/frames/subscribe.json", "{}");
        let tree = Tree::of(&[(DOCUMENT, "# The protocol, version 1\n"), frame]);
        assert_eq!(find(&tree).len(), 1);
        let text = updated(&tree).expect("the digest is missing");
        let tree = Tree::of(&[(DOCUMENT, text.as_str()), frame]);
        assert_eq!((find(&tree).len(), updated(&tree)), (0, None));
        let tree = Tree::of(&[(DOCUMENT, text.as_str()), ("tests/frames/subscribe.json", "{ }")]);
        assert_eq!(find(&tree).len(), 1);
    }

    #[test]
    fn a_protocol_has_a_version() {
        let tree = Tree::of(&[(DOCUMENT, "# The protocol\n")]);
        assert_eq!(super::super::messages(&find(&tree)), ["PROTOCOL.md:1: the title ends in `, version N`"]);
    }
}
