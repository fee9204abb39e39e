//! The command as people and scripts meet it: exit codes, streams, files that are whole or not there, messages without ids.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod place;

use std::fs;
use std::io::{Read, Write};

use place::*;

#[test]
fn rows_of_those_who_granted_pass_from_standard_input_to_standard_output() {
    let done = Place::with_snapshot().filter(&[], &[BOB, ADA, BOB, ADA].concat());
    assert_eq!((done.code, done.out), (0, ADA.repeat(2)));
    assert_eq!(done.err, "consentry: 4 rows: 2 kept, 2 without consent, 0 quarantined\n");
}

#[test]
fn quiet_says_only_what_went_wrong() {
    let place = Place::with_snapshot();
    let done = place.filter(&["-q"], &[ADA, ODD].concat());
    assert_eq!((done.code, done.out.as_str(), done.err.as_str()), (3, ADA, ""));
    assert!(place.filter(&["--quiet", "not-there"], "").err.contains("no such file"));
}

#[test]
fn manual_pages_and_completions_know_every_command() {
    let place = Place::new();
    assert_eq!(place.run(&["man", "pages"]).code, 0);
    let overview = place.get("pages/consentry.1");
    let help = place.run(&["--help"]).out;
    let listed = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.contains(&"filter") && commands.len() > 5, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(&["completions", shell]).out;
        for command in commands.iter().filter(|command| **command != "help") {
            assert!(script.contains(command), "{shell}: {command}");
            assert!(overview.contains(&format!("consentry\\-{command}(1)")), "{command}");
        }
    }
    let page = place.get("pages/consentry-filter.1");
    for option in ["purpose", "snapshot", "user\\-field", "quarantine", "strict", "manifest", "quiet"] {
        assert!(page.contains(&format!("\\-\\-{option}")), "{option}");
    }
    assert!(place.path("pages/consentry-snapshot-build.1").exists());
    assert!(place.path("pages/consentry-manifest-check.1").exists());
}

#[test]
fn several_files_and_standard_input_become_one_output_in_order() {
    let place = Place::with_snapshot();
    let (one, two) =
        ("{\"user_id\":\"ada@example.com\",\"n\":1}\n", "{\"user_id\":\"ada@example.com\",\"n\":2}");
    place.put("1", [BOB, one].concat());
    place.put("2", two);
    assert_eq!(place.filter(&["2", "-", "1", "-o", "out"], ADA).code, 0);
    assert_eq!(place.get("out"), format!("{two}\n{ADA}{one}"));
}

#[test]
fn nothing_kept_has_a_code_of_its_own() {
    let place = Place::with_snapshot();
    assert_eq!(place.filter(&["-o", "out"], BOB).code, 1);
    assert_eq!(place.get("out"), "");
}

#[test]
fn what_can_not_be_judged_is_set_aside_and_told_by_the_code() {
    let place = Place::with_snapshot();
    let done = place.filter(&["--quarantine", "q"], &[ADA, ODD].concat());
    assert_eq!((done.code, done.out), (3, ADA.into()));
    assert!(done.err.contains("1 quarantined (1 id_not_a_string)"), "{}", done.err);
    let expected = "{\"file\":\"-\",\"line\":2,\"reason\":\"id_not_a_string\",\"bytes\":31,\"row\":\"{\\\"user_id\\\":[\\\"ada@example.com\\\"]}\"}\n";
    assert_eq!(place.get("q"), expected);
}

#[test]
fn without_a_quarantine_it_says_that_rows_were_left_out() {
    let done = Place::with_snapshot().filter(&[], ODD);
    assert_eq!((done.code, done.out.as_str()), (3, ""));
    assert!(done.err.contains("--quarantine"), "{}", done.err);
}

#[test]
fn strict_writes_nothing() {
    let place = Place::with_snapshot();
    let before = place.names();
    let done = place
        .filter(&["--strict", "-o", "out", "--quarantine", "q", "--manifest", "m"], &[ADA, ODD].concat());
    assert_eq!(done.code, 3);
    assert!(done.err.contains("-, line 2: the row has a user id that is no string"), "{}", done.err);
    assert_eq!(place.names(), before);
}

