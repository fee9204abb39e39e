//! Consent records and receipts as ISO/IEC TS 27560 has them, in JSON-LD with terms of the Data Privacy Vocabulary (W3C DPV 2, and its
//! guide to that standard). Owns which field becomes which term; what a site says of itself is its settings' ([`Controller`]), and what
//! it doesn't say is said to be missing, never made up.
//!
//! The context stands in each document, so nobody has to fetch one.

use alloc::{
    format,
    string::{String, ToString as _},
    vec::Vec,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    event::{Actor, Event},
    record::{LegalBasis, Status},
    regime::Regime,
};

/// What a site says of itself; all of it mandatory in a record, none of it in the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Controller {
    /// Who decides why and how data is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their identifier, such as a number in a register of companies or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Their postal address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// How they are reached about data protection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Whose law holds, such as `IE`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<String>,
    /// What is collected, such as `e-mail address`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub personal_data: Vec<String>,
    /// To whom it goes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// Where and for how long it is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<String>,
    /// Where consent is withdrawn: a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<String>,
    /// Which rights the person has and where: a sentence or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rights: Option<String>,
}

/// The schema that records and receipts follow: the profile of that standard which DPV defines (`schema/dpv-27560.ttl` of its
/// repository), and which its guide names.
macro_rules! profile {
    () => {
        "https://w3id.org/dpv/schema/dpv-27560"
    };
}

/// The words where a site has said nothing.
const MISSING: &str = "not stated by the site";

/// The context of every document here.
pub fn context() -> Value {
    json!({
        "dpv": "https://w3id.org/dpv#",
        "dct": "http://purl.org/dc/terms/",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    })
}

/// The record of a decision, without its context. `before` is the status that the person had given the purpose before, where that is
/// known: it tells a refusal from a withdrawal. `None` if the event is no decision.
pub fn record(controller: &Controller, event: &Event, before: Option<Status>) -> Option<Value> {
    let (subject, purpose, status) = (event.subject?, event.purpose.as_ref()?, event.status?);
    let basis = event.legal_basis?;
    let details: Value = serde_json::from_str(&event.details).ok()?;
    let decided = event.decided_at.unwrap_or(event.created_at);
    let stated = |kind: &Value, text: Option<&String>| match text {
        Some(text) => json!({ "@type": kind, "rdfs:label": text }),
        None => json!({ "@type": kind, "rdfs:comment": MISSING }),
    };
    let all = |kind: &str, texts: &[String]| -> Value {
        let nodes: Vec<_> = texts.iter().map(|text| stated(&kind.into(), Some(text))).collect();
        if nodes.is_empty() { stated(&kind.into(), None) } else { nodes.into() }
    };
    let text = |text: &Option<String>| text.as_deref().unwrap_or(MISSING).to_string();
    let regime = details["shown"]["regime"].as_str().and_then(Regime::by_code);
    let standing = regime.filter(|_| status == Status::Granted);
    let duration = match standing {
        Some(regime) => {
            let until = decided.plus_months(regime.validity_months);
            json!({ "@type": "dpv:UntilTimeDuration", "dct:valid": time(&until.to_string()) })
        }
        None => json!({ "@type": "dpv:Duration", "rdfs:comment": "not recorded with this decision" }),
    };
    let language = details["notice"]["language"].as_str();
    let notice = match event.notice_hash {
        Some(hash) => json!({
            "@type": "dpv:ConsentNotice", "dct:identifier": format!("sha256:{hash}"), "dct:language": language,
        }),
        None => {
            json!({ "@type": "dpv:ConsentNotice", "rdfs:comment": "no notice was recorded", "dct:language": language })
        }
    };
    let by = match event.actor {
        Actor::User => json!({ "@type": "dpv:DataSubject" }),
        _ => {
            json!({ "@type": "dpv:DataController", "rdfs:comment": "recorded by the site's backend for the person" })
        }
    };
    Some(json!({
        "@id": format!("urn:uuid:{}", event.id),
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": { "@id": concat!(profile!(), "#record") },
        "dct:identifier": event.id.to_string(),
        "dct:language": language.unwrap_or("und"),
        "dct:created": time(&event.created_at.to_string()),
        "dpv:hasDataSubject": { "@type": "dpv:DataSubject", "dpv:hasIdentifier": subject.hash.to_string() },
        "dpv:hasNotice": notice,
        "dpv:hasJurisdiction": text(&controller.jurisdiction),
        "dpv:hasDataController": {
            "@type": "dpv:DataController",
            "dpv:hasName": text(&controller.name),
            "dpv:hasIdentifier": text(&controller.identifier),
            "dpv:hasAddress": text(&controller.address),
            "dpv:hasContact": text(&controller.contact),
        },
        "dpv:hasProcess": {
            "@type": "dpv:Process",
            "dpv:hasPurpose": { "@type": "dpv:Purpose", "dct:identifier": purpose.as_str() },
            "dpv:hasPersonalData": all("dpv:PersonalData", &controller.personal_data),
            // Two fields of the standard, which a site tells in one text.
            "dpv:hasStorageCondition":
                stated(&json!(["dpv:StorageLocation", "dpv:StorageDuration"]), controller.storage.as_ref()),
            "dpv:hasRecipient": all("dpv:Recipient", &controller.recipients),
            "dpv:hasRight": stated(&"dpv:DataSubjectRight".into(), controller.rights.as_ref()),
            "dpv:hasLegalBasis": { "@id": match basis {
                LegalBasis::Consent => "dpv:Consent",
                LegalBasis::LegitimateInterest => "dpv:LegitimateInterest",
                LegalBasis::Contract => "dpv:Contract",
            } },
            "dpv:hasConsentControl": {
                "@type": "dpv:WithdrawConsent", "dpv:isExercisedAt": text(&controller.withdrawal),
            },
        },
        "dpv:hasConsentStatus": {
            "@type": consent_status(status, before),
            "dpv:isIndicatedAtTime": time(&decided.to_string()),
            "dpv:isIndicatedBy": by,
            "dpv:hasDuration": duration,
        },
    }))
}

/// The receipt of a decision: the record, and the signed text that proves it.
pub fn receipt(record: &Value, event: &Event, signed: &str) -> Value {
    json!({
        "@context": context(),
        "@id": format!("urn:uuid:{}#receipt", event.id),
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": { "@id": concat!(profile!(), "#receipt") },
        "dct:identifier": format!("{}#receipt", event.id),
        "dct:created": time(&event.created_at.to_string()),
        "dct:source": signed,
        "dpv:hasRecordOfActivity": record,
    })
}

/// A person withdraws what they gave and refuses what they did not; where it isn't known which, only that it may not be used.
const fn consent_status(status: Status, before: Option<Status>) -> &'static str {
    match (status, before) {
        (Status::Granted, _) => "dpv:ConsentGiven",
        (Status::Revoked, Some(Status::Granted)) => "dpv:ConsentWithdrawn",
        (Status::Revoked, Some(_)) => "dpv:ConsentRefused",
        (Status::Revoked, None) => "dpv:ConsentStatusInvalidForProcessing",
        (Status::Pending, _) => "dpv:ConsentRequested",
    }
}

fn time(text: &str) -> Value {
    json!({ "@type": "xsd:dateTime", "@value": text })
}

#[cfg(test)]
mod tests;
