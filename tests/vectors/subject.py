#!/usr/bin/env python3
"""Writes subject.json: who a record is about, computed a second time with nothing but hmac, hashlib and base64.

The rules are those of src/subject.rs: a site key is HKDF-SHA256 (RFC 5869) without salt over `consentry/site-key/v1`, the
site (each with its length in four bytes in front) and the key's id in two bytes; a subject is HMAC-SHA256 of the user id
under it; a visitor's id is `anonymous:` and the SHA-256 of the secret in base64url.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import struct


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def text(value):
    data = value.encode()
    return struct.pack(">I", len(data)) + data


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def subject(master, site, key_id, user_id):
    info = text("consentry/site-key/v1") + text(site) + struct.pack(">H", key_id)
    site_key = mac(mac(bytes(32), master), info + b"\1")
    return mac(site_key, user_id.encode()).hex()


def visitor(secret):
    return "anonymous:" + base64url(hashlib.sha256(secret).digest())


MASTER = hashlib.sha256(b"master").digest()
COUNTING = bytes(range(32))

SUBJECTS = [
    (MASTER, "demo", 1, "u1"),
    (MASTER, "demo", 2, "u1"),
    (MASTER, "shop", 1, "u1"),
    (COUNTING, "demo", 1, "u1"),
    (b"short", "demo", 1, "u1"),
    (b"\xff" * 100, "demo", 1, "u1"),
    (MASTER, "s" * 64, 65535, "u1"),
    (MASTER, "demo", 1, "a@example.com"),
    (MASTER, "demo", 1, "A@example.com"),
    (MASTER, "demo", 1, "a/b?c#d%20"),
    (MASTER, "demo", 1, "it's \"x\""),
    (MASTER, "demo", 1, "🦀 ünïcode 日本"),
    (MASTER, "demo", 1, "é"),
    (MASTER, "demo", 1, "e\u0301"),
    (MASTER, "demo", 1, " "),
    (MASTER, "demo", 1, "..."),
    (MASTER, "demo", 1, "x" * 256),
    (MASTER, "demo", 1, "ä" * 128),
    (MASTER, "demo", 1, "Anonymous:me"),
    (MASTER, "demo", 1, visitor(COUNTING)),
]

VISITORS = [bytes(32), COUNTING, b"\xff" * 32, b"\xfb\xef\xbe" * 10 + b"\0\0", hashlib.sha256(b"visitor").digest()]

REFUSED_SECRETS = [
    "",
    base64url(bytes(31)),
    base64url(bytes(33)),
    base64url(bytes(32)) + "=",
    # The two spare bits of the last character are not zero.
    base64url(bytes(32))[:-1] + "B",
    base64.b64encode(b"\xfb\xef\xbe" * 10 + b"\0\0").decode().rstrip("="),
    " " + base64url(bytes(32))[1:],
    "é" + base64url(bytes(32))[2:],
]

REFUSED_USER_IDS = [
    ("", "user_id_empty"),
    ("x" * 257, "user_id_too_long"),
    ("ä" * 128 + "x", "user_id_too_long"),
    ("a\nb", "user_id_control_character"),
    ("\0", "user_id_control_character"),
    ("a\u007f", "user_id_control_character"),
    ("a\u0085b", "user_id_control_character"),
    (".", "user_id_dot_segment"),
    ("..", "user_id_dot_segment"),
    ("anonymous:", "user_id_reserved"),
    ("anonymous:me", "user_id_reserved"),
    (visitor(COUNTING) + "A", "user_id_reserved"),
    (visitor(COUNTING)[:-1] + "B", "user_id_reserved"),
]


def lines(cases):
    return "[\n  " + ",\n  ".join(json.dumps(case) for case in cases) + "\n ]"


def main():
    parts = {
        "subjects": [
            {"master": master.hex(), "site": site, "key_id": key_id, "user_id": user_id,
             "subject": subject(master, site, key_id, user_id)}
            for master, site, key_id, user_id in SUBJECTS
        ],
        "visitors": [{"secret": base64url(secret), "user_id": visitor(secret)} for secret in VISITORS],
        "refused_secrets": REFUSED_SECRETS,
        "refused_user_ids": [{"user_id": user_id, "code": code} for user_id, code in REFUSED_USER_IDS],
    }
    body = ",\n".join(f" {json.dumps(name)}: {lines(cases)}" for name, cases in parts.items())
    (pathlib.Path(__file__).parent / "subject.json").write_text("{\n" + body + "\n}\n")


if __name__ == "__main__":
    main()
