//! Purges of a real PostgreSQL over TLS, with certificates made here. `cargo xtask test stores` installs it and runs these.
#![cfg(all(unix, feature = "pgvector"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod postgres_server;

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use consentry_training::purge::Outcome;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use postgres_server::{Server, TLS};

/// The password of the connections, which nobody may be told.
const PASSWORD: &str = "hush-hush";

/// A server that takes passwords over TLS only, with a certificate for `db.example`, and rows of two.
struct Encrypted {
    server: Server,
    authority: CertifiedIssuer<'static, KeyPair>,
}

impl Encrypted {
    fn start() -> Self {
        let server = Server::start(&TLS);
        fill(&server);
        server.give("pg_hba.conf", "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n");
        let authority = authority("Authority");
        fs::write(server.folder.path().join("root.pem"), authority.pem()).unwrap();
        let encrypted = Self { server, authority };
        encrypted.certify(&["db.example"]);
        encrypted
    }

    /// A certificate of the authority for those hosts.
    fn certify(&self, hosts: &[&str]) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(hosts.iter().map(ToString::to_string).collect::<Vec<_>>());
        let certificate = params.unwrap().signed_by(&key, &self.authority).unwrap();
        self.serve(&certificate.pem(), &key);
    }

    fn serve(&self, certificate: &str, key: &KeyPair) {
        self.server.give("server.crt", certificate);
        self.server.give("server.key", &key.serialize_pem());
        self.server.connect().unwrap().batch_execute("ALTER SYSTEM SET ssl = on").unwrap();
        self.server.reload();
    }

    /// The path of a file with an authority, the server's if `text` is none.
    fn root(&self, name: &str, text: Option<&str>) -> PathBuf {
        let path = self.server.folder.path().join(name);
        if let Some(text) = text {
            fs::write(&path, text).unwrap();
        }
        path
    }

    /// What comes of a purge over a connection with these settings more.
    fn purged(&self, host: &str, settings: &str) -> Result<u64, String> {
        purged(&self.server, host, self.server.port, settings)
    }
}

fn purged(server: &Server, host: &str, port: u16, settings: &str) -> Result<u64, String> {
    let connection = format!(
        "postgresql://postgres:{PASSWORD}@{host}:{port}/postgres?hostaddr=127.0.0.1&connect_timeout=20{settings}"
    );
    let report = server.purged("items", &connection);
    assert!(!format!("{report:?}").contains(PASSWORD), "{report:?}");
    let store = &report.stores[0];
    match report.outcome {
        Outcome::Done => Ok(store.found),
        _ => Err(store.failures.iter().map(|failure| failure.reason.clone()).collect()),
    }
}

