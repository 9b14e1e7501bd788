//! Builds an [`Index`].

use std::collections::HashMap;

use super::index::{Index, Node, NodeKind, branch_seed};
use super::lists::{Lists, Parameter, Place};
use super::pattern::{Segment, segments};
use super::slots::{NONE, Slots, hash, to_u32};
use crate::uri::without_trailing_slash;

/// The parts of a rule that the index needs.
#[derive(Clone, Copy)]
pub(super) struct Indexed<'r> {
    pub(super) rule: u32,
    pub(super) host: u32,
    pub(super) from: &'r str,
    /// Where `from` begins in the table's text.
    pub(super) start: u32,
    pub(super) exact: bool,
    pub(super) either_slash: bool,
    /// The first parameter that must have a certain value.
    pub(super) parameter: Option<Parameter<'r>>,
}

/// Builds the index of `rules`, which are in the order of their table. `weights` has an entry for each host.
/// Adds to it an upper bound of the number of places in the index that a request visits.
pub(super) fn build(rules: &[Indexed<'_>], lists: &mut Lists, weights: &mut [u32]) -> Index {
    if rules.is_empty() {
        return Index::default();
    }
    let exact = exact_slots(rules, false, lists, weights);
    let slashless = exact_slots(rules, true, lists, weights);
    let mut tree = Tree { roots: vec![NONE; weights.len()], ..Tree::default() };
    for (at, rule) in (0..).zip(rules) {
        if !rule.exact {
            tree.insert(at, rule);
        }
    }
    for (node, group) in groups(std::mem::take(&mut tree.ends)) {
        if let Some(node) = tree.nodes.get_mut(node as usize) {
            node.end = place(lists, rules, &group);
        }
    }
    for (node, group) in groups(std::mem::take(&mut tree.rests)) {
        if let Some(node) = tree.nodes.get_mut(node as usize) {
            node.rest = place(lists, rules, &group);
        }
    }
    let (literals, nodes, roots) = tree.compress();
    let index = Index { exact, slashless, literals, nodes, roots };
    for (weight, more) in weights.iter_mut().zip(index.weights(lists)) {
        *weight = weight.saturating_add(more);
    }
    index
}

/// Builds the slots of exact paths, and adds the weight of each host's heaviest place to `weights`.
fn exact_slots(
    rules: &[Indexed<'_>],
    either_slash: bool,
    lists: &mut Lists,
    weights: &mut [u32],
) -> Slots {
    let is_ours = |rule: &Indexed<'_>| rule.exact && rule.either_slash == either_slash;
    let ours = (0..).zip(rules).filter(|(_, rule)| is_ours(rule));
    let mut keys: Vec<(u64, u32)> =
        ours.map(|(at, rule)| (hash(path(rule).as_bytes(), rule.host.into()), at)).collect();
    keys.sort_unstable();
    let mut entries = Vec::with_capacity(keys.len());
    let mut heaviest = vec![0; weights.len()];
    for group in keys.chunk_by(|one, other| one.0 == other.0) {
        // Nearly always a single key; keys that have the same hash are separated here.
        let mut by_key: Vec<((u32, &str), Vec<u32>)> = Vec::with_capacity(1);
        for (_, at) in group {
            let Some(rule) = rules.get(*at as usize) else { continue };
            let key = (rule.host, path(rule));
            match by_key.iter_mut().find(|(known, _)| *known == key) {
                Some((_, positions)) => positions.push(*at),
                None => by_key.push((key, vec![*at])),
            }
        }
        let Some((hash, _)) = group.first() else { continue };
        for ((host, _), of_key) in &by_key {
            let place = place(lists, rules, of_key);
            entries.push((*hash, place));
            if let Some(weight) = heaviest.get_mut(*host as usize) {
                *weight = lists.weight(place).max(*weight);
            }
        }
    }
    for (weight, more) in weights.iter_mut().zip(heaviest) {
        *weight = weight.saturating_add(more);
    }
    Slots::new(&entries)
}

/// The path under which a rule is looked up.
fn path<'r>(rule: &Indexed<'r>) -> &'r str {
    if rule.either_slash { without_trailing_slash(rule.from) } else { rule.from }
}

