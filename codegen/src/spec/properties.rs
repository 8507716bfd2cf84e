//! What a schema says about the members of an object, as far as rules about topics need to know: through references
//! and `allOf`, arm by arm through `oneOf` and `anyOf`. The whole meaning of schemas is lowering's business.

use super::node::{Entry, Node};
use super::references::References;

/// Deepest chain of schemas inside schemas that is looked through.
const MAX_DEPTH: usize = 24;

/// Most schemas looked at for one question; branching chains would otherwise multiply.
const MAX_VISITS: usize = 2_000;

/// The members of an object schema.
#[derive(Debug, Default)]
pub struct Properties<'a> {
    /// In document order, those of a union's arms one after the other.
    pub members: Vec<&'a Entry>,
    /// Keys that every arm has.
    pub everywhere: Vec<&'a str>,
    /// The schema does not say that values are objects: it is another type, or says nothing.
    pub not_object: bool,
    /// It has members that it does not name: a map, or free to hold anything.
    pub open: bool,
}

impl<'a> Properties<'a> {
    /// Reads a schema; `None` where a reference in it leads nowhere.
    #[must_use]
    pub fn read(references: &'a References, schema: &'a Node) -> Option<Self> {
        let mut reader = Reader { references, visits: 0 };
        reader.read(schema, 0)
    }

    /// The schema of a member.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.members.iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Keys of all members, each once.
    #[must_use]
    pub fn keys(&self) -> Vec<&'a str> {
        let mut keys: Vec<&'a str> = Vec::new();
        for member in &self.members {
            if !keys.contains(&member.key.as_str()) {
                keys.push(&member.key);
            }
        }
        keys
    }
}

struct Reader<'a> {
    references: &'a References,
    visits: usize,
}

impl<'a> Reader<'a> {
    fn read(&mut self, schema: &'a Node, depth: usize) -> Option<Properties<'a>> {
        self.visits += 1;
        if depth > MAX_DEPTH || self.visits > MAX_VISITS {
            return None;
        }
        let node = self.references.resolve(schema).ok()?.node;
        if let (Some(inner), true) = (node.get("schema"), node.get("schemaFormat").is_some()) {
            return self.read(inner, depth + 1);
        }
        let mut found = Properties::default();
        if let Some(properties) = node.get("properties") {
            found.members = properties.entries().iter().collect();
            found.everywhere = properties.entries().iter().map(|entry| entry.key.as_str()).collect();
        }
        let typed = is_object(node);
        found.not_object = typed == Some(false);
        let mut says_object = typed == Some(true) || node.get("properties").is_some();
        for part in node.get("allOf").map_or(&[][..], Node::items) {
            let part = self.read(part, depth + 1)?;
            says_object |= !part.not_object;
            found.members.extend(part.members);
            found.everywhere.extend(part.everywhere);
            found.open |= part.open;
        }
        for union in ["oneOf", "anyOf"].iter().filter_map(|key| node.get(key)) {
            let arms: Option<Vec<_>> = union.items().iter().map(|arm| self.read(arm, depth + 1)).collect();
            let arms = arms?;
            says_object |= !arms.is_empty() && arms.iter().all(|arm| !arm.not_object);
            if let Some((first, rest)) = arms.split_first() {
                let shared = first.everywhere.iter().copied();
                found
                    .everywhere
                    .extend(shared.filter(|key| rest.iter().all(|arm| arm.everywhere.contains(key))));
            }
            found.open |= arms.iter().any(|arm| arm.open);
            found.members.extend(arms.into_iter().flat_map(|arm| arm.members));
        }
        found.not_object |= !says_object;
        found.open |= node.get("additionalProperties").is_some_and(|more| more.as_bool() != Some(false))
            || node.get("patternProperties").is_some();
        Some(found)
    }
}

/// What `type` says, if it says anything.
fn is_object(node: &Node) -> Option<bool> {
    let kind = node.get("type")?;
    Some(match kind.as_str() {
        Some(kind) => kind == "object",
        None => kind.items().iter().all(|kind| matches!(kind.as_str(), Some("object" | "null"))),
    })
}
