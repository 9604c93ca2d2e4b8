//! Reading a [`Json`] value into a Rust type with serde.

use serde::Deserialize;
use serde::de::value::{
    BorrowedStrDeserializer, Error, MapAccessDeserializer, MapDeserializer, SeqDeserializer,
};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::Json;

impl Json {
    /// Reads this value as a `T`, without going through text. The error may quote the value: it is for whoever
    /// sent it, not for a log.
    pub fn decode<'de, T: Deserialize<'de>>(&'de self) -> Result<T, Error> {
        T::deserialize(self)
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Json {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Json {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Json::Null => visitor.visit_unit(),
            Json::Bool(value) => visitor.visit_bool(*value),
            Json::Integer(number) => visitor.visit_i64(*number),
            Json::String(text) => visitor.visit_borrowed_str(text),
            Json::Array(elements) => {
                let mut array = SeqDeserializer::new(elements.iter());
                let value = visitor.visit_seq(&mut array)?;
                array.end().map(|()| value)
            }
            Json::Object(members) => {
                let mut object = members_of(members);
                let value = visitor.visit_map(&mut object)?;
                object.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// As `serde_json` writes enums: a string for a variant without content, else an object of one member.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Json::String(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Json::Object(members) => visitor.visit_enum(MapAccessDeserializer::new(members_of(members))),
            _ => Err(Error::invalid_type(Unexpected::Other("value"), &"a string or an object")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

type Members<'de> = MapDeserializer<
    'de,
    std::iter::Map<std::slice::Iter<'de, (String, Json)>, fn(&'de (String, Json)) -> (&'de str, &'de Json)>,
    Error,
>;

fn members_of(members: &[(String, Json)]) -> Members<'_> {
    MapDeserializer::new(members.iter().map(|(name, value)| (name.as_str(), value)))
}
