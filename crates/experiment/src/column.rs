//! What a fold keeps of each life.

use storage::push_sparingly;

use crate::record::Incarnation;

/// What a fold keeps of each life, in the place of the life's row: found without a search, and in no more room than for
/// the most lives there were at once.
#[derive(Clone, Debug)]
pub struct Column<T> {
    places: Vec<Option<(u32, T)>>,
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Column<T> {
    /// Nothing is kept yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { places: Vec::new() }
    }

    /// What is kept of a life.
    #[must_use]
    pub fn get(&self, life: Incarnation) -> Option<&T> {
        let (number, kept) = self.places.get(life.place as usize)?.as_ref()?;
        (*number == life.number).then_some(kept)
    }

    /// What is kept of a life.
    pub fn get_mut(&mut self, life: Incarnation) -> Option<&mut T> {
        let (number, kept) = self.places.get_mut(life.place as usize)?.as_mut()?;
        (*number == life.number).then_some(kept)
    }

    /// What is kept of a life; it is made if nothing was. Whose row was in that place before is forgotten.
    pub fn get_or_insert_with(&mut self, life: Incarnation, make: impl FnOnce() -> T) -> &mut T {
        let place = life.place as usize;
        while place >= self.places.len() {
            let _ = push_sparingly(&mut self.places, None);
        }
        let kept = &mut self.places[place];
        if kept.as_ref().is_none_or(|(number, _)| *number != life.number) {
            *kept = None;
        }
        &mut kept.get_or_insert_with(|| (life.number, make())).1
    }

    /// Forgets a life.
    pub fn remove(&mut self, life: Incarnation) -> Option<T> {
        self.get(life)?;
        self.places[life.place as usize].take().map(|(_, kept)| kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_anothers_once_its_life_is_over() {
        let (old, new) = (Incarnation::new(3, 1), Incarnation::new(9, 1));
        let mut column = Column::default();
        *column.get_or_insert_with(old, || 'a') = 'b';
        assert_eq!((column.get(old), column.get(new)), (Some(&'b'), None));
        assert_eq!(column.get_or_insert_with(new, || 'c'), &'c');
        assert_eq!(column.get_mut(old), None);
        assert_eq!((column.remove(old), column.remove(new)), (None, Some('c')));
        assert_eq!(column.get(new), None);
    }
}
