//! Paths with parameters: which declared path a request's path is, and what stands in its places.

use percent_encoding::percent_decode_str;

use crate::protocol::{Fault, Faults};

/// A declared path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    segments: Vec<Segment>,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Fixed(&'static str),
    /// A parameter with what stands before and behind it.
    Open {
        prefix: &'static str,
        name: &'static str,
        suffix: &'static str,
    },
}

impl Template {
    pub(super) fn new(path: &'static str) -> Self {
        let segment = |text: &'static str| {
            let open = text.split_once('{').and_then(|(prefix, rest)| Some((prefix, rest.split_once('}')?)));
            match open {
                Some((prefix, (name, suffix))) => Segment::Open { prefix, name, suffix },
                None => Segment::Fixed(text),
            }
        };
        Self { segments: path.split('/').map(segment).collect() }
    }

    /// Templates that say more come first: sorted by this, the first match is the closest.
    pub(super) fn openness(&self) -> (usize, std::cmp::Reverse<usize>) {
        let open = self.segments.iter().filter(|segment| matches!(segment, Segment::Open { .. })).count();
        let fixed = self.segments.iter().map(|segment| match segment {
            Segment::Fixed(text) => text.len(),
            Segment::Open { prefix, suffix, .. } => prefix.len() + suffix.len(),
        });
        (open, std::cmp::Reverse(fixed.sum()))
    }

    /// The parameters as they are written, if the path is this one.
    pub(super) fn read<'a>(&self, path: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
        let mut given = path.split('/');
        let mut found = Vec::new();
        for segment in &self.segments {
            let text = given.next()?;
            match segment {
                Segment::Fixed(fixed) if *fixed == text => {}
                Segment::Fixed(_) => return None,
                Segment::Open { prefix, name, suffix } => {
                    let value = text.strip_prefix(prefix)?.strip_suffix(suffix)?;
                    if value.is_empty() {
                        return None;
                    }
                    found.push((*name, value));
                }
            }
        }
        given.next().is_none().then_some(found)
    }
}

/// The parameters with their percent-encoding undone, or which of them are no text.
pub(super) fn decoded(written: Vec<(&'static str, &str)>) -> Result<Vec<(&'static str, String)>, Faults> {
    let mut parameters = Vec::new();
    let mut faults = Vec::new();
    for (name, value) in written {
        match percent_decode_str(value).decode_utf8() {
            Ok(value) => parameters.push((name, value.into_owned())),
            Err(_) => faults.push(no_text(name)),
        }
    }
    if faults.is_empty() { Ok(parameters) } else { Err(Faults::new(faults)) }
}

/// A parameter whose bytes are no UTF-8.
pub(in crate::http) fn no_text(name: &str) -> Fault {
    Fault::new(format!("/{name}"), "type", "is not UTF-8 text")
}

#[cfg(test)]
mod tests {
    use super::{Template, decoded};

    #[test]
    fn reads_what_stands_in_the_places_or_says_where_it_is_no_text() {
        let cases: [(&str, &str, Option<&[&str]>); 11] = [
            ("/", "/", Some(&[])),
            ("/a/b", "/a/b", Some(&[])),
            ("/a/b", "/a/b/", None),
            ("/a/b", "/a", None),
            ("/charts/{name}.png", "/charts/5M.png", Some(&["5M"])),
            ("/charts/{name}.png", "/charts/.png", None),
            ("/charts/{name}.png", "/charts/5M.jpg", None),
            ("/charts/{name}.png", "/charts/a/b.png", None),
            ("/{a}/x-{b}", "/caf%C3%A9/x-1%2F2", Some(&["café", "1/2"])),
            ("/{a}", "/%ff", Some(&["/a"])),
            ("/{a}", "/", None),
        ];
        for (template, path, expected) in cases {
            let found = Template::new(template).read(path);
            let found = found.map(|found| match decoded(found) {
                Ok(values) => values.into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
                Err(faults) => faults.as_slice().iter().map(|fault| fault.pointer.clone()).collect(),
            });
            assert_eq!(
                found.as_deref(),
                expected.map(|values| values.iter().map(ToString::to_string).collect::<Vec<_>>()).as_deref(),
                "{template} {path}"
            );
        }
    }

    #[test]
    fn what_says_more_comes_first() {
        let mut paths = ["/{a}", "/charts/{a}", "/charts/{a}.png", "/charts/all.png"];
        paths.sort_by_key(|path| Template::new(path).openness());
        assert_eq!(paths, ["/charts/all.png", "/charts/{a}.png", "/charts/{a}", "/{a}"]);
    }
}
