//! How what there may be very many of is kept.

/// So many elements are many.
const MANY: usize = 4096;
/// This part more of them there is room for, each time.
const PART: usize = 32;

/// Puts an element behind the last, and tells its place. Once there are many, the vector does not double, as `Vec::push` has
/// it, but grows by a thirty-second: what a large population takes is what its members take. That it is moved more often costs
/// little: most systems can move what is that large without copying it, and where they cannot, each element is copied some
/// thirty times on the way to any size.
pub fn push_sparingly<T>(vec: &mut Vec<T>, element: T) -> usize {
    let place = vec.len();
    if place == vec.capacity() && place >= MANY {
        vec.reserve_exact(place / PART);
    }
    vec.push(element);
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_little_room_to_spare_once_there_are_many() {
        let mut numbers = Vec::new();
        for number in 0..100_000 {
            assert_eq!(push_sparingly(&mut numbers, number), number);
            let spare = numbers.capacity() - numbers.len();
            assert!(number < MANY || spare <= number / PART, "{spare} to spare beside {number}");
        }
        assert!(numbers.into_iter().eq(0..100_000));
    }

    #[test]
    fn it_does_not_grow_for_each() {
        let mut numbers = vec![0; MANY];
        numbers.shrink_to_fit();
        let _ = push_sparingly(&mut numbers, 0);
        assert_eq!(numbers.capacity(), MANY + MANY / PART);
    }
}
