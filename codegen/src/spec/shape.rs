//! What an object of the document may hold, as data: one table that the structure check, the loader's defaults and
//! the editors' JSON Schema all come from.

/// An object of the document: its members and what they are.
#[derive(Debug)]
pub struct Shape {
    /// For sentences: `a channel`.
    pub name: &'static str,
    /// Every member it may have besides extensions.
    pub fields: &'static [Field],
}

/// One member of a [`Shape`].
#[derive(Debug)]
pub struct Field {
    /// Its key.
    pub key: &'static str,
    /// What it must be.
    pub kind: Kind,
    /// May not be left out.
    pub required: bool,
    /// What it is for, in a sentence.
    pub about: &'static str,
    /// What holds when it is left out, as JSON text.
    pub default: Option<&'static str>,
}

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A string.
    Text,
    /// A string or null.
    TextOrNull,
    /// True or false.
    Boolean,
    /// A whole number, not negative.
    Count,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `250ms`, `30s`, `5m`, `1h`, `7d`.
    Duration,
    /// A duration or `never`.
    DurationOrNever,
    /// `512B`, `64KiB`, `1MiB`, `500kB`, `2MB`.
    Size,
    /// Whatever it likes to be.
    Anything,
    /// A schema, or an object that wraps one with its format; checked with the schemas.
    Schema,
    /// A mapping of this shape.
    Object(&'static Shape),
    /// A mapping of this shape, or a `$ref` to one.
    Reusable(&'static Shape),
    /// One of these words, or a mapping of this shape.
    WordOr(&'static [&'static str], &'static Shape),
    /// One of these words, or a list of such values.
    WordOrList(&'static [&'static str], &'static Kind),
    /// A `$ref`, nothing else.
    Reference,
    /// A list of such values.
    List(&'static Kind),
    /// A mapping from free names to such values.
    Map(&'static Kind),
}

/// A member that may be left out.
pub(super) const fn field(key: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { key, kind, required: false, about, default: None }
}

impl Field {
    /// The same, but it may not be left out.
    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, with what holds when it is left out.
    pub(super) const fn default(mut self, json: &'static str) -> Self {
        self.default = Some(json);
        self
    }
}

impl Shape {
    /// The member of this key.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.key == key)
    }
}

impl Kind {
    /// For sentences: what the value must be.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Text => "a string".into(),
            Self::TextOrNull => "a string or null".into(),
            Self::Boolean => "`true` or `false`".into(),
            Self::Count => "a whole number".into(),
            Self::Word(words) => one_of(words),
            Self::Duration => "a duration such as `250ms`, `30s` or `5m`".into(),
            Self::DurationOrNever => "a duration such as `30s` or `1h`, or `never`".into(),
            Self::Size => "a size such as `64KiB` or `1MiB`".into(),
            Self::Anything => "a value".into(),
            Self::Schema => "a schema".into(),
            Self::Object(shape) | Self::Reusable(shape) => format!("a mapping ({})", shape.name),
            Self::WordOr(words, _) => format!("{}, or a mapping", one_of(words)),
            Self::WordOrList(words, _) => format!("{}, or a list", one_of(words)),
            Self::Reference => "a reference (`$ref: …`)".into(),
            Self::List(_) => "a list".into(),
            Self::Map(_) => "a mapping".into(),
        }
    }
}

/// `` `a`, `b` or `c` ``.
pub(crate) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}
