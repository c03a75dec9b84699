//! Merging: objects by property, and arrays by index or key, as the strategy `merge` has them.

use super::plan::NodeId;
use super::{Failure, Reduction, compare_by};
use crate::preview::schema::pointer::Pointer;
use serde_json::{Map, Value};
use std::cmp::Ordering;

impl Reduction<'_> {
    /// Merges a value that nothing comes before.
    pub fn begin(&mut self, schemas: &[NodeId], right: Value) -> Result<Value, Failure> {
        match right {
            Value::Object(right) => {
                self.merge_objects(schemas, Map::new(), right).map(Value::Object)
            }
            Value::Array(right) => {
                self.merge_arrays(schemas, &[], Vec::new(), right).map(Value::Array)
            }
            right => Ok(right),
        }
    }

    /// Merges objects by property, and arrays by index or key.
    pub fn merge(
        &mut self,
        schemas: &[NodeId],
        key: &[Pointer],
        left: Value,
        right: Value,
    ) -> Result<Value, Failure> {
        match (left, right) {
            (Value::Object(left), Value::Object(right)) => {
                self.merge_objects(schemas, left, right).map(Value::Object)
            }
            (Value::Array(left), Value::Array(right)) => {
                self.merge_arrays(schemas, key, left, right).map(Value::Array)
            }
            (Value::Null, Value::Array(_) | Value::Object(_)) => Ok(Value::Null),
            (left, right) => Err(self.expects("merge", "objects or arrays", &left, &right)),
        }
    }

    fn merge_objects(
        &mut self,
        schemas: &[NodeId],
        mut left: Map<String, Value>,
        right: Map<String, Value>,
    ) -> Result<Map<String, Value>, Failure> {
        for (name, right) in right {
            let schemas = self.plan.property(schemas, &name);
            let before = left.get_mut(&name).map(Value::take);
            let reduced = self.below(&name, |this| this.reduce(schemas, before, right))?;
            if reduced.is_deleted && self.full {
                left.remove(&name);
            } else {
                left.insert(name, reduced.value);
            }
        }
        Ok(left)
    }

    fn merge_arrays(
        &mut self,
        schemas: &[NodeId],
        key: &[Pointer],
        left: Vec<Value>,
        right: Vec<Value>,
    ) -> Result<Vec<Value>, Failure> {
        let mut merged = Vec::with_capacity(left.len().max(right.len()));
        let mut left = left.into_iter().peekable();
        let mut right = right.into_iter().enumerate().peekable();
        loop {
            // Without a key the items at the same index belong together; with one,
            // both arrays are sorted by it.
            let order = match (left.peek(), right.peek()) {
                (None, None) => return Ok(merged),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), Some(_)) if key.is_empty() => Ordering::Equal,
                (Some(left), Some((_, right))) => compare_by(key, left, right),
            };
            let before = if order.is_le() { left.next() } else { None };
            let after = if order.is_ge() { right.next() } else { None };
            match (before, after) {
                (left, Some((index, right))) => {
                    let schemas = self.plan.item(schemas, index);
                    let token = index.to_string();
                    let reduced = self.below(&token, |this| this.reduce(schemas, left, right))?;
                    if !(reduced.is_deleted && self.full) {
                        merged.push(reduced.value);
                    }
                }
                (left, None) => merged.extend(left),
            }
        }
    }
}
