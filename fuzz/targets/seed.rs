//! Writes what the targets begin with into their corpora: the rows and policies of `tests/vectors`, a snapshot and what an edge sends.

use std::error::Error;
use std::fs;
use std::io::Cursor;
use std::path::Path;

use consentry::granted::form::{FORMAT, Head, entry, to_hex};
use consentry::purpose::Purpose;
use consentry::slug::Slug;
use consentry::subject::{KeyId, UserId};
use consentry::time::Timestamp;
use consentry_training::snapshot::{Builder, Keying};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |name: &str| -> Result<Value, Box<dyn Error>> {
        Ok(serde_json::from_str(&fs::read_to_string(here.join("../tests/vectors").join(name))?)?)
    };
    let (rows, gates) = (read("rows.json")?, read("gates.json")?);
    let texts = |cases: &Value, key: &str| -> Vec<String> {
        let cases = cases.as_array().into_iter().flatten();
        cases.filter_map(|case| case[key].as_str()).map(String::from).collect()
    };
    let all_rows = [texts(&rows["rows"], "row"), texts(&gates["cases"], "row")].concat();
    // A first byte chooses the field.
    let scan: Vec<String> = all_rows.into_iter().map(|row| format!("\0{row}")).collect();
    let policies = gates["cases"].as_array().into_iter().flatten().map(|case| case["policy"].to_string());
    let policy = policies.chain(texts(&gates["refused"], "policy")).collect();
    let bytes = |texts: Vec<String>| texts.into_iter().map(String::into_bytes).collect();
    let targets: [(&str, Vec<Vec<u8>>); 4] = [
        ("scan", bytes(scan)),
        ("policy", bytes(policy)),
        ("snapshot", snapshots()?),
        ("granted", granted()?),
    ];
    for (target, seeds) in targets {
        let folder = here.join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (n, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{n}")), seed)?;
        }
    }
    Ok(())
}

/// Of nobody, of a few and of so many that the index has prefixes; with ends and without.
fn snapshots() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let of = |(users, ends): (u32, bool)| -> Result<Vec<u8>, Box<dyn Error>> {
        let site = Slug::parse("demo").ok_or("a site")?;
        let (now, keying) = (Timestamp::from_ms(1_800_000_000_000), Keying::Inside([7; 32]));
        let mut builder = Builder::new(site, Purpose::ModelTraining, now, keying, &std::env::temp_dir());
        for n in 0..users {
            let user = UserId::parse(&format!("u{n}")).map_err(|error| error.code())?;
            if ends && n % 3 == 2 {
                builder.add_until(&user, now.plus_ms(60_000 * i64::from(n)))?;
            } else {
                builder.add(&user, n % 3 > 0)?;
            }
        }
        let mut file = Cursor::new(Vec::new());
        builder.finish(&mut file)?;
        Ok(file.into_inner())
    };
    [(0, false), (3, false), (60, false), (3, true), (60, true)].into_iter().map(of).collect()
}

/// Of nobody and of a few, without the digest, which the target makes.
fn granted() -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let head = Head {
        format: FORMAT.into(),
        site: "demo".into(),
        purpose: Purpose::ModelTraining,
        key_id: KeyId(1),
        key_check: to_hex(&[7; 16]),
        log: "log.example/1".into(),
        position: "41".into(),
        built_at: Timestamp::from_ms(1_800_000_000_000),
    };
    let head = serde_json::to_string(&head)? + "\n";
    let people: Vec<u8> = (0..5_u8).flat_map(|n| entry(&[n; 16], 30_000_000 + u32::from(n))).collect();
    Ok(vec![head.clone().into_bytes(), [head.as_bytes(), &people].concat(), to_hex(&[9; 16]).into_bytes()])
}
