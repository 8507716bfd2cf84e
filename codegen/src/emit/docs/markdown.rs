//! The part of CommonMark that descriptions use, as HTML that carries no mark-up of the author's own.
//!
//! Paragraphs, headings, lists, quotes, fenced code; emphasis, code spans, links to `http`, `https`, `mailto` and `#`.
//! Everything else, raw HTML above all, is shown as the text it is.

use std::collections::{HashMap, HashSet};

/// Escapes text for element content and quoted attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A description as HTML blocks.
pub(super) fn render(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        at += block(&lines[at..], &mut out);
    }
    out
}

/// One line of prose, without block mark-up.
pub(super) fn inline(text: &str) -> String {
    let chars: Vec<char> = text.trim().chars().collect();
    let mut out = String::new();
    spans(&chars, &mut out, 0);
    out
}

/// Prints the block that starts at the first line; returns how many lines it took.
fn block(lines: &[&str], out: &mut String) -> usize {
    let line = lines[0].trim();
    if line.is_empty() {
        return 1;
    }
    if let Some(fence) = ["```", "~~~"].into_iter().find(|fence| line.starts_with(fence)) {
        let body: Vec<&str> =
            lines[1..].iter().copied().take_while(|line| !line.trim().starts_with(fence)).collect();
        out.push_str(&format!("<pre><code>{}</code></pre>", escape(&body.join("\n"))));
        return (body.len() + 2).min(lines.len());
    }
    if let Some((level, title)) = heading(line) {
        // The page's own headings end at four.
        let level = (level + 3).min(6);
        out.push_str(&format!("<h{level}>{}</h{level}>", inline(title)));
        return 1;
    }
    if line.starts_with('>') {
        let taken = lines.iter().take_while(|line| line.trim().starts_with('>')).count();
        let inner: Vec<&str> = lines[..taken].iter().map(|line| line.trim()[1..].trim_start()).collect();
        out.push_str(&format!("<blockquote>{}</blockquote>", inline(&inner.join(" "))));
        return taken;
    }
    if let Some((ordered, _)) = list_item(lines[0]) {
        return list(lines, ordered, out);
    }
    let more = lines[1..].iter().take_while(|line| continues(line)).count();
    out.push_str(&format!("<p>{}</p>", inline(&lines[..=more].join("\n"))));
    more + 1
}

fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let title = line[level..].strip_prefix(' ')?;
    (1..=6).contains(&level).then(|| (level, title.trim_end_matches('#').trim()))
}

/// Whether a list item starts here, ordered or not, and its text.
fn list_item(line: &str) -> Option<(bool, &str)> {
    let line = line.trim_start();
    if let Some(text) = ["- ", "* ", "+ "].iter().find_map(|mark| line.strip_prefix(mark)) {
        return Some((false, text));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let text = line[digits..].strip_prefix(". ").or_else(|| line[digits..].strip_prefix(") "))?;
    (1..=9).contains(&digits).then_some((true, text))
}

fn continues(line: &str) -> bool {
    let text = line.trim();
    !(text.is_empty()
        || text.starts_with("```")
        || text.starts_with("~~~")
        || text.starts_with('>')
        || heading(text).is_some()
        || list_item(line).is_some())
}

fn list(lines: &[&str], ordered: bool, out: &mut String) -> usize {
    let mut items: Vec<String> = Vec::new();
    let mut taken = 0;
    for line in lines {
        match list_item(line) {
            Some((kind, text)) if kind == ordered => items.push(text.to_owned()),
            None if continues(line) => {
                if let Some(last) = items.last_mut() {
                    last.push('\n');
                    last.push_str(line.trim());
                }
            }
            _ => break,
        }
        taken += 1;
    }
    let tag = if ordered { "ol" } else { "ul" };
    let items: String = items.iter().map(|item| format!("<li>{}</li>", inline(item))).collect();
    out.push_str(&format!("<{tag}>{items}</{tag}>"));
    taken
}

/// How deep emphasis and links may nest; deeper is text.
const NESTING: usize = 8;

fn spans(chars: &[char], out: &mut String, depth: usize) {
    let mut ahead = Ahead { chars, next: HashMap::new(), unclosed: HashSet::new() };
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let taken = match rest[0] {
            '\\' => escaped(rest, out),
            '`' => code(at, &mut ahead, out),
            '[' if depth < NESTING => link(at, &mut ahead, out, depth),
            '<' => autolink(at, &mut ahead, out),
            '*' | '_' if depth < NESTING => emphasis(at, &mut ahead, out, depth),
            '\n' => line_end(chars, at, out),
            _ => None,
        };
        at += taken.unwrap_or_else(|| {
            out.push_str(&escape(&rest[0].to_string()));
            1
        });
    }
}

/// What has been looked for further on, so that a text of nothing but openings is not searched once for each.
#[derive(Debug)]
struct Ahead<'c> {
    chars: &'c [char],
    /// By character: where it stands next, or the end.
    next: HashMap<char, usize>,
    /// Marks, and how many of them in a row, that nothing closes from here on.
    unclosed: HashSet<(char, usize)>,
}

