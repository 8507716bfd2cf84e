//! Relative links of the Markdown files lead somewhere, anchors included.

use std::sync::LazyLock;

use regex::Regex;

use super::Finding;
use crate::project::{SourceFile, Tree};

#[expect(clippy::expect_used, reason = "the pattern is a constant")]
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\]\(([^)\s]+)\)").expect("a valid pattern"));

pub(super) fn find(tree: &Tree) -> Vec<Finding> {
    tree.with_extension("md").flat_map(|file| broken(tree, file)).collect()
}

fn broken(tree: &Tree, file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in prose(&file.text) {
        for target in LINK.captures_iter(text).filter_map(|captures| captures.get(1)) {
            let target = target.as_str();
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = if path.is_empty() { file.path.clone() } else { resolve(&file.path, path) };
            if !tree.exists(&path) {
                findings.push(Finding::deny(
                    &file.path,
                    line,
                    format!("links to `{target}`, which is not there"),
                ));
            } else if !anchor.is_empty() && tree.text(&path).is_some_and(|text| !has_anchor(text, anchor)) {
                findings.push(Finding::deny(
                    &file.path,
                    line,
                    format!("links to `{target}`, a heading that is not there"),
                ));
            }
        }
    }
    findings
}

/// The lines outside code fences, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        (!fenced).then_some((index + 1, line))
    })
}

fn resolve(from: &str, target: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn has_anchor(text: &str, anchor: &str) -> bool {
    prose(text).filter(|(_, line)| line.starts_with('#')).any(|(_, line)| slug(line) == anchor)
}

/// The anchor that forges make of a heading.
fn slug(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::messages;
    use super::*;

    #[test]
    fn dead_links_are_found() {
        let tree = Tree::of(&[
            (
                "docs/a.md",
                "[up](../README.md) [gone](b.md)\n[there](../README.md#the-map) [not](../README.md#nowhere)\n```\n[code](x.md)\n```\n[web](https://example.com) [self](#top)\n# Top\n",
            ),
            ("README.md", "# Bellwire\n## The map\n[folder](docs/)\n"),
        ]);
        let expected = [
            "docs/a.md:1: links to `b.md`, which is not there",
            "docs/a.md:2: links to `../README.md#nowhere`, a heading that is not there",
        ];
        assert_eq!(messages(&find(&tree)), expected);
    }
}
