//! Where the visitor of the local server comes from.
//!
//! The platform knows it; wrangler asks its maker's host for the developer's own whereabouts and falls back to Texas, so that
//! the same demo would ask for consent on one desk and not on the next.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::json;

use crate::project::Project;
use crate::stamp::write;

/// Tells wrangler's runtime (Miniflare) which file holds what the platform says of a request.
pub(super) const VARIABLE: &str = "CLOUDFLARE_CF_FETCH_PATH";

/// Writes that file; it counts for a month, so every start writes it anew.
pub(super) fn file(project: &Project, country: &str) -> Result<PathBuf> {
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        bail!("--country takes two capital letters, such as DE or US");
    }
    let path = project.state("visitor.json");
    let visitor = json!({ "country": country, "colo": "LOC", "asn": 0, "httpProtocol": "HTTP/1.1" });
    write(&path, visitor.to_string())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_code_of_a_country_is_taken() {
        let project =
            Project::at(&std::env::temp_dir().join(format!("xtask-visitor-{}", std::process::id())));
        assert!(file(&project, "Germany").is_err());
        assert!(file(&project, "de").is_err());
        let text = std::fs::read_to_string(file(&project, "FR").unwrap()).unwrap();
        assert!(text.contains(r#""country":"FR""#));
        std::fs::remove_dir_all(project.root()).unwrap();
    }
}
