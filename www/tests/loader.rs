//! What the loader must hold to although it is JavaScript: it acts before the module is there.

use consentry::signals::ConsentMode;

#[test]
fn the_loader_denies_by_default_what_the_core_denies() {
    let page = include_str!("../loader/page.js");
    let default = page.split_once("switches = {").unwrap().1.split_once("};").unwrap().0;
    let lines: Vec<_> = default.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let expected = ConsentMode::DENIED
        .entries()
        .map(|(name, granted)| format!("{name}: '{}',", if granted { "granted" } else { "denied" }));
    assert_eq!(lines, expected);
}
