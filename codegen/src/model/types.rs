//! Types: JSON Schema after references, unions, merges and names have been settled.

use serde_json::Value;

use super::{Constraint, Docs, Name};

/// Index of a [`TypeDef`] in [`super::Api::types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub usize);

/// A type that gets a name in generated code.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeDef {
    /// `UpperCamel` in both languages; unique within the API in each.
    pub name: Name,
    /// From the schema.
    pub docs: Docs,
    /// JSON pointer of its schema in the *served* document, e.g. `#/components/schemas/Bar` or, for an inline type,
    /// `#/components/schemas/Bar/properties/venue`.
    pub pointer: String,
    /// The component whose file this type lives in: itself for components and hoisted payloads, else its ancestor.
    pub root: TypeId,
    /// What it is.
    pub shape: Shape,
    /// Constraints of the schema as a whole, for documentation.
    pub constraints: Vec<Constraint>,
    /// The normalised draft-07 schema with `$ref`s only to `#/components/schemas/…`; present on roots alone.
    pub schema: Option<Value>,
    /// Whether `Eq` and `Hash` may be derived: no float or open value anywhere inside.
    pub hashable: bool,
    /// Whether the schema demands more than the Rust type enforces (bounds, patterns, formats, …), so that input must
    /// be checked against the schema.
    pub checked: bool,
}

impl TypeDef {
    /// The regular expression that its texts match, if there is one.
    #[must_use]
    pub fn pattern(&self) -> Option<&str> {
        self.constraints.iter().find(|constraint| constraint.keyword == "pattern")?.value.as_str()
    }
}

/// The forms a named type takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A JSON object with known members.
    Object(Object),
    /// One of a list of scalar values.
    Enum(Enum),
    /// One of several objects, told apart by the value of one member.
    Tagged(Tagged),
    /// One of several types, tried in order.
    Untagged(Vec<UnionArm>),
    /// Another name for a type: scalars, arrays, maps, tuples.
    Alias(Type),
}

/// Members of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// In document order.
    pub fields: Vec<Field>,
    /// What happens to members the schema does not name.
    pub additional: Additional,
}

/// Members the schema does not name.
#[derive(Debug, Clone, PartialEq)]
pub enum Additional {
    /// Accepted and dropped (the default, so that new members do not break old readers).
    Ignored,
    /// Refused: `additionalProperties: false`.
    Refused,
    /// Kept in a map of this value type.
    Kept(Type),
}

/// One member of an object. The four shapes of optional × nullable are the two flags.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Wire key; `snake_case` Rust identifier, unique in its object; `typescript` is the key as printed (quoted where
    /// it is no identifier).
    pub name: Name,
    /// From the member's schema.
    pub docs: Docs,
    /// Without the nullability that [`Field::nullable`] carries.
    pub ty: Type,
    /// May not be absent.
    pub required: bool,
    /// May be `null`.
    pub nullable: bool,
    /// Used when absent; `None` where the schema has none. A field with a default is optional on the wire and always
    /// present in Rust.
    pub default: Option<Value>,
    /// Constraints, for documentation.
    pub constraints: Vec<Constraint>,
    /// Recursion goes through this field: Rust boxes it.
    pub boxed: bool,
    /// `readOnly` / `writeOnly`, for documentation.
    pub read_only: bool,
    /// See [`Field::read_only`].
    pub write_only: bool,
}

/// One of a list of scalar values; a string or integer `const` is an enum of one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Enum {
    /// In document order, at least one, no duplicates.
    pub values: Vec<EnumValue>,
    /// What the values are on the wire.
    pub repr: EnumRepr,
    /// Unknown values are kept instead of refused.
    pub open: bool,
    /// It came from a `const`: TypeScript prints the literal in place.
    pub constant: bool,
}

/// What the values of an enum are on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnumRepr {
    /// JSON strings only.
    String,
    /// JSON integers only, all within `i64`.
    Integer,
    /// Anything else: numbers with fractions, booleans, null, a mixture.
    Mixed,
}

