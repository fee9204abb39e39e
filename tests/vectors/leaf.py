#!/usr/bin/env python3
"""Writes leaf.json and evidence.json.

Leaf version 1 and the evidence commitment a second time, from the table in src/log.rs and from nothing else of the Rust
code, so that two implementations must agree. Cases are added at the end of the lists; a value that was published never
changes.
"""

import hashlib
import hmac
import ipaddress
import json
import pathlib
import struct
import uuid
from datetime import datetime, timedelta, timezone

HERE = pathlib.Path(__file__).parent
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def text(value):
    data = value.encode()
    return struct.pack(">I", len(data)) + data


def optional(value, encode):
    return b"\0" if value is None else b"\1" + encode(value)


def milliseconds(moment):
    since = datetime.fromisoformat(moment.replace("Z", "+00:00")) - EPOCH
    return struct.pack(">Q", since // timedelta(milliseconds=1))


def subject(value):
    return bytes.fromhex(value["hash"]) + struct.pack(">H", value["key_id"])


def leaf(origin, event):
    return b"".join([
        b"\1",
        text(origin),
        optional(event["site"], text),
        uuid.UUID(event["id"]).bytes,
        text(event["kind"]),
        optional(event["subject"], subject),
        optional(event["purpose"], text),
        optional(event["status"], text),
        optional(event["legal_basis"], text),
        optional(event["notice_hash"], bytes.fromhex),
        milliseconds(event["created_at"]),
        optional(event["decided_at"], milliseconds),
        text(event["actor"]),
        text(event["details"]),
        optional(event["evidence_commitment"], bytes.fromhex),
    ])


def digest(seed):
    return hashlib.sha256(seed.encode()).hexdigest()


BARE = {
    "id": "019ab4d0-6c00-7000-8000-000000000001",
    "site": None,
    "kind": "log_started",
    "subject": None,
    "purpose": None,
    "status": None,
    "legal_basis": None,
    "notice_hash": None,
    "created_at": "2026-11-24T09:30:00.000Z",
    "decided_at": None,
    "actor": "system",
    "details": "{}",
    "evidence_commitment": None,
}

ABOUT = {"site": "demo", "subject": {"hash": digest("subject"), "key_id": 1}}

FULL = BARE | ABOUT | {
    "id": "019ab4d0-6c01-7abc-9def-0123456789ab",
    "kind": "consent_granted",
    "purpose": "model_training",
    "status": "granted",
    "legal_basis": "consent",
    "notice_hash": digest("notice"),
    "created_at": "2026-11-24T09:30:00.001Z",
    "decided_at": "2026-11-24T09:29:59.999Z",
    "actor": "user",
    "details": '{"note":"x"}',
    "evidence_commitment": digest("evidence"),
}

ORIGIN = "consent.example/log"

EVENTS = [
    ("a log starts and names its origin", ORIGIN, BARE | {"details": '{"origin":"consent.example/log"}'}),
    ("every optional field is present", ORIGIN, FULL),
    ("every optional field is absent", ORIGIN, BARE | {"kind": "key_created"}),
    *[
        (f"only {field} is absent", ORIGIN, FULL | {field: None})
        for field in ["site", "subject", "purpose", "status", "legal_basis", "notice_hash", "decided_at", "evidence_commitment"]
    ],
    *[
        (f"only {field} is present", ORIGIN, BARE | {field: FULL[field]})
        for field in ["site", "subject", "purpose", "status", "legal_basis", "notice_hash", "decided_at", "evidence_commitment"]
    ],
    ("a revocation on the ground of legitimate interest", ORIGIN, FULL | {
        "kind": "consent_revoked", "purpose": "inference", "status": "revoked", "legal_basis": "legitimate_interest"}),
    ("a pending decision on the ground of a contract", ORIGIN, FULL | {
        "kind": "consent_pending", "purpose": "personalization", "status": "pending", "legal_basis": "contract"}),
    ("selling", ORIGIN, FULL | {"purpose": "sale_or_sharing"}),
    ("analytics", ORIGIN, FULL | {"purpose": "analytics"}),
    ("a purpose that the site declares, of 64 characters", ORIGIN, FULL | {"purpose": "p" + "_9" * 31 + "z"}),
    ("a read by a key", ORIGIN, BARE | ABOUT | {"kind": "consent_read", "actor": "key:k_7f3a"}),
    ("a read of the audit trail", ORIGIN, BARE | ABOUT | {"kind": "audit_read", "actor": "key:k_7f3a"}),
    ("an export by the person", ORIGIN, BARE | ABOUT | {"kind": "data_exported", "actor": "user"}),
    ("an erasure is asked for", ORIGIN, BARE | ABOUT | {"kind": "erasure_requested", "actor": "user"}),
    ("evidence is redacted", ORIGIN, BARE | ABOUT | {"kind": "evidence_redacted", "details": '{"redacted":3}'}),
    ("an erasure ends", ORIGIN, BARE | ABOUT | {"kind": "data_deleted", "details": '{"stores":[]}'}),
    ("the state of an erasure is read", ORIGIN, BARE | ABOUT | {"kind": "erasure_read", "actor": "user"}),
    ("a visitor signs in", ORIGIN, BARE | ABOUT | {"kind": "identity_linked", "actor": "user", "details": '{"visitor":"00"}'}),
    ("a notice is registered", ORIGIN, BARE | {
        "site": "demo", "kind": "notice_registered", "actor": "user", "notice_hash": "11" * 32,
        "details": '{"language":"en","version":1}'}),
    ("a site is configured", ORIGIN, BARE | {"site": "demo", "kind": "site_configured", "actor": "admin"}),
    ("a key is issued", ORIGIN, BARE | {"site": "demo", "kind": "key_created", "actor": "admin"}),
    ("a key is withdrawn", ORIGIN, BARE | {"site": "demo", "kind": "key_revoked", "actor": "admin"}),
    ("the origin is not ASCII", "prüfung.example/日誌", BARE),
    ("the details are not ASCII", ORIGIN, FULL | {"details": '{"reason":"zurückgezogen – 撤回 🦀 \\"ok\\""}'}),
    ("the details hold composed and decomposed letters as they came", ORIGIN, FULL | {"details": '{"a":"é","b":"e\u0301"}'}),
    ("an origin of no characters", "", BARE),
    ("details longer than 255 bytes", ORIGIN, FULL | {"details": '{"x":"' + "y" * 300 + '"}'}),
    ("the first moment of Unix time", ORIGIN, FULL | {
        "created_at": "1970-01-01T00:00:00.000Z", "decided_at": "1970-01-01T00:00:00.000Z"}),
    ("the last moment that RFC 3339 can write", ORIGIN, FULL | {
        "created_at": "9999-12-31T23:59:59.999Z", "decided_at": "2028-02-29T23:59:59.999Z"}),
    ("the highest key id", ORIGIN, FULL | {"subject": {"hash": "00" * 32, "key_id": 65535}}),
    ("the lowest and the highest id", ORIGIN, FULL | {
        "id": "ffffffff-ffff-7fff-bfff-ffffffffffff", "subject": {"hash": "ff" * 32, "key_id": 0}}),
    ("a snapshot is read", ORIGIN, BARE | {
        "site": "demo", "kind": "snapshot_read", "actor": "key:k_7f3a", "details": '{"position":"17","purpose":"model_training"}'}),
    ("a receipt is taken again", ORIGIN, BARE | ABOUT | {"kind": "receipt_read", "actor": "user"}),
    ("an erasure is held", ORIGIN, BARE | ABOUT | {"kind": "erasure_changed", "actor": "key:k_7f3a",
        "details": '{"change":"hold","ground":"authority"}'}),
    ("a data set is registered", ORIGIN, BARE | {"site": "demo", "kind": "lineage_registered", "actor": "key:k_7f3a",
        "details": '{"dataset":"chats","index":"' + digest("index") + '","models":["small","large"],"users":2}'}),
    ("whose rows are where is looked up", ORIGIN, BARE | ABOUT | {"kind": "lineage_read", "actor": "key:k_7f3a"}),
    ("a model is trained again", ORIGIN, BARE | {"site": "demo", "kind": "model_state_changed", "actor": "key:k_7f3a",
        "details": '{"dataset":"chats","erasures":1,"model":"small","state":"retrained"}'}),
    ("a log goes on under another name", ORIGIN + "-2", BARE | {"kind": "log_restarted", "actor": "admin",
        "details": '{"checkpoint":"a signed note\\n","kept":7,"origin":"consent.example/log-2"}'}),
    ("rows of the log are read", ORIGIN, BARE | {
        "site": "demo", "kind": "log_read", "actor": "key:k_7f3a", "details": '{"from":0,"to":4096}'}),
    ("a person opens their own page", ORIGIN, BARE | ABOUT | {"kind": "privacy_opened", "actor": "user"}),
]


def truncated(address):
    parsed = ipaddress.ip_address(address)
    if parsed.version == 6 and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    kept = 24 if parsed.version == 4 else 48
    return str(ipaddress.ip_network((parsed, kept), strict=False).network_address)


def commitment(salt, evidence):
    data = b"".join([
        optional(evidence.get("ip_address"), lambda address: text(truncated(address))),
        optional(evidence.get("user_agent"), text),
        optional(evidence.get("country"), text),
        b"\1" if evidence.get("gpc") else b"\0",
    ])
    return hmac.new(bytes.fromhex(salt), data, hashlib.sha256).hexdigest()


EVIDENCE = [
    ("nothing was shown", {}),
    ("everything was shown", {
        "ip_address": "203.0.113.0", "user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "country": "DE", "gpc": True}),
    ("an IPv4 address is cut to 24 bits", {"ip_address": "203.0.113.77"}),
    ("an IPv6 address is cut to 48 bits", {"ip_address": "2001:db8:1234:5678::1"}),
    ("an IPv4 address written as IPv6 is cut as IPv4", {"ip_address": "::ffff:203.0.113.77"}),
    ("only an agent", {"user_agent": "Browser/1 – ü"}),
    ("only a country", {"country": "US"}),
    ("only Global Privacy Control", {"gpc": True}),
    ("an empty agent is not an absent one", {"user_agent": ""}),
]


def write(name, cases):
    lines = ",\n".join(json.dumps(case) for case in cases)
    (HERE / name).write_text(f"[\n{lines}\n]\n")


def main():
    kinds = {event["kind"] for _, _, event in EVENTS}
    assert len(kinds) == 25, kinds
    leaves = [(name, origin, event, leaf(origin, event)) for name, origin, event in EVENTS]
    write("leaf.json", [
        {"name": name, "origin": origin, "event": event, "leaf": data.hex(),
         "leaf_hash": hashlib.sha256(b"\0" + data).hexdigest()}
        for name, origin, event, data in leaves
    ])
    write("evidence.json", [
        {"name": name, "salt": digest(name), "evidence": evidence, "commitment": commitment(digest(name), evidence)}
        for name, evidence in EVIDENCE
    ])


if __name__ == "__main__":
    main()
