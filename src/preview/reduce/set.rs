//! Sets: members that are added, removed or kept, as the strategy `set` has them.
//!
//! A set is an object with the terms `add`, and `intersect` or `remove`. The members of a
//! term are the properties of an object, or the items of an array that is sorted by a key.

use super::plan::NodeId;
use super::{Failure, Reduction, compare_by};
use crate::preview::schema::pointer::Pointer;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// The terms of one side.
#[derive(Debug, Default)]
struct Terms {
    add: Option<Members>,
    intersect: Option<Members>,
    remove: Option<Members>,
    /// Whether members are the properties of objects, where there is any term.
    is_object: Option<bool>,
}

/// The members of a term, in their order.
type Members = Vec<Member>;

/// One member of a term.
#[derive(Debug, Clone)]
struct Member {
    /// The property's name; none of an item.
    name: Option<String>,
    /// Where it was in its term.
    index: usize,
    value: Value,
}

/// A member that is in the left term, the right one, or both.
type Pair = (Option<Member>, Option<Member>);

/// A term that is being reduced, with its schemas and its key.
struct Joint<'a> {
    schemas: Vec<NodeId>,
    key: &'a [Pointer],
}

impl Reduction<'_> {
    /// Reduces one set into another.
    pub fn set(
        &mut self,
        schemas: &[NodeId],
        key: &[Pointer],
        left: Value,
        right: Value,
    ) -> Result<Value, Failure> {
        let joint = |name: &str| Joint { schemas: self.schemas_of(schemas, &right, name), key };
        let (add, intersect, remove) = (joint("add"), joint("intersect"), joint("remove"));
        let (mut left, mut right) = (self.terms(left)?, self.terms(right)?);
        let is_object = left.is_object(&right).map_err(|e| self.no_set(&e))?;

        let kept = left.take_kept(&right, key);
        let mut terms = vec![("add", self.unite(&add, kept, right.add.take())?)];
        if !self.full {
            terms.push(match (left.intersect, right.intersect) {
                (None, None) => ("remove", self.unite(&remove, left.remove, right.remove)?),
                (Some(left), Some(right)) => {
                    ("intersect", Some(self.intersect(&intersect, left, right)?))
                }
                (Some(kept), None) => ("intersect", Some(without(key, kept, right.remove))),
                (None, Some(kept)) => ("intersect", Some(without(key, kept, left.remove))),
            });
        }
        let terms = terms.into_iter().filter_map(|(name, members)| Some((name, members?)));
        let terms = terms.map(|(name, members)| (name.to_string(), term(members, is_object)));
        Ok(Value::Object(terms.collect::<Map<_, _>>()))
    }

    fn schemas_of(&self, schemas: &[NodeId], set: &Value, name: &str) -> Vec<NodeId> {
        let mut schemas = self.plan.property(schemas, name);
        if let Some(term) = set.get(name) {
            self.plan.expand(&mut schemas, term);
        }
        schemas
    }

    fn terms(&self, set: Value) -> Result<Terms, Failure> {
        Terms::of(set).map_err(|e| self.no_set(&e))
    }

    fn no_set(&self, reason: &str) -> Failure {
        self.failure(format!("\"set\" {reason}"))
    }

    /// The members of either term.
    fn unite(
        &mut self,
        joint: &Joint<'_>,
        left: Option<Members>,
        right: Option<Members>,
    ) -> Result<Option<Members>, Failure> {
        if left.is_none() && right.is_none() {
            return Ok(None);
        }
        let mut united = Vec::new();
        for pair in pairs(joint.key, left.unwrap_or_default(), right.unwrap_or_default()) {
            united.extend(self.member(joint, pair)?);
        }
        Ok(Some(united))
    }

    /// The members of both terms.
    fn intersect(
        &mut self,
        joint: &Joint<'_>,
        left: Members,
        right: Members,
    ) -> Result<Members, Failure> {
        let mut common = Vec::new();
        for pair in pairs(joint.key, left, right) {
            if let (Some(_), Some(_)) = pair {
                common.extend(self.member(joint, pair)?);
            }
        }
        Ok(common)
    }

    /// Reduces a member. None, if that deletes it.
    fn member(
        &mut self,
        joint: &Joint<'_>,
        (left, right): Pair,
    ) -> Result<Option<Member>, Failure> {
        let Some(Member { name, index, value }) = right else { return Ok(left) };
        let (token, schemas) = match &name {
            Some(name) => (name.clone(), self.plan.property(&joint.schemas, name)),
            None => (index.to_string(), self.plan.item(&joint.schemas, index)),
        };
        let left = left.map(|member| member.value);
        let reduced = self.below(&token, |this| this.reduce(schemas, left, value))?;
        let is_kept = !(reduced.is_deleted && self.full);
        Ok(is_kept.then_some(Member { name, index, value: reduced.value }))
    }
}