#[test]
fn without_a_snapshot_to_trust_nothing_is_written() {
    let place = Place::with_snapshot();
    place.put("cut", &fs::read(place.path("s")).unwrap()[..300]);
    place.put("old", "old");
    let before = place.names();
    for (change, message) in [
        (&["--purpose", "analytics", "--snapshot", "s"][..], "for the purpose model_training"),
        (&["--purpose", "model_training", "--snapshot", "s", "--site", "shop"], "of the site demo"),
        (&["--purpose", "model_training", "--snapshot", "cut"], "damaged or cut short"),
        (&["--purpose", "model_training", "--snapshot", "old"], "is no snapshot"),
        (&["--purpose", "model_training", "--snapshot", "none"], "can't be read"),
    ] {
        let done = place.run_with(&[&["filter", "-o", "out"], change].concat(), ADA);
        assert_eq!(done.code, 4, "{}", done.err);
        assert!(done.err.contains(message), "{}", done.err);
        assert_eq!(place.names(), before);
    }
}

#[test]
fn a_snapshot_can_be_too_old() {
    let place = Place::with_snapshot();
    std::thread::sleep(std::time::Duration::from_millis(5));
    let done = place.filter(&["--max-age", "0s"], ADA);
    assert_eq!(done.code, 4);
    assert!(done.err.contains("--max-age"), "{}", done.err);
}

#[test]
fn a_random_key_in_the_snapshot_is_said_to_be_there() {
    let place = Place::new();
    place.put("users.csv", USERS);
    let done = place.run(&[&BUILD[..], &["users.csv"]].concat());
    assert!(done.err.contains("s is not pseudonymous"), "{}", done.err);
}

#[test]
fn a_snapshot_with_the_sites_key_needs_that_key() {
    let place = Place::new();
    place.put("users.jsonl", "{\"user_id\":\"ada@example.com\",\"status\":\"granted\"}\n");
    place.put("key", format!("1:{}\n", "0a".repeat(32)));
    place.put("other", format!("1:{}\n", "0b".repeat(32)));
    place.put("broken", "0a0a");
    let built = place.run(&[&BUILD[..], &["--key-file", "key", "users.jsonl"]].concat());
    assert_eq!(
        (built.code, built.err.as_str()),
        (0, "consentry: users who granted model_training to demo: 1\n")
    );
    assert_eq!(place.filter(&["--key-file", "key"], ADA).out, ADA);
    assert_eq!(place.filter(&[], ADA).code, 4);
    assert_eq!(place.filter(&["--key-file", "other"], ADA).code, 4);
    assert_eq!(place.filter(&["--key-file", "broken"], ADA).code, 2);
}

#[test]
fn a_table_that_can_not_be_read_leaves_the_old_snapshot() {
    let place = Place::with_snapshot();
    let before = fs::read(place.path("s")).unwrap();
    place.put("users.csv", "user_id,status\nada@example.com,yes\n");
    let done = place.run(&[&BUILD[..], &["users.csv"]].concat());
    assert_eq!(done.code, 2);
    assert!(done.err.contains("users.csv: line 2 has another status than"), "{}", done.err);
    assert_eq!(fs::read(place.path("s")).unwrap(), before);
    assert_eq!(place.names(), ["s", "users.csv"]);
}

#[test]
fn wrong_arguments_have_code_two() {
    let place = Place::with_snapshot();
    place.put("in", ADA);
    for args in [
        &["--nonsense"][..],
        &["--user-field", "a..b"],
        &["--max-age", "soon"],
        &["not-there"],
        &["-", "-"],
        &["-o", "out", "--quarantine", "./out", "in"],
        &["-o", "no/such/folder", "in"],
    ] {
        assert_eq!(place.filter(args, "").code, 2, "{args:?}");
    }
    assert_eq!(place.run(&["filter", "--purpose", "Training", "--snapshot", "s"]).code, 2);
}

