//! Sets of purposes by their places in a page's list. Owns [`Set`] and the limit that it puts on such a list.

/// Some of the purposes that a page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Set(u32);

impl Set {
    /// The most purposes that a page can ask for.
    pub const MOST: usize = 32;
    /// None of them.
    pub const EMPTY: Self = Self(0);
    /// All of them.
    pub const ALL: Self = Self(u32::MAX);

    /// Only the purpose at a place.
    pub fn of(place: usize) -> Self {
        let mut set = Self::EMPTY;
        set.put(place, true);
        set
    }

    /// Whether the purpose at a place belongs to it; a place beyond [`Self::MOST`] belongs to none.
    pub fn has(self, place: usize) -> bool {
        place < Self::MOST && self.0 >> place & 1 == 1
    }

    /// As bits, the first purpose the lowest.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// Lets the purpose at a place belong to it or not.
    pub fn put(&mut self, place: usize, belongs: bool) {
        if place < Self::MOST {
            self.0 = self.0 & !(1 << place) | u32::from(belongs) << place;
        }
    }

    /// Lets those of `about` belong to it that are in `which`, and no other of them.
    pub fn replace(&mut self, about: Self, which: Self) {
        self.0 = self.0 & !about.0 | about.0 & which.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_in_is_there_until_it_is_taken_out() {
        let mut set = Set::EMPTY;
        for place in [0, 7, 31] {
            set.put(place, true);
            assert!(set.has(place));
        }
        set.put(7, false);
        assert!(set.has(0) && !set.has(7) && set.has(31) && !set.has(1));
    }

    #[test]
    fn only_what_it_is_about_is_replaced() {
        let mut set = Set::of(0);
        set.put(1, true);
        let mut about = Set::of(1);
        about.put(2, true);
        set.replace(about, Set::of(2));
        assert!(set.has(0) && !set.has(1) && set.has(2));
        set.replace(about, Set::ALL);
        assert!(set.has(1) && set.has(2) && !set.has(3));
    }

    #[test]
    fn a_place_beyond_the_limit_belongs_to_none() {
        let mut set = Set::EMPTY;
        set.put(Set::MOST, true);
        assert_eq!(set, Set::EMPTY);
        assert!(!Set::ALL.has(Set::MOST));
    }
}
