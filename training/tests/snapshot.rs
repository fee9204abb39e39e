//! Snapshots from tables to look-ups: who is in one, and which ones are refused.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use consentry::{
    purpose::Purpose,
    slug::Slug,
    subject::{KeyId, SiteKey, UserId},
    time::Timestamp,
};
use consentry_training::output::Output;
use consentry_training::snapshot::{Builder, Fault, Keying, Refused, Snapshot, TableError, Wanted, read};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);
const DAY_MS: i64 = 86_400_000;

fn site() -> Slug {
    Slug::parse("demo").unwrap()
}

fn site_key() -> SiteKey {
    SiteKey::derive(b"master", &site(), KeyId(3))
}

fn wanted(purpose: &Purpose) -> Wanted<'_> {
    Wanted { purpose, site: None, max_age_ms: DAY_MS, clock: || NOW, key: None }
}

fn builder(keying: Keying, folder: &TempDir) -> Builder {
    Builder::new(site(), Purpose::ModelTraining, NOW, keying, folder.path())
}

/// The snapshot of a table, as a file in a folder of its own.
fn snapshot_with(keying: Keying, table: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("snapshot");
    let mut builder = builder(keying, &folder);
    read(table.as_bytes(), &mut builder).unwrap();
    let mut output = Output::create(&name).unwrap();
    builder.finish(output.file()).unwrap();
    output.publish().unwrap();
    (folder, name)
}

fn snapshot(table: &str) -> (TempDir, PathBuf) {
    snapshot_with(Keying::Inside([7; 32]), table)
}

fn holders<'u>(table: &str, users: &[&'u str]) -> Vec<&'u str> {
    let (_folder, name) = snapshot(table);
    let opened = Snapshot::open(&name, &wanted(&Purpose::ModelTraining)).unwrap();
    users.iter().copied().filter(|user| opened.holds(&UserId::parse(user).unwrap())).collect()
}

fn fault(table: &str) -> Option<(u64, Fault)> {
    let folder = tempfile::tempdir().unwrap();
    match read(table.as_bytes(), &mut builder(Keying::Inside([7; 32]), &folder)) {
        Err(TableError::Line { line, fault }) => Some((line, fault)),
        _ => None,
    }
}

#[test]
fn only_those_whose_last_word_is_a_grant_are_in_it() {
    let table =
        "user_id,status\na,granted\nb,revoked\nc,pending\nd,granted\nd,revoked\ne,revoked\ne,granted\n";
    assert_eq!(holders(table, &["a", "b", "c", "d", "e", "f"]), ["a", "e"]);
}

#[test]
fn jsonl_says_the_same_as_csv() {
    let table =
        "{\"user_id\":\"a\",\"status\":\"granted\"}\n\n{\"status\":\"revoked\",\"user_id\":\"b\",\"x\":1}\n";
    assert_eq!(holders(table, &["a", "b"]), ["a"]);
}

#[test]
fn columns_are_found_by_name() {
    let table = "name,status,user_id\n\"x, y\",granted,\"a,\"\"b\"\n";
    assert_eq!(holders(table, &["a,\"b", "x, y"]), ["a,\"b"]);
}

#[test]
fn what_was_said_of_another_purpose_is_nothing_here() {
    let table =
        "user_id,status,purpose\na,granted,analytics\nb,granted,model_training\nb,revoked,analytics\n";
    assert_eq!(holders(table, &["a", "b"]), ["b"]);
}

#[test]
fn a_grant_that_has_ended_is_none_and_so_is_one_that_ends_within_the_minute() {
    let in_ms = |ms| NOW.plus_ms(ms);
    let table = format!(
        "user_id,status,expires_at\na,granted,{NOW}\nb,granted,{}\nc,granted,{}\nd,granted,\n",
        in_ms(59_999),
        in_ms(60_000)
    );
    assert_eq!(holders(&table, &["a", "b", "c", "d"]), ["c", "d"]);
}

#[test]
fn an_empty_table_is_a_snapshot_of_nobody() {
    assert_eq!(holders("user_id,status\n", &["a"]), [""; 0]);
}

#[test]
fn everybody_of_many_is_found_and_nobody_else() {
    let line = |n| format!("{{\"user_id\":\"u{n}\",\"status\":\"granted\"}}");
    let table = (0..5000).map(line).collect::<Vec<_>>().join("\n");
    let users: Vec<String> = (0..10_000).map(|n| format!("u{n}")).collect();
    let users: Vec<&str> = users.iter().map(String::as_str).collect();
    assert_eq!(holders(&table, &users), users[..5000]);
}