#[cfg(unix)]
#[test]
fn an_output_that_is_an_input_under_another_name_is_refused() {
    let place = Place::with_snapshot();
    place.put("in", ADA);
    std::os::unix::fs::symlink("in", place.path("link")).unwrap();
    fs::hard_link(place.path("in"), place.path("twin")).unwrap();
    for args in [["in", "-o", "./in"], ["in", "-o", "link"], ["link", "--quarantine", "twin"]] {
        let done = place.filter(&args, "");
        assert_eq!(done.code, 2, "{args:?}");
        assert!(done.err.contains("is an input too"), "{}", done.err);
    }
    assert_eq!(place.get("in"), ADA);
}

#[test]
fn the_user_can_be_named_deeper_in_the_row() {
    let row = "{\"meta\":{\"author\":\"ada@example.com\"},\"user_id\":\"bob@example.com\"}\n";
    assert_eq!(Place::with_snapshot().filter(&["--user-field", "meta.author"], row).out, row);
}

#[test]
fn compressed_rows_stay_compressed_or_not_as_one_wishes() {
    let place = Place::with_snapshot();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&[BOB, ADA].concat().into_bytes()).unwrap();
    place.put("rows", gzip.finish().unwrap());
    place.put("rows2", zstd::encode_all([ADA, BOB].concat().as_bytes(), 1).unwrap());

    assert_eq!(place.filter(&["rows", "rows2", "-o", "out"], "").code, 0);
    let mut text = String::new();
    flate2::read::GzDecoder::new(fs::File::open(place.path("out")).unwrap())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, ADA.repeat(2));

    assert_eq!(place.filter(&["rows2", "-o", "out"], "").code, 0);
    assert_eq!(zstd::decode_all(fs::File::open(place.path("out")).unwrap()).unwrap(), ADA.as_bytes());

    assert_eq!(place.filter(&["rows2", "--compress", "none"], "").out, ADA);
}

#[test]
fn a_manifest_tells_a_run_and_files_are_held_against_it() {
    let place = Place::with_snapshot();
    place.put("in", [ADA, BOB, ODD].concat());
    assert_eq!(place.filter(&["in", "-o", "out", "--quarantine", "q", "--manifest", "m"], "").code, 3);
    let manifest: serde_json::Value = serde_json::from_str(&place.get("m")).unwrap();
    assert_eq!(manifest["counts"]["kept"], 1);
    assert_eq!(manifest["counts"]["no_consent"], 1);
    assert_eq!(manifest["counts"]["reasons"]["id_not_a_string"], 1);
    assert_eq!(manifest["snapshot"]["users"], 1);
    assert_eq!(manifest["inputs"][0]["bytes"], ADA.len() + BOB.len() + ODD.len());
    assert!(!place.get("m").contains("ada@"));
    assert_eq!(place.run(&["manifest", "check", "m"]).code, 0);
    place.put("out", ADA.replace("hi", "ho"));
    let done = place.run(&["manifest", "check", "m"]);
    assert_eq!(done.code, 1);
    assert!(done.err.contains("out has changed"), "{}", done.err);
}

#[test]
fn a_reader_that_goes_away_hears_nothing() {
    let place = Place::with_snapshot();
    let mut child = place.start(&FILTER);
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    let rows = ADA.repeat(1000);
    let feeder = std::thread::spawn(move || while input.write_all(rows.as_bytes()).is_ok() {});
    let done = Done::new(&child.wait_with_output().unwrap());
    feeder.join().unwrap();
    assert_eq!((done.code, done.err.as_str()), (0, ""));
}

