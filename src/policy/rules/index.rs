//! Finds the rules whose host and path match, without looking at the others.

use super::lists::{Lists, Place, Visited};
use super::normal::next_segment;
use super::slots::{NONE, Slots, hash};

/// The rules that compare case, or those that ignore it, by host and path.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Exact paths, by host and path.
    pub(super) exact: Slots,
    /// The same for rules that ignore a slash at the end.
    pub(super) slashless: Slots,
    /// Nodes of literal segments, by parent and segment.
    pub(super) edges: Slots,
    pub(super) nodes: Box<[Node]>,
    /// The root of each host's tree, or [`NONE`].
    pub(super) roots: Box<[u32]>,
}

/// A node of the tree of patterns, which a literal segment or a name leads to.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) parent: u32,
    /// Where the literal segment begins in the table's text. `start` and `length` are [`NONE`] for a name
    /// or a root.
    pub(super) start: u32,
    pub(super) length: u32,
    /// Whether literal segments lead to other nodes.
    pub(super) has_literals: bool,
    /// The node that any segment that is not empty leads to, or [`NONE`].
    pub(super) named: u32,
    /// Patterns that end here.
    pub(super) end: Place,
    /// Patterns that end in `*` here.
    pub(super) rest: Place,
}

/// The path of a request, in the form that the index compares.
#[derive(Clone, Copy)]
pub(super) struct ComparedPath<'p> {
    pub(super) path: &'p str,
    /// How many segments may be compared with a pattern.
    pub(super) plain_segments: usize,
}

/// The parts of the table that the index reads.
pub(super) trait Texts {
    /// The bytes of a literal segment.
    fn segment(&self, start: u32, length: u32) -> &[u8];
    /// Host and path of a rule.
    fn key(&self, rule: u32) -> (u32, &str);
}

impl Index {
    pub(super) fn is_empty(&self) -> bool {
        self.roots.is_empty()
    }

    /// Visits the rules of `host` whose path matches.
    #[inline]
    pub(super) fn visit(
        &self,
        texts: &impl Texts,
        lists: &Lists,
        host: u32,
        compared: ComparedPath<'_>,
        visited: &mut Visited<'_>,
    ) {
        let key = |place| texts.key(lists.any_rule(place).unwrap_or(NONE));
        if !self.exact.is_empty() {
            let exact = self.exact.find(hash(compared.path.as_bytes(), host.into()), |place| {
                let (other, path) = key(place);
                other == host && path == compared.path
            });
            visited.visit(exact.unwrap_or(NONE));
        }
        if !self.slashless.is_empty() {
            let bare = slashless(compared.path);
            let either = self.slashless.find(hash(bare.as_bytes(), host.into()), |place| {
                let (other, path) = key(place);
                other == host && slashless(path) == bare
            });
            visited.visit(either.unwrap_or(NONE));
        }
        if let Some(root) = self.roots.get(host as usize).filter(|root| **root != NONE) {
            let rest = compared.path.strip_prefix('/');
            self.walk(texts, *root, rest, 0, compared.plain_segments, visited);
        }
    }

    /// Visits the patterns below the node `at` that match. `rest` is the path after `depth` segments and
    /// the slash that follows them, or `None` at the end of the path.
    fn walk(
        &self,
        texts: &impl Texts,
        mut at: u32,
        mut rest: Option<&str>,
        mut depth: usize,
        plain_segments: usize,
        visited: &mut Visited<'_>,
    ) {
        while let Some(node) = self.nodes.get(at as usize) {
            visited.visit(node.rest);
            let Some(path) = rest else { return visited.visit(node.end) };
            if depth >= plain_segments {
                return;
            }
            let (segment, after) = next_segment(path);
            (rest, depth) = (after, depth + 1);
            let named = if segment.is_empty() { NONE } else { node.named };
            let literal = if node.has_literals { self.literal(texts, at, segment) } else { None };
            at = match literal {
                Some(literal) => {
                    if named != NONE {
                        self.walk(texts, named, rest, depth, plain_segments, visited);
                    }
                    literal
                }
                // `NONE` is not a node, so the loop ends.
                None => named,
            };
        }
    }

    /// The node that this segment leads to from the node `from`.
    fn literal(&self, texts: &impl Texts, from: u32, segment: &str) -> Option<u32> {
        self.edges.find(hash(segment.as_bytes(), edge_seed(from)), |node| {
            let is_edge = |node: &Node| {
                node.parent == from && texts.segment(node.start, node.length) == segment.as_bytes()
            };
            self.nodes.get(node as usize).is_some_and(is_edge)
        })
    }

    /// The most places that a request can visit in the tree of each host.
    pub(super) fn weights(&self, lists: &Lists) -> Vec<u32> {
        let weights = self.node_weights(lists);
        let weight = |root: &u32| weights.get(*root as usize).copied().unwrap_or(0);
        self.roots.iter().map(weight).collect()
    }

    fn node_weights(&self, lists: &Lists) -> Vec<u32> {
        // Children come after their parents, so one pass from the end is enough.
        let mut by_literal = vec![0_u32; self.nodes.len()];
        let mut weights = vec![0_u32; self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate().rev() {
            let named = weights.get(node.named as usize).copied().unwrap_or(0);
            let literal = by_literal.get(at).copied().unwrap_or(0);
            let below = named.saturating_add(literal).max(lists.weight(node.end));
            let weight = below.saturating_add(lists.weight(node.rest));
            if let Some(slot) = weights.get_mut(at) {
                *slot = weight;
            }
            if node.length != NONE {
                if let Some(parent) = by_literal.get_mut(node.parent as usize) {
                    *parent = weight.max(*parent);
                }
            }
        }
        weights
    }

    /// Adds to `rules` some of the rules on the way through the tree of `host` that visits the most places.
    pub(super) fn heaviest(&self, lists: &Lists, host: usize, rules: &mut Vec<u32>) {
        let weights = self.node_weights(lists);
        let weight = |at: u32| weights.get(at as usize).copied().unwrap_or(0);
        let mut open = vec![self.roots.get(host).copied().unwrap_or(NONE)];
        while let Some(at) = open.pop().filter(|_| rules.len() < 8) {
            let Some(node) = self.nodes.get(at as usize) else { continue };
            rules.extend(lists.any_rule(node.rest));
            rules.extend(lists.any_rule(node.end));
            open.push(node.named);
            let children = (0..).zip(&self.nodes);
            let children = children.filter(|(_, child)| child.parent == at && child.length != NONE);
            open.extend(children.map(|(at, _)| at).max_by_key(|at| weight(*at)));
        }
    }
}

/// Removes the slash at the end of a path.
pub(super) fn slashless(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// The seed of the hashes of segments below a node.
pub(super) fn edge_seed(node: u32) -> u64 {
    u64::from(node) << 32 | 1
}
