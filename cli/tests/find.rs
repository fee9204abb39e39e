//! Which data sets hold rows of a person, long after the run.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use std::fs;

use place::{ADA, BOB, BUILD, FILTER, Place, USERS};

const FIND: [&str; 2] = ["manifest", "find"];

/// A place with two runs: in the first Ada's rows were kept and Bob's were not, in the second nobody's.
fn runs() -> Place {
    let place = Place::with_snapshot();
    fs::create_dir(place.path("m")).unwrap();
    assert_eq!(place.filter(&["-o", "one", "--manifest", "m/one.json"], &[ADA, BOB].concat()).code, 0);
    assert_eq!(place.filter(&["-o", "two", "--manifest", "m/two.json"], BOB).code, 1);
    place
}

fn find(place: &Place, user: &str, names: &[&str]) -> (i32, String) {
    let done = place.run_with(&[&FIND[..], &["--user-file", "-"], names].concat(), user);
    (done.code, done.out)
}

#[test]
fn the_data_sets_with_rows_of_a_person_are_named() {
    let place = runs();
    assert_eq!(find(&place, "ada@example.com\n", &["m"]), (0, "m/one.json: one\n".into()));
    assert_eq!(find(&place, "ada@example.com", &["m/one.json", "m/two.json"]).0, 0);
    assert_eq!(find(&place, "ada@example.com", &["m/two.json"]), (1, String::new()));
    // His rows were there and were left out.
    assert_eq!(find(&place, "bob@example.com", &["m"]), (1, String::new()));
    assert_eq!(place.run(&[&FIND[..], &["--user", "ada@example.com", "m"]].concat()).code, 0);
}

#[test]
fn neither_manifest_nor_index_has_an_id_in_it() {
    let place = runs();
    for name in ["m/one.json", "m/one.json.index"] {
        let bytes = fs::read(place.path(name)).unwrap();
        assert!(!bytes.windows(4).any(|part| part == b"ada@"), "{name}");
    }
}

#[test]
fn a_manifest_that_can_not_answer_is_never_a_no() {
    let place = runs();
    let other = fs::read(place.path("m/one.json.index")).unwrap();
    let mut bent = other.clone();
    bent[260] ^= 1;
    for (name, bytes) in [
        ("m/two.json.index", &other[..]),
        ("m/one.json.index", &bent),
        ("m/one.json.index", &other[..100]),
        ("m/one.json", b"{}"),
    ] {
        let place = runs();
        place.put(name, bytes);
        let (code, _) = find(&place, "eve@example.com", &["m"]);
        assert_eq!(code, 2, "{name}");
    }
    for name in ["m/one.json", "m/one.json.index"] {
        let place = runs();
        fs::remove_file(place.path(name)).unwrap();
        assert_eq!(find(&place, "eve@example.com", &["m"]).0, 2, "without {name}");
    }
    assert_eq!(find(&place, "eve@example.com", &["."]).0, 2, "a folder without manifests");
}

#[test]
fn an_index_with_a_key_inside_is_said_to_be_like_a_list_of_users() {
    let done = Place::with_snapshot().filter(&["--manifest", "m"], ADA);
    assert!(done.err.contains("m.index is not pseudonymous"), "{}", done.err);
}

#[test]
fn an_index_is_no_snapshot_and_a_snapshot_no_index() {
    let place = runs();
    let filter = ["filter", "--purpose", "model_training", "--snapshot", "m/one.json.index"];
    let done = place.run_with(&filter, ADA);
    assert_eq!((done.code, done.out.as_str()), (4, ""));
    assert!(done.err.contains("is no snapshot"), "{}", done.err);
}

#[test]
fn check_holds_the_index_too() {
    let place = runs();
    assert_eq!(place.run(&["manifest", "check", "m/one.json"]).code, 0);
    place.put("m/one.json.index", "other");
    let done = place.run(&["manifest", "check", "m/one.json"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("m/one.json.index has changed"), "{}", done.err);
}

#[test]
fn with_the_sites_key_outside_it_is_needed_to_ask() {
    let place = Place::new();
    place.put("users.csv", USERS);
    place.put("key", format!("1:{}\n", "0a".repeat(32)));
    place.put("other", format!("1:{}\n", "0b".repeat(32)));
    place.run(&[&BUILD[..], &["--key-file", "key", "users.csv"]].concat());
    place.run_with(&[&FILTER[..], &["--key-file", "key", "-o", "out", "--manifest", "m"]].concat(), ADA);
    let ask = |more: &[&str]| find(&place, "ada@example.com", &[more, &["m"]].concat()).0;
    assert_eq!(ask(&["--key-file", "key"]), 0);
    assert_eq!(ask(&[]), 2);
    assert_eq!(ask(&["--key-file", "other"]), 2);
}

#[test]
fn a_person_must_be_named_and_by_an_id() {
    let place = runs();
    for (args, input) in
        [(&["m"][..], ""), (&["--user-file", "-", "m"], ""), (&["--user-file", "-", "m"], "a\nb\n")]
    {
        assert_eq!(place.run_with(&[&FIND[..], args].concat(), input).code, 2, "{args:?}");
    }
}

#[test]
fn shards_have_one_index_of_all_their_users() {
    let place = Place::with_snapshot();
    fs::create_dir(place.path("in")).unwrap();
    for n in 0..9 {
        place.put(&format!("in/{n}"), if n == 7 { ADA } else { BOB });
    }
    place.filter(&["in", "-o", "out/", "--manifest", "m"], "");
    assert_eq!(find(&place, "ada@example.com", &["m"]), (0, "m: out/0 and 8 more\n".into()));
    assert_eq!(find(&place, "bob@example.com", &["m"]).0, 1);
}

#[cfg(unix)]
#[test]
fn what_holds_personal_data_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::with_snapshot();
    place.filter(&["-o", "out", "--manifest", "m", "--quarantine", "q"], &[ADA, "{}\n"].concat());
    let mode = |name| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("q"), mode("m.index")), (0o600, 0o600));
    assert_ne!(mode("out"), 0o600);
}
