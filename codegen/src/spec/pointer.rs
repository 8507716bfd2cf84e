//! JSON pointers in fragments of references.

use super::node::Node;

/// The tokens of a fragment, percent-decoded and unescaped; `None` where it does not begin with `/`.
pub(super) fn tokens(fragment: &str) -> Option<Vec<String>> {
    if fragment.is_empty() || fragment == "/" {
        return Some(Vec::new());
    }
    let decoded = percent_decode(fragment).unwrap_or_else(|| fragment.to_owned());
    Some(decoded.strip_prefix('/')?.split('/').map(unescape).collect())
}

/// The member or item a token names.
pub(super) fn child<'a>(node: &'a Node, token: &str) -> Option<&'a Node> {
    if node.is_sequence() {
        let plain = token.bytes().all(|b| b.is_ascii_digit()) && (token == "0" || !token.starts_with('0'));
        return token.parse::<usize>().ok().filter(|_| plain).and_then(|at| node.items().get(at));
    }
    node.get(token)
}

/// `~1` and `~0` to what they stand for.
pub(crate) fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// The other way round.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// `%20` and the like; `None` where the result is no UTF-8.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (bytes[at], hex(at + 1), hex(at + 2)) {
            out.push((high * 16 + low) as u8);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_percents() {
        assert_eq!(tokens("/a~1b/c%20d/~01"), Some(vec!["a/b".into(), "c d".into(), "~1".into()]));
        assert_eq!(tokens("a"), None);
        assert_eq!(unescape(&escape("~/x~1")), "~/x~1");
        assert_eq!(percent_decode("100%"), Some("100%".into()));
    }
}
