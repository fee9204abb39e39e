//! The rest of `www/dist`: the demo and the pages for people at the root, what those share under `pages/`, the words of pages and
//! banner by language under `words/`, the API's description and its page under `docs/`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{core, widget, words};
use crate::project::Project;
use crate::stamp::{Step, files, write};

/// What of Swagger UI the page needs.
const SWAGGER: [&str; 3] = ["swagger-ui-bundle.js", "swagger-ui.css", "LICENSE"];
const DOCS_PAGE: &str = include_str!("docs/index.html");
const DOCS_SCRIPT: &str = include_str!("docs/start.js");
const DOCS_STYLE: &str = include_str!("docs/page.css");

/// Copies what is newer and removes what is gone.
pub(super) fn build(project: &Project) -> Result<()> {
    let step = Step {
        name: "site",
        inputs: &[
            "www/demo",
            "www/pages",
            "www/locales",
            "js/pkg/consentry.js",
            "js/pkg/consentry_bg.wasm",
            "www/loader/more/notice.js",
            "worker/openapi.json",
            "package-lock.json",
        ],
        except: &[],
        salt: &[DOCS_PAGE, DOCS_SCRIPT, DOCS_STYLE].concat(),
        outputs: &[project.path("www/dist/docs/index.html")],
    };
    step.run(project, || {
        let wanted = contents(project)?;
        let dist = project.path("www/dist");
        for (path, bytes) in &wanted {
            let target = dist.join(path);
            if fs::read(&target).ok().as_ref() != Some(bytes) {
                write(&target, bytes)?;
            }
        }
        for file in files(&dist)? {
            let below = file.strip_prefix(&dist)?.to_path_buf();
            if !wanted.contains_key(&below) && !widget::is_ours(&below.to_string_lossy()) {
                fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn contents(project: &Project) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut wanted = BTreeMap::new();
    let demo = project.path("www/demo");
    for file in files(&demo)? {
        wanted.insert(file.strip_prefix(&demo)?.to_path_buf(), read(&file)?);
    }
    let pages = project.path("www/pages");
    for file in files(&pages)? {
        let below = file.strip_prefix(&pages)?;
        // A page is at the root by its name, so that `privacy.html` is `/privacy`.
        match below.extension().and_then(|extension| extension.to_str()) {
            Some("txt") => continue,
            Some("html") => wanted.insert(below.to_path_buf(), read(&file)?),
            _ => wanted.insert(Path::new("pages").join(below), read(&file)?),
        };
    }
    wanted.extend(core::contents(project)?);
    wanted.extend(words::contents(project)?);
    // What is recorded of a choice on a page is written as in the banner.
    wanted.insert("pages/notice.js".into(), read(&project.path("www/loader/more/notice.js"))?);
    for name in SWAGGER {
        let file = project.node_module("swagger-ui-dist").join(name);
        wanted.insert(PathBuf::from("docs").join(name), read(&file)?);
    }
    wanted.insert("docs/index.html".into(), DOCS_PAGE.into());
    wanted.insert("docs/start.js".into(), DOCS_SCRIPT.into());
    wanted.insert("docs/page.css".into(), DOCS_STYLE.into());
    let description = project.path("worker/openapi.json");
    if description.exists() {
        wanted.insert("openapi.json".into(), read(&description)?);
    }
    Ok(wanted)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}