#[test]
fn a_row_is_written_though_the_next_is_not_there_yet() {
    let place = Place::with_snapshot();
    let mut child = place.start(&FILTER);
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut row = vec![0; ADA.len()];
    for _ in 0..3 {
        input.write_all([BOB, ADA, "{"].concat().as_bytes()).unwrap();
        output.read_exact(&mut row).unwrap();
        assert_eq!(String::from_utf8_lossy(&row), ADA);
        input.write_all(b"}\n").unwrap();
    }
    drop(input);
    let done = Done::new(&child.wait_with_output().unwrap());
    assert!(done.err.contains("9 rows: 3 kept, 3 without consent, 3 quarantined"), "{}", done.err);
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_fails_ends_the_run_though_the_input_is_silent() {
    let place = Place::with_snapshot();
    let mut child = place.start(&[&FILTER[..], &["-o", "/dev/full"]].concat());
    let mut input = child.stdin.take().unwrap();
    input.write_all(ADA.as_bytes()).unwrap();
    // The pipe stays open, so only the failed output can end it.
    let done = Done::new(&child.wait_with_output().unwrap());
    drop(input);
    assert_eq!(done.code, 2);
}

#[test]
fn a_killed_run_leaves_no_half_file_and_the_next_no_temporary_one() {
    let place = Place::with_snapshot();
    place.put("out", "old");
    let args = [&FILTER[..], &["-o", "out", "--quarantine", "q"]].concat();
    let mut child = place.start(&args);
    let mut input = child.stdin.take().unwrap();
    let temporary = place.path(".out.consentry-tmp");
    // Fed until some of it is on the disk, so that the kill comes in the middle.
    while fs::metadata(&temporary).map_or(0, |kept| kept.len()) == 0 {
        input.write_all(ADA.repeat(10_000).as_bytes()).unwrap();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(place.get("out"), "old");
    assert!(!place.path("q").exists());
    assert!(temporary.exists());

    assert_eq!(place.filter(&["-o", "out"], ADA).code, 0);
    assert_eq!(place.get("out"), ADA);
    assert_eq!(place.names(), ["out", "s", "users.csv"]);
}

#[test]
fn killed_at_any_moment_an_output_is_the_old_one_or_the_new_one() {
    let place = Place::with_snapshot();
    place.put("in", [ADA, BOB].concat().repeat(20_000));
    for round in 0..kills() {
        place.put("out", "old");
        let mut child = place.start(&[&FILTER[..], &["in", "-o", "out"]].concat());
        std::thread::sleep(instant(round, std::time::Duration::from_millis(80)));
        child.kill().unwrap();
        child.wait().unwrap();
        let out = place.get("out");
        assert!(out == "old" || out == ADA.repeat(20_000), "round {round}: {} bytes", out.len());
    }
    assert_eq!(place.filter(&["-o", "out"], ADA).code, 0);
    assert_eq!(place.names(), ["in", "out", "s", "users.csv"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_said_to_be_full() {
    let place = Place::with_snapshot();
    let done = place.filter(&["-o", "/dev/full", "--manifest", "m"], ADA);
    assert_eq!(done.code, 2);
    assert!(done.err.contains("the output can't be written"), "{}", done.err);
    assert_eq!(place.names(), ["s", "users.csv"]);
}

#[test]
fn a_killed_build_leaves_the_old_snapshot() {
    let place = Place::with_snapshot();
    let before = fs::read(place.path("s")).unwrap();
    let mut child = place.start(&[&BUILD[..], &["-"]].concat());
    let mut input = child.stdin.take().unwrap();
    input.write_all(USERS.as_bytes()).unwrap();
    while !place.path(".s.consentry-tmp").exists() {
        std::thread::yield_now();
        assert!(child.try_wait().unwrap().is_none(), "the build ended early");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read(place.path("s")).unwrap(), before);
    assert_eq!(place.run(&[&BUILD[..], &["users.csv"]].concat()).code, 0);
    assert_eq!(place.names(), ["s", "users.csv"]);
}

#[test]
fn a_filter_that_can_judge_no_row_says_what_may_be_meant() {
    let place = Place::with_snapshot();
    place.put("named", r#"{"uid":"ada@example.com"}"#);
    place.put("numbers", r#"{"user_id":7}"#);
    place.put("table", USERS);
    place.put("mixed", [ADA, "x\n"].concat());
    for (input, advice) in [
        ("named", "not one row has a user in user_id; say with --user-field"),
        ("numbers", "not one user in user_id is text"),
        ("table", "not one row is JSON"),
    ] {
        let done = place.filter(&[input, "-o", "out"], "");
        assert_eq!(done.code, 3);
        assert!(done.err.contains(advice), "{}", done.err);
    }
    assert!(!place.filter(&["mixed", "-o", "out"], "").err.contains("not one row"));
}
