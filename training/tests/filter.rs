//! The filter beside a plain loop over lines: same rows, same order, same bytes, whatever the blocks and threads.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::io::{Read, Write};

use consentry::subject::UserId;
use consentry_training::codec::{Compression, Encoder, decode};
use consentry_training::filter::{Counts, FilterError, Options, Report, Source, filter};
use consentry_training::scan::{Field, Reason, scan};
use consentry_training::snapshot::Key;
use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

fn granted(user: &UserId) -> Option<Key> {
    user.as_str().starts_with("yes").then_some([0; 16])
}

fn sources(folder: &TempDir, files: &[&[u8]]) -> Vec<Source> {
    let write = |(n, bytes): (usize, &&[u8])| {
        let name = folder.path().join(format!("{n}.jsonl"));
        fs::write(&name, bytes).unwrap();
        Source::File(name)
    };
    files.iter().enumerate().map(write).collect()
}

/// Output, quarantine and report of a run over files.
fn run(files: &[&[u8]], options: &Options) -> Result<(Vec<u8>, String, Report), FilterError> {
    let folder = tempfile::tempdir().unwrap();
    let mut quarantine = Vec::new();
    let sources = sources(&folder, files);
    let (report, output) = filter(&sources, &granted, Vec::new(), Some(&mut quarantine), options)?;
    let place = format!("{}/", folder.path().display());
    Ok((output, String::from_utf8(quarantine).unwrap().replace(&place, ""), report))
}

fn kept(files: &[&str], options: &Options) -> String {
    let files: Vec<&[u8]> = files.iter().map(|file| file.as_bytes()).collect();
    String::from_utf8(run(&files, options).unwrap().0).unwrap()
}

fn packed(compression: Compression, text: &str) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new(), compression).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn unpacked(bytes: &[u8]) -> (Compression, String) {
    let (compression, mut reader) = decode(bytes).unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    (compression, text)
}

const YES: &str = r#"{"user_id":"yes","n":1}"#;
const NO: &str = r#"{"user_id":"no"}"#;

#[test]
fn rows_stay_as_they_are_line_ends_and_spaces_too() {
    let row = " { \"n\" : 1.0, \"user_id\":\"y\\u0065s\" }\t\r";
    assert_eq!(kept(&[&format!("{NO}\n{row}\n{NO}\n{YES}")], &Options::default()), format!("{row}\n{YES}"));
}

#[test]
fn the_last_row_of_one_file_and_the_first_of_the_next_stay_apart() {
    assert_eq!(kept(&[YES, YES], &Options::default()), format!("{YES}\n{YES}"));
    assert_eq!(kept(&[YES, NO], &Options::default()), YES);
}

#[test]
fn every_way_of_being_unjudgeable_is_told_with_file_line_and_row() {
    let rows: [&[u8]; 9] = [
        b"{",
        b"\xef\xbb\xbf{\"user_id\":\"yes\"}",
        b"{\"user_id\":\"yes\xff\"}",
        b"{}",
        b"{\"user_id\":1}",
        b"{\"user_id\":\"yes\",\"user_id\":\"no\"}",
        b"{\"user_id\":\"\"}",
        &[b'['; 200],
        &[b' '; 1001],
    ];
    let file = [rows.join(&b'\n'), b"\n \n".to_vec(), YES.into()].concat();
    let options = Options { max_row: 1000, ..Options::default() };
    let (output, quarantine, report) = run(&[YES.as_bytes(), &file], &options).unwrap();
    assert_eq!(output, format!("{YES}\n{YES}").as_bytes());
    let expected = [
        r#"{"file":"1.jsonl","line":1,"reason":"not_json","bytes":1,"row":"{"}"#,
        r#"{"file":"1.jsonl","line":2,"reason":"byte_order_mark","bytes":20,"row":""#,
        r#"{"file":"1.jsonl","line":3,"reason":"invalid_utf8","bytes":18,"row_base64":"eyJ1c2VyX2lkIjoieWVz/yJ9"}"#,
        r#"{"file":"1.jsonl","line":4,"reason":"no_id","bytes":2,"row":"{}"}"#,
        r#"{"file":"1.jsonl","line":5,"reason":"id_not_a_string","bytes":13,"row":"{\"user_id\":1}"}"#,
        r#"{"file":"1.jsonl","line":6,"reason":"two_ids","bytes":32,"row":""#,
        r#"{"file":"1.jsonl","line":7,"reason":"not_an_id","bytes":14,"row":""#,
        r#"{"file":"1.jsonl","line":8,"reason":"too_deep","bytes":200,"row":"[["#,
        r#"{"file":"1.jsonl","line":9,"reason":"too_long","bytes":1001}"#,
    ];
    assert_eq!(quarantine.lines().count(), expected.len());
    for (line, expected) in quarantine.lines().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
    let reasons = Reason::ALL.iter().map(|reason| (reason.code().into(), 1)).collect();
    let counts = Counts { rows: 12, kept: 2, blank: 1, quarantined: 9, reasons, ..Counts::default() };
    assert_eq!(report.counts, counts);
}

#[test]
fn strict_stops_at_the_first_row_that_can_not_be_judged() {
    let options = Options { strict: true, ..Options::default() };
    let error = run(&[format!("{YES}\n{{}}\n{{\n").as_bytes()], &options).unwrap_err();
    assert!(matches!(error, FilterError::Unjudgeable { line: 2, reason: Reason::NoId, .. }));
}

