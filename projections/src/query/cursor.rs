//! A place in the order of an answer, to go on from.

use sha2::{Digest as _, Sha256};
use sijill_event::b64;

use super::ask::{Ask, is_plain, question};
use super::view::View;
use crate::error::ProjectionError;
use crate::model::{Cell, Type};

/// Bytes that tell one question from another.
const MARK: usize = 8;

/// After which row an answer goes on, and the size it is of: later pages are of the same log as the first one, whatever was
/// appended since. It opens nothing: whose rows are shown is judged anew with each page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As known at this size.
    pub size: u64,
    /// What the row has in the column of the order, if there is one, and then in those of the view's identity.
    pub(super) cells: Vec<Cell>,
}

impl Place {
    /// As text, for the next request of the same question.
    pub fn write(&self, view: &View, ask: &Ask) -> String {
        let mut bytes = mark(view, ask).to_vec();
        bytes.extend(self.size.to_be_bytes());
        for cell in &self.cells {
            match cell {
                Cell::Null => bytes.push(0),
                Cell::Integer(value) => {
                    bytes.push(1);
                    bytes.extend(value.to_be_bytes());
                }
                Cell::Text(text) => {
                    bytes.push(2);
                    bytes.extend((text.len() as u64).to_be_bytes());
                    bytes.extend(text.as_bytes());
                }
            }
        }
        b64::encode(bytes)
    }

    /// Reads what [`write`](Self::write) wrote for the same question; another page length is no other question.
    ///
    /// # Errors
    /// [`ProjectionError::Question`] for anything else.
    pub fn read(text: &str, view: &View, ask: &Ask) -> Result<Self, ProjectionError> {
        let refused = || question("`cursor` is not one that this question was answered with".into());
        let bytes = b64::decode(text, "the cursor").map_err(|_| refused())?;
        let mut rest = bytes.as_slice();
        if take::<MARK>(&mut rest) != Some(mark(view, ask)) {
            return Err(refused());
        }
        let size = u64::from_be_bytes(take(&mut rest).ok_or_else(refused)?);
        let mut cells = Vec::new();
        while !rest.is_empty() {
            cells.push(cell(&mut rest).ok_or_else(refused)?);
        }
        let columns = ask.order.map(|order| order.column).into_iter().chain(view.identity());
        let kinds: Vec<Option<Type>> =
            columns.map(|column| view.fields.get(column).map(|field| field.kind.holds())).collect();
        // A database would trip over a text where it has numbers.
        let fits = |(cell, holds): (&Cell, &Option<Type>)| match cell {
            Cell::Null => true,
            Cell::Integer(_) => *holds == Some(Type::Integer),
            Cell::Text(text) => *holds == Some(Type::Text) && is_plain(text),
        };
        let whole = cells.len() == kinds.len() && cells.iter().zip(&kinds).all(fits);
        if whole { Ok(Self { size, cells }) } else { Err(refused()) }
    }
}

fn cell(rest: &mut &[u8]) -> Option<Cell> {
    let [kind] = take(rest)?;
    Some(match kind {
        0 => Cell::Null,
        1 => Cell::Integer(i64::from_be_bytes(take(rest)?)),
        2 => {
            let length = usize::try_from(u64::from_be_bytes(take(rest)?)).ok()?;
            let (text, after) = rest.split_at_checked(length)?;
            *rest = after;
            std::str::from_utf8(text).ok()?.into()
        }
        _ => return None,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*taken)
}

/// Of the view, its version, the filters and the order: a place in one order is none in another.
fn mark(view: &View, ask: &Ask) -> [u8; MARK] {
    let asked = format!("{}/{}\n{:?}\n{:?}", view.name, view.model.version, ask.tests, ask.order);
    let digest: [u8; 32] = Sha256::digest(asked).into();
    digest.first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::view::view;
    use super::*;

    #[test]
    fn a_place_survives_as_text_and_only_in_its_own_question() {
        let deadlines = view("deadlines").expect("a view");
        let ask = |filter: &'static str, limit| {
            Ask::read(deadlines, [("milestone", filter)], Some("due_ms"), limit)
        };
        let (ask, other) = (ask("accept", 5).expect("asked"), ask("plan", 5).expect("asked"));
        let identity = deadlines.identity().count();
        let cells = std::iter::once(Cell::Null).chain(
            (0..identity)
                .map(|n| if n + 1 == identity { Cell::Integer(-7) } else { Cell::Text("7Q".into()) }),
        );
        let place = Place { size: 42, cells: cells.collect() };
        let text = place.write(deadlines, &ask);
        assert_eq!(Place::read(&text, deadlines, &ask).expect("read"), place);
        assert!(Place::read(&text, deadlines, &other).is_err());
        assert!(Place::read(&text, view("cases").expect("a view"), &ask).is_err());
        let shorter = Place { cells: place.cells[1..].to_vec(), ..place.clone() };
        let other_kind =
            Place { cells: [vec!["x".into()], place.cells[1..].to_vec()].concat(), ..place.clone() };
        let odd = [shorter.write(deadlines, &ask), other_kind.write(deadlines, &ask)];
        for odd in ["", "x", "AAAA", &odd[0], &odd[1], &text[..text.len() - 2]] {
            assert!(Place::read(odd, deadlines, &ask).is_err(), "{odd}");
        }
        for at in 0..text.len() {
            // Bytes that were tampered with are refused or read as some other place; nothing panics.
            let _ = Place::read(&format!("{}A{}", &text[..at], &text[at + 1..]), deadlines, &ask);
        }
    }
}