#[test]
fn many_are_found_together_as_one_by_one() {
    let lines: Vec<String> = (0..3000).step_by(3).map(|n| format!("u{n},granted")).collect();
    let (_folder, name) = snapshot(&format!("user_id,status\n{}", lines.join("\n")));
    let opened = Snapshot::open(&name, &wanted(&Purpose::ModelTraining)).unwrap();
    let users: Vec<UserId> = (0..3000).map(|n| UserId::parse(&format!("u{n}")).unwrap()).collect();
    for count in [0, 1, 31, 32, 33, 3000] {
        let one_by_one: Vec<_> = users[..count].iter().map(|user| opened.granted(user)).collect();
        assert_eq!(opened.granted_all(&users[..count]), one_by_one);
    }
}

#[test]
fn a_line_that_can_not_be_read_is_named_and_not_quoted() {
    for (line, expected) in [
        ("a,yes", Fault::Status),
        ("a,Granted", Fault::Status),
        ("a,", Fault::Status),
        (",granted", Fault::UserId),
        ("a", Fault::NotARow),
        ("a,granted,x", Fault::NotARow),
    ] {
        let table = format!("user_id,status\nok,granted\n{line}\n");
        assert_eq!(fault(&table), Some((3, expected)), "{line}");
    }
    let ok = "{\"user_id\":\"a\",\"status\":\"granted\"}\n";
    for line in [
        "{",
        "{\"user_id\":1,\"status\":\"granted\"}",
        "{\"user_id\":\"a\",\"user_id\":\"b\",\"status\":\"granted\"}",
    ] {
        assert_eq!(fault(&format!("{ok}{line}\n")), Some((2, Fault::NotARow)), "{line}");
    }
    let error = TableError::Line { line: 3, fault: Fault::Status };
    assert_eq!(error.to_string(), "line 3 has another status than granted, revoked or pending");
}

#[test]
fn a_purpose_or_an_end_that_is_unreadable_stops_the_table() {
    let with = |column: &str, value: &str| fault(&format!("user_id,status,{column}\na,granted,{value}\n"));
    assert_eq!(with("purpose", ""), Some((2, Fault::Purpose)));
    assert_eq!(with("expires_at", "tomorrow"), Some((2, Fault::ExpiresAt)));
}

#[test]
fn a_table_without_names_of_columns_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = read("a,granted\n".as_bytes(), &mut builder(Keying::Inside([7; 32]), &folder)).unwrap_err();
    assert!(matches!(error, TableError::NoColumn("user_id")));
}

/// Nobody's yes ends; and one of two ends, so that there are ends in the file.
const WITHOUT_ENDS: &str = "user_id,status\na,granted\nb,granted\n";
const WITH_ENDS: &str = "user_id,status,expires_at\na,granted,2030-01-01T00:00:00Z\nb,granted,\n";

#[test]
fn any_bit_that_flips_anywhere_is_noticed() {
    for table in [WITHOUT_ENDS, WITH_ENDS] {
        let (_folder, name) = snapshot(table);
        let whole = fs::read(&name).unwrap();
        for byte in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1 << (byte % 8);
            fs::write(&name, damaged).unwrap();
            let opened = Snapshot::open(&name, &wanted(&Purpose::ModelTraining));
            let refused = matches!(
                opened.map(drop),
                Err(Refused::Damaged | Refused::NotASnapshot | Refused::UnknownVersion(_))
            );
            assert!(refused, "byte {byte}");
        }
    }
}

#[test]
fn a_file_that_is_cut_short_or_too_long_is_refused() {
    for table in [WITHOUT_ENDS, WITH_ENDS] {
        let (_folder, name) = snapshot(table);
        let whole = fs::read(&name).unwrap();
        for length in 0..whole.len() {
            fs::write(&name, &whole[..length]).unwrap();
            assert!(Snapshot::open(&name, &wanted(&Purpose::ModelTraining)).is_err(), "{length}");
        }
        fs::write(&name, [whole, vec![0]].concat()).unwrap();
        let opened = Snapshot::open(&name, &wanted(&Purpose::ModelTraining));
        assert!(matches!(opened.map(drop), Err(Refused::Damaged)));
    }
}

