//! Purges of objects in a real bucket. `cargo xtask test stores` installs a server for it and runs these.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use consentry::time::Timestamp;
use consentry_training::purge::report::Erasure;
use consentry_training::purge::{Options, Outcome, Plan, Report, plan, purge};
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use rusty_s3::{Bucket, Credentials, S3Action as _, UrlStyle};
use serde_json::json;
use tempfile::TempDir;

const ADA: &str = r#"{"user_id":"ada@example.com","text":"hers"}"#;
const BOB: &str = r#"{"user_id":"bob@example.com","text":"his"}"#;
const SECRET: &str = "hush-hush";

/// A server of buckets, and the folder that it keeps them in: `data` is one.
struct Server {
    child: Child,
    folder: TempDir,
    url: String,
}

impl Server {
    fn start() -> Self {
        let program =
            std::env::var_os("CONSENTRY_S3").expect("cargo xtask test stores says where the server is");
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("root/data")).unwrap();
        fs::write(
            folder.path().join("keys"),
            format!("[default]\naws_access_key_id = AKID\naws_secret_access_key = {SECRET}\n[wrong]\naws_access_key_id = AKID\naws_secret_access_key = other\n"),
        )
        .unwrap();
        fs::set_permissions(folder.path().join("keys"), fs::Permissions::from_mode(0o600)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(program);
        command.args([
            "--host",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--access-key",
            "AKID",
            "--secret-key",
            SECRET,
        ]);
        command.arg(folder.path().join("root")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut server =
            Self { child: command.spawn().unwrap(), folder, url: format!("http://127.0.0.1:{port}") };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(server.child.try_wait().unwrap().is_none(), "the server of buckets ended");
            thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.path().join("root/data").join(key)
    }

    fn set(&self, key: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(key).parent().unwrap()).unwrap();
        fs::write(self.path(key), bytes).unwrap();
    }

    fn get(&self, key: &str) -> String {
        String::from_utf8(fs::read(self.path(key)).unwrap()).unwrap()
    }

