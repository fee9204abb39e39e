//! `www/dist/banner.js`: the widget's wasm and its loader in one classic script.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::SHARED;
use crate::exec;
use crate::project::Project;
use crate::stamp::Step;
use crate::tools;

const ENTRY: &str = "www/loader/entry.js";
const STYLE: &str = "www/loader/widget.css";

/// Compiles, binds, shrinks and bundles.
pub(super) fn build(project: &Project) -> Result<()> {
    let mut inputs = SHARED.to_vec();
    inputs.push("www");
    let script = project.path("www/dist/banner.js");
    let step = Step {
        name: "widget",
        inputs: &inputs,
        except: &["www/dist", "www/demo"],
        salt: "2",
        outputs: std::slice::from_ref(&script),
    };
    step.run(project, || {
        eprintln!("building the widget");
        tools::wasm_target(project)?;
        let bindgen = tools::WASM_BINDGEN.ensure(project)?.join("wasm-bindgen");
        let folder = project.state("widget");
        let mut cargo = exec::command("cargo", project.root());
        exec::run(
            cargo
                .args([
                    "build",
                    "--quiet",
                    "--release",
                    "--lib",
                    "--package",
                    "consentry-widget",
                    "--features",
                    "bare",
                ])
                .args(["--target", "wasm32-unknown-unknown"]),
        )?;
        let compiled = project.cargo_target().join("wasm32-unknown-unknown/release/consentry_widget.wasm");
        let mut bind = exec::command(bindgen, project.root());
        exec::run(bind.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&folder).arg(compiled))?;
        let wasm = folder.join("consentry_widget_bg.wasm");
        let mut opt = exec::command(project.node_module(".bin/wasm-opt"), project.root());
        exec::run(opt.arg("-Oz").arg(&wasm).arg("-o").arg(&wasm))?;
        style(project, &folder)?;
        bundle(project, &folder.to_string_lossy())
    })?;
    Ok(())
}

/// As text inside a script the style sheet is not esbuild's to minify, so that happens before.
fn style(project: &Project, folder: &Path) -> Result<()> {
    let mut esbuild = exec::command(project.node_module(".bin/esbuild"), project.root());
    esbuild.args([STYLE, "--minify", "--charset=utf8", "--log-level=warning"]);
    exec::run(esbuild.arg(format!("--outfile={}", folder.join("widget.css").display())))
}

/// One script in the old style (`<script src>` without a module), so that it runs before anything that follows it.
/// The entry imports `widget/consentry_widget.js`, `widget/consentry_widget_bg.wasm` as bytes, `widget/widget.css` as text.
fn bundle(project: &Project, widget: &str) -> Result<()> {
    let script = project.path("www/dist/banner.js");
    // Built beside and moved, so that a server never reads half of it.
    let fresh = project.state("widget/banner.js");
    let mut esbuild = exec::command(project.node_module(".bin/esbuild"), project.root());
    esbuild.arg(ENTRY).args(["--bundle", "--minify", "--format=iife", "--target=es2020", "--charset=utf8"]);
    esbuild.args([
        "--loader:.wasm=binary",
        "--loader:.css=text",
        "--legal-comments=none",
        "--log-level=warning",
        // wasm-bindgen's own way to fetch the wasm, which the entry does not take.
        "--log-override:empty-import-meta=silent",
    ]);
    exec::run(esbuild.arg(format!("--alias:widget={widget}")).arg(format!("--outfile={}", fresh.display())))?;
    fs::create_dir_all(project.path("www/dist")).context("cannot create www/dist")?;
    fs::rename(&fresh, &script).context("cannot write www/dist/banner.js")
}
