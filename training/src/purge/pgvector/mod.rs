//! Rows of a PostgreSQL table, with vectors of pgvector or without. Owns deleting a user's rows and having the table and its
//! indexes written anew, so that the deleted is not in their files either.
//!
//! Names of tables and columns are checked and quoted, ids are parameters. What the server logs ahead of writing it keeps until
//! it recycles that, and nobody can hurry it over a connection; the report says so.

mod connection;
mod tls;

use postgres::Client;

use self::connection::connect;
use super::People;
use super::plan::Rows;
use super::report::StoreReport;

pub(super) fn purge(
    store: &Rows,
    people: &People<'_>,
    dry_run: bool,
    mut report: StoreReport,
) -> StoreReport {
    if let Err(error) = through(store, people, dry_run, &mut report) {
        report.fail(&store.table, error);
    }
    report.verified = !dry_run && report.failures.is_empty();
    report
}

fn through(store: &Rows, people: &People<'_>, dry_run: bool, report: &mut StoreReport) -> Result<(), String> {
    let table = quoted(&store.table).ok_or(NAMES)?;
    let column = quoted(&store.user_field).filter(|_| !store.user_field.contains('.')).ok_or(NAMES)?;
    let mut client = connect(&store.connection_file)?;
    // An id of digits may be a number there.
    let theirs = format!("FROM {table} WHERE {column}::text = $1");
    let count = |client: &mut Client, id: &&str| -> Result<u64, String> {
        let row =
            client.query_one(&format!("SELECT count(*) {theirs}"), &[id]).map_err(|error| told(&error))?;
        Ok(u64::try_from(row.get::<_, i64>(0)).unwrap_or(0))
    };
    for (user, id) in people.ids.iter().enumerate() {
        report.found(user, count(&mut client, id)?);
    }
    if dry_run {
        return Ok(());
    }
    let mut all = client.transaction().map_err(|error| told(&error))?;
    for id in &people.ids {
        report.removed += all.execute(&format!("DELETE {theirs}"), &[id]).map_err(|error| told(&error))?;
    }
    all.commit().map_err(|error| told(&error))?;
    let dead =
        "SELECT coalesce(sum(n_dead_tup), 0) > 0 FROM pg_stat_user_tables WHERE relid = to_regclass($1)";
    let dead = client.query_one(dead, &[&table]).map_err(|error| told(&error))?.get::<_, bool>(0);
    if report.removed > 0 || dead {
        // Statistics have samples of values, so they are made anew too, and with them the table that they are in.
        client.batch_execute(&format!("VACUUM (FULL, ANALYZE) {table}")).map_err(|error| told(&error))?;
        let may = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
        if client.query_one(may, &[]).map_err(|error| told(&error))?.get::<_, bool>(0) {
            client.batch_execute("VACUUM FULL pg_catalog.pg_statistic").map_err(|error| told(&error))?;
        } else {
            report.notes.push("old statistics may keep samples of values until the server vacuums them; a superuser can: VACUUM FULL pg_statistic".into());
        }
        report.notes.push("the server's write-ahead log, its replicas and its backups keep what was deleted until they are recycled".into());
        let open = "SELECT count(*) FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()";
        if client.query_one(open, &[]).map_err(|error| told(&error))?.get::<_, i64>(0) > 0 {
            return Err("was written anew while other transactions were open, for which the server may have kept what was deleted; run this again when they have ended".into());
        }
    }
    for id in &people.ids {
        if count(&mut client, id)? > 0 {
            return Err("still has rows of the users; something writes to it, stop that and try again".into());
        }
    }
    Ok(())
}

const NAMES: &str =
    "names of tables, with or without a schema, and of columns have letters, digits and underscores only";

/// A name, or two with a dot between them, in quotes.
pub(super) fn quoted(name: &str) -> Option<String> {
    let plain = |part: &str| {
        let begins = part.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        begins && part.len() < 64 && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let parts: Vec<&str> = name.split('.').collect();
    let good = parts.len() <= 2 && parts.iter().all(|part| plain(part));
    good.then(|| parts.iter().map(|part| format!("\"{part}\"")).collect::<Vec<_>>().join("."))
}

/// Of an error of the server its message and code; details can have values of rows.
fn told(error: &postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} (SQLSTATE {})", said.message(), said.code().code()),
        None => "broke the connection".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_and_quoted() {
        assert_eq!(quoted("items").as_deref(), Some("\"items\""));
        assert_eq!(quoted("public.Items_2").as_deref(), Some("\"public\".\"Items_2\""));
        for bad in ["", "a.b.c", "a b", "a;b", "a\"", "1a", ".", "a.", "ä", &"a".repeat(64)] {
            assert_eq!(quoted(bad), None, "{bad}");
        }
    }
}
