//! The made-up rows and users: 630 MB of a million users, the same on every machine.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

const USERS: u64 = 1_000_000;
const BYTES: u64 = 630_000_000;
const GRANTED_PERCENT: u64 = 60;

/// Users and rows, made once.
pub(super) fn data(folder: &Path) -> Result<(PathBuf, PathBuf)> {
    let (users, rows) = (folder.join("users.csv"), folder.join("rows.jsonl"));
    if !rows.exists() {
        fs::create_dir_all(folder)?;
        let write = |path: &Path, make: fn(&mut dyn Write) -> std::io::Result<()>| {
            let half = path.with_extension("half");
            let mut file = BufWriter::new(File::create(&half)?);
            make(&mut file)?;
            file.flush()?;
            fs::rename(half, path)
        };
        write(&users, make_users).context("cannot write the users")?;
        write(&rows, make_rows).context("cannot write the rows")?;
    }
    Ok((users, rows))
}

fn make_users(file: &mut dyn Write) -> std::io::Result<()> {
    make_users_up_to(USERS, file)
}

/// A table of so many users; the first million are those of the rows.
pub(super) fn make_users_up_to(users: u64, file: &mut dyn Write) -> std::io::Result<()> {
    writeln!(file, "user_id,status")?;
    for user in 0..users {
        let granted = mixed(user) % 100 < GRANTED_PERCENT;
        writeln!(file, "{},{}", id(user), if granted { "granted" } else { "revoked" })?;
    }
    Ok(())
}

fn make_rows(file: &mut dyn Write) -> std::io::Result<()> {
    const WORDS: [&str; 16] = [
        "of",
        "the",
        "consent",
        "training",
        "a",
        "model",
        "person",
        "said",
        "yes",
        "data",
        "line\\nbreak",
        "\\\"quoted\\\"",
        "naïve",
        "caf\\u00e9",
        "row",
        "with",
    ];
    let (mut written, mut seed) = (0, 0);
    let mut text = String::new();
    while written < BYTES {
        seed += 1;
        let length = 60 + mixed(seed) % 1400;
        text.clear();
        while (text.len() as u64) < length {
            let mut random = mixed(seed ^ (text.len() as u64) << 32);
            for _ in 0..16 {
                text += WORDS[usize::from(random.to_le_bytes()[0] % 16)];
                text.push(' ');
                random >>= 4;
            }
        }
        let (user, score) = (id(mixed(seed) % USERS), mixed(seed) % 1000);
        let row = format!(
            "{{\"id\": {seed}, \"user_id\": \"{user}\", \"score\": 0.{score:03}, \"meta\": {{\"user_id\": \"nested\"}}, \"text\": \
             \"{text}\"}}\n"
        );
        file.write_all(row.as_bytes())?;
        written += row.len() as u64;
    }
    Ok(())
}

/// A UUID, version 4 by its looks.
fn id(user: u64) -> String {
    let (a, b) = (mixed(user), mixed(!user));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        a & 0xfff,
        0x8000 | b >> 50,
        b & 0xffff_ffff_ffff
    )
}

/// splitmix64: a number that looks like chance and is always the same.
const fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ n >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ n >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ n >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_different_ids_of_one_form() {
        let ids: std::collections::BTreeSet<String> = (0..1000).map(id).collect();
        assert_eq!(ids.len(), 1000);
        assert!(ids.iter().all(|id| id.len() == 36 && id.as_bytes()[14] == b'4'));
    }
}
