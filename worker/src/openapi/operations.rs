//! What each endpoint does, in words, with an example of every body.

use super::{
    examples::{
        HASH, ID, RECEIPT, TIME, audit_entry, dataset, erasure, key, listed, notice, page, recorded,
        register, settings, site, standing, store, with,
    },
    operation::{Operation, body, optional},
};
use crate::{erasure::webhook::Said, model, routes::Endpoint, site::Settings};
use schemars::SchemaGenerator;
use serde_json::json;

/// What the decisions about an erasure have in common.
fn change(base: Operation) -> Operation {
    Operation {
        tag: "data rights",
        security: json!([{ "api_key": [] }]),
        response: body::<model::ErasureOutput>(erasure()),
        ..base
    }
}

/// Describes an endpoint.
#[allow(clippy::too_many_lines, reason = "one entry an endpoint, like the table of routes")]
pub(super) fn operation(endpoint: Endpoint) -> Operation {
    let person = json!([{ "api_key": [] }, { "person": [] }, { "visitor": [], "visitor_site": [] }]);
    let admin = json!([{ "admin": [] }]);
    let grant =
        json!({ "user_id": "ada@example.com", "purpose": "model_training", "legal_basis": "consent" });
    let context = || {
        vec![
            (
                "country",
                super::schema::country(&mut SchemaGenerator::default()).to_value(),
                "Where the person is, ISO 3166-1 alpha-2; decides which rules hold. By default where the request of a person comes from, and the site's regime where a backend calls.",
            ),
            (
                "region",
                super::schema::region(&mut SchemaGenerator::default()).to_value(),
                "Which part of the country, the second part of ISO 3166-2; some have rules of their own.",
            ),
            (
                "gpc",
                json!({ "type": "string", "enum": ["0", "1"] }),
                "Whether the person's browser sends Global Privacy Control; by default the Sec-GPC of a person's own request.",
            ),
        ]
    };
    let paging = || {
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
    };
    let base = Operation {
        id: "",
        tag: "consent",
        summary: "",
        description: "",
        security: person,
        request: None,
        bytes: false,
        forms: &[],
        success: (200, "The answer"),
        again: None,
        response: None,
        query: vec![],
    };
    match endpoint {
        Endpoint::Grant => Operation {
            id: "grantConsent",
            summary: "Record a yes",
            description: "Appends a record. Scope `consent:write`.",
            request: body::<model::GrantInput>(grant),
            success: (201, "Recorded"),
            response: body::<model::Recorded>(recorded()),
            ..base
        },
        Endpoint::Revoke => Operation {
            id: "revokeConsent",
            summary: "Record a no",
            description: "Appends a record; whatever was recorded before stays. Scope `consent:write`.",
            request: body::<model::GrantInput>(
                json!({ "user_id": "ada@example.com", "purpose": "model_training" }),
            ),
            success: (201, "Recorded"),
            response: body::<model::Recorded>(with(recorded(), &[("status", json!("revoked"))])),
            ..base
        },
        Endpoint::Decide => Operation {
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
            ..base
        },
        Endpoint::Choice => Operation {
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
            ..base
        },
        Endpoint::Link => Operation {
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
            ..base
        },
        Endpoint::PutNotice => Operation {
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
            ..base
        },
        Endpoint::GetNotice => Operation {
            id: "readNotice",
            summary: "The words of a notice",
            description: "By the hash that records name. Scope `audit:read`.",
            response: body::<model::NoticeText>(notice()),
            ..base
        },
        Endpoint::Status => Operation {
            id: "readStatus",
            summary: "What holds now, for every purpose",
            description: "A person of whom nothing is recorded is `pending` everywhere, not an error. Scope \
                          `consent:read`; leaves an audit event.",
            response: body::<model::StatusOutput>(json!({ "user_id": "ada@example.com", "consent": {
                "model_training": { "status": "granted", "reason": "granted", "updated_at": TIME },
                "analytics": { "status": "pending", "reason": "not_recorded" },
            } })),
            query: context(),
            ..base
        },
        Endpoint::Decision => Operation {
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
            ..base
        },
        Endpoint::Erase => Operation {
            id: "requestErasure",
            tag: "data rights",
            summary: "Erase a person's data (GDPR Art. 17)",
            description: "Removes the evidence that this service keeps about the person, and what every store of the site holds \
                          of them; `GET /erasures/{id}` follows it. While one is open, asking again gives that one, with \
                          status 200. With `verify`, nothing is removed before somebody confirms who is asking. Consent \
                          records and the audit trail stay as proof, but what the person granted until then is `pending` with the \
                          reason `erased`. Scope `subject:erase`.",
            request: optional::<model::EraseInput>(json!({})),
            success: (202, "Accepted"),
            again: Some("One was open already"),
            response: body::<model::ErasureOutput>(erasure()),
            ..base
        },
        Endpoint::ListErasures => Operation {
            id: "listErasures",
            tag: "data rights",
            summary: "What is to be erased, and by when",
            description: "The erasures of the key's site, in pages, the next due first: of each what `GET /erasures/{id}` says but for \
                          its stores, and which of these failed. No person is named. One whose deadline is extended between two \
                          pages may be on both. Scope `subject:erase`, by a key of the site; leaves an audit event a page.",
            security: json!([{ "api_key": [] }]),
            response: body::<model::ErasuresOutput>(json!({ "erasures": [listed()], "next": null })),
            query: vec![
                (
                    "state",
                    json!({ "type": "string", "examples": ["partly_done", "done,refused"] }),
                    "Only those in these states, separated by commas; by default all that are neither done nor refused.",
                ),
                (
                    "overdue",
                    json!({ "type": "string", "enum": ["0", "1"], "default": "0" }),
                    "With 1, only those whose deadline has passed.",
                ),
                (
                    "order",
                    json!({ "enum": ["asc", "desc"], "default": "asc" }),
                    "With `desc`, those that are due last come first.",
                ),
                ("after", json!({ "type": "string" }), "The `next` of the page before."),
                (
                    "limit",
                    json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 100 }),
                    "The most erasures on a page.",
                ),
            ],
            ..base
        },
        Endpoint::Erasure => Operation {
            id: "readErasure",
            tag: "data rights",
            summary: "Where an erasure stands",
            description: "Store by store. Scope `subject:erase`; leaves an audit event.",
            response: body::<model::ErasureOutput>(erasure()),
            ..base
        },
        Endpoint::DeletionReceipt => Operation {
            id: "readDeletionReceipt",
            tag: "data rights",
            summary: "What was removed where, signed",
            description: "Of an erasure that is done: per store what was removed, how and when that was verified, the signed result of \
                          an agent, and until when backups may hold it. Scope `subject:erase`; leaves an audit event.",
            response: body::<model::DeletionReceiptOutput>(
                json!({ "receipt": "eyJhbGciOiJFZERTQSJ9.e30.c2ln" }),
            ),
            ..base
        },
        Endpoint::ExtendErasure => Operation {
            id: "extendErasure",
            summary: "Give more time to an erasure",
            description: "Once, within the first period, where the law knows it (GDPR Art. 12(3)); the person must be told. Scope \
                          `subject:erase`, by a key of the site; leaves an audit event.",
            request: body::<model::ExtendInput>(json!({ "reason": "complexity" })),
            ..change(base)
        },
        Endpoint::RefuseErasure => Operation {
            id: "refuseErasure",
            summary: "Refuse an erasure",
            description: "On a legal ground; what was removed before stays removed. Scope `subject:erase`, by a key of the site; \
                          leaves an audit event.",
            request: body::<model::RefuseInput>(json!({ "ground": "legal_obligation" })),
            ..change(base)
        },
        Endpoint::HoldErasure => Operation {
            id: "holdErasure",
            summary: "Hold an erasure",
            description: "Nothing more is removed until it is released. The deadline goes on. Scope `subject:erase`, by a key of the \
                          site; leaves an audit event.",
            request: body::<model::HoldInput>(json!({ "ground": "authority" })),
            ..change(base)
        },
        Endpoint::ReleaseErasure => Operation {
            id: "releaseErasure",
            summary: "Let an erasure go on",
            description: "One that is held, or that waits for who is asking to be known. Scope `subject:erase`, by a key of the site; \
                          leaves an audit event.",
            ..change(base)
        },
        Endpoint::RetryErasure => Operation {
            id: "retryErasure",
            summary: "Have the stores that failed tried now",
            description: "Each store that is `failed` or `dead`, and a webhook's service that accepted and has not called back; not before \
                          what must come `after`. A dead one that fails again stays dead. 409 if there is none, or if the erasure is \
                          held, checked or at its end. Scope `subject:erase`, by a key of the site; leaves an audit event.",
            ..change(base)
        },
        Endpoint::CallBack => Operation {
            id: "reportStore",
            tag: "data rights",
            summary: "What a service that was told of an erasure says",
            description: "For a store of kind `webhook` that answered 202, with the token that came with the message. Where the \
                          task is over, nothing changes.",
            security: json!([{ "one_task": [] }]),
            request: body::<Said>(json!({ "done": true, "found": 3, "removed": 3 })),
            response: body::<model::StoreOutput>(store()),
            ..base
        },
        Endpoint::AgentTasks => Operation {
            id: "takeTasks",
            tag: "agents",
            summary: "What there is to do for an agent",
            description: "Tasks of the key's stores, each of which the agent has to itself for ten minutes. One that wasn't ended \
                          by then is handed out again. Scope `erasure:work`; leaves an audit event a task.",
            security: json!([{ "api_key": [] }]),
            request: body::<model::TasksInput>(json!({ "limit": 10 })),
            response: body::<model::TasksOutput>(
                json!({ "tasks": [{ "id": ID, "erasure": ID, "store": "files", "attempt": 1,
                "users": ["ada@example.com"], "due_at": TIME, "leased_until": TIME }] }),
            ),
            ..base
        },
        Endpoint::AgentLease => Operation {
            id: "keepTask",
            tag: "agents",
            summary: "Keep a task for another ten minutes",
            description: "409 if it is no longer this agent's. Scope `erasure:work`.",
            security: json!([{ "api_key": [] }]),
            response: body::<model::LeaseOutput>(json!({ "id": ID, "leased_until": TIME })),
            ..base
        },
        Endpoint::AgentResult => Operation {
            id: "reportTask",
            tag: "agents",
            summary: "How a task went",
            description: "A JWS in compact form with the header `{\"alg\":\"EdDSA\",\"kid\":\"<id of the API key>\"}` over \
                          `task`, `erasure`, `store`, `attempt`, `outcome` (`done` or `partial`, which is tried again), `found`, \
                          `removed`, `verified`, `erasure_kind` (`physical` or `logical`), `started_at`, `ended_at`, `version`, \
                          `report_sha256` and, where it went wrong, `error`: a sentence without ids. The same result again gets the \
                          same answer; 409 if the task is no longer this agent's. Scope `erasure:work`.",
            security: json!([{ "api_key": [] }]),
            request: body::<model::ResultInput>(json!({ "result": "eyJhbGciOiJFZERTQSJ9.e30.c2ln" })),
            response: body::<model::StoreOutput>(store()),
            ..base
        },
        Endpoint::Export => Operation {
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
            ..base
        },
        Endpoint::PrivacySession => Operation {
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
            ..base
        },
        Endpoint::Words => Operation {
            id: "readWords",
            tag: "service",
            summary: "What the pages for people say",
            description: "By name, in the language of `lang` or `Accept-Language`.",
            security: json!([]),
            query: vec![("lang", json!({ "type": "string" }), "A language, as a BCP 47 tag.")],
            ..base
        },
        Endpoint::Audit => Operation {
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
            ..base
        },
        Endpoint::Receipt => Operation {
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
            ..base
        },
        Endpoint::Snapshot => Operation {
            id: "readSnapshot",
            tag: "training",
            summary: "Who granted a purpose, as keyed hashes",
            description: "Everybody whose yes stood when it was built: a line of JSON (`format`, `site`, `purpose`, \
                          `key_id`, `key_check`, `log`, `position`, `built_at`), 20 bytes a person in ascending order (the \
                          first 16 of the subject, then the minute since 1970 in which the yes ends, little-endian), \
                          then 32 bytes by which a cut is told: SHA-256 over the 32 bytes so far (zeros at first) and the \
                          next 5 MiB. `consentry snapshot pull` reads it. It is built anew once a day while somebody \
                          asks for it; ask for the changes since its `position`. With `If-None-Match` the answer is 304 if \
                          there is no newer one. Scope `snapshot:read`; leaves an audit event.",
            security: json!([{ "api_key": [] }]),
            ..base
        },
        Endpoint::SnapshotChanges => Operation {
            id: "readSnapshotChanges",
            tag: "training",
            summary: "What changed of who granted a purpose",
            description: "Everybody who decided about the purpose after a position, or whose erasure was asked for, with what \
                          holds now. That a yes ends is no change: its `expires_at` was told when it was given. Scope \
                          `snapshot:read`; leaves an audit event.",
            security: json!([{ "api_key": [] }]),
            response: body::<model::ChangesOutput>(
                json!({ "site": "demo", "purpose": "model_training", "key_id": 1,
                "log": format!("consentry.example/log/0/{ID}"), "position": "17", "more": false, "read_at": TIME,
                "changes": [{ "key": HASH.get(..32), "granted": false, "log_index": 17 }] }),
            ),
            query: vec![(
                "since",
                json!({ "type": "string", "pattern": "^[0-9]{1,15}([.][0-9]{1,15})*$", "examples": ["17"] }),
                "The `position` of a snapshot or of earlier changes.",
            )],
            ..base
        },
        Endpoint::RegisterDataset => Operation {
            id: "registerDataset",
            tag: "lineage",
            summary: "Register a data set",
            description: "With what `consentry filter --manifest` wrote, and the models that were trained on it. The keyed hashes of \
                          the users whose rows are in it follow in pieces: as long as `next` is a number, send that piece. The same \
                          data set may be registered again, which goes on where it was cut off and adds models. \
                          `consentry manifest register` does all of it. Scope `lineage:write`; leaves an audit event.",
            security: json!([{ "api_key": [] }]),
            request: body::<model::RegisterInput>(register()),
            success: (201, "Registered."),
            response: body::<model::DatasetOutput>(dataset()),
            ..base
        },
        Endpoint::RegisterVectors => Operation {
            id: "registerVectors",
            tag: "lineage",
            summary: "Register vectors",
            description: "Before they are written to an index that is a store of the kind `vectorize`: an erasure finds a person's \
                          vectors there by nothing else. Registering one twice changes nothing. What is refused must not be \
                          written. Scope `lineage:write`; leaves an audit event.",
            security: json!([{ "api_key": [] }]),
            request: body::<model::VectorsInput>(json!({ "store": "embeddings",
                "vectors": [{ "user_id": "ada@example.com", "ids": ["doc-17-0", "doc-17-1"] }],
                "removed": [{ "user_id": "ada@example.com", "ids": ["doc-9-0"] }] })),
            response: body::<model::VectorsOutput>(json!({ "registered": 2, "removed": 1, "refused": [] })),
            ..base
        },
        Endpoint::PutIndexChunk => Operation {
            id: "putIndexChunk",
            tag: "lineage",
            summary: "Send a piece of a data set's index",
            description: "A mebibyte of the index behind its first 256 bytes, or what is left of it before the last 32. Sending a \
                          piece twice changes nothing. With the last one missing all of them are held against the digest that was \
                          announced, and must be sent again if they don't make it. Scope `lineage:write`.",
            security: json!([{ "api_key": [] }]),
            bytes: true,
            response: body::<model::DatasetOutput>(dataset()),
            ..base
        },
        Endpoint::ListDatasets => Operation {
            id: "listDatasets",
            tag: "lineage",
            summary: "All data sets",
            description: "By name, up to 100 at a time. Scope `lineage:write`.",
            security: json!([{ "api_key": [] }]),
            response: body::<model::DatasetsOutput>(json!({ "datasets": [dataset()], "next": null })),
            query: vec![("after", json!({ "type": "string" }), "The `next` of the page before.")],
            ..base
        },
        Endpoint::GetDataset => Operation {
            id: "readDataset",
            tag: "lineage",
            summary: "One data set",
            description: "With the erasures of people whose rows it held, and where its models stand with each. Scope \
                          `lineage:write`.",
            security: json!([{ "api_key": [] }]),
            response: body::<model::DatasetDetails>(with(dataset(), &[("erasures", json!([standing()]))])),
            ..base
        },
        Endpoint::PutModel => Operation {
            id: "putModelState",
            tag: "lineage",
            summary: "Say what became of a model",
            description: "`retrained` without the people who were erased, or `justified` as it is; for one erasure or for all so \
                          far. Scope `lineage:write`; leaves an audit event with the SHA-256 of the reason.",
            security: json!([{ "api_key": [] }]),
            request: body::<model::ModelInput>(
                json!({ "state": "justified", "reason": "It is used for nothing but a benchmark." }),
            ),
            response: body::<model::ModelOutput>(
                json!({ "dataset": "corpus_2026_11", "model": "ranker_7", "state": "justified", "changed": 1 }),
            ),
            ..base
        },
        Endpoint::Holding => Operation {
            id: "readHolding",
            tag: "lineage",
            summary: "The data sets that hold a person's rows",
            description: "And the models that were trained on them, for when somebody withdraws. Scope `subject:erase`; leaves an \
                          audit event.",
            response: body::<model::HoldingOutput>(json!({ "user_id": "ada@example.com",
                "datasets": [{ "dataset": "corpus_2026_11", "models": ["ranker_7"] }], "unknown": [],
                "vectors": [{ "store": "embeddings", "count": 12 }] })),
            ..base
        },
        Endpoint::ListSites => Operation {
            id: "listSites",
            tag: "admin",
            summary: "All sites",
            description: "With their keys, without secrets.",
            security: admin,
            response: body::<model::SitesOutput>(json!({ "sites": [site()] })),
            ..base
        },
        Endpoint::GetSite => Operation {
            id: "readSite",
            tag: "admin",
            summary: "One site",
            description: "With its keys, without secrets.",
            security: admin,
            response: body::<model::SiteOutput>(site()),
            ..base
        },
        Endpoint::PutSite => Operation {
            id: "putSite",
            tag: "admin",
            summary: "Create a site or replace its settings",
            description: "Other servers of the deployment see the change within a minute.",
            security: admin,
            request: body::<Settings>(settings()),
            response: body::<model::SiteOutput>(site()),
            ..base
        },
        Endpoint::CreateKey => Operation {
            id: "createKey",
            tag: "admin",
            summary: "Issue an API key",
            description: "The answer is the only one that shows the key.",
            security: admin,
            request: body::<model::KeyInput>(
                json!({ "name": "backend", "scopes": ["consent:read", "consent:write"] }),
            ),
            success: (201, "Issued"),
            response: body::<model::KeyIssued>(with(key(), &[("key", json!("ck_k1f_…"))])),
            ..base
        },
        Endpoint::RevokeKey => Operation {
            id: "revokeKey",
            tag: "admin",
            summary: "Withdraw an API key",
            description: "Other servers of the deployment refuse it within a minute.",
            security: admin,
            success: (204, "Withdrawn"),
            ..base
        },
        Endpoint::RestartLog => Operation {
            id: "restartLog",
            tag: "admin",
            summary: "Let a log go on under another name",
            description: "For a database that was restored to an earlier state, whose log is no longer signed. The last checkpoint under \
                          the old name then names the new one, and an event `log_restarted` the old one; what was published stays \
                          readable. With `?log=1` the second database's.",
            security: admin,
            response: body::<model::RestartedOutput>(
                json!({ "first": 120, "log": format!("consentry.example/log/0/{ID}"), "kept": 118 }),
            ),
            ..base
        },
        Endpoint::Log => Operation {
            id: "readLog",
            summary: "A log, as far as it is signed",
            description: "The head of the log, and how many events wait for the next checkpoint, which `consentry monitor` asks for. \
                          Several names mean that its database was restored to an earlier state.",
            response: body::<model::LogOutput>(
                json!({ "log": format!("consentry.example/log/0/{ID}"), "size": 17, "root": HASH, "signed_at": TIME, "waiting": 1,
                "waiting_since": TIME,
                "names": [{ "first": 0, "log": format!("consentry.example/log/0/{ID}"), "kept": 0 }] }),
            ),
            ..log(base, &[])
        },
        Endpoint::LogRows => Operation {
            id: "readLogRows",
            summary: "Rows of the log",
            description: "A line of JSON for each event under the checkpoint, at most 4096: `log_index`, `leaf_hash`, and of the events \
                          of the key's site and of the log itself `leaf` (base64 of its canonical bytes, in which a person is a keyed \
                          hash) and, where its evidence was removed, `evidence` as null. `consentry verify log --api` reads them. \
                          Scope `log:read`; leaves an audit event.",
            security: json!([{ "api_key": [] }]),
            ..log(
                base,
                &[
                    ("from", "The first row, by default 0."),
                    ("to", "The row after the last, by default the log's size."),
                ],
            )
        },
        Endpoint::Checkpoint => Operation {
            id: "readCheckpoint",
            summary: "What the log says of itself",
            description: "A signed note (C2SP `tlog-checkpoint`) as text: the log's name, its size and its root. Whoever keeps one \
                          can tell later whether anything under it was changed. Signed within a minute of an event.",
            ..log(base, &[])
        },
        Endpoint::LogKey => Operation {
            id: "readLogKey",
            summary: "The key that checkpoints are signed with",
            description: "As text, as verifiers take it (C2SP `signed-note`). Keep it: a key that comes with what it signed proves \
                          nothing.",
            ..log(base, &[])
        },
        Endpoint::Jwks => Operation {
            id: "readKeys",
            tag: "log",
            summary: "The public keys of what is signed",
            description: "A JWK set (RFC 7517) for any JOSE library: receipts name the key that signed them (`kid`). Keys that were \
                          replaced stay in it.",
            security: json!([]),
            response: body::<model::JwksOutput>(json!({ "keys": [{
                "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "alg": "EdDSA", "use": "sig",
            }] })),
            ..base
        },
        Endpoint::Tile => Operation {
            id: "readTile",
            summary: "Hashes of the log",
            description: "A tile (C2SP `tlog-tiles`) as bytes. It never changes; a partial one is there in the widths that \
                          checkpoints had.",
            ..log(base, &[])
        },
        Endpoint::InclusionProof => Operation {
            id: "proveInclusion",
            summary: "That an event is in the log",
            description: "RFC 6962; `consentry verify inclusion` verifies it.",
            response: body::<model::InclusionOutput>(
                json!({ "log_index": 1, "leaf_hash": HASH, "tree_size": 2, "hashes": [HASH] }),
            ),
            ..log(
                base,
                &[(
                    "tree_size",
                    "The size of an earlier checkpoint to prove it for; that of the last by default.",
                )],
            )
        },
        Endpoint::ConsistencyProof => Operation {
            id: "proveConsistency",
            summary: "That the log only grew",
            description: "RFC 6962; `consentry verify checkpoint` verifies it.",
            response: body::<model::ConsistencyOutput>(json!({ "from": 1, "to": 2, "hashes": [HASH] })),
            ..log(
                base,
                &[
                    ("from", "The size of the earlier checkpoint; it must be given."),
                    ("to", "The size of the later one; that of the last by default."),
                ],
            )
        },
        Endpoint::Health => Operation {
            id: "health",
            tag: "service",
            summary: "Whether the service works",
            description: "Asks the database too.",
            security: json!([]),
            response: body::<model::HealthOutput>(
                json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }),
            ),
            ..base
        },
        Endpoint::GpcStatement => Operation {
            id: "gpcStatement",
            tag: "service",
            summary: "That Global Privacy Control is honoured",
            description: "The GPC support resource.",
            security: json!([]),
            response: body::<model::GpcOutput>(json!({ "gpc": true, "lastUpdate": "2026-11-24" })),
            ..base
        },
    }
}

/// What is asked of a log, with these numbers in the query.
fn log(base: Operation, numbers: &[(&'static str, &'static str)]) -> Operation {
    let more = [("log", "Which database's log, from 0.")];
    let numbers = numbers.iter().chain(&more);
    let mut query: Vec<_> =
        numbers.map(|(name, words)| (*name, json!({ "type": "integer", "minimum": 0 }), *words)).collect();
    let words = "A name that the log had before its database was restored; the present one by default.";
    query.push(("origin", json!({ "type": "string" }), words));
    Operation { tag: "log", security: json!([]), query, ..base }
}
