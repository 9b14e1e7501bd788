//! The rules at one place of an index: one, several in order, or several distinguished by parameters.

use std::collections::HashMap;

use super::normal::{form_decoded, parameter};
use super::slots::NONE;

/// The number of a rule, or, with the upper bit set, of a list of rules. [`NONE`] means neither.
pub(super) type Place = u32;

/// The name of a parameter and a value of it, both decoded.
pub(super) type Parameter<'r> = (&'r [u8], &'r [u8]);

const LIST: u32 = 1 << 31;

/// The most rules of a table: a [`Place`] has 31 bits for a rule.
pub(super) const MAX_RULES: usize = (LIST - 1) as usize;

/// The lists of an index.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists(Vec<List>);

#[derive(Clone, Debug, Default)]
struct List {
    /// Rules that no parameter distinguishes, in order.
    rules: Box<[u32]>,
    parameters: Vec<ByValue>,
}

/// Rules distinguished by the value of one parameter.
#[derive(Clone, Debug)]
struct ByValue {
    name: Box<[u8]>,
    places: HashMap<Box<[u8]>, Place>,
}

impl Lists {
    /// Creates the place of these rules, which are in order, each with the first parameter that must have a
    /// certain value for the rule to match.
    pub(super) fn place(&mut self, rules: &[(u32, Option<Parameter<'_>>)]) -> Place {
        match rules {
            [] => return NONE,
            [(rule, _)] => return *rule,
            _ => {}
        }
        let mut plain = Vec::new();
        let mut by_name: Vec<(&[u8], HashMap<_, Vec<u32>>)> = Vec::new();
        for (rule, parameter) in rules {
            let Some((name, value)) = *parameter else {
                plain.push(*rule);
                continue;
            };
            match by_name.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.entry(value).or_default().push(*rule),
                None => by_name.push((name, HashMap::from([(value, vec![*rule])]))),
            }
        }
        let parameters = by_name.into_iter().map(|(name, values)| {
            let places = values.into_iter().map(|(value, rules)| {
                let place = match *rules.as_slice() {
                    [rule] => rule,
                    _ => self.push(List { rules: rules.into(), parameters: Vec::new() }),
                };
                (value.into(), place)
            });
            ByValue { name: name.into(), places: places.collect() }
        });
        let parameters = parameters.collect();
        self.push(List { rules: plain.into(), parameters })
    }

    fn push(&mut self, list: List) -> Place {
        self.0.push(list);
        // There are at most two lists for each rule. Only more than 2^30 rules, which take 32 GiB, could
        // have lists whose numbers need the upper bit.
        u32::try_from(self.0.len() - 1).map_or(NONE, |at| at | LIST)
    }

    /// The most places that a request visits at `place`: the place itself, and one for each parameter.
    pub(super) fn weight(&self, place: Place) -> u32 {
        if place == NONE {
            return 0;
        }
        let parameters = self.get(place).map_or(0, |list| list.parameters.len());
        u32::try_from(parameters).map_or(u32::MAX, |parameters| parameters.saturating_add(1))
    }

    /// Returns the weight of the list that compares the most parameters, and some of its rules.
    pub(super) fn heaviest(&self) -> (u32, Vec<u32>) {
        let numbered = (0_u32..).zip(&self.0);
        let heaviest = numbered.max_by_key(|(_, list)| list.parameters.len());
        let Some((at, list)) = heaviest else { return (0, Vec::new()) };
        let values = list.parameters.iter().filter_map(|by| by.places.values().next());
        let rules = values.filter_map(|place| self.any_rule(*place)).take(8).collect();
        (self.weight(at | LIST), rules)
    }

    /// Returns one of the rules of a place.
    pub(super) fn any_rule(&self, place: Place) -> Option<u32> {
        let Some(list) = self.get(place) else { return (place != NONE).then_some(place) };
        let of_values = || list.parameters.first()?.places.values().next().copied();
        list.rules.first().copied().or_else(|| self.any_rule(of_values()?))
    }

    fn get(&self, place: Place) -> Option<&List> {
        if place & LIST == 0 || place == NONE {
            return None;
        }
        self.0.get((place & !LIST) as usize)
    }
}

/// The most places that a request can visit. A table in which a request could visit more is refused.
pub(super) const MAX_PLACES: usize = 64;

/// The places that a request visits, and an iterator over their rules and those whose regex matches.
pub(super) struct Visited<'t> {
    lists: &'t Lists,
    query: Option<&'t str>,
    places: [Place; MAX_PLACES],
    /// The position of the next rule in the list of each place.
    next: [u32; MAX_PLACES],
    count: usize,
    /// Rules whose regex matches, in order.
    regexes: std::iter::Peekable<std::vec::IntoIter<u32>>,
}

impl<'t> Visited<'t> {
    pub(super) fn new(lists: &'t Lists, query: Option<&'t str>, regexes: Vec<u32>) -> Self {
        let regexes = regexes.into_iter().peekable();
        let (places, next) = ([NONE; MAX_PLACES], [0; MAX_PLACES]);
        Self { lists, query, places, next, count: 0, regexes }
    }

    /// Visits a place, and the places that it has for the parameters of the request.
    #[inline]
    pub(super) fn visit(&mut self, place: Place) {
        if place == NONE {
            return;
        }
        self.push(place);
        if let Some(list) = self.lists.get(place) {
            for ByValue { name, places } in &list.parameters {
                let value = self.query.and_then(|query| parameter(query, name));
                if let Some(place) = value.and_then(|value| places.get(&*form_decoded(value))) {
                    self.push(*place);
                }
            }
        }
    }

    fn push(&mut self, place: Place) {
        if let Some(slot) = self.places.get_mut(self.count) {
            *slot = place;
            self.count += 1;
        }
    }
}

/// The rules of all places, and those whose regex matches, in the order of the table.
impl Iterator for Visited<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let mut first: Option<(u32, &mut u32)> = None;
        for (place, next) in self.places.iter().zip(&mut self.next).take(self.count) {
            let rule = match self.lists.get(*place) {
                Some(list) => list.rules.get(*next as usize).copied(),
                None => (*next == 0).then_some(*place),
            };
            if let Some(rule) = rule {
                if first.as_ref().is_none_or(|(other, _)| rule < *other) {
                    first = Some((rule, next));
                }
            }
        }
        let regex = self.regexes.peek().copied();
        match (first, regex) {
            (Some((rule, next)), regex) if regex.is_none_or(|regex| rule < regex) => {
                *next += 1;
                Some(rule)
            }
            _ => self.regexes.next(),
        }
    }
}
