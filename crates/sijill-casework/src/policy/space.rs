//! Combinations of codes as boxes: one set of codes per dimension.
//!
//! The tables decide some ten thousand combinations, and a person should read what is missing in one line. So nothing
//! here enumerates: what no rule matches is what is left of the whole when each rule's box is cut out of it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use super::Situation;
use crate::codes::{Code, CodeBook};

/// What the tables are asked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// A concern for the child.
    Concern,
    /// The risk.
    Risk,
    /// The child's age band.
    Age,
    /// Where the case is.
    Governorate,
    /// Something in the child's situation, or `none`.
    Situation,
}

impl Dimension {
    /// All of them, in the order in which they are written.
    pub const ALL: [Self; 5] = [Self::Concern, Self::Risk, Self::Age, Self::Governorate, Self::Situation];

    /// As a policy spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Concern => "concern",
            Self::Risk => "risk",
            Self::Age => "age",
            Self::Governorate => "governorate",
            Self::Situation => "situation",
        }
    }

    /// The id of its code list.
    pub fn list(self) -> &'static str {
        match self {
            Self::Age => "age-band",
            other => other.as_str(),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Dimension {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The code of the dimension `situation` that stands for a child of whom no situation is recorded.
pub(super) fn no_situation() -> Code {
    Code::parse("none").unwrap_or_else(|| unreachable!("`none` has the form of a code"))
}

/// Which combinations a rule is for: per dimension the codes it names, or any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct When(pub(super) [Option<BTreeSet<Code>>; 5]);

impl When {
    /// The codes it names in a dimension; `None` for any.
    pub fn named(&self, dimension: Dimension) -> Option<&BTreeSet<Code>> {
        self.0[dimension as usize].as_ref()
    }

    /// The dimensions in which none of these codes is one it names.
    pub(super) fn missed(&self, asked: &Combinations) -> Vec<Dimension> {
        let meets = |dimension: &Dimension| {
            let codes = asked.codes(*dimension);
            self.named(*dimension).map_or(!codes.is_empty(), |named| !named.is_disjoint(codes))
        };
        Dimension::ALL.into_iter().filter(|dimension| !meets(dimension)).collect()
    }

    /// The combinations it is for among these.
    pub(super) fn within(&self, space: &Combinations) -> Option<Combinations> {
        space.cut(|dimension, codes| {
            self.named(dimension).map_or_else(|| codes.clone(), |named| named & codes)
        })
    }
}

/// A box: every combination of one code of each dimension's set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Combinations {
    codes: [BTreeSet<Code>; 5],
    /// How many codes each dimension has, so that `any` can be said.
    of: [usize; 5],
}

impl Combinations {
    /// Everything the code lists allow.
    pub fn all(book: &CodeBook) -> Self {
        let codes = Dimension::ALL.map(|dimension| {
            let mut codes: BTreeSet<Code> = book.current(dimension.list()).cloned().collect();
            if dimension == Dimension::Situation {
                codes.insert(no_situation());
            }
            codes
        });
        let of = codes.each_ref().map(BTreeSet::len);
        Self { codes, of }
    }

    /// What a case is asked about: each of its concerns with each of its situations.
    pub(super) fn of(case: &Situation) -> Self {
        let one = |code: &Code| BTreeSet::from([code.clone()]);
        let mut situations = case.situations.clone();
        if situations.is_empty() {
            situations.insert(no_situation());
        }
        let codes =
            [case.concerns.clone(), one(&case.risk), one(&case.age), one(&case.governorate), situations];
        // A case is never everything.
        Self { codes, of: [usize::MAX; 5] }
    }

    /// The codes of a dimension.
    pub fn codes(&self, dimension: Dimension) -> &BTreeSet<Code> {
        &self.codes[dimension as usize]
    }

    /// How many combinations it is.
    pub fn len(&self) -> usize {
        self.codes.iter().map(BTreeSet::len).product()
    }

    /// Whether it is none.
    pub fn is_empty(&self) -> bool {
        self.codes.iter().any(BTreeSet::is_empty)
    }

    /// Whether the combination of these codes is among them.
    pub fn contains(&self, combination: [&str; 5]) -> bool {
        self.codes.iter().zip(combination).all(|(codes, code)| codes.contains(code))
    }

    fn cut(&self, keep: impl Fn(Dimension, &BTreeSet<Code>) -> BTreeSet<Code>) -> Option<Self> {
        let codes = Dimension::ALL.map(|dimension| keep(dimension, self.codes(dimension)));
        let cut = Self { codes, of: self.of };
        (!cut.is_empty()).then_some(cut)
    }

    /// What both have.
    pub(super) fn and(&self, other: &Self) -> Option<Self> {
        self.cut(|dimension, codes| codes & other.codes(dimension))
    }

    /// What this has and the other has not, as boxes that share nothing.
    fn without(&self, other: &Self) -> Vec<Self> {
        let Some(shared) = self.and(other) else { return vec![self.clone()] };
        let mut left = Vec::new();
        let mut rest = self.clone();
        for dimension in Dimension::ALL {
            let outside = rest.codes(dimension) - shared.codes(dimension);
            if !outside.is_empty() {
                let mut piece = rest.clone();
                piece.codes[dimension as usize] = outside;
                left.push(piece);
            }
            rest.codes[dimension as usize].clone_from(shared.codes(dimension));
        }
        left
    }

    /// What is left of this without any of the others, in few boxes.
    pub(super) fn without_all<'a>(&self, others: impl IntoIterator<Item = &'a Self>) -> Vec<Self> {
        let mut left = if self.is_empty() { Vec::new() } else { vec![self.clone()] };
        for other in others {
            left = left.iter().flat_map(|piece| piece.without(other)).collect();
        }
        merged(left)
    }

    /// The two as one box, if they differ in one dimension only.
    fn joined(&self, other: &Self) -> Option<Self> {
        let mut differing = Dimension::ALL.into_iter().filter(|d| self.codes(*d) != other.codes(*d));
        let (dimension, None) = (differing.next()?, differing.next()) else { return None };
        let mut joined = self.clone();
        joined.codes[dimension as usize].extend(other.codes(dimension).iter().cloned());
        Some(joined)
    }
}

/// The same combinations in fewer boxes. The boxes share nothing, before and after.
pub(super) fn merged(mut boxes: Vec<Combinations>) -> Vec<Combinations> {
    'again: loop {
        for i in 0..boxes.len() {
            for j in i + 1..boxes.len() {
                if let Some(joined) = boxes[i].joined(&boxes[j]) {
                    boxes.swap_remove(j);
                    boxes[i] = joined;
                    continue 'again;
                }
            }
        }
        boxes.sort();
        return boxes;
    }
}

impl fmt::Display for Combinations {
    /// `concern=neglect|bullying, risk=high, age=any, …`, leaving out what may be anything; `every combination` if all
    /// of it may.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = false;
        for dimension in Dimension::ALL {
            let codes = self.codes(dimension);
            if codes.len() == self.of[dimension as usize] {
                continue;
            }
            f.write_str(if said { ", " } else { "" })?;
            let codes: Vec<&str> = codes.iter().map(Code::as_str).collect();
            write!(f, "{dimension}={}", codes.join("|"))?;
            said = true;
        }
        if said { Ok(()) } else { f.write_str("every combination") }
    }
}

impl Serialize for Combinations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
