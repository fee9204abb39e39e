//! The cases of `tests/vectors/` against the core itself. Owns reading them and the checks; which machine runs them (native,
//! or WebAssembly in a browser) is up to the test that includes this module.

use consentry::{
    decision::{Context, Decision, decide},
    event::{Actor, Event, Kind},
    evidence::{Evidence, Salt},
    hash::Hash,
    history::History,
    log,
    purpose::Purpose,
    record::{ConsentRecord, LegalBasis, RecordError, RecordFields, Status},
    regime::Regime,
    slug::Slug,
    subject::{KeyId, SiteKey, Subject, UserId, VisitorSecret},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

pub(crate) const LEAF: &str = include_str!("../vectors/leaf.json");
pub(crate) const EVIDENCE: &str = include_str!("../vectors/evidence.json");
pub(crate) const SUBJECT: &str = include_str!("../vectors/subject.json");
pub(crate) const RECORD: &str = include_str!("../vectors/record.json");
pub(crate) const STATUS: &str = include_str!("../vectors/status.json");
pub(crate) const DECIDE: &str = include_str!("../vectors/decide.json");

/// A record with its place in the log, as the API exports it.
#[derive(Deserialize, Serialize)]
struct Exported {
    log_index: u64,
    #[serde(flatten)]
    record: ConsentRecord,
}

/// The cases of a file or of a part of one.
pub(crate) fn cases(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

fn bytes(hex: &Value) -> Vec<u8> {
    let hex = text(hex);
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// `null` stays absent; anything else has to parse.
fn optional<T>(value: &Value, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    (!value.is_null()).then(|| parse(text(value)).unwrap_or_else(|| panic!("{value} does not parse")))
}

fn event(value: &Value) -> Event {
    let subject = &value["subject"];
    Event {
        id: read(&value["id"]),
        site: optional(&value["site"], Slug::parse),
        kind: Kind::parse(text(&value["kind"])).unwrap(),
        subject: (!subject.is_null())
            .then(|| Subject { hash: read(&subject["hash"]), key_id: read(&subject["key_id"]) }),
        purpose: optional(&value["purpose"], Purpose::parse),
        status: optional(&value["status"], Status::parse),
        legal_basis: optional(&value["legal_basis"], LegalBasis::parse),
        notice_hash: optional(&value["notice_hash"], Hash::parse),
        created_at: read(&value["created_at"]),
        decided_at: read(&value["decided_at"]),
        actor: Actor::parse(text(&value["actor"])).unwrap(),
        details: text(&value["details"]).into(),
        evidence_commitment: optional(&value["evidence_commitment"], Hash::parse),
    }
}

pub(crate) fn leaves_have_the_published_bytes_and_hashes() {
    let cases = cases(LEAF);
    for case in &cases {
        let (name, origin, event) = (&case["name"], text(&case["origin"]), event(&case["event"]));
        let leaf = log::leaf(origin, &event);
        assert_eq!(leaf, bytes(&case["leaf"]), "{name}");
        assert_eq!(log::leaf_hash(&leaf).to_string(), text(&case["leaf_hash"]), "{name}");
        assert_eq!(log::parse_leaf(&leaf), Some((origin.into(), event)), "{name}");
    }
    for kind in Kind::ALL {
        assert!(cases.iter().any(|case| case["event"]["kind"] == kind.as_str()), "no case for {kind:?}");
    }
}

pub(crate) fn evidence_has_the_published_commitments() {
    for case in cases(EVIDENCE) {
        let (evidence, salt) = (read::<Evidence>(&case["evidence"]), read::<Salt>(&case["salt"]));
        assert_eq!(evidence.commitment(&salt).to_string(), text(&case["commitment"]), "{}", case["name"]);
    }
}

pub(crate) fn people_have_the_published_hashes_and_ids() {
    let all: Value = serde_json::from_str(SUBJECT).unwrap();
    let part = |name: &str| all[name].as_array().unwrap();
    for case in part("subjects") {
        let site = Slug::parse(text(&case["site"])).unwrap();
        let key = SiteKey::derive(&bytes(&case["master"]), &site, read::<KeyId>(&case["key_id"]));
        let user = UserId::parse(text(&case["user_id"])).unwrap();
        assert_eq!(key.subject(&user).hash.to_string(), text(&case["subject"]), "{case}");
    }
    for case in part("visitors") {
        let secret = VisitorSecret::parse(text(&case["secret"])).unwrap();
        assert_eq!(UserId::of_visitor(&secret).as_str(), text(&case["user_id"]));
    }
    for secret in part("refused_secrets") {
        assert!(VisitorSecret::parse(text(secret)).is_none(), "{secret}");
    }
    for case in part("refused_user_ids") {
        let code = UserId::parse(text(&case["user_id"])).unwrap_err().code();
        assert_eq!(code, text(&case["code"]), "{case}");
    }
}

pub(crate) fn records_are_normalised_or_refused_with_the_published_code() {
    for case in cases(RECORD) {
        let name = &case["name"];
        if let Ok(read) = serde_json::from_value::<Exported>(case["record"].clone()) {
            assert_eq!(serde_json::to_value(read).unwrap(), case["normalised"], "{name}");
        } else {
            // Anything that is not a broken rule is a field that can't be read at all.
            let fields = serde_json::from_value::<RecordFields>(case["record"].clone());
            let broken = fields.ok().and_then(|fields| ConsentRecord::try_from(fields).err());
            assert_eq!(broken.map_or("invalid_field", RecordError::code), case["error"]["code"], "{name}");
        }
    }
}

/// What the core answers to a case about one purpose.
fn answer(case: &Value, purpose: &str) -> Decision {
    let records: Vec<Exported> = read(&case["records"]);
    let history = History::new(records.iter().map(|read| read.record.entry(read.log_index)).collect())
        .erased(read(&case["erased_at"]));
    let regime = Regime::by_code(text(&case["regime"])).unwrap();
    let context = Context { regime, gpc: read(&case["gpc"]) };
    let claimed = optional(&case["legal_basis"], LegalBasis::parse).unwrap_or(LegalBasis::Consent);
    decide(&history, &Purpose::parse(purpose).unwrap(), claimed, context, read(&case["now"]))
}

pub(crate) fn what_holds_now_is_as_published() {
    for case in cases(STATUS) {
        let purposes: Vec<String> = read(&case["purposes"]);
        let current: serde_json::Map<_, _> = purposes
            .into_iter()
            .map(|purpose| {
                let answer = answer(&case, &purpose);
                let mut current = serde_json::json!({ "status": answer.status, "reason": answer.reason });
                if let Some(updated_at) = answer.updated_at {
                    current["updated_at"] = updated_at.to_string().into();
                }
                (purpose, current)
            })
            .collect();
        assert_eq!(Value::from(current), case["current"], "{}", case["name"]);
    }
}

pub(crate) fn decisions_are_as_published() {
    for case in cases(DECIDE) {
        let decision = serde_json::to_value(answer(&case, text(&case["purpose"]))).unwrap();
        assert_eq!(decision, case["decision"], "{}", case["name"]);
    }
}
