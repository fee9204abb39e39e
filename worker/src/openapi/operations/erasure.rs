//! Erasures: asking for one, following them, deciding about them, and the work of agents and services.

use super::base;
use crate::{
    erasure::webhook::Said,
    model,
    openapi::{
        examples::{ID, TIME, erasure, listed, store},
        operation::{Operation, body, optional},
    },
};
use serde_json::json;

/// What the decisions about an erasure have in common.
fn change() -> Operation {
    Operation {
        tag: "data rights",
        security: json!([{ "api_key": [] }]),
        response: body::<model::ErasureOutput>(erasure()),
        ..base()
    }
}

pub(super) fn request() -> Operation {
    Operation {
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
        ..base()
    }
}

pub(super) fn list_erasures() -> Operation {
    Operation {
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
        ..base()
    }
}

pub(super) fn read() -> Operation {
    Operation {
        id: "readErasure",
        tag: "data rights",
        summary: "Where an erasure stands",
        description: "Store by store. Scope `subject:erase`; leaves an audit event.",
        response: body::<model::ErasureOutput>(erasure()),
        ..base()
    }
}

pub(super) fn deletion_receipt() -> Operation {
    Operation {
        id: "readDeletionReceipt",
        tag: "data rights",
        summary: "What was removed where, signed",
        description: "Of an erasure that is done: per store what was removed, how and when that was verified, the signed result of \
                      an agent, and until when backups may hold it. Scope `subject:erase`; leaves an audit event.",
        response: body::<model::DeletionReceiptOutput>(json!({ "receipt": "eyJhbGciOiJFZERTQSJ9.e30.c2ln" })),
        ..base()
    }
}

pub(super) fn extend_erasure() -> Operation {
    Operation {
        id: "extendErasure",
        summary: "Give more time to an erasure",
        description: "Once, within the first period, where the law knows it (GDPR Art. 12(3)); the person must be told. Scope \
                      `subject:erase`, by a key of the site; leaves an audit event.",
        request: body::<model::ExtendInput>(json!({ "reason": "complexity" })),
        ..change()
    }
}

pub(super) fn refuse_erasure() -> Operation {
    Operation {
        id: "refuseErasure",
        summary: "Refuse an erasure",
        description: "On a legal ground; what was removed before stays removed. Scope `subject:erase`, by a key of the site; \
                      leaves an audit event.",
        request: body::<model::RefuseInput>(json!({ "ground": "legal_obligation" })),
        ..change()
    }
}

pub(super) fn hold_erasure() -> Operation {
    Operation {
        id: "holdErasure",
        summary: "Hold an erasure",
        description: "Nothing more is removed until it is released. The deadline goes on. Scope `subject:erase`, by a key of the \
                      site; leaves an audit event.",
        request: body::<model::HoldInput>(json!({ "ground": "authority" })),
        ..change()
    }
}

pub(super) fn release_erasure() -> Operation {
    Operation {
        id: "releaseErasure",
        summary: "Let an erasure go on",
        description: "One that is held, or that waits for who is asking to be known. Scope `subject:erase`, by a key of the site; \
                      leaves an audit event.",
        ..change()
    }
}

pub(super) fn retry_erasure() -> Operation {
    Operation {
        id: "retryErasure",
        summary: "Have the stores that failed tried now",
        description: "Each store that is `failed` or `dead`, and a webhook's service that accepted and has not called back; not before \
                      what must come `after`. A dead one that fails again stays dead. 409 if there is none, or if the erasure is \
                      held, checked or at its end. Scope `subject:erase`, by a key of the site; leaves an audit event.",
        ..change()
    }
}

pub(super) fn call_back() -> Operation {
    Operation {
        id: "reportStore",
        tag: "data rights",
        summary: "What a service that was told of an erasure says",
        description: "For a store of kind `webhook` that answered 202, with the token that came with the message. Where the \
                      task is over, nothing changes.",
        security: json!([{ "one_task": [] }]),
        request: body::<Said>(json!({ "done": true, "found": 3, "removed": 3 })),
        response: body::<model::StoreOutput>(store()),
        ..base()
    }
}

pub(super) fn agent_tasks() -> Operation {
    Operation {
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
        ..base()
    }
}

pub(super) fn agent_lease() -> Operation {
    Operation {
        id: "keepTask",
        tag: "agents",
        summary: "Keep a task for another ten minutes",
        description: "409 if it is no longer this agent's. Scope `erasure:work`.",
        security: json!([{ "api_key": [] }]),
        response: body::<model::LeaseOutput>(json!({ "id": ID, "leased_until": TIME })),
        ..base()
    }
}

pub(super) fn agent_result() -> Operation {
    Operation {
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
        ..base()
    }
}
