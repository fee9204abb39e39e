//! How long it takes to mask a column of ten million ids in Python, beside the list comprehension over a dictionary that people write.

use std::fs;

use anyhow::{Context, Result};

use super::Table;
use crate::exec;
use crate::project::Project;
use crate::test::python;

pub(super) fn measure(project: &Project) -> Result<Table> {
    let programs = python::wheel(project)?.context("python3 is not on PATH")?;
    let folder = project.state("mask");
    fs::create_dir_all(&folder)?;
    let mut bench = exec::command(programs.join("python"), project.root());
    bench.arg("tests/python/bench.py").arg(project.cargo_target().join("wheel/consentry")).arg(&folder);
    Ok(Table {
        title: "mask 10 M ids by 1 M users",
        columns: &["column", "seconds", "times_faster", "CPU_seconds", "ns_an_id"],
        rows: serde_json::from_str(&exec::output(&mut bench)?)?,
    })
}
