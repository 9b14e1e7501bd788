//! Finds the rules whose host and path match, without looking at the others.

use super::lists::{Lists, Place, Visited};
use super::normal::next_segment;
use super::slots::{NONE, Slots, hash};
use crate::uri::without_trailing_slash;

/// The rules that compare case, or those that ignore it, by host and path.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Exact paths, by host and path.
    pub(super) exact: Slots,
    /// The same for rules that ignore a slash at the end.
    pub(super) slashless: Slots,
    /// Nodes behind literal segments, by branch and segments.
    pub(super) literals: Slots,
    pub(super) nodes: Box<[Node]>,
    /// The branch of each host, or [`NONE`].
    pub(super) roots: Box<[u32]>,
}

/// A node of the tree of patterns.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: NodeKind,
    pub(super) parent: u32,
    /// The branch behind a `:name`, which any segment that is not empty matches; [`NONE`] if no name follows.
    pub(super) named: u32,
    /// Patterns that end here.
    pub(super) end: Place,
    /// Patterns that end in `*` here.
    pub(super) rest: Place,
}

/// How a node is reached. Between two literal segments, there is a node only if a pattern ends there or a
/// name follows. A literal node holds all segments since its branch, so that they are compared at once.
#[derive(Clone, Copy, Debug)]
pub(super) enum NodeKind {
    /// The root of a host, or the node that a name leads to. Bit `n` of `depths` is set if there are nodes
    /// behind `n + 1` literal segments.
    Branch { depths: u64 },
    /// The node behind `count` literal segments that follow a branch. `start` and `length` are their text,
    /// without the slash before an empty last segment.
    Literal { branch: u32, start: u32, length: u16, count: u8 },
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
    /// The bytes of literal segments.
    fn segments(&self, start: u32, length: u16) -> &[u8];
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
            let bare = without_trailing_slash(compared.path);
            let either = self.slashless.find(hash(bare.as_bytes(), host.into()), |place| {
                let (other, path) = key(place);
                other == host && without_trailing_slash(path) == bare
            });
            visited.visit(either.unwrap_or(NONE));
        }
        if let Some(root) = self.roots.get(host as usize).filter(|root| **root != NONE) {
            let rest = compared.path.strip_prefix('/');
            self.walk(texts, *root, rest, 0, compared.plain_segments, visited);
        }
    }

    /// Visits the patterns of the branch `at` that match. `rest` is the path after `depth` segments and the
    /// slash that follows them, or `None` at the end of the path.
    fn walk(
        &self,
        texts: &impl Texts,
        at: u32,
        mut rest: Option<&str>,
        depth: usize,
        plain_segments: usize,
        visited: &mut Visited<'_>,
    ) {
        let Some(branch) = self.nodes.get(at as usize) else { return };
        self.visit_node(texts, branch, rest, depth, plain_segments, visited);
        let NodeKind::Branch { mut depths } = branch.kind else { return };
        let (path, mut state) = (rest.unwrap_or_default(), branch_seed(at));
        let mut count = 0;
        while let Some(text) = rest.filter(|_| depths != 0 && depth + count < plain_segments) {
            let (segment, after) = next_segment(text);
            state = hash(segment.as_bytes(), state);
            count += 1;
            if depths & 1 == 1 {
                // The compared text ends before the slash behind the segment, or before the slash in front of
                // an empty last segment.
                let slashes = usize::from(segment.is_empty() || after.is_some());
                let end = path.len().saturating_sub(after.map_or(0, str::len) + slashes);
                let compared = path.get(..end).unwrap_or_default();
                let number = self.literals.find(state, |number| {
                    self.nodes.get(number as usize).is_some_and(|node| match node.kind {
                        NodeKind::Literal { branch, start, length, count: known } => {
                            (branch, usize::from(known)) == (at, count)
                                && texts.segments(start, length) == compared.as_bytes()
                        }
                        NodeKind::Branch { .. } => false,
                    })
                });
                if let Some(node) = self.nodes.get(number.unwrap_or(NONE) as usize) {
                    self.visit_node(texts, node, after, depth + count, plain_segments, visited);
                }
            }
            (rest, depths) = (after, depths >> 1);
        }
    }

    /// Visits the patterns that end at a node and match, and those behind the name that follows the node.
    fn visit_node(
        &self,
        texts: &impl Texts,
        node: &Node,
        rest: Option<&str>,
        depth: usize,
        plain_segments: usize,
        visited: &mut Visited<'_>,
    ) {
        visited.visit(node.rest);
        let Some(path) = rest else { return visited.visit(node.end) };
        if node.named != NONE && depth < plain_segments {
            let (segment, after) = next_segment(path);
            if !segment.is_empty() {
                self.walk(texts, node.named, after, depth + 1, plain_segments, visited);
            }
        }
    }

    /// An upper bound of the number of places that a request visits in the tree of each host.
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
            if node.is_literal() {
                if let Some(parent) = by_literal.get_mut(node.parent as usize) {
                    *parent = weight.max(*parent);
                }
            }
        }
        weights
    }

    /// Returns some of the rules on the heaviest way through the tree of `host`.
    pub(super) fn heaviest(&self, lists: &Lists, host: usize) -> Vec<u32> {
        let mut rules = Vec::new();
        let weights = self.node_weights(lists);
        let weight = |at: u32| weights.get(at as usize).copied().unwrap_or(0);
        let mut open = vec![self.roots.get(host).copied().unwrap_or(NONE)];
        while let Some(at) = open.pop().filter(|_| rules.len() < 8) {
            let Some(node) = self.nodes.get(at as usize) else { continue };
            rules.extend(lists.any_rule(node.rest));
            rules.extend(lists.any_rule(node.end));
            open.push(node.named);
            let children = (0..).zip(&self.nodes);
            let children = children.filter(|(_, child)| child.parent == at && child.is_literal());
            open.extend(children.map(|(at, _)| at).max_by_key(|at| weight(*at)));
        }
        rules
    }
}

impl Node {
    fn is_literal(&self) -> bool {
        matches!(self.kind, NodeKind::Literal { .. })
    }
}

/// The seed of the hash of the first literal segment behind a branch. The hash of each segment is the seed of
/// the next.
pub(super) fn branch_seed(branch: u32) -> u64 {
    u64::from(branch) << 32 | 1
}
