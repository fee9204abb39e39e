//! `.dev.vars`: the Worker's secrets for this machine, made once with random values.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};

const MASTER: &str = "CONSENTRY_SECRET";
const ADMIN: &str = "CONSENTRY_ADMIN_SECRET";
/// The seed of the key that signs checkpoints of the log.
const LOG_KEY: &str = "CONSENTRY_LOG_KEY";

/// What this tool itself must know of them.
pub(crate) struct Secrets {
    /// Opens `/admin/…`.
    pub(crate) admin: String,
}

/// Reads the file, after adding what it lacks. Values that are there stay: the database depends on them.
pub(crate) fn ensure(file: &Path) -> Result<Secrets> {
    let mut text = fs::read_to_string(file).unwrap_or_default();
    let mut added = String::new();
    for name in [MASTER, ADMIN, LOG_KEY] {
        if value(&text, name).is_none() {
            writeln!(added, "{name}=\"{}\"", random()?)?;
        }
    }
    if !added.is_empty() {
        if !text.is_empty() && !text.ends_with('\n') {
            added.insert(0, '\n');
        }
        let mut options = OpenOptions::new();
        let mut out = options
            .create(true)
            .append(true)
            .mode(0o600)
            .open(file)
            .with_context(|| format!("cannot write {}", file.display()))?;
        out.write_all(added.as_bytes())?;
        text.push_str(&added);
    }
    Ok(Secrets { admin: value(&text, ADMIN).unwrap_or_default() })
}

fn value(text: &str, name: &str) -> Option<String> {
    let line =
        text.lines().find_map(|line| line.trim().strip_prefix(name)?.trim_start().strip_prefix('='))?;
    Some(line.trim().trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
}

/// 32 bytes from the system, in hexadecimal.
fn random() -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("no random bytes")?;
    let mut hex = String::new();
    for byte in bytes {
        write!(hex, "{byte:02x}")?;
    }
    Ok(hex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_with_and_without_quotes() {
        assert_eq!(value("A=1\nB = \"x y\"\n", "B").as_deref(), Some("x y"));
        assert_eq!(value("A=1", "A").as_deref(), Some("1"));
    }

    #[test]
    fn an_empty_or_longer_name_is_no_value() {
        assert_eq!(value("A=\"\"", "A"), None);
        assert_eq!(value("AB=1", "A"), None);
    }

    #[test]
    fn what_is_there_stays_and_what_lacks_is_added() {
        let file = std::env::temp_dir().join(format!("xtask-secrets-{}", std::process::id()));
        fs::write(&file, "CONSENTRY_ADMIN_SECRET=mine").unwrap();
        assert_eq!(ensure(&file).unwrap().admin, "mine");
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(value(&text, MASTER).unwrap().len(), 64);
        ensure(&file).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), text);
        fs::remove_file(&file).unwrap();
    }
}
