//! How a PostgreSQL is reached: reads a connection as libpq writes it. Owns what of it the driver doesn't know (`verify-ca`,
//! `verify-full`, `sslrootcert`) and the sentences of what goes wrong; how a certificate is checked is `tls`'s.
//!
//! No sentence repeats what stands in the file but hosts and names of files, because a password does.

use std::env;
use std::error::Error as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};

use super::tls::{self, Check, Roots};

/// Connects as the file says.
pub(super) fn connect(file: &Path) -> Result<Client, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let connection =
        Connection::parse(text.trim()).map_err(|error| format!("{}: {error}", file.display()))?;
    connection.open()
}

/// A connection and how much of TLS it asks for.
#[derive(Debug)]
struct Connection {
    config: Config,
    check: Check,
    roots: Option<Roots>,
}

impl Connection {
    fn parse(text: &str) -> Result<Self, String> {
        let Settings { rest, sslmode, sslrootcert } = Settings::take(text).ok_or(FORM)?;
        let mut config: Config = rest.parse().map_err(|_| FORM)?;
        if config.get_ssl_mode() != SslMode::Prefer {
            // It saw an sslmode where none was seen here.
            return Err(FORM.into());
        }
        let roots = sslrootcert.map(|value| match value.as_str() {
            "system" => Roots::System,
            _ => Roots::File(value.into()),
        });
        // As libpq: certificates that anybody can have make no sense unless the name is looked at.
        let default = if roots == Some(Roots::System) { "verify-full" } else { "prefer" };
        let (mode, check) = match sslmode.as_deref().unwrap_or(default) {
            "disable" => (SslMode::Disable, Check::Nothing),
            "prefer" => (SslMode::Prefer, Check::Nothing),
            "require" => (SslMode::Require, Check::Nothing),
            "verify-ca" => (SslMode::Require, Check::Chain),
            "verify-full" => (SslMode::Require, Check::ChainAndName),
            _ => return Err("sslmode is disable, prefer, require, verify-ca or verify-full".into()),
        };
        if roots == Some(Roots::System) && check != Check::ChainAndName {
            return Err("sslrootcert=system is for sslmode=verify-full only; write that".into());
        }
        // libpq doesn't encrypt what stays on the machine, nor does any server.
        let is_local = config.get_hostaddrs().is_empty()
            && !config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
        config.ssl_mode(if is_local { SslMode::Disable } else { mode });
        if config.get_hosts().is_empty() {
            // What a certificate is compared with.
            for address in config.get_hostaddrs().to_vec() {
                config.host(&address.to_string());
            }
        }
        Ok(Self { config, check, roots })
    }

    fn open(&self) -> Result<Client, String> {
        if self.config.get_ssl_mode() == SslMode::Disable {
            return self.config.connect(NoTls).map_err(|error| refused(&error, None));
        }
        let roots = self.roots(root_of_this_user().filter(|file| file.exists()))?;
        let connector = tls::connector(self.check, roots.as_ref())?;
        self.config.connect(connector).map_err(|error| refused(&error, roots.as_ref()))
    }

    /// Whom to believe; `found` is the file of authorities that this user has.
    fn roots(&self, found: Option<PathBuf>) -> Result<Option<Roots>, String> {
        let roots = self.roots.clone().or_else(|| found.map(Roots::File));
        if roots.is_none() && self.check != Check::Nothing {
            return Err("sslmode asks for a check of the server's certificate, and there is no ~/.postgresql/root.crt; name the file of its authority as sslrootcert, or write sslmode=verify-full with sslrootcert=system for those that this machine trusts".into());
        }
        Ok(roots)
    }
}

const FORM: &str = "is no connection; write host=… port=… dbname=… user=… password=…, or postgresql://…, with sslmode and sslrootcert but no other settings of libpq that are about TLS";

/// Where libpq looks for certificates of authorities that nobody named.
fn root_of_this_user() -> Option<PathBuf> {
    Some(env::home_dir()?.join(".postgresql/root.crt"))
}

