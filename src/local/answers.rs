//! Answers as the hosted service wrote them: their properties in the order of the API
//! document, which says of each whether it is null or left out when there is nothing to
//! tell.

use crate::rockset::answers::{Absent, absent};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> Json<T> {
    /// The text of the body.
    pub(super) fn text(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = Vec::new();
        self.0.serialize(Whole(&mut serde_json::Serializer::new(&mut text)))?;
        Ok(text)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match self.text() {
            Ok(text) => ([(CONTENT_TYPE, "application/json")], text).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}

/// A serializer that writes what a type skips, if an answer has it, at every depth.
struct Whole<S>(S);

/// A value inside of another.
struct Inside<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for Inside<'_, T> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Whole(json))
    }
}

/// The items or properties of a value.
struct Items<S> {
    items: S,
    /// The type, if it is one of the API.
    name: &'static str,
}

fn items<S>(items: S) -> Items<S> {
    Items { items, name: "" }
}

macro_rules! forward {
    ($($method:ident($($argument:ident: $type:ty),*);)+) => {
        $(fn $method(self, $($argument: $type),*) -> Result<S::Ok, S::Error> {
            self.0.$method($($argument),*)
        })+
    };
}

macro_rules! open {
    ($($method:ident($($argument:ident: $type:ty),*) -> $kind:ident;)+) => {
        $(fn $method(self, $($argument: $type),*) -> Result<Self::$kind, S::Error> {
            self.0.$method($($argument),*).map(items)
        })+
    };
}

impl<S: Serializer> Serializer for Whole<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Items<S::SerializeSeq>;
    type SerializeTuple = Items<S::SerializeTuple>;
    type SerializeTupleStruct = Items<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Items<S::SerializeTupleVariant>;
    type SerializeMap = Items<S::SerializeMap>;
    type SerializeStruct = Items<S::SerializeStruct>;
    type SerializeStructVariant = Items<S::SerializeStructVariant>;

    forward! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    open! {
        serialize_seq(len: Option<usize>) -> SerializeSeq;
        serialize_tuple(len: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, len: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeTupleVariant;
        serialize_map(len: Option<usize>) -> SerializeMap;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, len: usize)
            -> SerializeStructVariant;
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Inside(value))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Inside(value))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &Inside(value))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        // A struct of which all is skipped would be closed at once.
        let items = self.0.serialize_struct(name, len + 1)?;
        Ok(Items { items, name })
    }
}

macro_rules! hand_on {
    ($($kind:ident: $method:ident;)+) => {
        $(impl<S: $kind> $kind for Items<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
                self.items.$method(&Inside(value))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.items.end()
            }
        })+
    };
}

hand_on! {
    SerializeSeq: serialize_element;
    SerializeTuple: serialize_element;
    SerializeTupleStruct: serialize_field;
    SerializeTupleVariant: serialize_field;
}

impl<S: SerializeMap> SerializeMap for Items<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.items.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.items.serialize_value(&Inside(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.items.end()
    }
}

impl<S: SerializeStruct> SerializeStruct for Items<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        self.items.serialize_field(key, &Inside(value))
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), S::Error> {
        match absent(self.name, key) {
            Absent::Null => self.items.serialize_field(key, &()),
            Absent::Empty => self.items.serialize_field(key, &[(); 0]),
            Absent::LeftOut => self.items.skip_field(key),
        }
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.items.end()
    }
}

impl<S: SerializeStructVariant> SerializeStructVariant for Items<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), S::Error> {
        self.items.serialize_field(key, &Inside(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.items.end()
    }
}