impl Terms {
    /// Parses a set. The error says why it is none.
    fn of(set: Value) -> Result<Self, String> {
        let Value::Object(set) = set else {
            return Err("expects an object with \"add\", \"intersect\" or \"remove\"".to_string());
        };
        let mut terms = Self::default();
        for (name, term) in set {
            let is_object = term.is_object();
            let members = members(term).ok_or_else(|| {
                format!("expects an object or array as {name:?}, and here is neither")
            })?;
            let place = match name.as_str() {
                "add" => &mut terms.add,
                "intersect" => &mut terms.intersect,
                "remove" => &mut terms.remove,
                _ => return Err(format!("has no term {name:?}")),
            };
            *place = Some(members);
            if terms.is_object.replace(is_object).is_some_and(|other| other != is_object) {
                return Err("mixes objects and arrays".to_string());
            }
        }
        match (&terms.intersect, &terms.remove) {
            (Some(_), Some(_)) => Err("has both \"intersect\" and \"remove\"".to_string()),
            _ => Ok(terms),
        }
    }

    /// Takes the added members that the other side doesn't remove.
    fn take_kept(&mut self, other: &Self, key: &[Pointer]) -> Option<Members> {
        let members = self.add.take()?;
        Some(match (&other.intersect, &other.remove) {
            (Some(others), _) => restrict(key, members, others, true),
            (None, Some(others)) => restrict(key, members, others, false),
            (None, None) => members,
        })
    }

    /// Whether members of both sides are properties; an error if they are not of one kind.
    fn is_object(&self, other: &Self) -> Result<bool, String> {
        match (self.is_object, other.is_object) {
            (Some(left), Some(right)) if left != right => {
                Err("mixes objects and arrays".to_string())
            }
            (left, right) => Ok(left.or(right).unwrap_or_default()),
        }
    }
}

fn members(term: Value) -> Option<Members> {
    let member = |(index, (name, value))| Member { name, index, value };
    let mut members: Members = match term {
        Value::Array(items) => {
            items.into_iter().map(|item| (None, item)).enumerate().map(member).collect()
        }
        Value::Object(properties) => {
            let named = properties.into_iter().map(|(name, value)| (Some(name), value));
            named.enumerate().map(member).collect()
        }
        _ => return None,
    };
    // Items are sorted already, by the program that wrote them.
    members.sort_by(|left, right| left.name.cmp(&right.name));
    Some(members)
}

/// The term of these members.
fn term(members: Members, is_object: bool) -> Value {
    let members = members.into_iter();
    if is_object {
        members.filter_map(|member| Some((member.name?, member.value))).collect()
    } else {
        members.map(|member| member.value).collect()
    }
}

/// Joins two terms by their keys (a merge join).
fn pairs(key: &[Pointer], left: Members, right: Members) -> Vec<Pair> {
    let mut left = left.into_iter().peekable();
    let mut right = right.into_iter().peekable();
    let mut pairs = Vec::new();
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(left), Some(right)) => compare(key, left, right),
        };
        let before = if order.is_le() { left.next() } else { None };
        let after = if order.is_ge() { right.next() } else { None };
        pairs.push((before, after));
    }
}

fn without(key: &[Pointer], members: Members, others: Option<Members>) -> Members {
    restrict(key, members, &others.unwrap_or_default(), false)
}

/// The left members that are among the others, or those that aren't.
fn restrict(key: &[Pointer], left: Members, others: &[Member], are_kept: bool) -> Members {
    let pairs = pairs(key, left, others.to_vec()).into_iter();
    pairs.filter_map(|(left, other)| left.filter(|_| other.is_some() == are_kept)).collect()
}

fn compare(key: &[Pointer], left: &Member, right: &Member) -> Ordering {
    match (&left.name, &right.name) {
        (Some(left), Some(right)) => left.cmp(right),
        _ => compare_by(key, &left.value, &right.value),
    }
}
