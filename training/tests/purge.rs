//! Purges of files and folders: what goes, what stays as it was, and what is told instead of called done.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use consentry::hash::Hash;
use consentry::subject::{KeyId, SiteKey, UserId};
use consentry::time::Timestamp;
use consentry_training::codec::{Compression, Encoder, decode};
use consentry_training::purge::{Options, Outcome, Plan, Report, Store, purge};
use consentry_training::scan::Field;
use tempfile::TempDir;

const ADA: &str = "{\"user_id\":\"ada@example.com\",\"text\":\"hi\"}\n";
const BOB: &str = "{\"text\": \"ho\",  \"user_id\":\"bob@example.com\"}\n";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), bytes).unwrap();
    }

    fn get(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn inode(&self, name: &str) -> u64 {
        fs::metadata(self.path(name)).unwrap().ino()
    }

    fn purge_all(&self, users: &[&str], stores: &[&str], dry_run: bool) -> Report {
        let stores = stores.iter().map(|store| {
            let (kind, path) = store.split_once(':').unwrap();
            let path =
                if path.starts_with('/') { path.into() } else { self.path(path).display().to_string() };
            Store::parse(&format!("{kind}:{path}"), &Field::default()).unwrap()
        });
        let users = users.iter().map(|id| UserId::parse(id).unwrap()).collect();
        let plan = Plan::new(users, stores.collect()).unwrap();
        purge(&plan, &Options { dry_run, key: None, clock: &|| Timestamp::from_ms(0) })
    }

    fn purge(&self, user: &str, stores: &[&str]) -> Report {
        self.purge_all(&[user], stores, false)
    }

    fn purge_ada(&self, stores: &[&str]) -> Report {
        self.purge("ada@example.com", stores)
    }
}

fn why(report: &Report) -> String {
    report.stores.iter().flat_map(|store| &store.failures).map(|failure| failure.reason.as_str()).collect()
}

#[test]
fn a_users_rows_go_and_all_others_stay_byte_for_byte() {
    let place = Place::new();
    place.put(
        "a.jsonl",
        [ADA, BOB, "\n", ADA, "{\"user_id\":\"ada\\u0040example.com\"}\n", BOB.trim_end()].concat(),
    );
    let report = place.purge_ada(&["jsonl:a.jsonl"]);
    assert_eq!(place.get("a.jsonl"), [BOB, "\n", BOB.trim_end()].concat());
    let store = &report.stores[0];
    assert_eq!((report.outcome, store.found, store.removed, store.verified), (Outcome::Done, 3, 3, true));
}

#[test]
fn each_user_is_counted_by_place_and_named_by_subject_only() {
    let place = Place::new();
    place.put("a.jsonl", [ADA, BOB, ADA].concat());
    let report = place.purge_all(&["bob@example.com", "eve", "ada@example.com"], &["jsonl:a.jsonl"], false);
    assert_eq!(report.stores[0].found_by_user, [1, 0, 2]);
    assert_eq!(place.get("a.jsonl"), "");

    let users: Vec<_> = vec![UserId::parse("eve").unwrap()];
    let key = SiteKey::from_bytes(KeyId(1), [7; 32]);
    let store =
        Store::parse(&format!("jsonl:{}", place.path("a.jsonl").display()), &Field::default()).unwrap();
    let plan = Plan::new(users.clone(), vec![store]).unwrap();
    let report = purge(&plan, &Options { dry_run: false, key: Some(&key), clock: &|| Timestamp::from_ms(0) });
    assert_eq!(report.subjects, Some(vec![key.subject(&users[0]).hash]) as Option<Vec<Hash>>);
}

#[test]
fn compression_is_kept() {
    for compression in Compression::ALL {
        let place = Place::new();
        let mut encoder = Encoder::new(Vec::new(), compression).unwrap();
        encoder.write_all([ADA, BOB].concat().as_bytes()).unwrap();
        place.put("a", encoder.finish().unwrap());
        assert_eq!(place.purge_ada(&["jsonl:a"]).outcome, Outcome::Done);
        let bytes = fs::read(place.path("a")).unwrap();
        let (kept, mut reader) = decode(&bytes[..]).unwrap();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!((kept, text.as_str()), (compression, BOB));
    }
}

