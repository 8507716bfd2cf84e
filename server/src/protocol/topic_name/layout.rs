//! What is known of a topic's parameters before there are any.

use super::is_special;
use crate::protocol::ParamMember;

/// Most members of parameters that are flat.
pub(super) const MEMBERS: usize = 12;

/// Declared parameters, and whether their topics can be written straight from typed ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// The parameters.
    pub(super) members: &'static [ParamMember],
    /// They are few and in canonical order, and their keys are printable ASCII that needs no escapes.
    pub(super) is_flat: bool,
}

impl Layout {
    /// Looks at the parameters; once, while the program is compiled.
    pub(crate) const fn of(members: &'static [ParamMember]) -> Self {
        let mut is_flat = members.len() <= MEMBERS;
        let mut index = 0;
        while index < members.len() {
            let key = members[index].key.as_bytes();
            is_flat =
                is_flat && is_plain(key) && (index == 0 || precedes(members[index - 1].key.as_bytes(), key));
            index += 1;
        }
        Self { members, is_flat }
    }
}

/// ASCII that stands in JSON as it is.
const fn is_plain(key: &[u8]) -> bool {
    let mut index = 0;
    while index < key.len() {
        if key[index] > b'~' || is_special(key[index]) {
            return false;
        }
        index += 1;
    }
    true
}

/// Whether one key stands before another; of ASCII, as RFC 8785 has it.
const fn precedes(left: &[u8], right: &[u8]) -> bool {
    let mut index = 0;
    while index < left.len() && index < right.len() {
        if left[index] != right[index] {
            return left[index] < right[index];
        }
        index += 1;
    }
    left.len() < right.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_written_as_it_comes_is_flat() {
        fn check(keys: &[&'static str], is_flat: bool) {
            let members: Vec<_> = keys.iter().map(|key| ParamMember::new(key, None, &[])).collect();
            assert_eq!(Layout::of(members.leak()).is_flat, is_flat, "{keys:?}");
        }
        check(&[], true);
        check(&["resolution", "symbol"], true);
        check(&["a", "aa", "b"], true);
        check(&["B", "a", "a b", "a_b"], true);
        check(&["symbol", "resolution"], false);
        check(&["aa", "a"], false);
        check(&["a", "a"], false);
        check(&["\u{e9}"], false);
        check(&["a\"b"], false);
        check(&["a\\b"], false);
        check(&["a\nb"], false);
        check(&["a\u{7f}"], false);
        check(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"], true);
        check(&["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m"], false);
    }
}
