//! Proofs as they travel: JSON objects that a log hands out and anyone verifies. Owns their fields; what they prove is decided
//! in [`crate::merkle`].

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

use crate::{
    hash::Hash,
    merkle::{Disproved, Head, verify_consistency, verify_inclusion},
};

/// That a leaf is in the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inclusion {
    /// Its place.
    pub log_index: u64,
    /// Its hash (RFC 6962 § 2.1).
    pub leaf_hash: Hash,
    /// The size of the tree that it is proved for.
    pub tree_size: u64,
    /// From the leaf's neighbour up (RFC 6962 § 2.1.1).
    pub hashes: Vec<Hash>,
}

impl Inclusion {
    /// Verifies it for a tree of its size.
    pub fn verify(&self, head: Head) -> Result<(), Disproved> {
        if self.tree_size != head.size {
            return Err(Disproved::Size);
        }
        verify_inclusion(self.log_index, self.leaf_hash, head, &self.hashes)
    }
}

/// That the log at one size continues the log at a smaller one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consistency {
    /// The smaller size.
    pub from: u64,
    /// The larger size.
    pub to: u64,
    /// RFC 6962 § 2.1.2.
    pub hashes: Vec<Hash>,
}

impl Consistency {
    /// Verifies it for trees of its sizes.
    pub fn verify(&self, earlier: Head, later: Head) -> Result<(), Disproved> {
        if (self.from, self.to) != (earlier.size, later.size) {
            return Err(Disproved::Size);
        }
        verify_consistency(earlier, later, &self.hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::Frontier;

    fn heads() -> (Head, Head, Hash) {
        let leaf = Hash([1; 32]);
        let mut tree = Frontier::default();
        tree.push(leaf);
        let earlier = tree.head();
        tree.push(leaf);
        (earlier, tree.head(), leaf)
    }

    #[test]
    fn a_proof_is_for_trees_of_its_sizes() {
        let (earlier, later, leaf) = heads();
        let inclusion = Inclusion { log_index: 1, leaf_hash: leaf, tree_size: 2, hashes: [leaf].into() };
        assert_eq!(inclusion.verify(later), Ok(()));
        assert_eq!(inclusion.verify(earlier), Err(Disproved::Size));
        let consistency = Consistency { from: 1, to: 2, hashes: [leaf].into() };
        assert_eq!(consistency.verify(earlier, later), Ok(()));
        assert_eq!(consistency.verify(later, later), Err(Disproved::Size));
    }

    #[test]
    fn its_json_is_what_the_description_of_the_api_says() {
        let (_, _, leaf) = heads();
        let json = serde_json::json!({ "log_index": 1, "leaf_hash": leaf, "tree_size": 2, "hashes": [leaf] });
        let inclusion: Inclusion = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&inclusion).unwrap(), json);
    }
}