    fn purged(&self, path: &str) -> Report {
        purged_at(path, &json!({ "endpoint": self.url, "credentials_file": self.folder.path().join("keys") }))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn purged_with(path: &str, kind: &str, access: &serde_json::Value, dry_run: bool) -> Report {
    let plan =
        json!({ "users": ["ada@example.com"], "stores": [{ "kind": kind, "path": path, "s3": access }] });
    purged_by(&plan, dry_run)
}

fn purged_by(plan: &serde_json::Value, dry_run: bool) -> Report {
    let (users, stores) = plan::read(plan.to_string().as_bytes()).unwrap();
    let options = Options { dry_run, key: None, clock: &|| Timestamp::UNIX_EPOCH };
    purge(&Plan::new(users, stores).unwrap(), &options)
}

fn purged_at(path: &str, access: &serde_json::Value) -> Report {
    purged_with(path, "jsonl", access, false)
}

fn lines(lines: &[&str]) -> String {
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

fn packed(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    MultiGzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

/// Nothing is done, because of this, and no id and no secret is in what is said.
fn assert_failed(report: &Report, why: &str) {
    let [failure, ..] = report.stores[0].failures.as_slice() else { panic!("{report:?}") };
    assert!(report.outcome == Outcome::Partial && failure.reason.contains(why), "{}", failure.reason);
    let said = serde_json::to_string(report).unwrap();
    assert!(!said.contains("ada@example.com") && !said.contains(SECRET) && !said.contains("X-Amz"), "{said}");
}

/// All of it is done, and so many were removed.
fn assert_done(report: &Report, removed: u64) {
    let store = &report.stores[0];
    assert_eq!((report.outcome, store.removed, store.verified), (Outcome::Done, removed, true), "{report:?}");
}

#[test]
#[ignore = "needs a server of buckets"]
fn rows_leave_the_objects_that_a_pattern_means() {
    let server = Server::start();
    server.set("clean/a.jsonl", lines(&[ADA, BOB, ADA]));
    server.set("clean/b.jsonl.gz", packed(&lines(&[BOB, ADA])));
    server.set("clean/deep/c.jsonl", lines(&[ADA]));
    server.set("raw/a.jsonl", lines(&[ADA]));
    let access = json!({ "endpoint": server.url, "credentials_file": server.folder.path().join("keys") });
    let looked = purged_with("s3://data/clean/*", "jsonl", &access, true);
    assert_eq!(
        (looked.outcome, looked.stores[0].found, looked.stores[0].removed),
        (Outcome::DryRun, 3, 0),
        "{looked:?}"
    );
    assert_eq!(server.get("clean/a.jsonl"), lines(&[ADA, BOB, ADA]));

    let report = server.purged("s3://data/clean/*");
    let store = &report.stores[0];
    assert_eq!(
        (report.outcome, store.found, store.removed, store.verified),
        (Outcome::Done, 3, 3, true),
        "{report:?}"
    );
    assert_eq!((store.erasure, store.place.as_str()), (Erasure::Physical, "s3://data/clean/*"));
    assert_eq!(server.get("clean/a.jsonl"), lines(&[BOB]));
    assert_eq!(unpacked(&fs::read(server.path("clean/b.jsonl.gz")).unwrap()), lines(&[BOB]));
    // What the pattern doesn't mean is as it was.
    assert_eq!((server.get("clean/deep/c.jsonl"), server.get("raw/a.jsonl")), (lines(&[ADA]), lines(&[ADA])));
    let names = fs::read_dir(server.path("clean"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| ["a.jsonl", "b.jsonl.gz", "deep"].contains(&name.as_str())));

    assert_eq!(server.purged("s3://data/**/*.jsonl").stores[0].removed, 2);
    let again = server.purged("s3://data/**/*.jsonl");
    assert_eq!((again.outcome, again.stores[0].found), (Outcome::Done, 0));
    let none = server.purged("s3://data/clean/*.csv");
    assert_eq!(none.outcome, Outcome::Done);
    assert_eq!(none.stores[0].notes, ["the pattern matches no object, so none was looked into"]);
    assert_failed(&server.purged("s3://data/claen/*"), "nothing in the bucket is in claen/");
}

#[test]
#[ignore = "needs a server of buckets"]
fn every_page_of_a_long_list_is_looked_through() {
    let server = Server::start();
    for n in 0..1050 {
        server.set(&format!("many/{n}.jsonl"), lines(&[if n % 100 == 0 { ADA } else { BOB }]));
    }
    let report = server.purged("s3://data/many/*.jsonl");
    assert_done(&report, 11);
}

#[test]
#[ignore = "needs a server of buckets"]
fn an_object_keeps_what_was_said_of_it_and_its_packing() {
    let server = Server::start();
    let keys = Credentials::new("AKID", SECRET);
    let bucket = Bucket::new(server.url.parse().unwrap(), UrlStyle::Path, "data", "us-east-1").unwrap();
    let key = "rows of ü+&%41.jsonl";
    let headers = [
        ("cache-control", "max-age=60"),
        ("content-encoding", "gzip"),
        ("content-type", "application/x-ndjson"),
        ("x-amz-meta-made-by", "a test"),
    ];
    let mut put = bucket.put_object(Some(&keys), key);
    for (name, value) in headers {
        put.headers_mut().insert(name, value);
    }
    let mut request = ureq::put(put.sign(Duration::from_mins(1)).as_str());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    assert_eq!(request.send(&packed(&lines(&[ADA, BOB]))[..]).unwrap().status(), 200);

    // By a pattern, so that its key comes from a list.
    let report = server.purged("s3://data/rows of*.jsonl");
    assert_done(&report, 1);
    assert_eq!(unpacked(&fs::read(server.path(key)).unwrap()), lines(&[BOB]));
    let got =
        ureq::get(bucket.get_object(Some(&keys), key).sign(Duration::from_mins(1)).as_str()).call().unwrap();
    let told: BTreeMap<_, _> = got
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
        .collect();
    for (name, value) in headers {
        assert_eq!(told.get(name).map(String::as_str), Some(value), "{told:?}");
    }
}

#[cfg(feature = "parquet")]
#[test]
#[ignore = "needs a server of buckets"]
fn tables_are_purged_too() {
    use arrow_array::{RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    let server = Server::start();
    let users: Arc<dyn arrow_array::Array> =
        Arc::new(StringArray::from(vec!["ada@example.com", "bob@example.com"]));
    let batch = RecordBatch::try_from_iter([("user_id", users)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    server.set("tables/a.parquet", writer.into_inner().unwrap());
    let access = json!({ "endpoint": server.url, "credentials_file": server.folder.path().join("keys") });
    let report = purged_with("s3://data/tables/*.parquet", "parquet", &access, false);
    assert_done(&report, 1);
    let file = fs::File::open(server.path("tables/a.parquet")).unwrap();
    let left: usize = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap()
        .map(|batch| batch.unwrap().num_rows())
        .sum();
    assert_eq!(left, 1);
}

#[test]
#[ignore = "needs a server of buckets"]
fn objects_that_bear_an_id_are_removed_and_no_neighbours() {
    let server = Server::start();
    let others = [
        "emb/ada+x@example.com.npy",
        "emb/ada@example.com0.npy",
        "emb/ada@example.com.npy2",
        "emb/bob@example.com.npy",
        "cache/ada@example.com0/x",
    ];
    let hers = ["emb/ada@example.com.npy", "cache/ada@example.com/x", "cache/ada@example.com/deep/y"];
    for key in others.into_iter().chain(hers) {
        server.set(key, "bytes");
    }
    let access = json!({ "endpoint": server.url, "credentials_file": server.folder.path().join("keys") });
    let looked = purged_with("s3://data/cache/{user_id}", "folder", &access, true);
    assert_eq!((looked.outcome, looked.stores[0].found), (Outcome::DryRun, 2));
    assert!(hers.iter().all(|key| server.path(key).exists()));
    for (path, removed) in [
        ("s3://data/emb/{user_id}.npy", 1),
        ("s3://data/cache/{user_id}", 2),
        ("s3://data/cache/{user_id}", 0),
    ] {
        let report = purged_with(path, "folder", &access, false);
        let store = &report.stores[0];
        assert_eq!(
            (report.outcome, store.found, store.removed, store.verified),
            (Outcome::Done, removed, removed, true),
            "{report:?}"
        );
    }
    assert!(
        others.iter().all(|key| server.path(key).is_file())
            && !hers.iter().any(|key| server.path(key).is_file())
    );
    assert_failed(&purged_with("s3://other/{user_id}", "folder", &access, false), "has no such bucket");
    let none = purged_with("s3://data/none/{user_id}", "folder", &access, false);
    assert_eq!(none.outcome, Outcome::Done, "the last one may have been removed before");
    assert!(none.stores[0].notes[0].contains("nothing in the bucket is in none/"));
}

#[test]
#[ignore = "needs a server of buckets"]
fn an_id_is_found_whatever_is_in_it_and_one_with_a_slash_is_left_to_people() {
    let server = Server::start();
    let access = json!({ "endpoint": server.url, "credentials_file": server.folder.path().join("keys") });
    for id in ["ada+news@example.com", "50%41", "ü ö&?#", "a/b"] {
        server.set(&format!("emb/{id}.npy"), "bytes");
        let plan = json!({ "users": [id], "stores": [{ "kind": "folder", "path": "s3://data/emb/{user_id}.npy", "s3": access }] });
        let report = purged_by(&plan, false);
        let (store, left) = (&report.stores[0], server.path(&format!("emb/{id}.npy")).exists());
        assert_eq!((store.found, store.removed == 1, left), (1, id != "a/b", id == "a/b"), "{report:?}");
        assert_eq!(report.outcome == Outcome::Done, id != "a/b");
        assert!(!serde_json::to_string(&report).unwrap().contains(id));
    }
}

#[test]
#[ignore = "needs a server of buckets"]
fn what_cannot_be_done_is_told_and_changes_nothing() {
    let server = Server::start();
    server.set("a.jsonl", lines(&[ADA, BOB]));
    server.set("cut.jsonl.gz", &packed(&lines(&[ADA, BOB, BOB]))[..30]);
    let keys = server.folder.path().join("keys");
    let with = |more: serde_json::Value| {
        let mut access = json!({ "endpoint": server.url, "credentials_file": keys });
        access.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        access
    };
    assert_failed(
        &purged_at("s3://data/a.jsonl", &with(json!({ "profile": "wrong" }))),
        "refuses (SignatureDoesNotMatch)",
    );
    assert_failed(&purged_at("s3://data/a.jsonl", &with(json!({ "profile": "none" }))), "no section [none]");
    assert_failed(
        &purged_at("s3://data/a.jsonl", &with(json!({ "endpoint": "http://127.0.0.1:1" }))),
        "can't be reached",
    );
    assert_failed(&server.purged("s3://other/*.jsonl"), "has no such bucket");
    assert_failed(&server.purged("s3://data/ada@example.com.jsonl"), "there is no such object");
    assert_failed(&server.purged("s3://data/cut.jsonl.gz"), "is cut short");
    let report = purged_with("s3://data/a.jsonl", "parquet", &with(json!({})), false);
    assert_failed(&report, "is no Parquet");
    assert_eq!(server.get("a.jsonl"), lines(&[ADA, BOB]));
}

/// Passes on what comes, byte by byte, and says first that a put comes.
fn between(server: &Server, put: impl Fn() + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let to = server.url.trim_start_matches("http://").to_owned();
    let put = Arc::new(put);
    thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&to).unwrap());
            let (mut back, mut answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut answers, &mut back);
                let _ = back.shutdown(Shutdown::Both);
            });
            let put = Arc::clone(&put);
            thread::spawn(move || {
                let mut bytes = vec![0; 1 << 16];
                while let Ok(read @ 1..) = client.read(&mut bytes) {
                    // One that is no probe.
                    if bytes.starts_with(b"PUT /data/a.jsonl?") {
                        put();
                    }
                    server.write_all(&bytes[..read]).unwrap();
                }
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    url
}

#[test]
#[ignore = "needs a server of buckets"]
fn what_somebody_puts_meanwhile_is_not_lost() {
    const CAL: &str = r#"{"user_id":"cal@example.com","text":"new"}"#;
    for (times, outcome, left) in [
        (1, Outcome::Done, lines(&[BOB, CAL])),
        (u32::MAX, Outcome::Partial, lines(&[BOB, ADA, CAL, CAL, CAL])),
    ] {
        let server = Server::start();
        server.set("a.jsonl", lines(&[BOB, ADA]));
        let (path, puts) = (server.path("a.jsonl"), AtomicU32::new(0));
        let url = between(&server, move || {
            if puts.fetch_add(1, Ordering::SeqCst) < times {
                let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
                writeln!(file, "{CAL}").unwrap();
            }
        });
        let access = json!({ "endpoint": url, "credentials_file": server.folder.path().join("keys") });
        let report = purged_at("s3://data/a.jsonl", &access);
        assert_eq!((report.outcome, server.get("a.jsonl")), (outcome, left), "{report:?}");
        if outcome == Outcome::Partial {
            assert_failed(&report, "changes all the time");
        }
    }
}

/// Answers each request with what is said for its first line; what was asked of it. No server that is so is installed here.
fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&asked);
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).unwrap() == 1 {
                head.push(byte[0]);
            }
            let line = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
            let answer = answer(&line);
            told.lock().unwrap().push(line);
            client.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, asked)
}

fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn purged_of(url: &str) -> Report {
    let keys = tempfile::NamedTempFile::new().unwrap();
    fs::write(keys.path(), "[default]\naws_access_key_id=AKID\naws_secret_access_key=hush-hush\n").unwrap();
    purged_at("s3://data/a.jsonl", &json!({ "endpoint": url, "credentials_file": keys.path() }))
}

#[test]
fn a_bucket_that_keeps_old_versions_is_refused() {
    let configuration = |status: &str| {
        format!("<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>")
    };
    for status in ["Enabled", "Suspended"] {
        let (url, asked) = answering(move |_| http("200 OK", "", &configuration(status)));
        assert_failed(&purged_of(&url), "keeps old versions");
        assert_eq!(asked.lock().unwrap().len(), 1, "and nothing else was asked");
    }
    // Whoever may not ask doesn't know.
    let (url, asked) = answering(|_| http("403 Forbidden", "", "<Error><Code>AccessDenied</Code></Error>"));
    assert_failed(&purged_of(&url), "s3:GetBucketVersioning");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

/// A service without versions and tags, which heeds conditions and has this for an object.
fn giving(headers: &'static str) -> impl Fn(&str) -> String {
    move |line| match line {
        line if line.contains("versioning") || line.contains("tagging") => {
            http("501 Not Implemented", "", "")
        }
        line if line.starts_with("PUT") => http("412 Precondition Failed", "", ""),
        _ => http("200 OK", headers, &lines(&[ADA])),
    }
}

#[test]
fn what_a_rewrite_would_lose_keeps_an_object_as_it_is() {
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let tagged = move |line: &str| {
        if line.contains("tagging") { http("200 OK", "", tags) } else { giving("ETag: \"1\"\r\n")(line) }
    };
    let hidden = |line: &str| {
        if line.contains("tagging") {
            http("403 Forbidden", "", "<Error><Code>AccessDenied</Code></Error>")
        } else {
            giving("ETag: \"1\"\r\n")(line)
        }
    };
    let cases = [
        (answering(tagged), "has tags"),
        (answering(hidden), "s3:GetObjectTagging"),
        (answering(giving("ETag: \"1\"\r\nx-amz-missing-meta: 1\r\n")), "metadata"),
        (answering(giving("ETag: \"1\"\r\nx-amz-storage-class: GLACIER\r\n")), "is archived"),
        (answering(giving("ETag: W/\"1\"\r\n")), "packed or unpacked on its way"),
        (answering(giving("")), "without an ETag"),
    ];
    for ((url, asked), why) in cases {
        assert_failed(&purged_of(&url), why);
        assert!(!asked.lock().unwrap().iter().any(|line| line.starts_with("PUT ")), "{why}");
    }
}

#[test]
fn an_object_of_which_it_is_said_that_it_has_no_tags_has_none() {
    let (url, asked) = answering(|line| {
        if line.contains("tagging") {
            http("404 Not Found", "", "<Error><Code>NoSuchTagSet</Code></Error>")
        } else {
            giving("ETag: \"1\"\r\n")(line)
        }
    });
    assert_failed(&purged_of(&url), "changes all the time");
    assert!(asked.lock().unwrap().iter().any(|line| line.starts_with("PUT /data/a.jsonl?")));
}

#[test]
fn an_answer_that_may_be_cut_off_is_not_taken_for_the_whole() {
    let (url, asked) = answering(|line| {
        if line.contains("versioning") {
            http("501 Not Implemented", "", "")
        } else {
            // Until the connection ends.
            format!("HTTP/1.1 200 OK\r\nConnection: close\r\nETag: \"1\"\r\n\r\n{}", lines(&[BOB, ADA]))
        }
    });
    assert_failed(&purged_of(&url), "on its way");
    assert!(asked.lock().unwrap().iter().all(|line| line.starts_with("GET ")));
}

#[test]
fn a_service_that_cannot_answer_now_is_asked_again() {
    let times = AtomicU32::new(0);
    let (url, _) = answering(move |line| match times.fetch_add(1, Ordering::SeqCst) % 3 {
        0 | 1 => http("503 Slow Down", "", "<Error><Code>SlowDown</Code></Error>"),
        _ if line.contains("versioning") => http("501 Not Implemented", "", ""),
        _ => http("200 OK", "ETag: \"1\"\r\n", &lines(&[BOB])),
    });
    assert_eq!(purged_of(&url).outcome, Outcome::Done);
    let (url, asked) = answering(|_| http("503 Slow Down", "", "<Error><Code>SlowDown</Code></Error>"));
    assert_failed(&purged_of(&url), "HTTP status 503 (SlowDown)");
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[test]
fn a_service_that_does_not_heed_conditions_is_refused_before_anything_is_replaced() {
    let (url, asked) = answering(|line| match line {
        line if line.starts_with("PUT") => http("200 OK", "ETag: \"2\"\r\n", ""),
        line if line.starts_with("DELETE") => http("204 No Content", "", ""),
        _ => giving("ETag: \"1\"\r\n")(line),
    });
    assert_failed(&purged_of(&url), "If-Match");
    let asked = asked.lock().unwrap();
    let keys = |method: &str| -> Vec<String> {
        asked
            .iter()
            .filter_map(|line| line.strip_prefix(method)?.split_once('?'))
            .map(|(key, _)| key.to_owned())
            .collect()
    };
    let puts = keys("PUT ");
    assert!(puts.len() == 2 && puts.iter().all(|key| key.starts_with("/data/.consentry-")), "{asked:?}");
    assert_eq!(puts[..1], keys("DELETE ")[..], "what it put all the same is removed");
}

#[test]
fn one_that_heeds_them_for_what_is_there_only_is_not_refused_for_that() {
    let puts = AtomicU32::new(0);
    let (url, asked) = answering(move |line| match line {
        line if line.starts_with("PUT /data/a.jsonl?") => http("412 Precondition Failed", "", ""),
        line if line.starts_with("PUT") && puts.fetch_add(1, Ordering::SeqCst) == 0 => {
            http("200 OK", "ETag: \"2\"\r\n", "")
        }
        line if line.starts_with("DELETE") => http("204 No Content", "", ""),
        _ => giving("ETag: \"1\"\r\n")(line),
    });
    assert_failed(&purged_of(&url), "changes all the time");
    assert_eq!(
        asked.lock().unwrap().iter().filter(|line| line.starts_with("DELETE /data/.consentry-")).count(),
        1
    );
}
