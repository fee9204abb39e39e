//! `cargo xtask bench`: what it weighs and how fast it is, as a table and as JSON. Judges nothing: a busy machine is slow.

mod d1;
mod erasure;
mod filter;
mod load;
mod python;
mod sizes;
mod start;
mod verify;
mod widget;

use std::fmt;

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::build;
use crate::edge::Edge;
use crate::project::Project;
use crate::stamp::write;

/// A table of the report: its title, and rows as objects that have these columns.
pub(crate) struct Table {
    title: &'static str,
    columns: &'static [&'static str],
    rows: Vec<Value>,
}

/// What to measure.
#[derive(Debug, PartialEq, Clone, Copy)]
pub(crate) enum Subject {
    /// Sizes, the API and its start.
    Everything,
    /// The banner beside those of others.
    Widget,
    /// The filter of training data beside a loop in Python.
    Filter,
    /// Masks of columns beside a list comprehension.
    Python,
    /// Erasures at the edge.
    Erasure,
    /// The fold of a log, and its verification beside `sha256sum`.
    Verify,
}

/// Measures; `json` also writes `target/bench.json`.
pub(crate) fn run(project: &Project, subject: Subject, json: bool) -> Result<()> {
    let tables = match subject {
        Subject::Everything => {
            build::run(project)?;
            everything(project)?
        }
        Subject::Widget => {
            build::run(project)?;
            vec![widget::measure(project)?]
        }
        Subject::Filter => vec![filter::measure(project)?],
        Subject::Python => vec![python::measure(project)?],
        Subject::Erasure => vec![erasure::measure(project)?],
        Subject::Verify => vec![verify::measure(project)?],
    };
    for table in &tables {
        println!("\n{table}");
    }
    if json {
        let report: Map<_, _> =
            tables.iter().map(|table| (table.title.replace(' ', "_"), json!(table.rows))).collect();
        write(&project.path("target/bench.json"), format!("{:#}\n", Value::Object(report)))?;
        println!("\nwritten to target/bench.json");
    }
    Ok(())
}

fn everything(project: &Project) -> Result<Vec<Table>> {
    let sizes = sizes::measure(project)?;
    let d1 = {
        let edge = Edge::start(project, &["BENCH=on"])?;
        d1::measure(&edge)?
    };
    let load = {
        let edge = Edge::start(project, &[])?;
        load::measure(project, &edge)?
    };
    let start = start::measure(project)?;
    Ok(vec![sizes, d1, load, start])
}

/// The rows in columns, the first to the left and the others to the right.
impl fmt::Display for Table {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = self.columns.iter().map(|column| column.replace('_', " ")).collect();
        let cells =
            self.rows.iter().map(|row| self.columns.iter().map(|column| cell(&row[*column])).collect());
        let lines: Vec<Vec<String>> = std::iter::once(head).chain(cells).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        out.write_str(self.title)?;
        for line in &lines {
            write!(out, "\n  {:<width$}", line[0], width = width(0))?;
            for (column, cell) in line.iter().enumerate().skip(1) {
                write!(out, "  {cell:>width$}", width = width(column))?;
            }
        }
        Ok(())
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned() {
        let rows = vec![json!({"the_name": "x", "raw": 5}), json!({"the_name": "much longer"})];
        let table = Table { title: "sizes", columns: &["the_name", "raw"], rows };
        assert_eq!(table.to_string(), "sizes\n  the name     raw\n  x              5\n  much longer    -");
    }
}
