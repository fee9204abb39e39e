//! Who granted a purpose, and the data sets and models that were made of their rows.

use super::base;
use crate::{
    model,
    openapi::{
        examples::{HASH, ID, TIME, dataset, register, standing, with},
        operation::{Operation, body},
    },
};
use serde_json::json;

pub(super) fn snapshot() -> Operation {
    Operation {
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
        ..base()
    }
}

pub(super) fn snapshot_changes() -> Operation {
    Operation {
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
        ..base()
    }
}

pub(super) fn register_dataset() -> Operation {
    Operation {
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
        ..base()
    }
}

pub(super) fn put_index_chunk() -> Operation {
    Operation {
        id: "putIndexChunk",
        tag: "lineage",
        summary: "Send a piece of a data set's index",
        description: "A mebibyte of the index behind its first 256 bytes, or what is left of it before the last 32. Sending a \
                      piece twice changes nothing. With the last one missing all of them are held against the digest that was \
                      announced, and must be sent again if they don't make it. Scope `lineage:write`.",
        security: json!([{ "api_key": [] }]),
        bytes: true,
        response: body::<model::DatasetOutput>(dataset()),
        ..base()
    }
}

pub(super) fn list_datasets() -> Operation {
    Operation {
        id: "listDatasets",
        tag: "lineage",
        summary: "All data sets",
        description: "By name, up to 100 at a time. Scope `lineage:write`.",
        security: json!([{ "api_key": [] }]),
        response: body::<model::DatasetsOutput>(json!({ "datasets": [dataset()], "next": null })),
        query: vec![("after", json!({ "type": "string" }), "The `next` of the page before.")],
        ..base()
    }
}

pub(super) fn get_dataset() -> Operation {
    Operation {
        id: "readDataset",
        tag: "lineage",
        summary: "One data set",
        description: "With the erasures of people whose rows it held, and where its models stand with each. Scope \
                      `lineage:write`.",
        security: json!([{ "api_key": [] }]),
        response: body::<model::DatasetDetails>(with(dataset(), &[("erasures", json!([standing()]))])),
        ..base()
    }
}

pub(super) fn put_model() -> Operation {
    Operation {
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
        ..base()
    }
}

pub(super) fn holding() -> Operation {
    Operation {
        id: "readHolding",
        tag: "lineage",
        summary: "The data sets that hold a person's rows",
        description: "And the models that were trained on them, for when somebody withdraws. Scope `subject:erase`; leaves an \
                      audit event.",
        response: body::<model::HoldingOutput>(json!({ "user_id": "ada@example.com",
            "datasets": [{ "dataset": "corpus_2026_11", "models": ["ranker_7"] }], "unknown": [],
            "vectors": [{ "store": "embeddings", "count": 12 }] })),
        ..base()
    }
}

pub(super) fn register_vectors() -> Operation {
    Operation {
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
        ..base()
    }
}
