//! Lists, tuples, and schemas of several JSON types at once.

use serde_json::Value;

use super::conjunction::{Conjunction, Cursor};
use super::flat::{Flat, Items, Types, is_record};
use super::lowering::{Lowering, Site, Use};
use crate::model::{Shape, Type};

impl<'s> Lowering<'s, '_> {
    pub(super) fn array(&mut self, flat: &Flat<'s>, site: &Site) -> Use {
        let bounded = ["minItems", "maxItems", "uniqueItems"].iter().any(|keyword| flat.has(keyword));
        let (ty, checked) = match &flat.items {
            Items::Any => (Type::Array(Box::new(Type::Any)), bounded),
            Items::All(items) => {
                let item = self.use_of(items, &site.inside("Item", "/items"));
                let checked = bounded || item.checked;
                (Type::Array(Box::new(item.whole())), checked)
            }
            Items::Tuple(items, rest) => self.tuple(flat, items, rest.as_ref(), site),
        };
        Use { checked, ..Use::plain(ty) }
    }

    fn tuple(
        &mut self,
        flat: &Flat<'s>,
        items: &[Conjunction<'s>],
        rest: Option<&Cursor<'s>>,
        site: &Site,
    ) -> (Type, bool) {
        let least = flat.parts.iter().filter_map(|part| part.get("minItems")?.as_u64()).max();
        if least.is_some_and(|least| (least as usize) < items.len()) {
            self.unsupported(site, "a tuple that may be shorter than its `items`");
            return (Type::Array(Box::new(Type::Any)), true);
        }
        let mut checked = false;
        let mut lower = |this: &mut Self, items: &[Cursor<'s>], at: String| {
            let used = this.use_of(items, &site.inside(&format!("Item{at}"), &format!("/items/{at}")));
            checked |= used.checked;
            used.whole()
        };
        let positions = items.iter().enumerate();
        let types = positions.map(|(at, item)| lower(self, item, (at + 1).to_string())).collect();
        let most = flat.parts.iter().filter_map(|part| part.get("maxItems")?.as_u64()).min();
        let rest = rest
            .filter(|rest| rest.value != &Value::Bool(false))
            .filter(|_| most.is_none_or(|most| most as usize > items.len()))
            .map(|rest| Box::new(lower(self, std::slice::from_ref(rest), "Rest".to_owned())));
        let exact = most.or(least).is_none_or(|length| length as usize == items.len());
        checked |= flat.has("uniqueItems") || rest.is_some() && !exact;
        (Type::Tuple { items: types, rest }, checked)
    }

    /// `type: [string, integer]`: one arm per type.
    pub(super) fn kinds(&mut self, flat: &Flat<'s>, kinds: &[Types], site: &Site) -> (Shape, bool) {
        let mut arms = Vec::new();
        let mut checked = false;
        for kind in kinds {
            let narrow = Flat { types: *kind, check_only: Vec::new(), groups: Vec::new(), ..flat.clone() };
            let name = super::unions::kind_name(*kind);
            let used = if *kind == Types::OBJECT && is_record(&narrow) {
                let inner = site.inside(name, "");
                let key_free = Flat { parts: Vec::new(), ..narrow };
                Use::plain(self.unshared_object(&key_free, &inner))
            } else {
                self.single(&narrow, *kind, site)
            };
            checked |= used.checked;
            arms.push((name.to_owned(), used.whole()));
        }
        (super::unions::untagged(arms), checked)
    }
}
