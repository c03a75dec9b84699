//! Documents by their `_id`: a B-tree whose nodes are shared between versions.
//!
//! A clone costs a reference count. A change copies the nodes on its path that another version
//! shares (path copying), and changes its own nodes in place, so that a batch copies each node at
//! most once. An empty node is removed; others are not merged, so the height stays that of the
//! largest size that the tree has had.

use super::stored::Stored;
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
    Leaf(Vec<Arc<Stored>>),
    Inner(Vec<Child>),
}

#[derive(Debug, Clone)]
struct Child {
    /// Lower bound of the ids in the node; not used in a first child.
    from: Bound,
    node: Arc<Node>,
}

/// An id, and its first bytes, which are compared without following a pointer.
#[derive(Debug, Clone)]
struct Bound {
    first: u128,
    id: Arc<str>,
}

impl Bound {
    fn new(id: &str) -> Self {
        Self { first: first_bytes(id), id: id.into() }
    }
}

/// The first 16 bytes as a number, of which one is less than another only if the id is.
fn first_bytes(id: &str) -> u128 {
    let mut bytes = [0; 16];
    let length = id.len().min(bytes.len());
    bytes[..length].copy_from_slice(&id.as_bytes()[..length]);
    u128::from_be_bytes(bytes)
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Vec::new())
    }
}

impl Index {
    /// An index of documents that come in the order of their `_id`.
    pub(super) fn sorted(documents: impl Iterator<Item = Arc<Stored>>) -> Self {
        let documents: Vec<_> = documents.collect();
        let len = documents.len();
        let mut level: Vec<Child> =
            documents.chunks(LEAF).map(|rows| leaf(rows.to_vec())).collect();
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
        let mut node = &*self.root;
        loop {
            match node {
                Node::Leaf(rows) => return rows.get(find(rows, id).ok()?),
                Node::Inner(children) => node = &children[leading(children, id)].node,
            }
        }
    }

    /// Adds a document, and returns the one that it replaces.
    pub(super) fn insert(&mut self, document: Arc<Stored>) -> Option<Arc<Stored>> {
        let (old, right) = insert(&mut self.root, document);
        if let Some(right) = right {
            let left = Child { from: Bound::new(""), node: mem::take(&mut self.root) };
            self.root = Arc::new(Node::Inner(vec![left, right]));
        }
        self.len += usize::from(old.is_none());
        old
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<Stored>> {
        // Nothing is copied for a document that doesn't exist.
        self.get(id)?;
        let old = remove(&mut self.root, id)?;
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
                    let from = id.map_or(0, |id| rows.partition_point(|row| *row.id <= *id));
                    iter.rows = rows[from..].iter();
                    return iter;
                }
                Node::Inner(children) => {
                    let at = id.map_or(0, |id| leading(children, id));
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

fn leaf(rows: Vec<Arc<Stored>>) -> Child {
    Child { from: Bound::new(&rows[0].id), node: Arc::new(Node::Leaf(rows)) }
}

fn inner(children: Vec<Child>) -> Child {
    Child { from: children[0].from.clone(), node: Arc::new(Node::Inner(children)) }
}

fn find(rows: &[Arc<Stored>], id: &str) -> Result<usize, usize> {
    rows.binary_search_by(|row| row.id.as_ref().cmp(id))
}

/// Position of the child that an id belongs to.
fn leading(children: &[Child], id: &str) -> usize {
    let first = first_bytes(id);
    children
        .partition_point(|Child { from, .. }| (from.first, &*from.id) <= (first, id))
        .saturating_sub(1)
}

fn only_child(node: &Node) -> Option<Arc<Node>> {
    match node {
        Node::Inner(children) if children.len() == 1 => Some(children[0].node.clone()),
        _ => None,
    }
}

/// Adds a document under a node. Returns the document that it replaces, and the node that was split
/// off.
fn insert(node: &mut Arc<Node>, document: Arc<Stored>) -> (Option<Arc<Stored>>, Option<Child>) {
    match Arc::make_mut(node) {
        Node::Leaf(rows) => match find(rows, &document.id) {
            Ok(at) => (Some(mem::replace(&mut rows[at], document)), None),
            Err(at) => {
                rows.insert(at, document);
                (None, split(rows, at, LEAF).map(leaf))
            }
        },
        Node::Inner(children) => {
            let at = leading(children, &document.id);
            let (old, right) = insert(&mut children[at].node, document);
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

fn remove(node: &mut Arc<Node>, id: &str) -> Option<Arc<Stored>> {
    match Arc::make_mut(node) {
        Node::Leaf(rows) => find(rows, id).ok().map(|at| rows.remove(at)),
        Node::Inner(children) => {
            let at = leading(children, id);
            let old = remove(&mut children[at].node, id)?;
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
    rows: slice::Iter<'a, Arc<Stored>>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Arc<Stored>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(row);
            }
            match self.above.last_mut()?.next().map(|child| &*child.node) {
                None => drop(self.above.pop()),
                Some(Node::Leaf(rows)) => self.rows = rows.iter(),
                Some(Node::Inner(children)) => self.above.push(children.iter()),
            }
        }
    }
}
