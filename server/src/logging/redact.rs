//! What looks like a secret, and its absence. Pure.

/// Parts of field names whose values are never told.
const NAMES: [&str; 6] = ["token", "secret", "password", "authorization", "api_key", "apikey"];
/// What stands before a secret in a text.
const MARKS: [&str; 5] = ["bearer ", "token=", "secret=", "password=", "api_key="];

/// Whether the value of a field of this name is a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|part| name.contains(part))
}

/// The text with what follows a mark blotted out.
pub(super) fn redacted(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((start, mark)) = next_mark(&lower, at) {
        let secret = start + mark.len();
        let rest = &text[secret..];
        let end = rest.find(|c: char| c.is_whitespace() || "&,;\"')}]".contains(c)).unwrap_or(rest.len());
        out.push_str(&text[at..secret]);
        if end > 0 {
            out.push_str("***");
        }
        at = secret + end;
    }
    out.push_str(&text[at..]);
    out
}

fn next_mark(lower: &str, from: usize) -> Option<(usize, &'static str)> {
    MARKS.iter().filter_map(|mark| Some((from + lower[from..].find(mark)?, *mark))).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_go_and_the_rest_stays() {
        for (text, want) in [
            ("nothing here", "nothing here"),
            ("Authorization: Bearer a.b.c", "Authorization: Bearer ***"),
            ("GET /ws?token=a.b.c&x=1 BEARER zz", "GET /ws?token=***&x=1 BEARER ***"),
            ("token= and ünï password=pä55", "token= and ünï password=***"),
        ] {
            assert_eq!(redacted(text), want);
        }
        assert!(is_secret("refreshToken") && is_secret("API_KEY") && !is_secret("symbol"));
    }
}
