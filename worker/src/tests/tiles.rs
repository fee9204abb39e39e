//! Tiles that are lost or damaged among the objects, and are made again.

use super::log::{append, assert_sound, checkpoint, folded, get, proof};
use crate::{
    testing::Host,
    tree::{fold, inspect::inspect},
};
use consentry::proof::Inclusion;
use futures_executor::block_on;

const TILES: [&str; 3] = ["tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"];

fn name(host: &Host, tile: &str) -> String {
    format!("log/{}/{tile}", checkpoint(host).origin)
}

fn lose(host: &Host, tile: &str) {
    assert!(host.objects.borrow_mut().remove(&name(host, tile)).is_some(), "{tile}");
}

fn damage(host: &Host, tile: &str) {
    let name = name(host, tile);
    host.objects.borrow_mut().get_mut(&name).unwrap()[5] ^= 1;
}

#[test]
fn a_round_writes_lost_tiles_again() {
    let host = folded(300);
    let before = host.objects.borrow().clone();
    for tile in TILES {
        lose(&host, tile);
    }
    block_on(inspect(&host.app())).unwrap();
    assert_eq!(*host.objects.borrow(), before);
    assert!(host.lines.borrow().iter().any(|line| line.contains("is written again")));
}

#[test]
fn a_round_writes_damaged_tiles_again() {
    for damaged in [&TILES[..1], &TILES[1..2], &TILES[2..], &TILES] {
        let host = folded(300);
        let before = host.objects.borrow().clone();
        for tile in damaged {
            damage(&host, tile);
        }
        block_on(inspect(&host.app())).unwrap();
        assert_eq!(*host.objects.borrow(), before, "{damaged:?}");
    }
}

#[test]
fn a_round_that_finds_all_well_writes_nothing() {
    let host = folded(300);
    block_on(inspect(&host.app())).unwrap();
    assert_eq!(*host.lines.borrow(), [""; 0]);
}

#[test]
fn a_round_tells_of_a_database_that_was_changed_and_leaves_the_tiles() {
    let host = folded(300);
    let before = host.objects.borrow().clone();
    host.execute(
        0,
        "DROP TRIGGER events_refuse_update; UPDATE events SET leaf_hash = zeroblob(32) WHERE log_index = 7",
    );
    let told = format!("{:?}", block_on(inspect(&host.app())).unwrap_err());
    assert!(told.contains("events 0 to 255 are not those that were signed"), "{told}");
    assert_eq!(*host.objects.borrow(), before);
}

#[test]
fn a_proof_of_a_log_with_a_lost_tile_is_made_all_the_same() {
    for tile in TILES {
        let host = folded(300);
        lose(&host, tile);
        let head = checkpoint(&host).head;
        for index in [0, 299] {
            let proof: Inclusion = proof(&host, &format!("/log/proof/inclusion/{index}"));
            assert_eq!(proof.verify(head), Ok(()), "{index} without {tile}");
        }
        assert!(host.objects.borrow().contains_key(&name(&host, tile)), "{tile}");
    }
}

#[test]
fn a_log_goes_on_over_lost_and_damaged_tiles() {
    for tile in TILES {
        for harm in [lose, damage] {
            let host = folded(300);
            harm(&host, tile);
            append(&host, 400);
            block_on(fold(&host.app())).unwrap();
            block_on(inspect(&host.app())).unwrap();
            assert_sound(&host, 700);
        }
    }
}

#[test]
fn nothing_is_signed_over_tiles_and_events_that_agree_on_another_past() {
    let host = folded(300);
    let signed = checkpoint(&host);
    host.execute(
        0,
        "DROP TRIGGER events_refuse_update; UPDATE events SET leaf_hash = zeroblob(32) WHERE log_index = 299",
    );
    let tile = name(&host, "tile/0/001.p/44");
    host.objects.borrow_mut().get_mut(&tile).unwrap()[43 * 32..].fill(0);
    append(&host, 1);
    let told = format!("{:?}", block_on(fold(&host.app())).unwrap_err());
    assert!(told.contains("are not those that were signed"), "{told}");
    assert_eq!(get(&host, "/log/checkpoint").0, 200);
    assert_eq!(checkpoint(&host), signed);
}
