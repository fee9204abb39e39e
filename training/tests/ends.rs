//! When a yes ends: in a snapshot that was made before, while it is open, in the middle of a run.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use consentry::{granted::file::INDEX, purpose::Purpose, slug::Slug, subject::UserId, time::Timestamp};
use consentry_training::filter::{Options, Source, filter};
use consentry_training::output::Output;
use consentry_training::snapshot::{Builder, Index, IndexError, Keying, Snapshot, Wanted};
use proptest::prelude::*;
use tempfile::TempDir;

/// The first moment of a minute.
const START: Timestamp = Timestamp::from_ms(1_800_000_000_000);
const MINUTE: i64 = 60_000;

thread_local!(static TIME: Cell<Timestamp> = const { Cell::new(START) });

fn set_time(minute: i64, ms: i64) {
    TIME.set(START.plus_ms(minute * MINUTE + ms));
}

/// What one user says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    No,
    Yes,
    /// For so many minutes, and some milliseconds.
    YesFor(i64, i64),
}

fn user(n: usize) -> UserId {
    UserId::parse(&format!("u{n}")).unwrap()
}

/// The snapshot of what was said, in its order, as of [`START`].
fn snapshot(said: &[(usize, Word)]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("snapshot");
    let (site, keying) = (Slug::parse("demo").unwrap(), Keying::Inside([7; 32]));
    let mut builder = Builder::new(site, Purpose::ModelTraining, START, keying, folder.path());
    for (n, word) in said {
        match word {
            Word::No => builder.add(&user(*n), false).unwrap(),
            Word::Yes => builder.add(&user(*n), true).unwrap(),
            Word::YesFor(minutes, ms) => {
                builder.add_until(&user(*n), START.plus_ms(minutes * MINUTE + ms)).unwrap();
            }
        }
    }
    let mut output = Output::create(&name).unwrap();
    builder.finish(output.file()).unwrap();
    output.publish().unwrap();
    (folder, name)
}

fn open(name: &std::path::Path, clock: fn() -> Timestamp) -> Snapshot {
    let purpose = &Purpose::ModelTraining;
    Snapshot::open(name, &Wanted { purpose, site: None, max_age_ms: i64::MAX, clock, key: None }).unwrap()
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        Just(Word::No),
        Just(Word::Yes),
        (-2..30_i64, 0..MINUTE).prop_map(|(minutes, ms)| Word::YesFor(minutes, ms)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// One snapshot is asked at all these times, so that ends pass while it is open; time may go back too, as clocks do.
    #[test]
    fn whoever_is_asked_of_at_any_time_stands_until_the_minute_in_which_their_last_yes_ends(
        said in proptest::collection::vec((0..80_usize, word()), 0..300),
        times in proptest::collection::vec((0..32_i64, 0..MINUTE), 1..8),
    ) {
        set_time(0, 0);
        let (_folder, name) = snapshot(&said);
        let opened = open(&name, || TIME.get());
        let last: BTreeMap<usize, Word> = said.into_iter().collect();
        let users: Vec<UserId> = (0..100).map(user).collect();
        for (minute, ms) in times {
            set_time(minute, ms);
            let stands = |n: usize| match last.get(&n) {
                None | Some(Word::No) => false,
                Some(Word::Yes) => true,
                Some(Word::YesFor(minutes, _)) => *minutes > 0 && *minutes > minute,
            };
            let expected: Vec<bool> = (0..100).map(stands).collect();
            let alone: Vec<bool> = users.iter().map(|user| opened.holds(user)).collect();
            let together: Vec<bool> = opened.granted_all(&users).iter().map(Option::is_some).collect();
            prop_assert_eq!(&alone, &expected);
            prop_assert_eq!(&together, &expected);
        }
        let ends = |word: &Word| matches!(word, Word::YesFor(1.., _));
        prop_assert_eq!(opened.header().ends, last.values().any(ends));
    }
}

/// A minute passes whenever somebody asks.
fn ticking() -> Timestamp {
    TIME.replace(TIME.get().plus_ms(MINUTE))
}

#[test]
fn a_yes_that_ends_in_the_middle_of_a_run_keeps_no_row_from_then_on() {
    set_time(0, 0);
    let (folder, name) = snapshot(&[(1, Word::YesFor(20, 0)), (2, Word::Yes)]);
    let opened = open(&name, ticking);
    let rows: Vec<String> =
        (0..2000).map(|n| format!("{{\"user_id\":\"u{}\",\"n\":{n}}}\n", n % 2 + 1)).collect();
    let input = folder.path().join("rows.jsonl");
    fs::write(&input, rows.concat()).unwrap();
    let options = Options { threads: 1, block: 500, ..Options::default() };
    let (_, output) = filter(&[Source::File(input)], &opened, Vec::new(), None, &options).unwrap();
    let kept = String::from_utf8(output).unwrap();
    let of = |user: &str| -> Vec<&str> { kept.lines().filter(|row| row.contains(user)).collect() };
    let all =
        |user: &'static str| rows.iter().map(|row| row.trim_end()).filter(move |row| row.contains(user));
    let ended = of("\"u1\"");
    assert!(!ended.is_empty() && ended.len() < 1000, "{}", ended.len());
    assert_eq!(ended, all("\"u1\"").take(ended.len()).collect::<Vec<_>>(), "the first rows, and none after");
    assert_eq!(of("\"u2\""), all("\"u2\"").collect::<Vec<_>>());
}

#[test]
fn nobody_asks_for_the_time_where_no_yes_ends() {
    set_time(0, 0);
    let (_folder, name) = snapshot(&[(1, Word::Yes), (2, Word::YesFor(5, 0)), (2, Word::No)]);
    let opened = open(&name, ticking);
    let before = TIME.get();
    assert!(opened.granted(&user(1)).is_some() && opened.granted_all(&[user(1), user(2)])[1].is_none());
    assert_eq!(TIME.get(), before);
}

#[test]
fn an_index_of_kept_rows_has_no_ends() {
    let (_folder, name) = snapshot(&[(1, Word::YesFor(5, 0))]);
    let mut bytes = fs::read(&name).unwrap();
    bytes[..8].copy_from_slice(&INDEX);
    fs::write(&name, bytes).unwrap();
    assert!(matches!(Index::open(&name, None).map(drop), Err(IndexError::Damaged)));
    let (_folder, name) = snapshot(&[(1, Word::Yes)]);
    let mut bytes = fs::read(&name).unwrap();
    bytes[..8].copy_from_slice(&INDEX);
    fs::write(&name, bytes).unwrap();
    assert!(Index::open(&name, None).unwrap().holds(&user(1)));
}
