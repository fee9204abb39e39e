//! `www/dist/banner*.js`: the widget's module, its loader, its styles and one language in one classic script, as WebAssembly and
//! translated into JavaScript (`banner.csp.js`). `banner.de.js` and its like speak one language each; in the place of `banner.js`
//! and `banner.csp.js`, which speak English, the Worker serves the one of the visitor's language. `more.de.js` and its like are
//! what a page loads later, in one language each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use base64ct::{Base64, Encoding};
use serde_json::json;
use sha2::{Digest, Sha256, Sha384};

use super::{SHARED, literal};
use crate::exec;
use crate::project::Project;
use crate::stamp::{Step, files, write};
use crate::tools;

const STYLES: [&str; 2] = ["www/loader/widget.css", "www/loader/more/more.css"];
pub(super) const LOCALES: &str = "www/locales";
/// The language of the scripts without a language in their name, and of whoever wants one that there is not.
pub(super) const ENGLISH: &str = "en";
/// The first text of a file in `www/locales/` that the banner doesn't need.
const FIRST_OF_MORE: &str = "reopen";

/// What both artefacts may use. `wasm2js` knows no newer instructions.
const FEATURES: [&str; 4] = [
    "--enable-bulk-memory",
    "--enable-sign-ext",
    "--enable-nontrapping-float-to-int",
    "--enable-mutable-globals",
];

/// Compiles, shrinks, translates, bundles, and puts module and texts in.
pub(super) fn build(project: &Project) -> Result<()> {
    let mut inputs = SHARED.to_vec();
    inputs.push("www");
    let dist = project.path("www/dist");
    let step = Step {
        name: "widget",
        inputs: &inputs,
        except: &["www/dist", "www/demo", "www/npm", "www/pages", "www/recipes"],
        salt: "5",
        outputs: &[dist.join("banner.js"), dist.join("more.en.js"), dist.join("integrity.json")],
    };
    step.run(project, || {
        eprintln!("building the widget");
        tools::wasm_target(project)?;
        let folder = project.state("widget");
        fs::create_dir_all(&folder).context("cannot create target/xtask/widget")?;
        let compiled = compile(project)?;
        let module = folder.join("widget.wasm");
        optimise(project, &compiled, &module, &["--strip-target-features"])?;
        translate(project, &compiled, &folder)?;
        styles(project, &folder)?;
        let locales = locales(&project.path(LOCALES))?;
        let bundle = |entry, format| bundle(project, &folder, entry, format, &locales);
        let more = bundle("www/loader/more/index.js", "esm")?;
        let texts = locales.iter().map(|locale| Ok((locale.language.clone(), Texts::new(locale, &more)?)));
        let texts = texts.collect::<Result<_>>()?;
        let strict = bundle("www/loader/entry.csp.js", "iife")?;
        let main = bundle("www/loader/entry.js", "iife")?;
        let module = fs::read(&module).context("cannot read the module")?;
        let main = fill(&main, "WASM", &literal::of_bytes(&module))?;
        publish(&dist, &main, &strict, &texts)
    })?;
    Ok(())
}

fn compile(project: &Project) -> Result<PathBuf> {
    let mut cargo = exec::command("cargo", project.root());
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--lib",
        "--package",
        "consentry-widget",
        "--features",
        "bare",
    ]);
    exec::run(cargo.args(["--target", "wasm32-unknown-unknown"]))?;
    Ok(project.cargo_target().join("wasm32-unknown-unknown/release/consentry_widget.wasm"))
}

fn optimise(project: &Project, from: &Path, to: &Path, options: &[&str]) -> Result<()> {
    let mut opt = exec::command(project.node_module(".bin/wasm-opt"), project.root());
    opt.args(FEATURES).args(["-Oz", "--converge", "--strip-debug", "--strip-producers"]).args(options);
    exec::run(opt.arg(from).arg("-o").arg(to))
}