/// Why there is no connection.
fn refused(error: &postgres::Error, roots: Option<&Roots>) -> String {
    if error.as_db_error().is_some() {
        return super::told(error);
    }
    let Some(cause) = error.source() else { return format!("can't be connected to: {error}") };
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        let inside = error.get_ref().and_then(|inside| inside.downcast_ref::<rustls::Error>());
        return match inside {
            Some(error) => tls::refused(error, roots),
            None => format!("can't be reached: {error}"),
        };
    }
    match cause.to_string().as_str() {
        "server does not support TLS" => {
            "does no TLS, which sslmode asks for; nothing was sent to it. Turn its ssl on, or write sslmode=disable where the way to it is safe without".into()
        }
        // A sentence of the driver's, which has nothing of the connection in it.
        other => format!("can't be connected to: {other}"),
    }
}

/// A connection's text without what is about TLS.
#[derive(Debug, PartialEq, Eq)]
struct Settings {
    rest: String,
    sslmode: Option<String>,
    sslrootcert: Option<String>,
}

impl Settings {
    /// `None` if the text is neither of the forms; what stands in the rest is for the driver to read.
    fn take(text: &str) -> Option<Self> {
        let mut taken = Self { rest: String::new(), sslmode: None, sslrootcert: None };
        let is_url = ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme));
        if !is_url {
            for (key, value) in words(text)? {
                if let Some(slot) = taken.slot(key) {
                    *slot = Some(value);
                } else {
                    let value = value.replace('\\', r"\\").replace('\'', r"\'");
                    taken.rest.extend([key, "='", &value, "' "]);
                }
            }
            return Some(taken);
        }
        // A question mark may be in a password, and an at sign in what follows it.
        let authority = text.find("://")? + 3;
        let host = text[authority..].find(['@', '/']).filter(|at| text[authority..][*at..].starts_with('@'));
        let host = authority + host.unwrap_or(0);
        let Some(query) = text[host..].find('?').map(|at| host + at + 1) else {
            taken.rest = text.into();
            return Some(taken);
        };
        let mut kept = Vec::new();
        for pair in text[query..].split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            match taken.slot(key) {
                Some(slot) => *slot = Some(decoded(value)?),
                None => kept.push(pair),
            }
        }
        taken.rest = text[..query].to_owned() + &kept.join("&");
        Some(taken)
    }

    fn slot(&mut self, key: &str) -> Option<&mut Option<String>> {
        match key {
            "sslmode" => Some(&mut self.sslmode),
            "sslrootcert" => Some(&mut self.sslrootcert),
            _ => None,
        }
    }
}

/// Reads `key=value key='a value' …`; a backslash takes the meaning of what comes after it.
fn words(text: &str) -> Option<Vec<(&str, String)>> {
    let (mut words, mut rest) = (Vec::new(), text.trim_start());
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quoted = after.strip_prefix('\'');
        let mut characters = quoted.unwrap_or(after).chars();
        let mut value = String::new();
        loop {
            match characters.next() {
                Some('\\') => value.extend(characters.next()),
                Some('\'') if quoted.is_some() => break,
                Some(space) if quoted.is_none() && space.is_whitespace() => break,
                Some(other) => value.push(other),
                None if quoted.is_some() => return None,
                None => break,
            }
        }
        words.push((key.trim_end(), value));
        rest = characters.as_str().trim_start();
    }
    Some(words)
}

