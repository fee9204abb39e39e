"""What the tests share: snapshots that the command of this checkout makes."""

from __future__ import annotations

import json
import os
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


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "site.key"
    path.write_text(KEY)
    return path


@pytest.fixture
def snapshot(make: Make) -> Snapshot:
    """Of u1, u3 and one whose id is no ASCII."""
    return Snapshot.open(make(["u1", "u3", "ünï-🦀"]), purpose="model_training")
