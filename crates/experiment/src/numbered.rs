//! What is named by numbers that were given in turn.

use std::collections::VecDeque;

use storage::push_sparingly;

/// Numbers on a page.
const PAGE: usize = 32;
/// No page.
const NONE: u32 = u32::MAX;

/// Things named by numbers that were given in turn, of which the old ones go: found without a hash, beside those that came
/// at the same time. It takes room for a whole page where anything is on it, and four octets for each page from the oldest
/// thing to the newest.
#[derive(Clone, Debug)]
pub(crate) struct Numbered<T> {
    /// The place of the pages from number `first` · [`PAGE`] on.
    directory: VecDeque<u32>,
    first: u64,
    pages: Vec<Page<T>>,
    free: Vec<u32>,
}

#[derive(Clone, Debug)]
struct Page<T> {
    things: [Option<T>; PAGE],
    count: usize,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { directory: VecDeque::new(), first: 0, pages: Vec::new(), free: Vec::new() }
    }
}

impl<T> Numbered<T> {
    /// Whether there is nothing.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.directory.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        self.pages.get(self.page(number)? as usize)?.things[on_page(number)].as_ref()
    }

    /// All, by their numbers.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        let pages = self.directory.iter().filter_map(|&page| self.pages.get(page as usize));
        pages.flat_map(|page| page.things.iter().flatten())
    }

    /// What has that number; it is made if there is none.
    pub(crate) fn get_or_insert_with(&mut self, number: u64, make: impl FnOnce() -> T) -> &mut T {
        let page = match self.page(number) {
            Some(page) if page != NONE => page,
            _ => self.add_page(number),
        };
        let Page { things, count } = &mut self.pages[page as usize];
        let thing = &mut things[on_page(number)];
        *count += usize::from(thing.is_none());
        thing.get_or_insert_with(make)
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<T> {
        let place = self.page(number)?;
        let page = self.pages.get_mut(place as usize)?;
        let thing = page.things[on_page(number)].take()?;
        page.count -= 1;
        if page.count == 0 {
            self.free.push(place);
            self.drop_page(number);
        }
        Some(thing)
    }

    /// The place of a number's page, or [`NONE`]; nothing where the directory does not reach.
    fn page(&self, number: u64) -> Option<u32> {
        let place = (number / PAGE as u64).wrapping_sub(self.first);
        self.directory.get(usize::try_from(place).ok()?).copied()
    }

    /// A new page for a number, empty.
    fn add_page(&mut self, number: u64) -> u32 {
        let wanted = number / PAGE as u64;
        if self.directory.is_empty() {
            self.first = wanted;
        }
        while wanted < self.first {
            self.directory.push_front(NONE);
            self.first -= 1;
        }
        let place = (wanted - self.first) as usize;
        if place >= self.directory.len() {
            self.directory.resize(place + 1, NONE);
        }
        let page = self.free.pop().unwrap_or_else(|| {
            let page = push_sparingly(&mut self.pages, Page { things: [const { None }; PAGE], count: 0 });
            u32::try_from(page).expect("fewer than 2³² pages")
        });
        self.directory[place] = page;
        page
    }

    /// Takes a number's page out of the directory, and what is empty at its ends.
    fn drop_page(&mut self, number: u64) {
        let place = (number / PAGE as u64 - self.first) as usize;
        self.directory[place] = NONE;
        while self.directory.front() == Some(&NONE) {
            self.directory.pop_front();
            self.first += 1;
        }
        while self.directory.back() == Some(&NONE) {
            self.directory.pop_back();
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is below PAGE")]
const fn on_page(number: u64) -> usize {
    (number % PAGE as u64) as usize
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pages_are_used_again() {
        let mut numbered = Numbered::default();
        for number in 0..10_000 {
            *numbered.get_or_insert_with(number, || 0) += number;
            if let Some(old) = number.checked_sub(100) {
                assert_eq!(numbered.remove(old), Some(old));
            }
        }
        assert!(numbered.pages.len() < 8 && numbered.directory.len() < 8, "what is gone takes no room");
    }

    /// What outlives its neighbours keeps its own page, and what goes between it and the newest is used again.
    #[test]
    fn one_that_stays_keeps_one_page() {
        let mut numbered = Numbered::default();
        numbered.get_or_insert_with(5, || 5_u64);
        for number in 100..10_000 {
            numbered.get_or_insert_with(number, || number);
            numbered.remove(number);
        }
        assert_eq!((numbered.get(5), numbered.pages.len()), (Some(&5), 2));
        assert_eq!(numbered.directory.len(), 1, "the directory ends with the newest that is there");
    }

    proptest! {
        #[test]
        fn it_is_a_map(calls in prop::collection::vec((0..2_u8, 0..400_u64), 0..300)) {
            let (mut numbered, mut map) = (Numbered::default(), BTreeMap::new());
            for (call, number) in calls {
                match call {
                    0 => prop_assert_eq!(numbered.remove(number), map.remove(&number)),
                    _ => {
                        let next = map.len();
                        prop_assert_eq!(*numbered.get_or_insert_with(number, || next), *map.entry(number).or_insert(next));
                    }
                }
                prop_assert_eq!(numbered.get(number), map.get(&number));
                prop_assert_eq!(numbered.is_empty(), map.is_empty());
                prop_assert!(numbered.values().eq(map.values()));
            }
        }
    }
}
