//! Enumerations that an API may extend.

use serde::de::{Deserializer, Error, Visitor};
use std::fmt;
use std::marker::PhantomData;

/// Defines an enum of strings that keeps a value it doesn't know.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $(#[doc = concat!("`", $text, "`")] $variant,)+
            /// A value that the API document does not list.
            Unlisted(String),
        }

        impl $name {
            /// The values that the API document lists.
            pub const KNOWN: &'static [&'static str] = &[$($text,)+];

            /// The value as it is on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unlisted(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    // The hosted Rockset accepted any letter case.
                    $(_ if text.eq_ignore_ascii_case($text) => Self::$variant,)+
                    _ => Self::Unlisted(text.to_string()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let visitor = super::open_enum::Listed(std::marker::PhantomData);
                deserializer.deserialize_newtype_struct(stringify!($name), visitor)
            }
        }
    };
}

pub(super) use open_enum;

/// Reads a value of an enumeration. The deserializer is given the enumeration's name, so that a
/// strict one can refuse values that aren't listed.
pub(super) struct Listed<T>(pub(super) PhantomData<T>);

impl<'de, T: for<'a> From<&'a str>> Visitor<'de> for Listed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        Ok(T::from(text))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, text: D) -> Result<T, D::Error> {
        text.deserialize_str(self)
    }
}
