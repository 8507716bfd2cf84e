//! The part of CommonMark that descriptions use, as HTML that carries no mark-up of the author's own.
//!
//! Paragraphs, headings, lists, quotes, fenced code; emphasis, code spans, links to `http`, `https`, `mailto` and `#`.
//! Everything else, raw HTML above all, is shown as the text it is.

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
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let taken = match rest[0] {
            '\\' => escaped(rest, out),
            '`' => code(rest, out),
            '[' if depth < NESTING => link(rest, out, depth),
            '<' => autolink(rest, out),
            '*' | '_' if depth < NESTING => emphasis(chars, at, out, depth),
            '\n' => line_end(chars, at, out),
            _ => None,
        };
        at += taken.unwrap_or_else(|| {
            out.push_str(&escape(&rest[0].to_string()));
            1
        });
    }
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

fn code(rest: &[char], out: &mut String) -> Option<usize> {
    let ticks = rest.iter().take_while(|c| **c == '`').count();
    let body = &rest[ticks..];
    let end = (0..body.len()).find(|start| {
        let run = body[*start..].iter().take_while(|c| **c == '`').count();
        run == ticks && (*start == 0 || body[start - 1] != '`')
    })?;
    let text: String = body[..end].iter().collect();
    out.push_str(&format!("<code>{}</code>", escape(text.trim())));
    Some(ticks + end + ticks)
}

fn link(rest: &[char], out: &mut String, depth: usize) -> Option<usize> {
    let close = rest.iter().position(|c| *c == ']')?;
    if rest.get(close + 1) != Some(&'(') {
        return None;
    }
    let end = close + rest[close..].iter().position(|c| *c == ')')?;
    let target: String = rest[close + 2..end].iter().collect();
    let target = target.split_whitespace().next().unwrap_or_default();
    if !is_safe(target) {
        return None;
    }
    out.push_str(&format!("<a href=\"{}\" rel=\"noreferrer\">", escape(target)));
    spans(&rest[1..close], out, depth + 1);
    out.push_str("</a>");
    Some(end + 1)
}

fn autolink(rest: &[char], out: &mut String) -> Option<usize> {
    let end = rest.iter().position(|c| *c == '>')?;
    let target: String = rest[1..end].iter().collect();
    if !is_safe(&target) || target.starts_with('#') || target.contains(char::is_whitespace) {
        return None;
    }
    let target = escape(&target);
    out.push_str(&format!("<a href=\"{target}\" rel=\"noreferrer\">{target}</a>"));
    Some(end + 1)
}

fn is_safe(target: &str) -> bool {
    let lower = target.to_ascii_lowercase();
    ["http://", "https://", "mailto:", "#"].iter().any(|scheme| lower.starts_with(scheme))
}

fn emphasis(chars: &[char], at: usize, out: &mut String, depth: usize) -> Option<usize> {
    let mark = chars[at];
    let rest = &chars[at..];
    let width = if rest.get(1) == Some(&mark) { 2 } else { 1 };
    let after = *rest.get(width)?;
    let inside_word = at > 0 && chars[at - 1].is_alphanumeric();
    if after.is_whitespace() || after == mark || (mark == '_' && inside_word) {
        return None;
    }
    let end = (width + 1..rest.len()).find(|end| {
        let closes = rest[*end..].iter().take(width).filter(|c| **c == mark).count() == width;
        let before = rest[end - 1];
        let next = rest.get(end + width);
        let lone = width == 2 || (before != mark && next != Some(&mark));
        let word = mark == '_' && next.is_some_and(|c| c.is_alphanumeric());
        closes && lone && !word && !before.is_whitespace()
    })?;
    let tag = if width == 2 { "strong" } else { "em" };
    out.push_str(&format!("<{tag}>"));
    spans(&rest[width..end], out, depth + 1);
    out.push_str(&format!("</{tag}>"));
    Some(end + width)
}
