//! What a person may read of themself: exports, the audit trail, receipts, their own page.

use super::base;
use crate::{
    model,
    openapi::{
        examples::{HASH, ID, RECEIPT, TIME, audit_entry, erasure, notice, page, with},
        operation::{Operation, Query, body},
    },
};
use serde_json::json;

/// Query parameters of pages of events.
fn paging() -> Query {
    let number = json!({ "type": "integer", "minimum": 0, "maximum": 1_u64 << 53 });
    vec![
        ("after", number.clone(), "Only events after this place in the log; `next` of a page has it."),
        ("until", number, "Only events up to this place in the log; `next` of a page has it."),
        (
            "limit",
            json!({ "type": "integer", "minimum": 1, "maximum": 1000, "default": 1000 }),
            "The most events on a page.",
        ),
    ]
}

pub(super) fn export() -> Operation {
    Operation {
        id: "exportData",
        tag: "data rights",
        summary: "Everything that is held (GDPR Art. 15, 20)",
        description: "JSON comes in pages, oldest first, all pinned to the place in the log at which the first was made; with \
                      `limit=all` it is whole. CSV (RFC 4180; the column `record` says what a record is; a cell that begins \
                      like a formula, or with an apostrophe, has an apostrophe before it) and a page to read (HTML, in the \
                      language of `lang` or `Accept-Language`) are always whole, and so is JSON-LD: the members of JSON under a \
                      context, with each decision as a record of ISO/IEC TS 27560 too. Each ends in a digest: a JWS of type \
                      `export-digest+jws` over the SHA-256 of every byte before it, which `consentry verify export` checks; a \
                      file without one was broken off. With `log`, `site`, `subject` and the fields of an entry of the audit \
                      trail, anybody can compute its leaf hash. Scope `subject:export`; leaves an audit event, of pages \
                      one each.",
        forms: &["text/csv", "text/html", "application/ld+json"],
        response: body::<model::ExportOutput>(with(
            page(),
            &[
                ("exported_at", json!(TIME)),
                (
                    "consent_history",
                    json!([{ "log_index": 17, "leaf_hash": HASH, "id": ID, "purpose": "model_training",
                "status": "granted", "legal_basis": "consent", "granted_at": TIME, "revoked_at": null,
                "created_at": TIME, "evidence": "kept", "ip_address": "203.0.113.0", "gpc": false }]),
                ),
                ("audit_trail", json!([audit_entry()])),
                ("linked_visitors", json!([])),
                ("notices", json!([{ "hash": HASH, "notice": notice() }])),
                ("erasures", json!([erasure()])),
                ("digest", json!("eyJhbGciOiJFZERTQSJ9.e30.AA")),
            ],
        )),
        query: {
            let mut query = paging();
            query[2].1 = json!({ "default": 1000, "anyOf": [
                { "type": "integer", "minimum": 1, "maximum": 1000 }, { "const": "all" } ] });
            query[2].2 = "The most events on a page; `all` for no pages.";
            let forms = consentry::export::Format::ALL.map(consentry::export::Format::as_str);
            query.push((
                "format",
                json!({ "enum": forms }),
                "The form, for links; otherwise `Accept` says it.",
            ));
            query.push((
                "lang",
                json!({ "type": "string" }),
                "The language of a page to read, as a BCP 47 tag.",
            ));
            query
        },
        ..base()
    }
}

pub(super) fn privacy_session() -> Operation {
    Operation {
        id: "openPrivacyPage",
        tag: "data rights",
        summary: "Let a person into their own page by a link, once",
        description: "The page at `/privacy#token=…` shows the token here and gets a session for half an hour, which it keeps in \
                      memory and sends as a bearer token. A token opens it once; it is none of the tokens that calls show.",
        security: json!([]),
        request: body::<model::SessionInput>(json!({ "token": "eyJhbGciOiJFZERTQSJ9.e30.AA" })),
        success: (201, "Opened"),
        response: body::<model::SessionOutput>(json!({ "session": "cs_e30.AA", "expires_at": TIME,
            "user_id": "ada@example.com", "site": "demo" })),
        ..base()
    }
}

pub(super) fn words() -> Operation {
    Operation {
        id: "readWords",
        tag: "service",
        summary: "What the pages for people say",
        description: "By name, in the language of `lang` or `Accept-Language`.",
        security: json!([]),
        query: vec![("lang", json!({ "type": "string" }), "A language, as a BCP 47 tag.")],
        ..base()
    }
}

pub(super) fn audit() -> Operation {
    Operation {
        id: "readAuditTrail",
        tag: "data rights",
        summary: "Who did what about a person",
        description: "In pages, oldest first, or with `order=desc` newest first. Scope `audit:read`; leaves an audit event a \
                      page.",
        response: body::<model::AuditOutput>(with(page(), &[("audit_trail", json!([audit_entry()]))])),
        query: {
            let mut query = paging();
            query.extend([
                ("order", json!({ "enum": ["asc", "desc"], "default": "asc" }), "Oldest or newest first."),
                (
                    "before",
                    json!({ "type": "integer", "minimum": 0, "maximum": 1_u64 << 53 }),
                    "With `order=desc`, only events before this place in the log; `next` of a page has it.",
                ),
                ("kind", json!({ "type": "string" }), "Only events of these kinds, separated by commas."),
            ]);
            query
        },
        ..base()
    }
}

pub(super) fn receipt() -> Operation {
    Operation {
        id: "readReceipt",
        tag: "data rights",
        summary: "What a person was given for a decision, with its proof",
        description: "The receipt in the bytes that the decision was answered with, and once the log has it, the proof of \
                      inclusion with its checkpoint; `consentry verify receipt` verifies the answer. A backend says with `log` \
                      which database's log the place is in. Scope `subject:export`; leaves an audit event.",
        response: body::<model::ReceiptOutput>(json!({
            "receipt": RECEIPT, "inclusion": { "log_index": 17, "leaf_hash": HASH, "tree_size": 18, "hashes": [HASH] },
            "checkpoint": "consentry.example/log/0/…\n18\n…\n\n— …\n",
        })),
        query: vec![("log", json!({ "type": "integer", "minimum": 0 }), "Which database's log, from 0.")],
        ..base()
    }
}
