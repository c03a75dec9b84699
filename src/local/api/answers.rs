//! Answers in the form of the hosted service: properties in the order of the API document, which
//! says for each whether an absent value is null or left out.

use crate::local::error::ApiError;
use crate::local::pool::Pool;
use crate::rockset::answers::{Absent, absent};
use crate::rockset::types::ErrorModel;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde::ser::{
    SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> Json<T> {
    /// The text of the body.
    fn text(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut text = Vec::new();
        self.0.serialize(Whole(&mut serde_json::Serializer::new(&mut text)))?;
        Ok(text)
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match self.text() {
            Ok(text) => json_text(text),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }
}

/// Result of a handler.
pub(super) type ApiResult<T> = Result<Json<T>, ApiError>;

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status(), self.retry_after);
        let mut response = (status, Json(ErrorModel::from(self))).into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Runs a job on the pool, which also writes the JSON of its result: for answers that may be long.
pub(super) async fn answer<T: Serialize>(
    pool: &Pool,
    job: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<Response, ApiError> {
    let text = pool.run(move || job().map(|made| Json(made).text())).await??;
    Ok(json_text(text.map_err(|error| ApiError::internal(&error))?))
}

/// An answer whose body is JSON already.
pub(super) fn json_text(text: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, "application/json")], text.into()).into_response()
}

/// Serializer that also writes the properties that a type skips but answers have, at every depth.
struct Whole<S>(S);

/// Applies [`Whole`] to a nested value.
struct Inside<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for Inside<'_, T> {
    fn serialize<S: Serializer>(&self, json: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Whole(json))
    }
}

/// The items or properties of a value.
struct Items<S> {
    items: S,
    /// Name of the type, if it is one of the API.
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
        // A struct whose properties are all skipped would be closed at once.
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
