//! Style and script of the page, folded so that a few rules or a function make a line.
//!
//! The folding knows only what these files do: lines of comment go, an indented line joins the one above, short lines
//! join each other. The sources therefore end every statement with `;` and keep strings on one line.

/// Length at which a line is not joined by another rule or function.
const FULL: usize = 320;

const STYLE: [&str; 3] = [
    include_str!("../../../templates/docs/style/base.css"),
    include_str!("../../../templates/docs/style/page.css"),
    include_str!("../../../templates/docs/style/console.css"),
];

const SCRIPT: [&str; 7] = [
    include_str!("../../../templates/docs/script/base.js"),
    include_str!("../../../templates/docs/script/json.js"),
    include_str!("../../../templates/docs/script/form.js"),
    include_str!("../../../templates/docs/script/socket.js"),
    include_str!("../../../templates/docs/script/http.js"),
    include_str!("../../../templates/docs/script/log.js"),
    include_str!("../../../templates/docs/script/main.js"),
];

/// The page's style sheet.
pub(super) fn style() -> String {
    fold(&STYLE)
}

/// The page's script.
pub(super) fn script() -> String {
    fold(&SCRIPT)
}

fn fold(sources: &[&str]) -> String {
    let mut out = String::new();
    let mut start = 0;
    for line in sources.iter().flat_map(|source| source.lines()) {
        let text = line.trim();
        if text.is_empty() || text.starts_with("//") || (text.starts_with("/*") && text.ends_with("*/")) {
            continue;
        }
        let opens = !line.starts_with([' ', '}', ')', ']']);
        if opens && out.len() - start + text.len() > FULL && !out.is_empty() {
            out.push('\n');
            start = out.len();
        } else if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(text);
    }
    out
}
