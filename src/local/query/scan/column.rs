//! A column that grows value by value.

use crate::local::query::columns::{Builder, boxed};
use crate::local::query::types::{Missing, Type};
use crate::local::query::value::{Kind, Value};
use crate::local::storage::{Charge, Memory, Use};
use arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, new_null_array};
use arrow::datatypes::DataType;
use std::sync::Arc;

/// The values of one path in a chunk.
#[derive(Debug)]
pub(super) struct Column {
    /// The type of all values that aren't absent; `None` if they have several.
    pub(super) kind: Option<Kind>,
    pub(super) has_null: bool,
    pub(super) has_undefined: bool,
    pub(super) array: ArrayRef,
    /// The memory that it takes, if it is to be kept.
    _charge: Option<Charge>,
}

impl Column {
    /// A column of which it is known whether it may have nulls and undefined values.
    pub(super) fn new(
        kind: Option<Kind>,
        has_null: bool,
        has_undefined: bool,
        array: ArrayRef,
    ) -> Self {
        let is_plain = kind.map(Type::of).is_some_and(|of| !of.is_boxed() && !of.is_absent());
        let has_absent = !is_plain || array.null_count() > 0;
        let (has_null, has_undefined) = (has_null && has_absent, has_undefined && has_absent);
        Self { kind, has_null, has_undefined, array, _charge: None }
    }

    pub(super) fn own_type(&self) -> Type {
        match self.kind {
            None => Type::Any,
            Some(kind) if Type::of(kind).is_boxed() => Type::Only(kind, Missing::Undefined),
            Some(kind) if self.has_undefined => Type::Only(kind, Missing::Undefined),
            Some(kind) => Type::of(kind),
        }
    }

    /// The same column, which takes memory.
    pub(super) fn charged(mut self, memory: &Memory) -> Self {
        self.array.shrink_to_fit();
        Self { _charge: Some(memory.charge(Use::Cached, self.size())), ..self }
    }

    /// Approximate bytes of memory.
    pub(super) fn size(&self) -> usize {
        self.array.get_array_memory_size() + size_of::<Self>()
    }
}

/// The same array, without strings that none of its values refers to.
pub(super) fn compacted(array: ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::Utf8View => Arc::new(array.as_string_view().gc()),
        DataType::BinaryView => Arc::new(array.as_binary_view().gc()),
        _ => array,
    }
}

/// Values so far.
#[derive(Debug)]
pub(super) struct Growing {
    rows: usize,
    has_null: bool,
    has_undefined: bool,
    values: Values,
}

#[derive(Debug)]
enum Values {
    /// Absent values: whether each is null.
    Absent(Vec<bool>),
    One(Kind, Builder),
    Several(Builder),
}

impl Growing {
    pub(super) fn new() -> Self {
        Self { rows: 0, has_null: false, has_undefined: false, values: Values::Absent(Vec::new()) }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn push_str(&mut self, text: &str) {
        self.make_room(Kind::String);
        self.rows += 1;
        let (Values::One(_, builder) | Values::Several(builder)) = &mut self.values else { return };
        // The builder takes strings now, so this never fails.
        let _ = builder.push_str(text);
    }

    pub(super) fn push(&mut self, value: &Value) {
        match value.kind() {
            Kind::Null | Kind::Undefined => self.push_absent(value),
            kind => {
                self.make_room(kind);
                self.append(value);
            }
        }
    }

    fn append(&mut self, value: &Value) {
        self.rows += 1;
        let (Values::One(_, builder) | Values::Several(builder)) = &mut self.values else { return };
        let _ = builder.push(value);
    }

    fn push_absent(&mut self, value: &Value) {
        let is_null = *value == Value::Null;
        self.has_null |= is_null;
        self.has_undefined |= !is_null;
        let both = self.has_null && self.has_undefined;
        match &mut self.values {
            Values::Absent(nulls) => {
                nulls.push(is_null);
                self.rows += 1;
            }
            Values::One(kind, _) => {
                // An Arrow column has only one kind of null.
                if both && !Type::of(*kind).is_boxed() {
                    self.box_values(is_null);
                }
                self.append(value);
            }
            Values::Several(_) => self.append(value),
        }
    }

    /// Makes a builder that accepts values of a type.
    fn make_room(&mut self, kind: Kind) {
        match &self.values {
            Values::One(known, _) if *known == kind => {}
            Values::Several(_) => {}
            Values::One(..) => self.box_values(!self.has_null),
            Values::Absent(nulls) => {
                let one = Type::of(kind);
                let both = self.has_null && self.has_undefined && !one.is_boxed();
                let mut builder = Builder::new(if both { Type::Any } else { one }, nulls.len());
                for is_null in nulls {
                    let absent = if *is_null { Value::Null } else { Value::Undefined };
                    let _ = builder.push(&absent);
                }
                self.values = match both {
                    true => Values::Several(builder),
                    false => Values::One(kind, builder),
                };
            }
        }
    }

    /// Encodes all values so far; `undefined` says whether an Arrow null among them is undefined or
    /// null.
    fn box_values(&mut self, undefined: bool) {
        let values = std::mem::replace(&mut self.values, Values::Absent(Vec::new()));
        let Values::One(kind, builder) = values else { return };
        // A null among encoded values is encoded, too, so an Arrow null is undefined.
        let undefined = undefined || Type::of(kind).is_boxed();
        let missing = if undefined { Missing::Undefined } else { Missing::Null };
        let array = boxed(&builder.finish(), Type::Only(kind, missing));
        let mut builder = Builder::new(Type::Any, array.len());
        builder.extend_boxed(&array);
        self.values = Values::Several(builder);
    }

    pub(super) fn finish(self) -> Column {
        let Self { rows, has_null, has_undefined, values } = self;
        let (kind, array) = match values {
            Values::One(kind, builder) => (Some(kind), builder.finish()),
            Values::Several(builder) => (None, builder.finish()),
            Values::Absent(_) if !has_null => (Some(Kind::Undefined), nothing(rows)),
            Values::Absent(_) if !has_undefined => (Some(Kind::Null), nothing(rows)),
            Values::Absent(nulls) => {
                let null = crate::local::query::value::encode(&Value::Null);
                let values = nulls.iter().map(|is_null| is_null.then_some(&null[..]));
                let array: BinaryViewArray = values.collect();
                (None, Arc::new(array) as ArrayRef)
            }
        };
        Column::new(kind, has_null, has_undefined, array)
    }
}

fn nothing(rows: usize) -> ArrayRef {
    new_null_array(&DataType::Null, rows)
}