/// Creates the place of a group of rules, which are given by their positions in `rules`.
fn place(lists: &mut Lists, rules: &[Indexed<'_>], group: &[u32]) -> Place {
    let group = group.iter().filter_map(|at| rules.get(*at as usize));
    let numbered: Vec<_> = group.map(|rule| (rule.rule, rule.parameter)).collect();
    lists.place(&numbered)
}

/// Groups pairs of a node and the position of a rule by their node.
fn groups(mut pairs: Vec<(u32, u32)>) -> Vec<(u32, Vec<u32>)> {
    pairs.sort_unstable();
    pairs.dedup();
    let group = |pairs: &[(u32, u32)]| {
        let (node, _) = pairs.first()?;
        Some((*node, pairs.iter().map(|(_, at)| *at).collect()))
    };
    pairs.chunk_by(|one, other| one.0 == other.0).filter_map(group).collect()
}

/// The patterns, segment by segment.
#[derive(Default)]
struct Tree<'r> {
    nodes: Vec<TreeNode<'r>>,
    roots: Vec<u32>,
    edges: HashMap<(u32, &'r str), u32>,
    /// Pairs of a node and the position of a rule whose pattern ends there.
    ends: Vec<(u32, u32)>,
    /// Pairs of a node and the position of a rule whose pattern ends in `*` there.
    rests: Vec<(u32, u32)>,
}

struct TreeNode<'r> {
    parent: u32,
    /// The literal segment that leads here, and where it begins in the table's text. `None` for a root, and
    /// for the node that a name leads to.
    literal: Option<(&'r str, u32)>,
    named: u32,
    end: Place,
    rest: Place,
}

/// The literal segments between a branch and a node.
#[derive(Clone, Copy)]
struct Run {
    branch: u32,
    /// The number of this node in the index or, if it is left out there, that of its nearest ancestor.
    stored_node: u32,
    start: u32,
    length: u16,
    count: u8,
    hash: u64,
}

impl<'r> Tree<'r> {
    fn insert(&mut self, at: u32, rule: &Indexed<'r>) {
        let known = self.roots.get(rule.host as usize).copied().unwrap_or(NONE);
        let mut node = if known == NONE { self.push(NONE, None) } else { known };
        if let Some(root) = self.roots.get_mut(rule.host as usize) {
            *root = node;
        }
        // The first segment begins after the first slash.
        let mut start = rule.start + 1;
        for segment in segments(rule.from) {
            match segment {
                Segment::Literal(literal) => {
                    node = self.literal(node, literal, start);
                    start += to_u32(literal.len()) + 1;
                }
                Segment::Name(name) => {
                    node = self.named(node);
                    start += to_u32(name.len()) + 2;
                }
                Segment::Rest(_) => return self.rests.push((node, at)),
            }
        }
        self.ends.push((node, at));
        if rule.either_slash {
            // The node of the same path with its last slash removed or added.
            let twin = match self.nodes.get(node as usize) {
                Some(TreeNode { literal: Some(("", _)), parent, .. }) => *parent,
                // An empty segment has no text, so it can start anywhere.
                _ => self.literal(node, "", rule.start),
            };
            self.ends.push((twin, at));
        }
    }

    fn literal(&mut self, parent: u32, literal: &'r str, start: u32) -> u32 {
        if let Some(known) = self.edges.get(&(parent, literal)) {
            return *known;
        }
        let node = self.push(parent, Some((literal, start)));
        self.edges.insert((parent, literal), node);
        node
    }

    fn named(&mut self, parent: u32) -> u32 {
        let known = self.nodes.get(parent as usize).map_or(NONE, |node| node.named);
        if known != NONE {
            return known;
        }
        let node = self.push(parent, None);
        if let Some(parent) = self.nodes.get_mut(parent as usize) {
            parent.named = node;
        }
        node
    }

    fn push(&mut self, parent: u32, literal: Option<(&'r str, u32)>) -> u32 {
        self.nodes.push(TreeNode { parent, literal, named: NONE, end: NONE, rest: NONE });
        to_u32(self.nodes.len() - 1)
    }

    /// Leaves out the nodes behind literal segments at which no pattern ends and that no name follows.
    /// Returns the slots of the literal nodes that remain, all nodes that remain, and the roots.
    fn compress(self) -> (Slots, Box<[Node]>, Box<[u32]>) {
        let mut nodes: Vec<Node> = Vec::new();
        let mut slots = Vec::new();
        // Parents come before their children.
        let mut runs: Vec<Run> = Vec::with_capacity(self.nodes.len());
        for TreeNode { parent, literal, named, end, rest } in &self.nodes {
            let number = to_u32(nodes.len());
            let before = runs.get(*parent as usize).copied();
            let parent = before.map_or(NONE, |run| run.stored_node);
            let node = |kind| Node { kind, parent, named: *named, end: *end, rest: *rest };
            let (Some(before), Some((segment, start))) = (before, literal) else {
                nodes.push(node(NodeKind::Branch { depths: 0 }));
                let (branch, stored_node, hash) = (number, number, branch_seed(number));
                runs.push(Run { branch, stored_node, start: 0, length: 0, count: 0, hash });
                continue;
            };
            let mut run = before.followed_by(segment, *start);
            let Run { branch, start, length, count, .. } = run;
            if [*named, *end, *rest] != [NONE; 3] {
                run.stored_node = number;
                nodes.push(node(NodeKind::Literal { branch, start, length, count }));
                slots.push((run.hash, number));
                let branch = nodes.get_mut(branch as usize).map(|branch| &mut branch.kind);
                if let Some(NodeKind::Branch { depths }) = branch {
                    *depths |= 1_u64.checked_shl(u32::from(count) - 1).unwrap_or(0);
                }
            }
            runs.push(run);
        }
        let stored = |number: &u32| runs.get(*number as usize).map_or(NONE, |run| run.stored_node);
        for node in &mut nodes {
            node.named = stored(&node.named);
        }
        (Slots::new(&slots), nodes.into(), self.roots.iter().map(stored).collect())
    }
}

impl Run {
    /// Adds a literal segment, which begins at `start` in the text of the table.
    fn followed_by(self, segment: &str, start: u32) -> Self {
        let hash = hash(segment.as_bytes(), self.hash);
        let count = self.count.saturating_add(1);
        if segment.is_empty() {
            return Self { count, hash, ..self };
        }
        // The segments before this one stand before it in the text, too.
        let before = if self.count == 0 { 0 } else { self.length + 1 };
        let length = before.saturating_add(u16::try_from(segment.len()).unwrap_or(u16::MAX));
        Self { start: start - u32::from(before), length, count, hash, ..self }
    }
}
