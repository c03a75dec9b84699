//! Documents by their `_id`: a B-tree whose nodes are shared between versions.
//!
//! A clone costs a reference count. A change copies the nodes on its path that another version
//! shares (path copying), and changes its own nodes in place, so that a batch copies each node at
//! most once. An empty node is removed; others are not merged, so the height stays that of the
//! largest size that the tree has had.

use super::stored::Stored;
use std::cmp::Ordering;
use std::mem;
use std::slice;
use std::sync::Arc;

/// Maximum children of an inner node.
const FANOUT: usize = 64;

/// Maximum documents of a leaf. To copy a leaf, and to drop the old one, touches each of them.
const LEAF: usize = 16;

/// Documents in the order of their `_id`.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    root: Arc<Node>,
    len: usize,
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(Vec<Row>),
    Inner(Vec<Child>),
}

/// A document, with the beginning of its id.
#[derive(Debug, Clone)]
struct Row {
    begin: Begin,
    stored: Arc<Stored>,
}

#[derive(Debug, Clone)]
struct Child {
    /// Not used in a first child.
    from: Bound,
    node: Arc<Node>,
}

/// The first 16 bytes of an id, as numbers, of which one is less than another only if the id is.
/// They are compared without following a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Begin([u64; 2]);

impl Begin {
    const LENGTH: usize = 16;

    fn of(id: &[u8]) -> Self {
        let mut bytes = [0; Self::LENGTH];
        let length = id.len().min(bytes.len());
        bytes[..length].copy_from_slice(&id[..length]);
        let number = u128::from_be_bytes(bytes);
        Self([(number >> 64) as u64, number as u64])
    }
}

/// What is at most equal to all ids of a node, and greater than all ids before them.
#[derive(Debug, Clone)]
struct Bound {
    begin: Begin,
    /// The whole, unless the beginning is all of it. A version that shares it costs a reference
    /// count, for each child of a node that is copied.
    whole: Option<Arc<str>>,
}

impl Bound {
    /// The shortest beginning of an id that is greater than the one before it.
    fn new(before: &str, id: &str) -> Self {
        let (before, bytes) = (before.as_bytes(), id.as_bytes());
        let same = before.iter().zip(bytes).take_while(|(a, b)| a == b).count();
        let end = bytes.len().min(same + 1);
        // At the end of the bytes that are compared, a zero would be no byte.
        let is_short = end <= Begin::LENGTH && bytes.get(end.wrapping_sub(1)) != Some(&0);
        match is_short {
            true => Self { begin: Begin::of(&bytes[..end]), whole: None },
            false => Self { begin: Begin::of(bytes), whole: Some(id.into()) },
        }
    }

    fn is_at_most(&self, begin: Begin, id: &str) -> bool {
        match self.begin.cmp(&begin) {
            Ordering::Less => true,
            Ordering::Equal => self.whole.as_ref().is_none_or(|whole| **whole <= *id),
            Ordering::Greater => false,
        }
    }
}

impl Row {
    fn new(stored: Arc<Stored>) -> Self {
        Self { begin: Begin::of(stored.id.as_bytes()), stored }
    }
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

impl Index {
    /// An index of documents that come in the order of their `_id`.
    pub(super) fn sorted(documents: impl Iterator<Item = Arc<Stored>>) -> Self {
        let rows: Vec<Row> = documents.map(Row::new).collect();
        let (len, mut last) = (rows.len(), "");
        let leaves = rows.chunks(LEAF).map(|rows| {
            let before = mem::replace(&mut last, &rows[rows.len() - 1].stored.id);
            leaf(before, rows.to_vec())
        });
        let mut level: Vec<Child> = leaves.collect();
        while level.len() > 1 {
            level = level.chunks(FANOUT).map(|children| inner(children.to_vec())).collect();
        }
        let root = level.pop().map_or_else(Arc::default, |child| child.node);
        Self { root, len }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<Stored>> {
        let (mut node, begin) = (&*self.root, Begin::of(id.as_bytes()));
        loop {
            match node {
                Node::Leaf(rows) => {
                    return rows.get(find(rows, begin, id).ok()?).map(|row| &row.stored);
                }
                Node::Inner(children) => node = &children[leading(children, begin, id)].node,
            }
        }
    }

    /// Adds a document, and returns the one that it replaces.
    pub(super) fn insert(&mut self, document: Arc<Stored>) -> Option<Arc<Stored>> {
        let (old, right) = insert(&mut self.root, Row::new(document));
        if let Some(right) = right {
            let left = Child { from: Bound::new("", ""), node: mem::take(&mut self.root) };
            self.root = Arc::new(Node::Inner(vec![left, right]));
        }
        self.len += usize::from(old.is_none());
        old
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<Stored>> {
        // Nothing is copied for a document that doesn't exist.
        self.get(id)?;
        let old = remove(&mut self.root, Begin::of(id.as_bytes()), id)?;
        self.len -= 1;
        while let Some(only) = only_child(&self.root) {
            self.root = only;
        }
        if self.len == 0 {
            self.root = Arc::default();
        }
        Some(old)
    }

    /// The documents whose `_id` is greater than this one, or all.
    pub(super) fn after(&self, id: Option<&str>) -> Iter<'_> {
        let mut iter = Iter { above: Vec::new(), rows: [].iter() };
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(rows) => {
                    let from = id.map_or(0, |id| rows.partition_point(|row| *row.stored.id <= *id));
                    iter.rows = rows[from..].iter();
                    return iter;
                }
                Node::Inner(children) => {
                    let at = id.map_or(0, |id| leading(children, Begin::of(id.as_bytes()), id));
                    iter.above.push(children[at + 1..].iter());
                    node = &children[at].node;
                }
            }
        }
    }