#[test]
fn a_file_without_the_user_is_not_written_again() {
    let place = Place::new();
    place.put("a.jsonl", BOB);
    let before = place.inode("a.jsonl");
    let report = place.purge_ada(&["jsonl:a.jsonl"]);
    assert_eq!((report.outcome, place.inode("a.jsonl")), (Outcome::Done, before));
}

#[test]
fn a_dry_run_counts_and_changes_nothing() {
    let place = Place::new();
    place.put("a.jsonl", [ADA, BOB].concat());
    place.put("emb/ada@example.com.npy", "vector");
    let stores = ["jsonl:a.jsonl", "folder:emb/{user_id}.npy"];
    let report = place.purge_all(&["ada@example.com"], &stores, true);
    assert_eq!(report.outcome, Outcome::DryRun);
    assert!(report.stores.iter().all(|store| (store.found, store.removed, store.verified) == (1, 0, false)));
    assert_eq!(
        (place.get("a.jsonl"), place.get("emb/ada@example.com.npy")),
        ([ADA, BOB].concat(), "vector".into())
    );
}

#[test]
fn permissions_owner_and_extended_attributes_stay() {
    let place = Place::new();
    place.put("a.jsonl", [ADA, BOB].concat());
    let path = place.path("a.jsonl");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    // Only root may give files away; others keep their own.
    let given = std::os::unix::fs::chown(&path, Some(1234), Some(4321)).is_ok();
    let attribute =
        rustix::fs::setxattr(&path, "user.licence", b"cc0", rustix::fs::XattrFlags::empty()).is_ok();
    assert_eq!(place.purge_ada(&["jsonl:a.jsonl"]).outcome, Outcome::Done);
    let kept = fs::metadata(&path).unwrap();
    assert_eq!(kept.mode() & 0o7777, 0o640);
    if given {
        assert_eq!((kept.uid(), kept.gid()), (1234, 4321));
    }
    if attribute {
        let mut value = [0; 8];
        assert_eq!(rustix::fs::getxattr(&path, "user.licence", &mut value[..]).unwrap(), 3);
    }
}

#[test]
fn a_pattern_means_each_file_once_and_links_lead_to_theirs() {
    let place = Place::new();
    place.put("data/a.jsonl", [ADA, BOB].concat());
    place.put("data/deep/b.jsonl", ADA);
    symlink("a.jsonl", place.path("data/link.jsonl")).unwrap();
    let report = place.purge_ada(&["jsonl:data/**/*.jsonl"]);
    assert_eq!((report.outcome, report.stores[0].removed), (Outcome::Done, 2));
    assert!(fs::symlink_metadata(place.path("data/link.jsonl")).unwrap().is_symlink());
    assert_eq!(place.get("data/link.jsonl"), BOB);
}

#[test]
fn many_files_of_a_folder_are_purged_at_once_and_told_in_their_order() {
    let place = Place::new();
    for n in 10..90 {
        place.put(&format!("data/{n}.jsonl"), [ADA, "{\n", BOB].concat());
    }
    fs::hard_link(place.path("data/10.jsonl"), place.path("data/90.jsonl")).unwrap();
    let report = place.purge_ada(&["jsonl:data/*.jsonl"]);
    let store = &report.stores[0];
    assert_eq!(
        (report.outcome, store.removed, store.verified),
        (Outcome::Done, 80, true),
        "{}",
        why(&report)
    );
    let told: Vec<&str> = store.unjudged_rows.iter().map(|row| row.file.as_str()).collect();
    assert!(told.len() > 1 && told.is_sorted(), "{told:?}");
    for n in 10..=90 {
        assert_eq!(place.get(&format!("data/{n}.jsonl")), ["{\n", BOB].concat());
    }
    assert_eq!(place.inode("data/10.jsonl"), place.inode("data/90.jsonl"));
    assert_eq!(fs::read_dir(place.path("data")).unwrap().count(), 81);
}

