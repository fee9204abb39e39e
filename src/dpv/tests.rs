use super::*;
use crate::{
    event::Kind,
    hash::Hash,
    purpose::Purpose,
    slug::Slug,
    subject::{KeyId, Subject},
    time::Timestamp,
};
use uuid::Uuid;

fn event(status: Status) -> Event {
    Event {
        id: Uuid::from_bytes([1; 16]),
        site: Slug::parse("demo"),
        kind: Kind::of_consent(status),
        subject: Some(Subject { hash: Hash([2; 32]), key_id: KeyId(1) }),
        purpose: Some(Purpose::ModelTraining),
        status: Some(status),
        legal_basis: Some(LegalBasis::Consent),
        notice_hash: Some(Hash([3; 32])),
        created_at: Timestamp::from_ms(1_795_000_000_000),
        decided_at: None,
        actor: Actor::User,
        details: r#"{"notice":{"language":"de","version":2},"shown":{"regime":"gdpr"}}"#.into(),
        evidence_commitment: None,
    }
}

fn written(status: Status, before: Option<Status>) -> Value {
    record(&Controller::default(), &event(status), before).unwrap()
}

#[test]
fn a_no_is_a_withdrawal_after_a_yes_and_a_refusal_otherwise() {
    let status = |status, before| {
        let record = written(status, before);
        record["dpv:hasConsentStatus"]["@type"].clone()
    };
    assert_eq!(status(Status::Granted, None), "dpv:ConsentGiven");
    assert_eq!(status(Status::Revoked, Some(Status::Granted)), "dpv:ConsentWithdrawn");
    assert_eq!(status(Status::Revoked, Some(Status::Pending)), "dpv:ConsentRefused");
    assert_eq!(status(Status::Revoked, None), "dpv:ConsentStatusInvalidForProcessing");
    assert_eq!(status(Status::Pending, None), "dpv:ConsentRequested");
}

#[test]
fn what_the_site_has_not_said_is_said_to_be_missing() {
    let bare = written(Status::Granted, None);
    assert_eq!(bare["dpv:hasDataController"]["dpv:hasName"], MISSING);
    assert_eq!(bare["dpv:hasProcess"]["dpv:hasRecipient"]["rdfs:comment"], MISSING);
    let controller = Controller {
        name: Some("Shop".into()),
        recipients: ["A host".into(), "A carrier".into()].into(),
        ..Controller::default()
    };
    let said = record(&controller, &event(Status::Granted), None).unwrap();
    assert_eq!(said["dpv:hasDataController"]["dpv:hasName"], "Shop");
    assert_eq!(said["dpv:hasProcess"]["dpv:hasRecipient"][1]["rdfs:label"], "A carrier");
}

#[test]
fn how_long_a_yes_holds_follows_from_the_regime_it_was_given_under() {
    let duration = |status| written(status, None)["dpv:hasConsentStatus"]["dpv:hasDuration"].clone();
    assert!(duration(Status::Granted)["dct:valid"]["@value"].is_string());
    assert_eq!(duration(Status::Revoked).get("dct:valid"), None);
}

#[test]
fn what_is_no_decision_has_no_record() {
    let read = Event { status: None, purpose: None, ..event(Status::Granted) };
    assert_eq!(record(&Controller::default(), &read, None), None);
}