/// Text with `%` and two digits for what may not stand in an address. As libpq does it refuses a broken escape,
/// which libraries leave as it stands.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str) -> (String, Option<String>, Option<String>) {
        let Settings { rest, sslmode, sslrootcert } = Settings::take(text).unwrap();
        (rest, sslmode, sslrootcert)
    }

    #[test]
    fn settings_of_tls_are_taken_out_of_an_address() {
        let (mode, root) = (Some("verify-full".to_owned()), Some("/a b.pem".to_owned()));
        for (text, rest) in [
            (
                "postgres://h/db?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fa%20b.pem",
                "postgres://h/db?connect_timeout=3",
            ),
            (
                "postgresql://u:p?sslmode=x@h?sslrootcert=/a b.pem&sslmode=verify%2Dfull",
                "postgresql://u:p?sslmode=x@h?",
            ),
            ("postgresql://h/?sslrootcert=/a b.pem&sslmode=prefer&sslmode=verify-full", "postgresql://h/?"),
        ] {
            assert_eq!(taken(text), (rest.into(), mode.clone(), root.clone()), "{text}");
        }
        assert_eq!(taken("postgresql://u@h/db"), ("postgresql://u@h/db".into(), None, None));
        assert_eq!(Settings::take("postgresql://h/?sslmode=%4"), None);
    }

    #[test]
    fn settings_of_tls_are_taken_out_of_words() {
        assert_eq!(
            taken(r"host = h sslmode=verify-ca password='it\'s \\ sslmode=disable' sslrootcert = 'a b'"),
            (
                r"host='h' password='it\'s \\ sslmode=disable' ".into(),
                Some("verify-ca".into()),
                Some("a b".into())
            )
        );
        for bad in ["host", "host=h 'x", "password='x"] {
            assert_eq!(Settings::take(bad), None, "{bad}");
        }
    }

    /// The driver's mode, and what is looked at.
    fn parsed(text: &str) -> (SslMode, Check, Option<Roots>) {
        let connection = Connection::parse(text).unwrap();
        (connection.config.get_ssl_mode(), connection.check, connection.roots)
    }

    #[test]
    fn modes_are_those_of_libpq() {
        let file = Some(Roots::File("r".into()));
        for (text, expected) in [
            ("host=h", (SslMode::Prefer, Check::Nothing, None)),
            ("host=h sslmode=disable", (SslMode::Disable, Check::Nothing, None)),
            ("host=h sslmode=require", (SslMode::Require, Check::Nothing, None)),
            ("host=h sslmode=verify-ca sslrootcert=r", (SslMode::Require, Check::Chain, file.clone())),
            ("postgres://h?sslmode=verify-full&sslrootcert=r", (SslMode::Require, Check::ChainAndName, file)),
            ("host=h sslrootcert=system", (SslMode::Require, Check::ChainAndName, Some(Roots::System))),
            ("hostaddr=127.0.0.1 sslmode=require", (SslMode::Require, Check::Nothing, None)),
            ("host=/tmp sslmode=verify-full", (SslMode::Disable, Check::ChainAndName, None)),
            ("host=/tmp,h sslmode=require", (SslMode::Require, Check::Nothing, None)),
        ] {
            assert_eq!(parsed(text), expected, "{text}");
        }
    }

    #[test]
    fn authorities_are_those_that_are_named_and_else_those_of_the_user() {
        let (named, own) = (Some(Roots::File("r".into())), || Some("root.crt".into()));
        let of_user = Some(Roots::File("root.crt".into()));
        for (settings, found, expected) in [
            ("sslmode=verify-full sslrootcert=r", own(), Ok(named)),
            ("sslmode=verify-full", own(), Ok(of_user.clone())),
            ("sslmode=require", own(), Ok(of_user)),
            ("sslmode=require", None, Ok(None)),
            ("sslmode=verify-ca", None, Err("there is no ~/.postgresql/root.crt")),
        ] {
            let said = Connection::parse(&format!("host=h {settings}")).unwrap().roots(found);
            match (said, expected) {
                (Err(said), Err(why)) => assert!(said.contains(why), "{said}"),
                (said, expected) => assert_eq!(said, expected.map_err(String::from), "{settings}"),
            }
        }
    }

    #[test]
    fn what_can_not_be_meant_is_refused_without_a_word_of_the_password() {
        for (text, why) in [
            ("host=h sslmode=allow password=hush", "sslmode is disable"),
            ("postgresql://u:hush@h/db?sslmode=verify_full", "sslmode is disable"),
            ("host=h sslmode=require sslrootcert=system password=hush", "verify-full only"),
            ("host=h password=hu sh=x", "is no connection"),
            ("host=h password='hush", "is no connection"),
            ("postgresql://u:hush@h/db?sslcert=x", "is no connection"),
            // The driver takes the slash for a part of the password, and what follows for an address.
            ("postgresql://u:hu/sh?x@h/db?sslmode=require", "is no connection"),
        ] {
            let said = Connection::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
            assert!(!said.contains("hu"), "{text}: {said}");
        }
    }
}