#[test]
fn the_output_is_compressed_as_the_first_input_unless_said_otherwise() {
    for compression in Compression::ALL {
        let file = packed(compression, &format!("{YES}\n{NO}\n"));
        let (output, ..) = run(&[&file, NO.as_bytes()], &Options::default()).unwrap();
        assert_eq!(unpacked(&output), (compression, format!("{YES}\n")));
        let options = Options { compression: Some(Compression::Zstd), ..Options::default() };
        assert_eq!(unpacked(&run(&[&file], &options).unwrap().0).0, Compression::Zstd);
    }
}

#[test]
fn a_compressed_input_that_is_cut_short_ends_the_run() {
    for compression in [Compression::Gzip, Compression::Zstd] {
        let file = packed(compression, YES);
        let error = run(&[&file[..file.len() - 3]], &Options::default()).unwrap_err();
        assert!(matches!(error, FilterError::Input { .. }), "{}", compression.as_str());
    }
}

#[test]
fn what_is_joined_to_a_compressed_input_is_read_or_told_but_never_passed_over() {
    let row = format!("{YES}\n");
    for compression in [Compression::Gzip, Compression::Zstd] {
        let file = packed(compression, &row);
        let joined = [file.clone(), file.clone()].concat();
        let output = run(&[&joined], &Options::default()).unwrap().0;
        assert_eq!(unpacked(&output), (compression, row.repeat(2)));

        let mut bent = joined.clone();
        bent[file.len() + 12] ^= 0xff;
        for broken in [
            [&joined[..], YES.as_bytes()].concat(),
            [&joined[..], &[0; 100]].concat(),
            joined[..joined.len() - 3].to_vec(),
            bent,
        ] {
            let error = run(&[&broken], &Options::default()).unwrap_err();
            assert!(matches!(&error, FilterError::Input { .. }), "{}", compression.as_str());
            assert!(error.to_string().contains("get "), "{error}");
        }
    }
}

#[test]
fn an_input_that_is_not_there_ends_the_run() {
    let missing = [Source::File("/nowhere/at/all".into())];
    let error = filter(&missing, &granted, Vec::new(), None, &Options::default()).unwrap_err();
    assert!(matches!(error, FilterError::Input { .. }));
}

#[test]
fn an_output_that_takes_no_more_ends_the_run() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let rows = format!("{YES}\n").repeat(1000);
    let sources = sources(&folder, &[rows.as_bytes()]);
    let options = Options { block: 100, ..Options::default() };
    let error = filter(&sources, &granted, Full, None, &options).map(drop).unwrap_err();
    assert!(matches!(error, FilterError::Output(_)));
}

#[test]
fn bytes_and_digests_are_those_of_the_files() {
    let options = Options { digests: true, ..Options::default() };
    let (_, _, report) = run(&[packed(Compression::None, "abc").as_slice()], &options).unwrap();
    // SHA-256 of "abc", from FIPS 180-2.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(report.inputs[0].sha256.unwrap().to_string(), abc);
    assert_eq!((report.inputs[0].bytes, report.written.0), (3, 0));
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => (0..80_usize).prop_map(|n| format!("{{\"text\":\"{}\",\"user_id\":\"yes{n}\"}}", "é\\n".repeat(n)).into()),
        3 => (0..80_usize).prop_map(|n| format!("{{\"user_id\":\"no\",\"text\":\"{}\"}}\r", "x".repeat(n)).into()),
        2 => select(&[r#"{"user_id":"yes","user_id":"no"}"#, "{}", "", " \t", "{\"user_id\":\"\"}", "[]", "{"][..])
            .prop_map(|text| text.as_bytes().to_vec()),
        1 => proptest::collection::vec(any::<u8>().prop_filter("a line", |byte| *byte != b'\n'), 0..40),
    ]
}

proptest! {
    #[test]
    fn whatever_the_blocks_and_threads_it_does_what_a_loop_over_lines_does(
        lines in proptest::collection::vec(line(), 0..60),
        ends_open in any::<bool>(), block in 1..300_usize, threads in 1..5_usize, max_row in 60..400_usize,
    ) {
        let mut file = lines.iter().flat_map(|line| [line.as_slice(), b"\n"].concat()).collect::<Vec<u8>>();
        if ends_open {
            file.pop();
        }
        let options = Options { block, threads, max_row, ..Options::default() };
        let (output, quarantine, report) = run(&[&file], &options).unwrap();

        let (mut expected, mut odd) = (Vec::new(), Vec::new());
        for (n, with_end) in file.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let row = with_end.strip_suffix(b"\n").unwrap_or(with_end);
            let blank = row.iter().all(|byte| b" \t\r".contains(byte));
            let id = if row.len() > max_row { Err(Reason::TooLong) } else { scan(row, &Field::default()) };
            match id.map(|id| UserId::parse(&id)) {
                Ok(Ok(user)) if granted(&user).is_some() => expected.extend(with_end),
                Ok(Ok(_)) => {}
                Ok(Err(_)) => odd.push((n + 1, Reason::NotAnId)),
                Err(_) if blank && row.len() <= max_row => {}
                Err(reason) => odd.push((n + 1, reason)),
            }
        }
        prop_assert_eq!(String::from_utf8_lossy(&output), String::from_utf8_lossy(&expected));
        let told: Vec<String> = odd.iter().map(|(n, reason)| format!("\"line\":{n},\"reason\":\"{}\"", reason.code())).collect();
        prop_assert_eq!(quarantine.lines().count(), told.len());
        for (line, told) in quarantine.lines().zip(told) {
            prop_assert!(line.contains(&told), "{line} {told}");
        }
        let Counts { rows, kept, no_consent, blank, quarantined, .. } = report.counts;
        prop_assert_eq!(rows, kept + no_consent + blank + quarantined);
    }
}
