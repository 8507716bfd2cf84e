//! The topic of flat parameters, straight from their type: what is published often needs no tree of values for its name.
//!
//! Parameters with anything nested, or of an unusual kind, are not flat and take the general way; where both can be
//! taken they lead to the same bytes.

use std::fmt;

use serde::ser::{Error, Impossible, Serialize, SerializeStruct, Serializer};

use super::layout::MEMBERS;
use super::{Room, write_default, write_string};
use crate::protocol::ParamMember;

/// Writes the topic of a route and its parameters; `false` where these are not flat. The members are in canonical order.
pub(super) fn write_topic<P: Serialize>(
    room: &mut Room,
    route: &str,
    members: &[ParamMember],
    params: &P,
) -> bool {
    let Room { name, values } = room;
    let mut found = Values { text: values, keys: [""; MEMBERS], ends: [0; MEMBERS], count: 0 };
    if params.serialize(&mut found).is_err() {
        return false;
    }
    name.push_str(route);
    name.push_str(":{");
    for (index, member) in members.iter().enumerate() {
        name.push_str(if index == 0 { "\"" } else { ",\"" });
        name.push_str(member.key);
        name.push_str("\":");
        match found.value(member.key) {
            Some(value) => name.push_str(value),
            None => write_default(name, member),
        }
    }
    name.push('}');
    true
}

/// Canonical values of the members that have been written so far, in the order of their declaration.
struct Values<'a> {
    text: &'a mut String,
    keys: [&'static str; MEMBERS],
    /// Where each value ends in the text.
    ends: [usize; MEMBERS],
    count: usize,
}

impl Values<'_> {
    fn value(&self, key: &str) -> Option<&str> {
        let index = self.keys[..self.count].iter().position(|known| *known == key)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        self.text.get(start..self.ends[index])
    }
}

/// The parameters are not flat.
#[derive(Debug)]
struct NotFlat;

impl fmt::Display for NotFlat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not flat")
    }
}

impl std::error::Error for NotFlat {}

impl Error for NotFlat {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

type Nested = Impossible<(), NotFlat>;

macro_rules! not_flat {
    ($($method:ident($($type:ty),*) -> $out:ty;)*) => {
        $(fn $method(self, $(_: $type),*) -> Result<$out, NotFlat> { Err(NotFlat) })*
    };
}

/// What is no part of flat parameters wherever it stands.
macro_rules! never_flat {
    () => {
        type SerializeSeq = Nested;
        type SerializeTuple = Nested;
        type SerializeTupleStruct = Nested;
        type SerializeTupleVariant = Nested;
        type SerializeMap = Nested;
        type SerializeStructVariant = Nested;

        not_flat! {
            serialize_i8(i8) -> ();
            serialize_i16(i16) -> ();
            serialize_u8(u8) -> ();
            serialize_u16(u16) -> ();
            serialize_f32(f32) -> ();
            serialize_char(char) -> ();
            serialize_bytes(&[u8]) -> ();
            serialize_unit() -> ();
            serialize_unit_struct(&'static str) -> ();
            serialize_seq(Option<usize>) -> Nested;
            serialize_tuple(usize) -> Nested;
            serialize_tuple_struct(&'static str, usize) -> Nested;
            serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Nested;
            serialize_map(Option<usize>) -> Nested;
            serialize_struct_variant(&'static str, u32, &'static str, usize) -> Nested;
        }

        fn serialize_newtype_variant<T: Serialize + ?Sized>(
            self,
            _: &'static str,
            _: u32,
            _: &'static str,
            _: &T,
        ) -> Result<(), NotFlat> {
            Err(NotFlat)
        }
    };
}

/// Writes nothing but a struct, member by member.
impl Serializer for &mut Values<'_> {
    type Ok = ();
    type Error = NotFlat;
    type SerializeStruct = Self;

    never_flat!();

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, NotFlat> {
        Ok(self)
    }

    not_flat! {
        serialize_bool(bool) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f64(f64) -> ();
        serialize_str(&str) -> ();
        serialize_none() -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), NotFlat> {
        Err(NotFlat)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<(), NotFlat> {
        Err(NotFlat)
    }
}

impl SerializeStruct for &mut Values<'_> {
    type Ok = ();
    type Error = NotFlat;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), NotFlat> {
        if self.count == MEMBERS {
            return Err(NotFlat);
        }
        value.serialize(Scalar(self.text))?;
        self.keys[self.count] = key;
        self.ends[self.count] = self.text.len();
        self.count += 1;
        Ok(())
    }

    fn end(self) -> Result<(), NotFlat> {
        Ok(())
    }
}

/// Writes one value as RFC 8785 says; an absent one as topics have it, as an empty string.
struct Scalar<'a>(&'a mut String);

impl Scalar<'_> {
    fn integer(self, digits: impl fmt::Display) -> Result<(), NotFlat> {
        fmt::Write::write_fmt(self.0, format_args!("{digits}")).map_err(|_| NotFlat)
    }

    fn absent(self) -> Result<(), NotFlat> {
        self.0.push_str("\"\"");
        Ok(())
    }
}

impl Serializer for Scalar<'_> {
    type Ok = ();
    type Error = NotFlat;
    type SerializeStruct = Nested;

    never_flat!();

    fn serialize_bool(self, value: bool) -> Result<(), NotFlat> {
        self.0.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), NotFlat> {
        write_string(self.0, value);
        Ok(())
    }

    fn serialize_i32(self, value: i32) -> Result<(), NotFlat> {
        self.integer(value)
    }

    fn serialize_i64(self, value: i64) -> Result<(), NotFlat> {
        self.integer(value)
    }

    fn serialize_u32(self, value: u32) -> Result<(), NotFlat> {
        self.integer(value)
    }

    fn serialize_u64(self, value: u64) -> Result<(), NotFlat> {
        self.integer(value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), NotFlat> {
        if !value.is_finite() {
            return self.absent();
        }
        self.0.push_str(ryu_js::Buffer::new().format(value));
        Ok(())
    }

    fn serialize_none(self) -> Result<(), NotFlat> {
        self.absent()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotFlat> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), NotFlat> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NotFlat> {
        self.serialize_str(variant)
    }

    not_flat! {
        serialize_struct(&'static str, usize) -> Nested;
    }
}
