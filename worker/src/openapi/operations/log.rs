//! The log, as anybody may read it.

use super::base;
use crate::{
    model,
    openapi::{
        examples::{HASH, ID, TIME},
        operation::{Operation, body},
    },
};
use serde_json::json;

pub(super) fn head() -> Operation {
    Operation {
        id: "readLog",
        summary: "A log, as far as it is signed",
        description: "The head of the log, and how many events wait for the next checkpoint, which `consentry monitor` asks for. \
                      Several names mean that its database was restored to an earlier state.",
        response: body::<model::LogOutput>(
            json!({ "log": format!("consentry.example/log/0/{ID}"), "size": 17, "root": HASH, "signed_at": TIME, "waiting": 1,
            "waiting_since": TIME,
            "names": [{ "first": 0, "log": format!("consentry.example/log/0/{ID}"), "kept": 0 }] }),
        ),
        ..log(&[])
    }
}

pub(super) fn log_rows() -> Operation {
    Operation {
        id: "readLogRows",
        summary: "Rows of the log",
        description: "A line of JSON for each event under the checkpoint, at most 4096: `log_index`, `leaf_hash`, and of the events \
                      of the key's site and of the log itself `leaf` (base64 of its canonical bytes, in which a person is a keyed \
                      hash) and, where its evidence was removed, `evidence` as null. `consentry verify log --api` reads them. \
                      Scope `log:read`; leaves an audit event.",
        security: json!([{ "api_key": [] }]),
        ..log(&[
            ("from", "The first row, by default 0."),
            ("to", "The row after the last, by default the log's size."),
        ])
    }
}

pub(super) fn checkpoint() -> Operation {
    Operation {
        id: "readCheckpoint",
        summary: "What the log says of itself",
        description: "A signed note (C2SP `tlog-checkpoint`) as text: the log's name, its size and its root. Whoever keeps one \
                      can tell later whether anything under it was changed. Signed within a minute of an event.",
        ..log(&[])
    }
}

pub(super) fn log_key() -> Operation {
    Operation {
        id: "readLogKey",
        summary: "The key that checkpoints are signed with",
        description: "As text, as verifiers take it (C2SP `signed-note`). Keep it: a key that comes with what it signed proves \
                      nothing.",
        ..log(&[])
    }
}

pub(super) fn jwks() -> Operation {
    Operation {
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
        ..base()
    }
}

pub(super) fn tile() -> Operation {
    Operation {
        id: "readTile",
        summary: "Hashes of the log",
        description: "A tile (C2SP `tlog-tiles`) as bytes. It never changes; a partial one is there in the widths that \
                      checkpoints had.",
        ..log(&[])
    }
}

pub(super) fn inclusion_proof() -> Operation {
    Operation {
        id: "proveInclusion",
        summary: "That an event is in the log",
        description: "RFC 6962; `consentry verify inclusion` verifies it.",
        response: body::<model::InclusionOutput>(
            json!({ "log_index": 1, "leaf_hash": HASH, "tree_size": 2, "hashes": [HASH] }),
        ),
        ..log(&[(
            "tree_size",
            "The size of an earlier checkpoint to prove it for; that of the last by default.",
        )])
    }
}

pub(super) fn consistency_proof() -> Operation {
    Operation {
        id: "proveConsistency",
        summary: "That the log only grew",
        description: "RFC 6962; `consentry verify checkpoint` verifies it.",
        response: body::<model::ConsistencyOutput>(json!({ "from": 1, "to": 2, "hashes": [HASH] })),
        ..log(&[
            ("from", "The size of the earlier checkpoint; it must be given."),
            ("to", "The size of the later one; that of the last by default."),
        ])
    }
}

/// What is asked of a log, with these numbers in the query.
fn log(numbers: &[(&'static str, &'static str)]) -> Operation {
    let more = [("log", "Which database's log, from 0.")];
    let numbers = numbers.iter().chain(&more);
    let mut query: Vec<_> =
        numbers.map(|(name, words)| (*name, json!({ "type": "integer", "minimum": 0 }), *words)).collect();
    let words = "A name that the log had before its database was restored; the present one by default.";
    query.push(("origin", json!({ "type": "string" }), words));
    Operation { tag: "log", security: json!([]), query, ..base() }
}