/// The module as JavaScript.
fn translate(project: &Project, compiled: &Path, folder: &Path) -> Result<()> {
    let lowered = folder.join("lowered.wasm");
    let lowering = [
        "--signext-lowering",
        "--llvm-memory-copy-fill-lowering",
        "--llvm-nontrapping-fptoint-lowering",
        // Other loops and branches than WebAssembly's, which are shorter as JavaScript.
        "--flatten",
        "--rereloop",
        "-Oz",
    ];
    optimise(project, compiled, &lowered, &lowering)?;
    let mut wasm2js = exec::command(project.node_module(".bin/wasm2js"), project.root());
    let translated = exec::output(wasm2js.arg("-Oz").arg(&lowered))?;
    write(&folder.join("translated.js"), without_unused(&plain_data(&translated)?))
}

/// Leaves out what `wasm2js` declares and nothing uses: views of the memory by types that the module has no numbers of, functions
/// of `Math`.
fn without_unused(translated: &str) -> String {
    let declared = |line: &str| {
        let line = line.trim_start();
        let (name, value) = line.strip_prefix("var ").unwrap_or(line).split_once(" = ")?;
        (value.starts_with("new ") || value.starts_with("Math.")).then(|| name.to_owned())
    };
    let mut used = BTreeSet::new();
    for line in translated.lines() {
        let own = declared(line);
        let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        for word in words.filter(|word| own.as_deref() != Some(*word)) {
            if word.starts_with("HEAP") || word.starts_with("Math_") {
                used.insert(word);
            }
        }
    }
    let unused = |name: String| {
        (name.starts_with("HEAP") || name.starts_with("Math_")) && !used.contains(name.as_str())
    };
    let kept: Vec<_> = translated.lines().filter(|line| !declared(line).is_some_and(unused)).collect();
    kept.join("\n")
}

/// `wasm2js` writes the texts of the module as base64, which hides from a compressor that they are texts. They become strings
/// like any other, and the function that puts them into memory one that takes those.
fn plain_data(translated: &str) -> Result<String> {
    const READER: &str = "function base64DecodeToExistingUint8Array(memory, at, text) {
    for (var i = 0; i < text.length; i++) memory[at + i] = text.charCodeAt(i);
  }
";
    let cut = |from: &str, to: &str| {
        let (head, rest) = translated.split_once(from)?;
        let (_, tail) = rest.split_once(to)?;
        Some((head, tail))
    };
    let (head, tail) = cut("  var base64ReverseLookup", "function initActiveSegments")
        .context("wasm2js no longer writes its data as this build expects")?;
    let (segments, code) = tail.split_once("\n}").context("wasm2js wrote no end after the data")?;
    let mut plain = format!("{head}{READER}function initActiveSegments");
    for (number, part) in segments.split('"').enumerate() {
        if number % 2 == 0 {
            plain.push_str(part);
        } else {
            let bytes = Base64::decode_vec(part).map_err(|error| anyhow!("the data of wasm2js: {error}"))?;
            let text: String = bytes.into_iter().map(char::from).collect();
            plain.extend(["\"", &literal::of_ascii(&text), "\""]);
        }
    }
    Ok(format!("{plain}\n}}{code}"))
}

/// As text inside a script a style sheet is not esbuild's to minify, so that happens before.
fn styles(project: &Project, folder: &Path) -> Result<()> {
    for style in STYLES {
        let mut esbuild = exec::command(project.node_module(".bin/esbuild"), project.root());
        esbuild.args([style, "--minify", "--log-level=warning"]);
        let name = Path::new(style).file_name().unwrap_or_default();
        exec::run(esbuild.arg(format!("--outfile={}", folder.join(name).display())))?;
    }
    Ok(())
}

/// The name of a text and the text.
pub(super) type Line = (String, String);

/// One file of `www/locales/`.
pub(super) struct Locale {
    pub(super) language: String,
    /// In the order of the file.
    pub(super) lines: Vec<Line>,
}

impl Locale {
    /// Those of the banner, and the others.
    fn parts(&self) -> (&[Line], &[Line]) {
        let middle = self.lines.iter().position(|(key, _)| key == FIRST_OF_MORE);
        self.lines.split_at(middle.unwrap_or(self.lines.len()))
    }
}

pub(super) fn locales(folder: &Path) -> Result<Vec<Locale>> {
    let mut locales = Vec::new();
    for file in files(folder)? {
        let language = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let lines = text.lines().filter_map(|line| line.split_once(": "));
        let lines = lines.map(|(key, text)| (key.to_owned(), text.to_owned())).collect();
        locales.push(Locale { language, lines });
    }
    locales.sort_by(|a, b| a.language.cmp(&b.language));
    Ok(locales)
}

