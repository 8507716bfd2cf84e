//! The topic of flat parameters, straight from their type: what is published often needs no tree of values for its name.
//!
//! Parameters with anything nested, or of an unusual kind, are not flat and take the general way; where both can be
//! taken they lead to the same bytes.

use std::cell::Cell;
use std::fmt;

use serde::ser::{Error, Impossible, Serialize, SerializeStruct, Serializer};

use super::{TopicName, keep, kept, sort, write_default, write_string};
use crate::protocol::ParamMember;

/// Most members of parameters that are flat.
const MEMBERS: usize = 16;

thread_local! {
    static VALUES: Cell<String> = const { Cell::new(String::new()) };
}

/// The topic of a route and its parameters; `None` where these are not flat.
pub(super) fn topic_of<P: Serialize>(route: &str, shape: &[ParamMember], params: &P) -> Option<TopicName> {
    if shape.len() > MEMBERS {
        return None;
    }
    let mut members = Members { values: kept(&VALUES), ends: [("", 0); MEMBERS], count: 0 };
    let topic = params.serialize(&mut members).ok().map(|()| members.topic(route, shape));
    keep(&VALUES, members.values);
    topic
}

/// Canonical values of the members that have been written so far, one behind the other.
struct Members {
    values: String,
    /// Keys, and where their values end.
    ends: [(&'static str, usize); MEMBERS],
    count: usize,
}

impl Members {
    fn topic(&self, route: &str, shape: &[ParamMember]) -> TopicName {
        let mut topic = TopicName::begin();
        let out = &mut topic.0;
        out.push_str(route);
        out.push_str(":{");
        for (index, member) in sorted(shape, &mut [&NONE; MEMBERS]).iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_string(out, member.key);
            out.push(':');
            match self.value(member.key) {
                Some(value) => out.push_str(value),
                None => write_default(out, member),
            }
        }
        out.push('}');
        topic
    }

    fn value(&self, key: &str) -> Option<&str> {
        let index = self.ends[..self.count].iter().position(|(known, _)| *known == key)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1].1 };
        self.values.get(start..self.ends[index].1)
    }
}

/// What stands where no member does.
const NONE: ParamMember = ParamMember::new("", None, &[]);

/// The members in canonical order, without a list on the heap: a topic to which nobody listens is to cost next to
/// nothing.
fn sorted<'a>(shape: &'a [ParamMember], room: &'a mut [&'a ParamMember; MEMBERS]) -> &'a [&'a ParamMember] {
    room.iter_mut().zip(shape).for_each(|(place, member)| *place = member);
    let members = &mut room[..shape.len().min(MEMBERS)];
    sort(members);
    members
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
impl<'m> Serializer for &'m mut Members {
    type Ok = ();
    type Error = NotFlat;
    type SerializeStruct = &'m mut Members;

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

impl SerializeStruct for &mut Members {
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
        value.serialize(Scalar(&mut self.values))?;
        self.ends[self.count] = (key, self.values.len());
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
