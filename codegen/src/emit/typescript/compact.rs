//! What is too long to be read is printed short, so that no file outgrows what tools and people bear: comments shrink,
//! then go, then lines are filled. It takes hundreds of members to get there.

use super::literal::{WIDTH, width};
use super::types::{Body, Item, Member};

/// Keeps `prettier` from undoing it.
pub(super) const IGNORE: &str = "// prettier-ignore\n";

/// Lines that the interface of a client may take with its comments.
const INTERFACE_LINES: usize = 330;

/// Lines that the members of what makes one may take.
const FACTORY_LINES: usize = 100;

/// Words on at most `line_count` lines, which are longer than usual where it takes that.
pub(super) fn filled(words: &[String], indent: usize, line_count: usize) -> String {
    let mut limit = WIDTH;
    loop {
        let lines = fill_lines(words, limit.saturating_sub(indent));
        if lines.len() <= line_count.max(1) {
            return lines.join(&format!("\n{}", " ".repeat(indent)));
        }
        limit += limit / 4;
    }
}

fn fill_lines(words: &[String], limit: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = 0;
    for word in words {
        let size = width(word);
        match lines.last_mut() {
            Some(line) if used + 1 + size <= limit => {
                line.push(' ');
                line.push_str(word);
                used += 1 + size;
            }
            _ => {
                lines.push(word.clone());
                used = size;
            }
        }
    }
    lines
}

/// The members of a client's interface; says whether they had to be filled into lines, as one member.
pub(super) fn interface(members: &mut Vec<Member>) -> bool {
    if shrink(members, INTERFACE_LINES) {
        return false;
    }
    let words: Vec<_> = members.iter().map(|member| one_line(&member.text)).collect();
    let text = format!("  {}", filled(&words, 2, INTERFACE_LINES));
    *members = vec![Member { docs: String::new(), text }];
    true
}

/// The members of what makes a client; says whether they had to be filled into lines, as one member.
pub(super) fn factory(members: &mut Vec<String>) -> bool {
    let lines: usize = members.iter().map(|member| member.matches('\n').count() + 1).sum();
    if lines <= FACTORY_LINES {
        return false;
    }
    let words: Vec<_> = members.iter().map(|member| one_line(member)).collect();
    *members = vec![format!("    {}", filled(&words, 4, FACTORY_LINES))];
    true
}

/// Lines joined.
fn one_line(text: &str) -> String {
    text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ")
}

/// Members with comments of one line, or none, as far as it takes; says whether that is enough.
fn shrink(members: &mut [Member], budget: usize) -> bool {
    let count = |members: &[Member]| members.iter().map(Member::line_count).sum::<usize>();
    if count(members) > budget {
        members.iter_mut().for_each(|member| member.docs = first_line(&member.docs));
    }
    if count(members) > budget {
        members.iter_mut().for_each(|member| member.docs.clear());
    }
    count(members) <= budget
}

/// A comment's first line of prose, as a comment.
fn first_line(docs: &str) -> String {
    let pad: String = docs.chars().take_while(|&c| c == ' ').collect();
    let mut lines =
        docs.lines().map(|line| line.trim().trim_start_matches("/**").trim_start_matches('*').trim());
    let line = lines.find(|line| !line.is_empty() && !line.starts_with(['/', '@']));
    line.map(|line| format!("{pad}/** {} */\n", line.trim_end_matches("*/").trim_end())).unwrap_or_default()
}

/// An item of at most about `budget` lines.
pub(super) fn item(mut item: Item, budget: usize) -> Item {
    if item.line_count() <= budget {
        return item;
    }
    match &mut item.body {
        Body::Interface(members) | Body::Values(members) => {
            if !shrink(members, budget) {
                let separator = if matches!(item.body, Body::Values(_)) { ',' } else { ';' };
                return fill(item, separator, budget);
            }
        }
        Body::Alias(text) => {
            // By lines: a blank may stand inside a value.
            let words = text.lines().map(str::trim).filter(|word| !word.is_empty());
            let words: Vec<_> = words.map(str::to_owned).collect();
            *text = format!("\n  {}", filled(&words, 2, budget / 2));
            item.docs.push_str(IGNORE);
        }
    }
    item
}

fn fill(mut item: Item, separator: char, budget: usize) -> Item {
    if let Body::Interface(members) | Body::Values(members) = &mut item.body {
        let words = members.iter().map(|member| format!("{}{separator}", one_line(&member.text)));
        let words: Vec<_> = words.collect();
        let text = filled(&words, 2, budget / 2).trim_end_matches(separator).to_owned();
        *members = vec![Member { docs: String::new(), text }];
    }
    item.docs.push_str(IGNORE);
    item
}