#[test]
fn ends_can_neither_be_hidden_from_a_program_that_overlooks_them_nor_taken_out() {
    let (_folder, name) = snapshot(WITH_ENDS);
    let whole = fs::read(&name).unwrap();
    assert_eq!(whole[8..10], [2, 0], "a program that knows version 1 only refuses it");
    let mut first = whole.clone();
    first[8] = 1;
    let cut = [&first[..whole.len() - 32 - 8], &first[whole.len() - 32..]].concat();
    for bytes in [first, cut] {
        fs::write(&name, bytes).unwrap();
        let opened = Snapshot::open(&name, &wanted(&Purpose::ModelTraining));
        assert!(matches!(opened.map(drop), Err(Refused::Damaged)));
    }
}

#[test]
fn a_snapshot_of_another_purpose_or_site_is_refused() {
    let (_folder, name) = snapshot("user_id,status\na,granted\n");
    let other_purpose = Snapshot::open(&name, &wanted(&Purpose::Analytics)).map(drop);
    assert!(matches!(other_purpose, Err(Refused::OtherPurpose(Purpose::ModelTraining))));
    let other = Slug::parse("shop").unwrap();
    let other_site =
        Snapshot::open(&name, &Wanted { site: Some(&other), ..wanted(&Purpose::ModelTraining) }).map(drop);
    assert!(matches!(other_site, Err(Refused::OtherSite(_))));
}

#[test]
fn a_snapshot_has_an_age_to_the_millisecond() {
    let (_folder, name) = snapshot("user_id,status\na,granted\n");
    thread_local!(static TIME: Cell<Timestamp> = const { Cell::new(NOW) });
    let at = |now| {
        TIME.set(now);
        let clock = || TIME.get();
        Snapshot::open(&name, &Wanted { clock, ..wanted(&Purpose::ModelTraining) }).map(drop)
    };
    assert!(at(NOW.plus_ms(DAY_MS)).is_ok());
    assert!(matches!(at(NOW.plus_ms(DAY_MS + 1)), Err(Refused::TooOld(_))));
    assert!(at(NOW.plus_ms(-300_000)).is_ok());
    assert!(matches!(at(NOW.plus_ms(-300_001)), Err(Refused::FromTheFuture(_))));
}

#[test]
fn the_sites_key_stays_out_of_the_file_and_is_needed() {
    let (_folder, name) = snapshot_with(Keying::Site(site_key(), KeyId(3)), "user_id,status\na,granted\n");
    let open = |key| Snapshot::open(&name, &Wanted { key, ..wanted(&Purpose::ModelTraining) });
    assert!(matches!(open(None).map(drop), Err(Refused::KeyNeeded(KeyId(3)))));
    let other = SiteKey::derive(b"other", &site(), KeyId(3));
    assert!(matches!(open(Some(&other)).map(drop), Err(Refused::OtherKey(KeyId(3)))));
    let key = site_key();
    assert!(open(Some(&key)).unwrap().holds(&UserId::parse("a").unwrap()));
}

/// The digest is over all bytes, which are permanent. These two are of another implementation of the layout.
#[test]
fn every_byte_is_what_it_always_was() {
    for (table, digest) in [
        (WITHOUT_ENDS, "8ceca2939137a1d1ccdc8673c714a8dfa7f4ad4a957d199ea7cc9a1b3dc49326"),
        (WITH_ENDS, "14ff5e8e2d7ceb3e0507de22a737678f5bf001d38f6515edb75d8a82fe8e61c4"),
    ] {
        let (_folder, name) = snapshot(table);
        let opened = Snapshot::open(&name, &wanted(&Purpose::ModelTraining)).unwrap();
        assert_eq!(opened.digest().to_string(), digest);
    }
}

#[test]
fn the_file_holds_the_first_half_of_the_subject_and_no_id() {
    let user = "somebody@example.com";
    let table = format!("user_id,status\n{user},granted\n");
    let (_folder, name) = snapshot_with(Keying::Site(site_key(), KeyId(3)), &table);
    let bytes = fs::read(&name).unwrap();
    let subject = site_key().subject(&UserId::parse(user).unwrap());
    assert_eq!(bytes[256..272], subject.hash.0[..16]);
    assert!(!bytes.windows(8).any(|window| window == b"somebody"));
}
