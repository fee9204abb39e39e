#!/usr/bin/env python3
"""Writes receipt.json.

Receipts, their proofs and checkpoints a second time, from RFC 6962, RFC 7515, C2SP signed-note and the fields in src/receipt.rs, with
the curve of the package `cryptography`. Cases are added at the end of the list; a value that was published never changes.
"""

import base64
import hashlib
import json
import pathlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from leaf import FULL, ORIGIN, leaf

HERE = pathlib.Path(__file__).parent
KEY = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(bytes([8]) * 32)


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def jwk(key):
    x = url64(key.public_key().public_bytes_raw())
    needed = {"crv": "Ed25519", "kty": "OKP", "x": x}
    return needed | {"alg": "EdDSA", "use": "sig", "kid": url64(hashlib.sha256(canonical(needed)).digest())}


def jws(payload, key=KEY, **header):
    header = {"alg": "EdDSA", "kid": jwk(key)["kid"], "typ": "consent-receipt+jws"} | header
    signed = f"{url64(canonical(header))}.{url64(canonical(payload))}"
    return f"{signed}.{url64(key.sign(signed.encode()))}"


def note(origin, size, root, key=KEY):
    text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"
    public = b"\1" + key.public_key().public_bytes_raw()
    key_id = hashlib.sha256(origin.encode() + b"\n" + public).digest()[:4]
    signature = base64.b64encode(key_id + key.sign(text.encode())).decode()
    return f"{text}\n— {origin} {signature}\n"


LEAF_HASH = hashlib.sha256(b"\0" + leaf(ORIGIN, FULL)).digest()
FIRST = hashlib.sha256(b"\0").digest()
ROOT = hashlib.sha256(b"\1" + FIRST + LEAF_HASH).digest()

PAYLOAD = {
    "version": 1,
    "log": ORIGIN,
    "log_index": 1,
    "leaf_hash": LEAF_HASH.hex(),
    "included_by": "2026-11-25T09:30:00.001Z",
    "record": {
        "id": FULL["id"],
        "site": FULL["site"],
        "action": FULL["kind"],
        "subject": FULL["subject"]["hash"],
        "subject_key_id": FULL["subject"]["key_id"],
        "purpose": FULL["purpose"],
        "status": FULL["status"],
        "legal_basis": FULL["legal_basis"],
        "notice_hash": FULL["notice_hash"],
        "timestamp": FULL["created_at"],
        "decided_at": FULL["decided_at"],
        "performed_by": FULL["actor"],
        "details": json.loads(FULL["details"]),
        "evidence_commitment": FULL["evidence_commitment"],
    },
}
PROOF = {"log_index": 1, "leaf_hash": LEAF_HASH.hex(), "tree_size": 2, "hashes": [FIRST.hex()]}
PROVED = {"receipt": jws(PAYLOAD), "inclusion": PROOF, "checkpoint": note(ORIGIN, 2, ROOT)}


def forged(text):
    head, payload, signature = text.split(".")
    return f"{head}.{payload}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


CASES = [
    ("with its proof", PROVED, 2),
    ("the promise alone", {"receipt": PROVED["receipt"]}, None),
    ("the checkpoint of a log that goes on under another name", PROVED | {"checkpoint": note("consent.example/new", 2, ROOT)}, 2),
    ("no JWS", {"receipt": "receipt"}, "jws_malformed"),
    ("another algorithm", {"receipt": jws(PAYLOAD, alg="ES256")}, "jws_unsupported"),
    ("another type", {"receipt": jws(PAYLOAD, typ="deletion-receipt+jws")}, "jws_type"),
    ("a key that nobody gave", {"receipt": jws(PAYLOAD, key=OTHER)}, "jws_unknown_key"),
    ("a changed signature", {"receipt": forged(PROVED["receipt"])}, "jws_forged"),
    ("signed fields that are none of a receipt", {"receipt": jws({"version": 1})}, "receipt_fields"),
    ("another version", {"receipt": jws(PAYLOAD | {"version": 2})}, "receipt_fields"),
    (
        "signed fields that do not make the leaf hash",
        {"receipt": jws(PAYLOAD | {"record": PAYLOAD["record"] | {"status": "revoked"}})},
        "receipt_leaf",
    ),
    ("a proof without a checkpoint", {"receipt": PROVED["receipt"], "inclusion": PROOF}, "receipt_no_checkpoint"),
    ("a checkpoint by another key", PROVED | {"checkpoint": note(ORIGIN, 2, ROOT, OTHER)}, "receipt_checkpoint"),
    ("a changed checkpoint", PROVED | {"checkpoint": PROVED["checkpoint"].replace("\n2\n", "\n3\n")}, "receipt_checkpoint"),
    ("a proof for another place", PROVED | {"inclusion": PROOF | {"log_index": 0}}, "receipt_other_leaf"),
    ("a proof that leads elsewhere", PROVED | {"inclusion": PROOF | {"hashes": [LEAF_HASH.hex()]}}, "receipt_inclusion"),
    ("a checkpoint of another tree", PROVED | {"checkpoint": note(ORIGIN, 2, FIRST)}, "receipt_inclusion"),
]

cases = [
    {"name": name, "proved": proved} | ({"error": result} if isinstance(result, str) else {"tree_size": result})
    for name, proved, result in CASES
]
document = {"jwks": {"keys": [jwk(KEY)]}, "cases": cases}
(HERE / "receipt.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