impl Ahead<'_> {
    /// Where a character stands at `from` or after it, which must not be before where it was last asked for.
    fn position(&mut self, wanted: char, from: usize) -> Option<usize> {
        let known = self.next.get(&wanted).copied().filter(|known| *known >= from);
        let found = known.unwrap_or_else(|| {
            let found = self.chars[from..].iter().position(|c| *c == wanted);
            found.map_or(self.chars.len(), |found| from + found)
        });
        self.next.insert(wanted, found);
        (found < self.chars.len()).then_some(found)
    }

    /// The first place from `from` on that closes so many of a mark.
    fn close(
        &mut self,
        mark: char,
        count: usize,
        from: usize,
        closes: impl Fn(&[char], usize) -> bool,
    ) -> Option<usize> {
        if self.unclosed.contains(&(mark, count)) {
            return None;
        }
        let found = (from..self.chars.len()).find(|end| closes(self.chars, *end));
        if found.is_none() {
            self.unclosed.insert((mark, count));
        }
        found
    }
}

/// How many of a character stand in a row here.
fn run(chars: &[char], c: char) -> usize {
    run_of(chars, |other| other == c)
}

fn escaped(rest: &[char], out: &mut String) -> Option<usize> {
    match rest.get(1)? {
        '\n' => out.push_str("<br>"),
        c if c.is_ascii_punctuation() => out.push_str(&escape(&c.to_string())),
        _ => return None,
    }
    Some(2)
}

fn line_end(chars: &[char], at: usize, out: &mut String) -> Option<usize> {
    let broken = at >= 2 && chars[at - 1] == ' ' && chars[at - 2] == ' ';
    out.push_str(if broken { "<br>" } else { " " });
    Some(1)
}

fn code(at: usize, ahead: &mut Ahead<'_>, out: &mut String) -> Option<usize> {
    let ticks = run(&ahead.chars[at..], '`');
    let start = at + ticks;
    let end = ahead.close('`', ticks, start, |chars, end| {
        chars[end] == '`' && chars[end - 1] != '`' && run(&chars[end..], '`') == ticks
    })?;
    let text: String = ahead.chars[start..end].iter().collect();
    out.push_str(&format!("<code>{}</code>", escape(text.trim())));
    Some(end + ticks - at)
}

fn link(at: usize, ahead: &mut Ahead<'_>, out: &mut String, depth: usize) -> Option<usize> {
    let close = ahead.position(']', at)?;
    if ahead.chars.get(close + 1) != Some(&'(') {
        return None;
    }
    let end = ahead.position(')', close)?;
    let inside = &ahead.chars[close + 2..end];
    let blank = run_of(inside, char::is_whitespace);
    let target = &inside[blank..];
    if !is_safe(target) {
        return None;
    }
    let target: String = target.iter().take_while(|c| !c.is_whitespace()).collect();
    out.push_str(&format!("<a href=\"{}\" rel=\"noreferrer\">", escape(&target)));
    spans(&ahead.chars[at + 1..close], out, depth + 1);
    out.push_str("</a>");
    Some(end + 1 - at)
}

fn autolink(at: usize, ahead: &mut Ahead<'_>, out: &mut String) -> Option<usize> {
    let end = ahead.position('>', at)?;
    let target = &ahead.chars[at + 1..end];
    if !is_safe(target) || target.starts_with(&['#']) || target.iter().any(|c| c.is_whitespace()) {
        return None;
    }
    let target = escape(&target.iter().collect::<String>());
    out.push_str(&format!("<a href=\"{target}\" rel=\"noreferrer\">{target}</a>"));
    Some(end + 1 - at)
}

/// How many of these stand in a row here.
fn run_of(chars: &[char], wanted: impl Fn(char) -> bool) -> usize {
    chars.iter().take_while(|c| wanted(**c)).count()
}

/// Whether it begins like something that may be opened.
fn is_safe(target: &[char]) -> bool {
    let lower: String = target.iter().take(8).map(char::to_ascii_lowercase).collect();
    ["http://", "https://", "mailto:", "#"].iter().any(|scheme| lower.starts_with(scheme))
}

fn emphasis(at: usize, ahead: &mut Ahead<'_>, out: &mut String, depth: usize) -> Option<usize> {
    let chars = ahead.chars;
    let mark = chars[at];
    let width = if chars.get(at + 1) == Some(&mark) { 2 } else { 1 };
    let start = at + width;
    let after = *chars.get(start)?;
    let inside_word = at > 0 && chars[at - 1].is_alphanumeric();
    if after.is_whitespace() || after == mark || (mark == '_' && inside_word) {
        return None;
    }
    let end = ahead.close(mark, width, start + 1, |chars, end| {
        let (before, next) = (chars[end - 1], chars.get(end + width));
        let closes = chars[end..].iter().take(width).filter(|c| **c == mark).count() == width;
        let lone = width == 2 || (before != mark && next != Some(&mark));
        let word = mark == '_' && next.is_some_and(|c| c.is_alphanumeric());
        closes && lone && !word && !before.is_whitespace()
    })?;
    let tag = if width == 2 { "strong" } else { "em" };
    out.push_str(&format!("<{tag}>"));
    spans(&chars[start..end], out, depth + 1);
    out.push_str(&format!("</{tag}>"));
    Some(end + width - at)
}
