//! Snapshots that were made a while ago, in which somebody's yes has ended since.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]
#![allow(clippy::disallowed_methods, reason = "the command asks the machine's clock, so its tests do")]

mod place;

use std::fs::File;
use std::time::{SystemTime, UNIX_EPOCH};

use consentry::{purpose::Purpose, slug::Slug, subject::UserId, time::Timestamp};
use consentry_training::snapshot::{Builder, Keying};

use place::*;

const HOUR: i64 = 3_600_000;

/// A snapshot of an hour ago: Bob's yes ended half an hour ago, Ada's ends in half an hour.
fn an_hour_ago() -> Place {
    let place = Place::new();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = Timestamp::from_ms(since.as_millis().try_into().unwrap());
    let (site, keying) = (Slug::parse("demo").unwrap(), Keying::Inside([7; 32]));
    let mut builder = Builder::new(site, Purpose::ModelTraining, now.plus_ms(-HOUR), keying, place.0.path());
    for (user, end) in [("ada@example.com", HOUR / 2), ("bob@example.com", -HOUR / 2)] {
        builder.add_until(&UserId::parse(user).unwrap(), now.plus_ms(end)).unwrap();
    }
    assert_eq!(builder.finish(&mut File::create(place.path("s")).unwrap()).unwrap(), 2);
    place
}

#[test]
fn whose_yes_ended_since_the_snapshot_was_made_keeps_no_row() {
    let place = an_hour_ago();
    let done = place.filter(&["--manifest", "m"], &[BOB, ADA, BOB].concat());
    assert_eq!((done.code, done.out.as_str()), (0, ADA), "{}", done.err);
    assert!(done.err.contains("3 rows: 1 kept, 2 without consent"), "{}", done.err);
    let whose = |user| place.run(&["manifest", "find", "--user", user, "m"]).code;
    assert_eq!((whose("ada@example.com"), whose("bob@example.com")), (0, 1));
}

#[test]
fn an_age_that_is_allowed_brings_no_yes_back() {
    let done = an_hour_ago().filter(&["--max-age", "1000h"], BOB);
    assert_eq!((done.code, done.out.as_str()), (1, ""));
}