/// A row of hers and one of somebody else, over and over.
fn fill(server: &Server) {
    let rows = format!(
        "ALTER ROLE postgres PASSWORD '{PASSWORD}'; CREATE TABLE items (user_id text);
         INSERT INTO items VALUES ('ada@example.com'), ('bob')"
    );
    server.connect().unwrap().batch_execute(&rows).unwrap();
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test stores"]
fn rows_leave_over_tls_if_authority_and_host_are_right() {
    let encrypted = Encrypted::start();
    let root = encrypted.root("root.pem", None);
    // The password is bound to the certificate too, as hosted servers ask for.
    let settings = format!("&sslmode=verify-full&sslrootcert={}&channel_binding=require", root.display());
    assert_eq!(encrypted.purged("db.example", &settings), Ok(1));
    let left = encrypted.server.connect().unwrap().query("SELECT user_id FROM items", &[]).unwrap();
    let left: Vec<String> = left.iter().map(|row| row.get(0)).collect();
    assert_eq!(left, ["bob"]);
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test stores"]
fn each_mode_looks_at_as_much_as_libpq_does() {
    let encrypted = Encrypted::start();
    let right = encrypted.root("root.pem", None);
    let (right, wrong) = (right.display(), encrypted.root("wrong.pem", Some(&authority("Another").pem())));
    let (wrong, empty) = (wrong.display(), encrypted.root("empty.pem", Some("")));
    let empty = empty.display();
    for (host, settings, expected) in [
        ("db.example", String::new(), Ok(1)),
        ("localhost", "&sslmode=prefer".into(), Ok(0)),
        ("localhost", "&sslmode=require".into(), Ok(0)),
        ("localhost", "&sslmode=require&sslnegotiation=direct".into(), Ok(0)),
        ("localhost", format!("&sslmode=verify-ca&sslrootcert={right}"), Ok(0)),
        ("db.example", format!("&sslrootcert={right}&sslmode=verify-full"), Ok(0)),
        ("localhost", "&sslmode=disable".into(), Err("no encryption")),
        ("localhost", format!("&sslmode=require&sslrootcert={wrong}"), Err("no authority in")),
        ("localhost", format!("&sslmode=prefer&sslrootcert={wrong}"), Err("no authority in")),
        ("localhost", format!("&sslmode=verify-ca&sslrootcert={wrong}"), Err("no authority in")),
        (
            "db.example",
            format!("&sslmode=verify-full&sslrootcert={wrong}"),
            Err("name the file of the right one"),
        ),
        ("db.example", "&sslrootcert=system".into(), Err("no authority that this machine trusts")),
        (
            "localhost",
            format!("&sslmode=verify-full&sslrootcert={right}"),
            Err("not for localhost but for db.example;"),
        ),
        ("db.example", format!("&sslmode=require&sslrootcert={empty}"), Err("there is no certificate in it")),
        ("db.example", "&sslmode=verify-ca&sslrootcert=/nowhere.pem".into(), Err("sslrootcert /nowhere.pem")),
    ] {
        let said = encrypted.purged(host, &settings);
        match (&said, expected) {
            (Ok(found), Ok(expected)) if *found == expected => {}
            (Err(why), Err(expected)) if why.contains(expected) => {}
            _ => assert_eq!(said, expected.map_err(String::from), "{host} {settings}"),
        }
    }

    let asked = |host| encrypted.purged(host, &format!("&sslmode=verify-full&sslrootcert={right}"));
    encrypted.certify(&[]);
    assert!(asked("db.example").unwrap_err().contains("names no host as subjectAltName"));
    encrypted.certify(&["127.0.0.1"]);
    assert_eq!(asked("127.0.0.1"), Ok(0));
    encrypted.serve(&encrypted.authority.pem(), encrypted.authority.key());
    assert!(asked("db.example").unwrap_err().contains("basicConstraints=CA:FALSE"));
}

#[test]
#[ignore = "needs PostgreSQL: cargo xtask test stores"]
fn a_server_without_tls_hears_nothing_but_the_question() {
    let server = Server::start(&TLS);
    fill(&server);
    let heard = Ear::before(server.port);
    let said = purged(&server, "localhost", heard.port, "&sslmode=require").unwrap_err();
    assert!(said.contains("does no TLS, which sslmode asks for"), "{said}");
    // SSLRequest: its length and its number.
    assert_eq!(*heard.bytes.lock().unwrap(), [0, 0, 0, 8, 4, 210, 22, 47]);
    assert_eq!(purged(&server, "localhost", server.port, ""), Ok(1), "prefer takes it as it is");
}

/// Stands before a server and keeps what it is told.
struct Ear {
    port: u16,
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Ear {
    /// For one connection.
    fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, bytes) = (listener.local_addr().unwrap().port(), Arc::default());
        let kept: Arc<Mutex<Vec<u8>>> = Arc::clone(&bytes);
        thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || io::copy(&mut answers, &mut back));
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = client.read(&mut buffer) {
                kept.lock().unwrap().extend(&buffer[..length]);
                server.write_all(&buffer[..length]).unwrap();
            }
            let _ = server.shutdown(Shutdown::Both);
        });
        Self { port, bytes }
    }
}
