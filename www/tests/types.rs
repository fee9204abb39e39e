//! The TypeScript types of the npm package name what the core and the texts name.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use consentry::{purpose::Purpose, record::LegalBasis, regime};

const TYPES: &str = include_str!("../npm/index.d.ts");

/// The names in `export type NAME = "…" | "…";`.
fn union(name: &str) -> Vec<&'static str> {
    let (_, rest) = TYPES.split_once(&format!("export type {name} =")).unwrap();
    let (members, _) = rest.split_once(';').unwrap();
    members.split('|').map(|member| member.trim().trim_matches('"')).filter(|m| !m.is_empty()).collect()
}

#[test]
fn unions_are_in_step_with_the_core() {
    assert_eq!(union("LegalBasis"), LegalBasis::ALL.map(LegalBasis::as_str));
    assert_eq!(union("Regime"), regime::ALL.iter().map(|regime| regime.code).collect::<Vec<_>>());
    let built_in = Purpose::DEFAULT.iter().chain([&Purpose::SaleOrSharing]);
    assert_eq!(union("BuiltInPurpose"), built_in.map(Purpose::as_str).collect::<Vec<_>>());
}

#[test]
fn a_site_can_replace_each_text_that_there_is() {
    let keys = include_str!("../locales/en.txt").lines().filter_map(|line| Some(line.split_once(": ")?.0));
    assert_eq!(BTreeSet::from_iter(union("TextName")), keys.collect());
}
