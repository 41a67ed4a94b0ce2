//! A first-in-first-out queue that has no need of the heap while it holds one thing at most.

use std::collections::VecDeque;

/// First in, first out. Nearly all connections never have more than one piece of data in any of their queues, so the
/// first has a place of its own and the others one that is made when it is needed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Fifo<E> {
    /// `None` only if there is nothing in `rest` either.
    first: Option<E>,
    rest: VecDeque<E>,
}

impl<E> Fifo<E> {
    pub(crate) const fn new() -> Self {
        Self { first: None, rest: VecDeque::new() }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(crate) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(crate) fn push_back(&mut self, element: E) {
        if self.first.is_none() {
            self.first = Some(element);
        } else {
            self.rest.push_back(element);
        }
    }

    pub(crate) fn pop_front(&mut self) -> Option<E> {
        let next = if self.rest.is_empty() { None } else { self.rest.pop_front() };
        std::mem::replace(&mut self.first, next)
    }

    /// Takes out the element at a place, counted from 0, if there is one.
    pub(crate) fn remove(&mut self, place: usize) -> Option<E> {
        match place.checked_sub(1) {
            None => self.pop_front(),
            Some(place) => self.rest.remove(place),
        }
    }

    pub(crate) fn get(&self, place: usize) -> Option<&E> {
        match place.checked_sub(1) {
            None => self.first.as_ref(),
            Some(place) => self.rest.get(place),
        }
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut E> {
        match place.checked_sub(1) {
            None => self.first.as_mut(),
            Some(place) => self.rest.get_mut(place),
        }
    }

    pub(crate) const fn front(&self) -> Option<&E> {
        self.first.as_ref()
    }

    pub(crate) const fn front_mut(&mut self) -> Option<&mut E> {
        self.first.as_mut()
    }

    pub(crate) fn back_mut(&mut self) -> Option<&mut E> {
        if self.rest.is_empty() { self.first.as_mut() } else { self.rest.back_mut() }
    }

    pub(crate) fn clear(&mut self) {
        self.first = None;
        self.rest.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &E> {
        self.first.iter().chain(&self.rest)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut E> {
        self.first.iter_mut().chain(&mut self.rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// It does what a `VecDeque` does.
        #[test]
        fn is_a_queue_like_any_other(steps in prop::collection::vec((0_u8..5, 0_usize..4), 1..60)) {
            let (mut fifo, mut queue) = (Fifo::new(), VecDeque::new());
            for (n, (step, place)) in steps.into_iter().enumerate() {
                match step {
                    0 | 1 => {
                        fifo.push_back(n);
                        queue.push_back(n);
                    }
                    2 => prop_assert_eq!(fifo.pop_front(), queue.pop_front()),
                    3 => prop_assert_eq!(fifo.remove(place), queue.remove(place)),
                    _ if place == 0 => {
                        fifo.clear();
                        queue.clear();
                    }
                    _ => prop_assert_eq!(fifo.get_mut(place), queue.get_mut(place)),
                }
                prop_assert!(fifo.iter().eq(&queue) && fifo.iter_mut().eq(&mut queue));
                prop_assert_eq!((fifo.len(), fifo.is_empty()), (queue.len(), queue.is_empty()));
                prop_assert_eq!((fifo.front(), fifo.get(place)), (queue.front(), queue.get(place)));
                prop_assert_eq!(fifo.front_mut(), queue.front_mut());
                prop_assert_eq!(fifo.back_mut(), queue.back_mut());
            }
        }
    }
}
