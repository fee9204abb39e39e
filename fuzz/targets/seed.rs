//! Writes the rows and policies of `tests/vectors` into the corpora, for the targets to begin with.

use std::error::Error;
use std::fs;
use std::path::Path;

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
    for (target, seeds) in [("scan", scan), ("policy", policy)] {
        let folder = here.join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (n, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{n}")), seed)?;
        }
    }
    Ok(())
}
