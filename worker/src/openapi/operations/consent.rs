//! Decisions, what holds, and the words of notices.

use super::base;
use crate::{
    model,
    openapi::{
        examples::{HASH, TIME, notice, recorded, with},
        operation::{Operation, Query, body},
        schema,
    },
};
use schemars::SchemaGenerator;
use serde_json::json;

/// Query parameters of what depends on where the person is.
fn context() -> Query {
    vec![
        (
            "country",
            schema::country(&mut SchemaGenerator::default()).to_value(),
            "Where the person is, ISO 3166-1 alpha-2; decides which rules hold. By default where the request of a person comes from, and the site's regime where a backend calls.",
        ),
        (
            "region",
            schema::region(&mut SchemaGenerator::default()).to_value(),
            "Which part of the country, the second part of ISO 3166-2; some have rules of their own.",
        ),
        (
            "gpc",
            json!({ "type": "string", "enum": ["0", "1"] }),
            "Whether the person's browser sends Global Privacy Control; by default the Sec-GPC of a person's own request.",
        ),
    ]
}

pub(super) fn grant() -> Operation {
    Operation {
        id: "grantConsent",
        summary: "Record a yes",
        description: "Appends a record. Scope `consent:write`.",
        request: body::<model::GrantInput>(
            json!({ "user_id": "ada@example.com", "purpose": "model_training", "legal_basis": "consent" }),
        ),
        success: (201, "Recorded"),
        response: body::<model::Recorded>(recorded()),
        ..base()
    }
}

pub(super) fn revoke() -> Operation {
    Operation {
        id: "revokeConsent",
        summary: "Record a no",
        description: "Appends a record; whatever was recorded before stays. Scope `consent:write`.",
        request: body::<model::GrantInput>(
            json!({ "user_id": "ada@example.com", "purpose": "model_training" }),
        ),
        success: (201, "Recorded"),
        response: body::<model::Recorded>(with(recorded(), &[("status", json!("revoked"))])),
        ..base()
    }
}

pub(super) fn decide() -> Operation {
    Operation {
        id: "recordDecisions",
        summary: "Record several decisions, all or none",
        description: "For what one banner or one sign-up decides about. `pending` says that the person was asked \
                      and has not decided. A visitor's browser that sends `cookie` gets a `Set-Cookie` header. Scope \
                      `consent:write`.",
        request: body::<model::DecideInput>(json!({
            "user_id": "ada@example.com",
            "notice": { "version": 3, "language": "en", "hash": HASH },
            "decisions": [
                { "purpose": "model_training", "status": "revoked" },
                { "purpose": "analytics", "status": "granted", "decided_at": TIME },
            ],
        })),
        success: (201, "Recorded"),
        response: body::<model::RecordedAll>(
            json!({ "user_id": "ada@example.com", "records": [recorded()] }),
        ),
        ..base()
    }
}

pub(super) fn link() -> Operation {
    Operation {
        id: "linkIdentity",
        summary: "Join a visitor to the person who signed in",
        description: "What the visitor had decided is recorded for the person, with the time at which it was decided, \
                      for every purpose that nothing is recorded about for the person: decisions made signed in \
                      win. An erasure of the person then reaches the visitor's evidence too. Safe to repeat. Scope \
                      `consent:write`.",
        security: json!([{ "api_key": [] }, { "person": [] }]),
        request: body::<model::LinkInput>(json!({
            "user_id": "ada@example.com", "anonymous": { "site": "demo", "secret": "A".repeat(43) },
        })),
        success: (201, "Joined"),
        response: body::<model::LinkOutput>(json!({
            "user_id": "ada@example.com",
            "visitor_id": "anonymous:Zmh6rfhivXdsj8GLjp-OIAiXFIVu4jOzkCpZHQ1fKSU",
            "records": [recorded()],
        })),
        ..base()
    }
}

pub(super) fn put_notice() -> Operation {
    Operation {
        id: "putNotice",
        summary: "Register the words of a notice",
        description: "Once for each version and language, so that an auditor can read exactly what people were \
                      shown. The path names the SHA-256 of the canonical form, so no other words can be put under \
                      it. The body is JSON or, as `application/octet-stream`, the canonical form itself. A person or \
                      visitor registers only a notice that a recorded decision of theirs names. Scope \
                      `consent:write`.",
        request: body::<model::NoticeText>(notice()),
        bytes: true,
        success: (200, "Registered"),
        response: body::<model::NoticeText>(notice()),
        ..base()
    }
}

pub(super) fn get_notice() -> Operation {
    Operation {
        id: "readNotice",
        summary: "The words of a notice",
        description: "By the hash that records name. Scope `audit:read`.",
        response: body::<model::NoticeText>(notice()),
        ..base()
    }
}

pub(super) fn status() -> Operation {
    Operation {
        id: "readStatus",
        summary: "What holds now, for every purpose",
        description: "A person of whom nothing is recorded is `pending` everywhere, not an error. Scope \
                      `consent:read`; leaves an audit event.",
        response: body::<model::StatusOutput>(json!({ "user_id": "ada@example.com", "consent": {
            "model_training": { "status": "granted", "reason": "granted", "updated_at": TIME },
            "analytics": { "status": "pending", "reason": "not_recorded" },
        } })),
        query: context(),
        ..base()
    }
}

pub(super) fn decision() -> Operation {
    Operation {
        id: "readDecision",
        summary: "May this purpose be used?",
        description: "The decision with its reason. Training always needs a yes that still stands. Scope \
                      `consent:read`; leaves an audit event.",
        response: body::<model::DecisionOutput>(
            json!({ "user_id": "ada@example.com", "purpose": "model_training",
            "allowed": true, "status": "granted", "reason": "granted", "regime": "gdpr",
            "expires_at": "2027-05-24T09:30:00.000Z", "updated_at": TIME }),
        ),
        query: context(),
        ..base()
    }
}

pub(super) fn choice() -> Operation {
    Operation {
        id: "renewChoice",
        summary: "What a visitor's browser is to keep",
        description: "For a banner that learns what its visitor decided elsewhere, such as on `/privacy`: the choice that it \
                      keeps, with what came later. A yes that came before the last answer of that choice is not added, \
                      because it may have been to an older notice. What an erasure ended is `revoked` with the mark \
                      `@old`: a no after which the person is asked again. A browser that sends `cookie` gets a \
                      `Set-Cookie` header. Scope `consent:read`; leaves an audit event.",
        request: body::<model::ChoiceInput>(json!({
            "user_id": "ada@example.com",
            "choices": ["1 3 analytics=granted@1795000000000"],
            "purposes": ["analytics"],
        })),
        response: body::<model::ChoiceOutput>(json!({
            "user_id": "ada@example.com", "choice": "1 3 analytics=revoked@1795000060000",
        })),
        ..base()
    }
}
