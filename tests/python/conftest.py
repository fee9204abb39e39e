"""What the tests share: snapshots that the command of this checkout makes."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consentry import Snapshot

ROOT = Path(__file__).resolve().parents[2]
COMMAND = os.environ["CONSENTRY"]
KEY = "1:" + "0123456789abcdef" * 4

Make = Callable[..., Path]


def consentry(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Runs the command."""
    done = subprocess.run([COMMAND, *map(str, words)], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


@contextmanager
def another_thread() -> Iterator[Callable[[], int]]:
    """A thread that counts as long as it is let; gives how far it is."""
    steps, over = [0], threading.Event()

    def count() -> None:
        while not over.is_set():
            steps[0] += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        # It has begun, so that nothing is counted for its beginning.
        while not steps[0]:
            time.sleep(0.001)
        yield lambda: steps[0]
    finally:
        over.set()
        thread.join()


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Makes a snapshot of those who granted; asks for the purpose `model_training` of the site `demo`."""

    def made(granted: Iterable[str], *options: object, name: str = "snapshot") -> Path:
        table = tmp_path / "users.jsonl"
        said = [{"user_id": "nobody", "status": "revoked"}]
        said += [{"user_id": user, "status": "granted"} for user in granted]
        table.write_text("".join(json.dumps(row) + "\n" for row in said))
        path = tmp_path / name
        options = options or ("--purpose", "model_training")
        consentry("snapshot", "build", "--site", "demo", *options, "-o", path, table)
        return path

    return made


def ended(path: Path, subject: bytes | None) -> None:
    """Writes a snapshot with ends as it would be had this person's yes ended a minute ago: after the layout in src/granted/file.rs."""
    header, body = path.read_bytes()[:256], bytearray(path.read_bytes()[256:-32])
    version, bits, count = header[8], header[13], struct.unpack("<I", header[32:36])[0]
    keys, index = 16 * count, 4 * (2**bits + 1)
    assert header[:8] == b"consnap\n" and version == 2 and len(body) == keys + index + 4 * count
    place = [bytes(body[n : n + 16]) for n in range(0, keys, 16)].index(subject or b"")
    struct.pack_into("<I", body, keys + index + 4 * place, int(time.time() / 60) - 1)
    chunks = b"".join(hashlib.sha256(body[n : n + 2**20]).digest() for n in range(0, len(body), 2**20))
    path.unlink()
    path.write_bytes(header + body + hashlib.sha256(header + chunks).digest())


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "site.key"
    path.write_text(KEY)
    return path


@pytest.fixture
def snapshot(make: Make) -> Snapshot:
    """Of u1, u3 and one whose id is no ASCII."""
    return Snapshot.open(make(["u1", "u3", "ünï-🦀"]), purpose="model_training")