/// What a language makes of the scripts.
struct Texts {
    /// The inside of the string that the banner takes: the tag, the hash of the other part, the texts without their names.
    banner: String,
    /// The other part.
    more: String,
}

impl Texts {
    fn new(locale: &Locale, more: &str) -> Result<Self> {
        let (banner, rest) = locale.parts();
        let rest: Vec<_> = rest.iter().map(|(_, text)| text.as_str()).collect();
        let mut more = fill(more, "TEXTS", &literal::of_text(&rest.join("\n")))?;
        more.insert(0, literal::UTF_8);
        let hash = format!("sha256-{}", Base64::encode_string(&Sha256::digest(&more)));
        let head = [locale.language.as_str(), &hash];
        let lines: Vec<_> = head.into_iter().chain(banner.iter().map(|(_, text)| text.as_str())).collect();
        Ok(Self { banner: literal::of_text(&lines.join("\n")), more })
    }
}

/// One script: in the old style (`iife`, without a module), so that it runs before anything that follows it, or a module.
fn bundle(project: &Project, folder: &Path, entry: &str, format: &str, locales: &[Locale]) -> Result<String> {
    let names =
        |lines: &[(String, String)]| lines.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>().join(" ");
    let english =
        locales.iter().find(|locale| locale.language == ENGLISH).context("there are no English texts")?;
    let (keys, more_keys) = english.parts();
    let languages: Vec<_> = locales.iter().map(|locale| locale.language.as_str()).collect();
    let mut esbuild = exec::command(project.node_module(".bin/esbuild"), project.root());
    esbuild.arg(entry).args(["--bundle", "--minify", "--target=es2020"]).arg(format!("--format={format}"));
    esbuild.args(["--loader:.css=text", "--legal-comments=none", "--log-level=warning"]);
    let texts = [
        ("LANGUAGES", languages.join(" ")),
        ("KEYS", names(if format == "esm" { more_keys } else { keys })),
        ("VERSION", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    for (name, text) in texts {
        esbuild.arg(format!("--define:{name}=\"{text}\""));
    }
    esbuild.arg(format!("--alias:widget={}", folder.display()));
    // What `wasm2js` calls the module of the imports.
    esbuild.arg(format!("--alias:hands={}", project.path("www/loader/hands.js").display()));
    Ok(exec::output(&mut esbuild)?.trim_end().to_owned())
}

/// Puts text into the place that the loader leaves for it.
fn fill(script: &str, name: &str, text: &str) -> Result<String> {
    let place = format!("\"%CONSENTRY_{name}%\"");
    match script.matches(&place).count() {
        1 => Ok(script.replacen(&place, &format!("\"{text}\""), 1)),
        count => bail!("the loader has {count} places for {name}, not one"),
    }
}

/// Writes every script, the texts by themselves for pages in another language, the list of languages for the Worker, and the
/// hashes.
fn publish(dist: &Path, main: &str, strict: &str, texts: &BTreeMap<String, Texts>) -> Result<()> {
    let mut wanted = BTreeMap::new();
    for (language, Texts { banner, more }) in texts {
        let mut strict = fill(strict, "TEXTS", banner)?;
        strict.insert(0, literal::UTF_8);
        let mut main = fill(&fill(main, "INTEGRITY", &integrity(&strict))?, "TEXTS", banner)?;
        main.insert(0, literal::UTF_8);
        wanted.insert(format!("more.{language}.js"), more.clone());
        if language == ENGLISH {
            wanted.insert("banner.csp.js".into(), strict.clone());
            wanted.insert("banner.js".into(), main.clone());
        }
        wanted.insert(format!("banner.csp.{language}.js"), strict);
        wanted.insert(format!("banner.{language}.js"), main);
    }
    let hashes: BTreeMap<_, _> =
        wanted.iter().map(|(name, script)| (name.clone(), integrity(script))).collect();
    wanted.insert("integrity.json".into(), format!("{:#}\n", json!(hashes)));
    wanted.extend(
        texts.iter().map(|(language, text)| (format!("locales/{language}.txt"), text.banner.clone())),
    );
    wanted.insert("locales/index.txt".into(), texts.keys().map(String::as_str).collect::<Vec<_>>().join(" "));
    remove_others(dist, &wanted)?;
    wanted.iter().try_for_each(|(name, script)| replace(&dist.join(name), script))
}

/// What a page can name in the `integrity` of its tag (Subresource Integrity).
fn integrity(script: &str) -> String {
    format!("sha384-{}", Base64::encode_string(&Sha384::digest(script)))
}

/// A language that is gone leaves nothing.
fn remove_others(dist: &Path, wanted: &BTreeMap<String, String>) -> Result<()> {
    for file in files(dist)? {
        let name = file.strip_prefix(dist)?.to_string_lossy().into_owned();
        if is_ours(&name) && !wanted.contains_key(&name) {
            fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        }
    }
    Ok(())
}

/// Whether a file below `www/dist` is the widget's.
pub(super) fn is_ours(name: &str) -> bool {
    name.starts_with("banner.")
        || name.starts_with("more.")
        || name.starts_with("locales/")
        || name == "integrity.json"
}

/// Written beside and moved, so that a server never reads half of it.
fn replace(path: &Path, contents: &str) -> Result<()> {
    let fresh = path.with_extension("fresh");
    write(&fresh, contents)?;
    fs::rename(&fresh, path).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_filled_once_and_only_if_there_is_one() {
        assert_eq!(fill(r#"a="%CONSENTRY_X%";"#, "X", "1").unwrap(), r#"a="1";"#);
        assert!(fill("a", "X", "1").is_err());
        assert!(fill(r#""%CONSENTRY_X%""%CONSENTRY_X%""#, "X", "1").is_err());
    }

    #[test]
    fn the_data_of_a_translation_becomes_text() {
        let translated = "  var bufferView;
  var base64ReverseLookup = 0;
  function base64DecodeToExistingUint8Array(a, b, c) {}
function initActiveSegments(imports) {
  base64DecodeToExistingUint8Array(bufferView, 8, \"aGkiCv8=\");
}
rest";
        let plain = plain_data(translated).unwrap();
        assert!(
            plain.contains(r#"base64DecodeToExistingUint8Array(bufferView, 8, "hi\"\n\u00ff");"#),
            "{plain}"
        );
        assert!(!plain.contains("Lookup") && plain.ends_with("}\nrest"));
        assert!(plain_data("function f() {}").is_err());
    }

    #[test]
    fn what_a_translation_declares_in_vain_goes() {
        let translated = " var HEAP8 = new Int8Array(buffer);
 var HEAP16 = new Int16Array(buffer);
 var Math_abs = Math.abs;
 HEAP8[0] = 1;
  HEAP8 = new Int8Array(newBuffer);
  HEAP16 = new Int16Array(newBuffer);";
        let kept = " var HEAP8 = new Int8Array(buffer);\n HEAP8[0] = 1;\n  HEAP8 = new Int8Array(newBuffer);";
        assert_eq!(without_unused(translated), kept);
    }

    fn all_locales() -> Vec<Locale> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        locales(&root.join(LOCALES)).unwrap()
    }

    #[test]
    fn every_language_has_every_text_in_its_place_and_no_other() {
        let names = |locale: &Locale| locale.lines.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
        let locales = all_locales();
        let english = locales.iter().find(|locale| locale.language == ENGLISH).unwrap();
        assert!(locales.len() > 30);
        for locale in &locales {
            assert_eq!(names(locale), names(english), "{}", locale.language);
            assert_eq!(locale.parts().1[0].0, FIRST_OF_MORE);
        }
    }

    #[test]
    fn no_text_is_empty_or_left_in_english() {
        let locales = all_locales();
        let english = locales.iter().find(|locale| locale.language == ENGLISH).unwrap();
        for locale in locales.iter().filter(|locale| locale.language != ENGLISH) {
            for ((key, text), (_, original)) in locale.lines.iter().zip(&english.lines) {
                assert!(!text.trim().is_empty() && text != original, "{}: {key}", locale.language);
            }
        }
    }

    #[test]
    fn an_integrity_is_what_browsers_expect() {
        let empty = "sha384-OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb";
        assert_eq!(integrity(""), empty);
    }
}
