//! Ladders of the same experiment side by side: which rows stand in the same line, and which are left out.

use std::collections::BTreeSet;

use experiment::record::Attempt;
use sim_time::Instant;

use super::rows::Row;
use super::tracks::Way;
use crate::diagram::Diagram;

/// Lines of agreement that are shown at the beginning.
const OPENING: usize = 4;
/// Fewer lines of agreement than this are not worth leaving out.
const WORTH_LEAVING_OUT: usize = 3;

/// A line: what each ladder has in it.
#[derive(Clone, Debug)]
pub(super) struct Slot<'a> {
    pub(super) at: Instant,
    pub(super) attempt: Option<Attempt>,
    pub(super) rows: Vec<Option<&'a Row>>,
}

/// What is drawn of the slots.
pub(super) enum Shown<'a, 'b> {
    Slot(&'b Slot<'a>),
    /// Those in which all ladders agree.
    Alike(&'b [Slot<'a>]),
}

/// The diagrams in groups of at most `most`, the base second, and again beside one that would be alone in the last.
pub(super) fn blocks<'a>(
    diagrams: &[(&'a str, &'a Diagram)],
    base: usize,
    most: usize,
) -> Vec<Vec<(&'a str, &'a Diagram)>> {
    let mut order: Vec<_> = diagrams.to_vec();
    if base > 1 {
        let chosen = order.remove(base);
        order.insert(1, chosen);
    }
    let mut blocks: Vec<Vec<_>> = order.chunks(most).map(<[_]>::to_vec).collect();
    if let (true, Some([_])) = (blocks.len() > 1 && most > 1, blocks.last().map(Vec::as_slice)) {
        blocks.last_mut().expect("there are several").push(diagrams[base]);
    }
    blocks
}

/// The ladders' rows, line by line.
pub(super) fn aligned(ladders: &[Vec<Row>]) -> Vec<Slot<'_>> {
    let times: BTreeSet<Instant> = ladders.iter().flatten().map(|row| row.at).collect();
    let mut rest: Vec<&[Row]> = ladders.iter().map(Vec::as_slice).collect();
    let mut slots = Vec::new();
    for at in times {
        let mut together = Vec::new();
        for (column, rows) in rest.iter_mut().enumerate() {
            let (now, later) = rows.split_at(rows.iter().take_while(|row| row.at <= at).count());
            *rows = later;
            let empty = |row: &Row| Slot { at, attempt: row.attempt, rows: vec![None; ladders.len()] };
            together =
                woven(together, column, &now.iter().collect::<Vec<_>>(), &[Row::says_what, Row::is_akin_to], &empty);
        }
        slots.append(&mut together);
    }
    slots
}

/// Adds a column's rows to slots of the same instant, in their order: each to the next slot that holds a row like it, by
/// the first of `likeness`, then by the next in what lies between; what has no like gets a slot of its own.
fn woven<'a>(
    mut slots: Vec<Slot<'a>>,
    column: usize,
    rows: &[&'a Row],
    likeness: &[fn(&Row, &Row) -> bool],
    empty: &impl Fn(&'a Row) -> Slot<'a>,
) -> Vec<Slot<'a>> {
    let put = |mut slot: Slot<'a>, row| {
        slot.rows[column] = Some(row);
        slot
    };
    let Some((is_like, looser)) = likeness.split_first() else {
        slots.extend(rows.iter().map(|&row| put(empty(row), row)));
        return slots;
    };
    let mut result = Vec::new();
    let mut waiting = 0;
    for (place, &row) in rows.iter().enumerate() {
        let Some(found) = slots.iter().position(|slot| slot.rows.iter().flatten().any(|other| is_like(row, other)))
        else {
            continue;
        };
        let after = slots.split_off(found + 1);
        let slot = slots.pop().expect("it was found");
        result.extend(woven(slots, column, &rows[waiting..place], looser, empty));
        result.push(put(slot, row));
        (slots, waiting) = (after, place + 1);
    }
    result.extend(woven(slots, column, &rows[waiting..], looser, empty));
    result
}

/// What to show: of a stretch in which all ladders agree, its beginning and its end.
pub(super) fn shown<'a, 'b>(slots: &'b [Slot<'a>]) -> Vec<Shown<'a, 'b>> {
    let mut shown = Vec::new();
    for stretch in slots.chunk_by(|one, other| one.is_alike() == other.is_alike()) {
        let first = shown.is_empty();
        let kept = if first { OPENING } else { 1 };
        let whole = !stretch[0].is_alike() || stretch.len() < kept + 1 + WORTH_LEAVING_OUT;
        let (start, end) = if whole { (stretch.len(), stretch.len()) } else { (kept, stretch.len() - 1) };
        shown.extend(stretch[..start].iter().map(Shown::Slot));
        if end > start {
            shown.push(Shown::Alike(&stretch[start..end]));
        }
        shown.extend(stretch[end..].iter().map(Shown::Slot));
    }
    shown
}

impl<'a> Slot<'a> {
    /// Notes what is on its way in each ladder after it.
    pub(super) fn note_flying(&self, flying: &mut [&'a [Vec<Way>]]) {
        for (flying, row) in flying.iter_mut().zip(&self.rows) {
            *flying = row.map_or(*flying, |row| &row.after);
        }
    }

    /// Whether several ladders say the same.
    fn is_alike(&self) -> bool {
        let [Some(first), others @ ..] = self.rows.as_slice() else { return false };
        !others.is_empty() && others.iter().all(|other| other.is_some_and(|other| first.says_what(other)))
    }
}