/// One value of an enum.
#[derive(Debug, Clone, PartialEq)]
pub struct EnumValue {
    /// Variant name, `UpperCamel` in Rust and the key of the TypeScript constant object; unique in its enum. `wire` is
    /// the value as text.
    pub name: Name,
    /// The value itself.
    pub value: Value,
    /// From `x-enum-descriptions`, where given.
    pub description: Option<String>,
}

/// One of several objects, told apart by a required constant member.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    /// Wire key of the telling member.
    pub tag: String,
    /// In document order; tag values are distinct.
    pub arms: Vec<TaggedArm>,
}

/// One arm of a tagged union. Its type keeps the tag as an ordinary constant member.
#[derive(Debug, Clone, PartialEq)]
pub struct TaggedArm {
    /// Variant name.
    pub name: Name,
    /// Tag values that select this arm: strings, integers or booleans; more than one where the arm's tag is itself an
    /// enum or the arm is a tagged union over the same key.
    pub values: Vec<Value>,
    /// The arm's type: an object, or again a union.
    pub ty: TypeId,
}

/// One arm of an untagged union.
#[derive(Debug, Clone, PartialEq)]
pub struct UnionArm {
    /// Variant name.
    pub name: Name,
    /// What it holds; `null` arms have become nullability before.
    pub ty: Type,
    /// Recursion goes through this arm: Rust boxes it.
    pub boxed: bool,
}

/// A use of a type.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// Any JSON value: `true`, `{}`, and what cannot be said more narrowly (with a warning).
    Any,
    /// Only `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer(IntWidth),
    /// A 32-bit float.
    Float32,
    /// A 64-bit float.
    Float64,
    /// A string; the format is documentation and is checked on input.
    String {
        /// JSON Schema `format`, if any.
        format: Option<String>,
    },
    /// A decimal number in a string (`format: decimal`): branded in TypeScript, a checked newtype in Rust.
    Decimal,
    /// A 64-bit integer in a string (`type: string, format: int64`/`uint64`): branded in TypeScript, the integer in Rust.
    IntegerString {
        /// `uint64` instead of `int64`.
        unsigned: bool,
    },
    /// A constant that is neither string nor integer.
    Constant(Value),
    /// A named type.
    Named(TypeId),
    /// A list.
    Array(Box<Type>),
    /// A list of fixed positions, then any number of `rest`.
    Tuple {
        /// One per position.
        items: Vec<Type>,
        /// Type of what may follow; `None` where nothing may.
        rest: Option<Box<Type>>,
    },
    /// An object used as a dictionary.
    Map {
        /// An enum that names the keys, else any string.
        key: Option<TypeId>,
        /// Type of the values.
        value: Box<Type>,
    },
    /// The type or `null`, where no field carries the flag (array items, map values, aliases).
    Nullable(Box<Type>),
}

/// Width of an integer, from its format or its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntWidth {
    /// `int8` … `int64`, `uint8` … `uint64`.
    I8,
    /// 16 bits.
    I16,
    /// 32 bits.
    I32,
    /// 64 bits that stay within ±(2^53 − 1): by their bounds, because the document says so (`x-int64: number`), or for
    /// want of any format or bound beyond, as JSON's own integers do. A TypeScript `number`.
    SafeI64,
    /// `format: int64` without such bounds: TypeScript `Int64`, a `number` where it is exact and a `bigint` where not.
    I64,
    /// 8 bits, unsigned.
    U8,
    /// 16 bits, unsigned.
    U16,
    /// 32 bits, unsigned.
    U32,
    /// As [`IntWidth::SafeI64`], unsigned.
    SafeU64,
    /// As [`IntWidth::I64`], unsigned.
    U64,
}

impl Type {
    /// Whether its values are lists, or may be where they are not `null`.
    #[must_use]
    pub fn is_list(&self, types: &[TypeDef]) -> bool {
        let mut ty = self;
        // An alias of itself is no list.
        for _ in 0..=types.len() {
            ty = match ty {
                Self::Array(_) | Self::Tuple { .. } => return true,
                Self::Nullable(inner) => inner,
                Self::Named(id) => match types.get(id.0).map(|def| &def.shape) {
                    Some(Shape::Alias(inner)) => inner,
                    _ => return false,
                },
                _ => return false,
            };
        }
        false
    }
}