#[test]
fn a_file_with_a_name_outside_the_plan_is_left_and_told() {
    let place = Place::new();
    place.put("a.jsonl", [ADA, BOB].concat());
    fs::hard_link(place.path("a.jsonl"), place.path("other")).unwrap();
    let report = place.purge_ada(&["jsonl:a.jsonl"]);
    assert_eq!((report.outcome, report.stores[0].removed), (Outcome::Partial, 0));
    assert!(why(&report).contains("2 names (hard links), of which the plan has 1"), "{}", why(&report));
    assert_eq!(place.get("a.jsonl"), [ADA, BOB].concat());
}

#[test]
fn all_names_of_a_file_lead_to_the_new_one() {
    let place = Place::new();
    place.put("a.jsonl", [ADA, BOB].concat());
    place.put("else/x", "");
    fs::hard_link(place.path("a.jsonl"), place.path("b.jsonl")).unwrap();
    fs::hard_link(place.path("a.jsonl"), place.path("else/c")).unwrap();
    let report = place.purge_ada(&["jsonl:*.jsonl", "jsonl:else/c"]);
    assert_eq!(report.outcome, Outcome::Done, "{}", why(&report));
    assert_eq!(place.get("else/c"), BOB);
    assert_eq!(
        (place.inode("a.jsonl"), place.inode("a.jsonl")),
        (place.inode("b.jsonl"), place.inode("else/c"))
    );
}

#[test]
fn a_row_that_cannot_be_judged_stays_and_is_counted() {
    let place = Place::new();
    place.put("a.jsonl", [ADA, "{broken\n", BOB].concat());
    let report = place.purge_ada(&["jsonl:a.jsonl"]);
    let store = &report.stores[0];
    assert_eq!((report.outcome, store.unjudged, store.unjudged_rows[0].line), (Outcome::Done, 1, 1));
    assert_eq!(store.unjudged_rows[0].reason, "not_json");
    assert_eq!(place.get("a.jsonl"), ["{broken\n", BOB].concat());
}

#[test]
fn a_row_that_cannot_be_judged_and_names_the_user_is_never_called_done() {
    for (id, row) in [
        ("ada@example.com", "{\"user_id\":\"ada@example.com\n"),
        ("ada@example.com", "{\"text\":\"by ada@example.com\"}\n"),
        ("a\"b", "{\"user_id\":[\"a\\\"b\"]}\n"),
        ("zoë", "{\"user_id\":[\"zo\\u00eb\"]}\n"),
        ("42", "{\"user_id\":42}\n"),
    ] {
        let place = Place::new();
        place.put("a.jsonl", row);
        let report = place.purge(id, &["jsonl:a.jsonl"]);
        assert_eq!(report.outcome, Outcome::Partial, "{row}");
        assert!(why(&report).contains("line 1") && why(&report).contains("user 0"), "{}", why(&report));
    }
}

#[test]
fn a_file_of_another_kind_is_never_called_done() {
    let place = Place::new();
    place.put("a.jsonl", b"BZh91AY&SY\x01\x02\n\xff\xfe");
    let report = place.purge_ada(&["jsonl:a.jsonl"]);
    assert_eq!(report.outcome, Outcome::Partial);
    assert!(why(&report).contains("not one row"), "{}", why(&report));
}

