use super::problem;

#[test]
fn javascript_takes_what_is_plain() {
    for pattern in [
        "",
        "^[A-Z]{1,5}$",
        r"^\d+(?:\.\d+)?$",
        "a|b|",
        "^(?<kind>[a-z]+):(.*)$",
        r"\p{L}\P{Lu}\p{Script=Old_Italic}",
        r"[\w.-]+",
        r"[a\-z]",
        r"^a/b\/\$\{x\}\[\]$",
        r"\x41\u0041\u{1F600}\cA\0",
        r"a{2}b{2,}c{2,3}?d*?",
        r"(?=a)b(?!c)(?<!d)e",
        r"(a)\1",
        "[-a]",
        "[a-]",
        r"[\b\d-]",
        "é[α-ω]",
    ] {
        assert_eq!(problem(pattern), None, "{pattern}");
    }
}

#[test]
fn javascript_is_told_apart_from_rust() {
    for (pattern, help) in [
        (r"^a\-b$", "write `-`"),
        (r"\_", "write `_`"),
        (r"\'", "write `'`"),
        ("(?i)x", "write both cases out: `[Aa]`"),
        ("(?i:x)", "write both cases out: `[Aa]`"),
        (r"\Aab", "write `^`"),
        (r"^a\z", "write `$`"),
        (r"\pL", r"write `\p{L}`"),
        (r"\p{Greek}", r"write it as Unicode does: `\p{L}`, `\p{Lowercase_Letter}`, `\p{Script=Greek}`"),
        (r"\p{letter}", r"write it as Unicode does: `\p{L}`, `\p{Lowercase_Letter}`, `\p{Script=Greek}`"),
        ("[[:alpha:]]", r"write a literal `[` as `\[`"),
        ("[a-z&&[^b]]", "list the characters themselves"),
        ("]", r"write `\]`"),
        ("[^]-a]", r"write `\]`"),
        ("a}", r"write `\}`"),
        ("(?P<n>a)", "write `(?<name>…)`"),
        ("a++", "leave it out, or put what it repeats into `(?:…)`"),
        ("(?=a)*", "leave it out, or put what it repeats into `(?:…)`"),
        (r"\b+", "leave it out, or put what it repeats into `(?:…)`"),
        ("a{,3}", r"write `\{`, or `{0,3}` for `{,3}`"),
        (r"\x{41}", r"write `\x41`, `\u0041` or `\u{41}`"),
        (r"\U0001F600", "say the same without it"),
        (r"[a-\d]", r"write a literal `-` as `\-`"),
        (r"\a", r"write `\x07`"),
    ] {
        assert_eq!(problem(pattern).map(|problem| problem.help).as_deref(), Some(help), "{pattern}");
    }
}