    /// Number of levels of nodes.
    #[cfg(test)]
    pub(super) fn height(&self) -> usize {
        let mut height = 1;
        let mut node = &*self.root;
        while let Node::Inner(children) = node {
            height += 1;
            node = &children[0].node;
        }
        height
    }
}

/// A leaf whose documents follow the one of an id.
fn leaf(before: &str, rows: Vec<Row>) -> Child {
    Child { from: Bound::new(before, &rows[0].stored.id), node: Arc::new(Node::Leaf(rows)) }
}

fn inner(children: Vec<Child>) -> Child {
    Child { from: children[0].from.clone(), node: Arc::new(Node::Inner(children)) }
}

fn find(rows: &[Row], begin: Begin, id: &str) -> Result<usize, usize> {
    rows.binary_search_by(|row| row.begin.cmp(&begin).then_with(|| (*row.stored.id).cmp(id)))
}

/// Position of the child that an id belongs to.
fn leading(children: &[Child], begin: Begin, id: &str) -> usize {
    children.partition_point(|child| child.from.is_at_most(begin, id)).saturating_sub(1)
}

fn only_child(node: &Node) -> Option<Arc<Node>> {
    match node {
        Node::Inner(children) if children.len() == 1 => Some(children[0].node.clone()),
        _ => None,
    }
}

/// Adds a document under a node. Returns the document that it replaces, and the node that was split
/// off.
fn insert(node: &mut Arc<Node>, row: Row) -> (Option<Arc<Stored>>, Option<Child>) {
    match Arc::make_mut(node) {
        Node::Leaf(rows) => match find(rows, row.begin, &row.stored.id) {
            Ok(at) => (Some(mem::replace(&mut rows[at], row).stored), None),
            Err(at) => {
                rows.insert(at, row);
                let right = split(rows, at, LEAF);
                let last = rows.last().map_or("", |row| &row.stored.id);
                (None, right.map(|right| leaf(last, right)))
            }
        },
        Node::Inner(children) => {
            let at = leading(children, row.begin, &row.stored.id);
            let (old, right) = insert(&mut children[at].node, row);
            let Some(right) = right else {
                return (old, None);
            };
            children.insert(at + 1, right);
            (old, split(children, at + 1, FANOUT).map(inner))
        }
    }
}

/// Splits entries that are too many after one has been inserted: in half, or only the last one off
/// if that is the new one, so that ascending ids fill their nodes.
fn split<T>(entries: &mut Vec<T>, inserted: usize, most: usize) -> Option<Vec<T>> {
    let len = entries.len();
    let at = if inserted + 1 == len { inserted } else { len / 2 };
    (len > most).then(|| entries.split_off(at))
}

fn remove(node: &mut Arc<Node>, begin: Begin, id: &str) -> Option<Arc<Stored>> {
    match Arc::make_mut(node) {
        Node::Leaf(rows) => find(rows, begin, id).ok().map(|at| rows.remove(at).stored),
        Node::Inner(children) => {
            let at = leading(children, begin, id);
            let old = remove(&mut children[at].node, begin, id)?;
            if is_empty(&children[at].node) {
                children.remove(at);
            }
            Some(old)
        }
    }
}

fn is_empty(node: &Node) -> bool {
    match node {
        Node::Leaf(rows) => rows.is_empty(),
        Node::Inner(children) => children.is_empty(),
    }
}

/// Documents in the order of their `_id`.
#[derive(Debug)]
pub(super) struct Iter<'a> {
    /// The rest of each inner node on the path, the root's first.
    above: Vec<slice::Iter<'a, Child>>,
    rows: slice::Iter<'a, Row>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Arc<Stored>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(&row.stored);
            }
            match self.above.last_mut()?.next().map(|child| &*child.node) {
                None => drop(self.above.pop()),
                Some(Node::Leaf(rows)) => self.rows = rows.iter(),
                Some(Node::Inner(children)) => self.above.push(children.iter()),
            }
        }
    }
}