#[test]
fn a_damaged_file_is_left_and_told() {
    let place = Place::new();
    let mut encoder = Encoder::new(Vec::new(), Compression::Gzip).unwrap();
    encoder.write_all(ADA.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    place.put("a.gz", &whole[..whole.len() - 4]);
    let report = place.purge_ada(&["jsonl:a.gz"]);
    assert_eq!(report.outcome, Outcome::Partial);
    assert!(why(&report).contains("cut short"), "{}", why(&report));
    assert_eq!(fs::read(place.path("a.gz")).unwrap(), whole[..whole.len() - 4]);
}

#[test]
fn a_path_that_leads_nowhere_is_told_and_the_other_stores_go_on() {
    let place = Place::new();
    place.put("a.jsonl", ADA);
    for nowhere in ["jsonl:b.jsonl", "jsonl:dta/*.jsonl", "folder:dta/{user_id}"] {
        place.put("a.jsonl", ADA);
        let report = place.purge_ada(&[nowhere, "jsonl:a.jsonl"]);
        assert_eq!((report.outcome, report.stores[1].removed), (Outcome::Partial, 1), "{nowhere}");
    }
    assert_eq!(place.purge_ada(&["jsonl:*.none"]).outcome, Outcome::Done);
}

#[test]
fn what_a_killed_run_left_is_gone_though_nothing_is_rewritten() {
    let place = Place::new();
    place.put("a.jsonl", BOB);
    place.put(".a.jsonl.consentry-tmp", "half");
    place.purge_ada(&["jsonl:a.jsonl"]);
    assert!(!place.path(".a.jsonl.consentry-tmp").exists());
}

#[test]
fn no_id_is_in_the_report_though_it_is_in_a_path() {
    let place = Place::new();
    place.put("ada@example.com/a.jsonl", "{\n");
    place.put("emb/ada@example.com", "");
    symlink("x", place.path("emb/link")).unwrap();
    fs::hard_link(place.path("emb/ada@example.com"), place.path("other")).unwrap();
    let report =
        place.purge_ada(&["jsonl:ada@example.com/*", "jsonl:ada@example.com/none", "folder:emb/{user_id}"]);
    assert_eq!(report.stores[0].unjudged, 1);
    assert_eq!(report.stores[2].failures.len(), 1);
    let text = serde_json::to_string(&report).unwrap();
    assert!(!text.contains("ada@example.com"), "{text}");
    assert!(text.contains("{user 0}"), "{text}");
}

#[test]
fn entries_named_after_the_user_go_with_all_that_is_in_them() {
    let place = Place::new();
    for name in ["emb/ada", "emb/adab", "emb/bob/1", "cache/ada/x/y", "cache/ada/z", "cache/bob/z", "keep"] {
        place.put(name, "x");
    }
    symlink("../../keep", place.path("cache/ada/link")).unwrap();
    symlink("../bob", place.path("cache/ada/folder")).unwrap();
    let report = place.purge("ada", &["folder:emb/{user_id}", "folder:cache/{user_id}"]);
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!((report.stores[0].removed, report.stores[1].removed), (1, 6));
    assert!(!place.path("emb/ada").exists() && !place.path("cache/ada").exists());
    for kept in ["emb/adab", "emb/bob/1", "cache/bob/z", "keep"] {
        assert_eq!(place.get(kept), "x");
    }
}

#[test]
fn no_id_leads_out_of_the_folder() {
    let place = Place::new();
    place.put("emb/x/y", "kept");
    place.put("other", "kept");
    for id in ["../other", "x/y", "/etc"] {
        let report = place.purge(id, &["folder:emb/{user_id}"]);
        assert_eq!((report.outcome, report.stores[0].found), (Outcome::Done, 0));
        assert_eq!(report.stores[0].notes.len(), 1);
    }
    assert_eq!(place.get("emb/x/y") + &place.get("other"), "keptkept");
}

#[test]
fn a_link_in_the_users_place_is_not_followed_and_told() {
    let place = Place::new();
    place.put("elsewhere/x", "kept");
    place.put("emb/x", "");
    symlink("../elsewhere", place.path("emb/ada")).unwrap();
    let report = place.purge("ada", &["folder:emb/{user_id}"]);
    assert_eq!(report.outcome, Outcome::Partial);
    assert!(why(&report).contains("link"), "{}", why(&report));
    assert_eq!(place.get("elsewhere/x"), "kept");
}

#[test]
fn a_file_that_keeps_what_it_holds_under_another_name_is_told() {
    let place = Place::new();
    place.put("cache/ada/x", "x");
    fs::hard_link(place.path("cache/ada/x"), place.path("cache/ada/y")).unwrap();
    fs::hard_link(place.path("cache/ada/x"), place.path("other")).unwrap();
    assert_eq!(place.purge("ada", &["folder:cache/{user_id}"]).outcome, Outcome::Partial);
    assert_eq!(place.get("cache/ada/x"), "x");
    fs::remove_file(place.path("other")).unwrap();
    assert_eq!(place.purge("ada", &["folder:cache/{user_id}"]).outcome, Outcome::Done);
}
