use super::*;
use crate::log::leaf_hash;
use alloc::string::ToString as _;
use core::convert::Infallible;
use proptest::prelude::*;

/// The inputs that Certificate Transparency implementations publish roots and proofs for.
const INPUTS: [&str; 8] =
    ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
/// Nodes of that tree, by level and index.
const NODES: [(u8, u64, &str); 10] = [
    (0, 1, "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
    (0, 2, "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7"),
    (0, 3, "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7"),
    (0, 6, "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f"),
    (1, 0, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    (1, 1, "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
    (1, 2, "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
    (1, 3, "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
    (2, 0, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
    (2, 1, "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
];

fn published() -> Vec<Hash> {
    let byte = |pair: &[u8]| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
    INPUTS.iter().map(|hex| leaf_hash(&hex.as_bytes().chunks(2).map(byte).collect::<Vec<_>>())).collect()
}

fn numbered(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

/// MTH, as RFC 6962 § 2.1 defines it.
fn defined(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            parent(defined(left), defined(right))
        }
    }
}

/// PATH, as RFC 6962 § 2.1.1 defines it.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut hashes, sibling) = match index.checked_sub(left.len()) {
        None => (path(index, left), right),
        Some(index) => (path(index, right), left),
    };
    hashes.push(defined(sibling));
    hashes
}

/// SUBPROOF, as RFC 6962 § 2.1.2 defines it.
fn subproof(from: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if from == leaves.len() {
        return if whole { Vec::new() } else { [defined(leaves)].into() };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut hashes, sibling) = match from.checked_sub(left.len()) {
        None | Some(0) => (subproof(from, left, whole), right),
        Some(from) => (subproof(from, right, false), left),
    };
    hashes.push(defined(sibling));
    hashes
}

/// Every small size, and some around those where tiles end.
fn sizes() -> impl Iterator<Item = usize> {
    (0..=66).chain([127, 128, 129, 200, 255, 256, 257])
}

fn head(leaves: &[Hash]) -> Head {
    Head { size: leaves.len() as u64, root: defined(leaves) }
}

fn made(parts: Option<Vec<Range<u64>>>, leaves: &[Hash]) -> Vec<Hash> {
    let read = |node: Node| {
        let first = usize::try_from(node.index << node.level).unwrap();
        Ok::<_, Infallible>(defined(&leaves[first..first + (1 << node.level)]))
    };
    prove(parts.unwrap(), read).unwrap()
}

fn node(level: u8, index: u64) -> Hash {
    let found = NODES.iter().find(|(l, i, _)| (*l, *i) == (level, index)).unwrap();
    Hash::parse(found.2).unwrap()
}

#[test]
fn roots_are_those_that_are_published() {
    let mut frontier = Frontier::default();
    assert_eq!(
        frontier.head().root.to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    for (leaf, root) in published().into_iter().zip(ROOTS) {
        frontier.push(leaf);
        assert_eq!(frontier.head().root.to_string(), root, "of {}", frontier.size());
    }
}

#[test]
fn proofs_of_inclusion_are_those_that_are_published() {
    let leaves = published();
    let made = |index| made(inclusion(index, 8), &leaves);
    assert_eq!(made(0), [node(0, 1), node(1, 1), node(2, 1)]);
    assert_eq!(made(3), [node(0, 2), node(1, 0), node(2, 1)]);
    assert_eq!(made(7), [node(0, 6), node(1, 2), node(2, 0)]);
}

#[test]
fn proofs_of_consistency_are_those_that_are_published() {
    let leaves = published();
    let made = |from| made(consistency(from, 8), &leaves);
    assert_eq!(made(2), [node(1, 1), node(2, 1)]);
    assert_eq!(made(3), [node(0, 2), node(0, 3), node(1, 0), node(2, 1)]);
    assert_eq!(made(4), [node(2, 1)]);
    assert_eq!(made(6), [node(1, 2), node(1, 3), node(2, 0)]);
}

#[test]
fn a_tree_that_grows_has_the_root_that_is_defined() {
    let leaves = numbered(260);
    let mut frontier = Frontier::default();
    for (index, leaf) in leaves.iter().enumerate() {
        assert_eq!(frontier.head(), head(&leaves[..index]));
        frontier.push(*leaf);
    }
}

#[test]
fn a_frontier_goes_on_from_its_peaks() {
    let leaves = numbered(100);
    for stop in 0..=100 {
        let mut before = Frontier::default();
        before.extend(leaves[..stop].iter().copied());
        let mut after = Frontier::new(before.size(), before.peaks().to_vec()).unwrap();
        after.extend(leaves[stop..].iter().copied());
        assert_eq!(after.head(), head(&leaves));
    }
    assert_eq!(Frontier::new(3, leaves[..1].to_vec()), None);
}

#[test]
fn every_leaf_of_every_size_has_the_proof_that_is_defined_and_it_verifies() {
    let leaves = numbered(257);
    for size in sizes() {
        let head = head(&leaves[..size]);
        for index in 0..size {
            let proof = made(inclusion(index as u64, size as u64), &leaves);
            assert_eq!(proof, path(index, &leaves[..size]), "{index} of {size}");
            assert_eq!(verify_inclusion(index as u64, leaves[index], head, &proof), Ok(()));
        }
    }
}

#[test]
fn every_two_sizes_have_the_proof_that_is_defined_and_it_verifies() {
    let leaves = numbered(257);
    for to in sizes() {
        let later = head(&leaves[..to]);
        for from in sizes().take_while(|from| *from <= to) {
            let proof = made(consistency(from as u64, to as u64), &leaves);
            if from > 0 {
                assert_eq!(proof, subproof(from, &leaves[..to], true), "{from} to {to}");
            }
            assert_eq!(verify_consistency(head(&leaves[..from]), later, &proof), Ok(()), "{from} to {to}");
        }
    }
}

#[test]
fn no_other_place_verifies() {
    let leaves = numbered(20);
    for size in 1..=20 {
        let head = head(&leaves[..size]);
        for index in 0..size as u64 {
            let proof = made(inclusion(index, size as u64), &leaves);
            for other in (0..=size as u64).filter(|other| *other != index) {
                let leaf = leaves[usize::try_from(index).unwrap()];
                assert!(verify_inclusion(other, leaf, head, &proof).is_err(), "{index} as {other} of {size}");
            }
        }
    }
}

#[test]
fn what_is_outside_of_the_tree_has_no_proof() {
    assert_eq!(inclusion(5, 5), None);
    assert_eq!(inclusion(0, 0), None);
    assert_eq!(consistency(6, 5), None);
    let leaves = numbered(6);
    assert_eq!(verify_inclusion(6, leaves[5], head(&leaves), &[]), Err(Disproved::Outside));
    assert_eq!(verify_consistency(head(&leaves), head(&leaves[..5]), &[]), Err(Disproved::Outside));
}

#[test]
fn trees_of_one_size_are_the_same_tree() {
    let leaves = numbered(6);
    let (own, other) = (head(&leaves[..5]), head(&leaves[1..]));
    assert_eq!(verify_consistency(own, own, &[]), Ok(()));
    assert_eq!(verify_consistency(own, other, &[]), Err(Disproved::EarlierRoot));
    assert_eq!(verify_consistency(own, own, &[own.root]), Err(Disproved::Length));
}

#[test]
fn the_largest_sizes_overflow_nowhere() {
    let (max, root) = (u64::MAX, empty_root());
    assert_eq!(inclusion(max - 1, max).unwrap().len(), 63);
    assert!(consistency(max - 1, max).unwrap().len() <= 64);
    assert_eq!(nodes(0..max).count(), 64);
    let head = |size| Head { size, root };
    assert_eq!(verify_inclusion(max - 1, root, head(max), &[root; 63]), Err(Disproved::Root));
    assert!(verify_consistency(head(max - 1), head(max), &[root; 64]).is_err());
}

/// A history that was changed at one leaf, and the two sizes that somebody looked at.
fn tampered() -> impl Strategy<Value = (Vec<Hash>, Vec<Hash>, usize)> {
    (2_usize..150)
        .prop_flat_map(|to| (Just(to), 1..to))
        .prop_flat_map(|(to, from)| (Just(to), Just(from), 0..from, 0_usize..32, 1..=255_u8))
        .prop_map(|(to, from, place, byte, flip)| {
            let honest = numbered(to as u64);
            let mut changed = honest.clone();
            changed[place].0[byte] ^= flip;
            (honest, changed, from)
        })
}

proptest! {
    #[test]
    fn no_proof_leads_from_a_tree_to_one_with_another_past((honest, changed, from) in tampered()) {
        let earlier = head(&honest[..from]);
        let proof = made(consistency(from as u64, changed.len() as u64), &changed);
        prop_assert!(verify_consistency(earlier, head(&changed), &proof).is_err());
    }

    #[test]
    fn a_proof_of_inclusion_with_one_changed_byte_is_refused(
        size in 1_u64..150, index in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(), byte in 0_usize..32, flip in 1..=255_u8,
    ) {
        let leaves = numbered(size);
        let index = index.index(leaves.len());
        let mut hashes = made(inclusion(index as u64, size), &leaves);
        hashes.push(leaves[index]);
        let place = place.index(hashes.len());
        hashes[place].0[byte] ^= flip;
        let leaf = hashes.pop().unwrap();
        let verified = verify_inclusion(index as u64, leaf, head(&leaves), &hashes);
        prop_assert_eq!(verified, Err(Disproved::Root));
    }

    #[test]
    fn a_proof_of_consistency_with_one_changed_byte_is_refused(
        to in 2_u64..150, from in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(), byte in 0_usize..32, flip in 1..=255_u8,
    ) {
        let leaves = numbered(to);
        let from = 1 + from.index(leaves.len() - 1);
        let mut hashes = made(consistency(from as u64, to), &leaves);
        let place = place.index(hashes.len());
        hashes[place].0[byte] ^= flip;
        prop_assert!(verify_consistency(head(&leaves[..from]), head(&leaves), &hashes).is_err());
    }

    #[test]
    fn a_proof_that_is_cut_or_continued_is_refused(
        to in 2_u64..150, from in any::<prop::sample::Index>(), extra in any::<[u8; 32]>(),
    ) {
        let leaves = numbered(to);
        let from = 1 + from.index(leaves.len() - 1);
        let (earlier, later) = (head(&leaves[..from]), head(&leaves));
        let mut proof = made(consistency(from as u64, to), &leaves);
        prop_assert!(verify_consistency(earlier, later, &proof[1..]).is_err());
        proof.push(Hash(extra));
        prop_assert!(verify_consistency(earlier, later, &proof).is_err());
        let index = from - 1;
        let mut proof = made(inclusion(index as u64, to), &leaves);
        prop_assert!(verify_inclusion(index as u64, leaves[index], later, &proof[1..]).is_err());
        proof.push(Hash(extra));
        prop_assert!(verify_inclusion(index as u64, leaves[index], later, &proof).is_err());
    }
}
