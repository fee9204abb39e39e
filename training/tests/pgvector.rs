//! Purges of a real PostgreSQL with pgvector. `cargo xtask test stores` installs it and runs these.
#![cfg(all(unix, feature = "pgvector"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod postgres_server;

use std::fs;
use std::path::{Path, PathBuf};

use consentry_training::purge::{Outcome, Report};
use postgres::Client;

use postgres_server::{PGVECTOR, Server};

/// Rows of ten users, the fourth of whom is hers.
fn fill(server: &Server) -> Client {
    let mut client = server.connect().unwrap();
    client
        .batch_execute(
            "CREATE EXTENSION IF NOT EXISTS vector; CREATE SCHEMA s;
             CREATE TABLE s.items (n int PRIMARY KEY, user_id text, body text, embedding vector(3));
             INSERT INTO s.items SELECT n, CASE n % 10 WHEN 3 THEN 'ada@example.com' ELSE 'user' || n % 10 END,
               CASE n % 10 WHEN 3 THEN 'her secret ' ELSE 'text ' END || repeat(md5(n::text), 200),
               ARRAY[n, CASE n % 10 WHEN 3 THEN 12345.678 ELSE 1 END, 0]::real[]::vector FROM generate_series(1, 200) n;
             CREATE INDEX ON s.items USING hnsw (embedding vector_l2_ops); CREATE INDEX ON s.items (user_id);
             ANALYZE s.items; CHECKPOINT;",
        )
        .unwrap();
    client
}

fn purged(server: &Server, table: &str) -> Report {
    server.purged(table, &server.connection())
}

/// How many files of tables and indexes have any of these bytes.
fn hits(server: &Server, client: &mut Client) -> usize {
    client.batch_execute("CHECKPOINT").unwrap();
    let vector = 12345.678_f32.to_le_bytes();
    let hit = |bytes: &[u8]| {
        let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
        has(b"ada@example.com") || has(b"her secret") || has(&vector)
    };
    files(&server.folder.path().join("data/base")).iter().filter(|file| hit(&fs::read(file).unwrap())).count()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn others(client: &mut Client) -> Vec<(i32, String, String)> {
    let rows = client.query(
        "SELECT n, body, embedding::text FROM s.items WHERE user_id <> 'ada@example.com' ORDER BY embedding <-> '[7.1,1,0]'",
        &[],
    );
    rows.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test stores"]
fn rows_leave_the_table_and_the_files_and_all_others_stay() {
    let server = Server::start(&PGVECTOR);
    let mut client = fill(&server);
    let before = others(&mut client);
    assert!(hits(&server, &mut client) >= 3, "table, indexes and statistics have it");
    let report = purged(&server, "s.items");
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    assert_eq!((report.stores[0].found, report.stores[0].removed), (20, 20));
    assert_eq!(hits(&server, &mut client), 0);
    assert!(others(&mut client) == before);

    client
        .batch_execute("CREATE TABLE refs (n int REFERENCES s.items (n)); INSERT INTO refs VALUES (7)")
        .unwrap();
    client.batch_execute("UPDATE s.items SET user_id = 'ada@example.com' WHERE n = 7").unwrap();
    let report = purged(&server, "s.items");
    assert_eq!(
        (report.outcome, report.stores[0].removed),
        (Outcome::Partial, 0),
        "a row that is referred to"
    );
    for wrong in ["s.nothing", "s.items; DROP TABLE s.items", "s.refs"] {
        assert_eq!(purged(&server, wrong).outcome, Outcome::Partial, "{wrong}");
    }

    let mut reader = server.connect().unwrap();
    reader.batch_execute("DROP TABLE refs").unwrap();
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").unwrap();
    let report = purged(&server, "s.items");
    assert_eq!((report.outcome, report.stores[0].removed), (Outcome::Partial, 1), "while somebody reads");
}
