"""Runs over files: the same as the command's, and the way errors and Ctrl-C come out of them."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from consentry import ConsentUnavailable, Counts, RunFailed, Snapshot, UnjudgeableRow, consent_filtered_loader, filter_jsonl
from conftest import ROOT, Make, another_thread, consentry

ROWS = b'{"user_id":"u1","n":1}\n{"user_id":"u2","n":2}\n{"n":3}\n{"user_id":"u3",  "n":4}\n'
KEPT = b'{"user_id":"u1","n":1}\n{"user_id":"u3",  "n":4}\n'


def test_rows_are_kept_byte_for_byte(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(ROWS)
    done = filter_jsonl(tmp_path / "rows.jsonl", tmp_path / "kept.jsonl", snapshot=snapshot)
    assert (tmp_path / "kept.jsonl").read_bytes() == KEPT
    assert done.counts == Counts(rows=4, kept=2, no_consent=1, quarantined=1, reasons={"no_id": 1})
    assert (done.inputs[0].bytes, done.outputs[0].bytes, done.quarantine) == (len(ROWS), len(KEPT), None)


def test_a_pattern_into_a_folder_with_manifest_and_quarantine(snapshot: Snapshot, tmp_path: Path) -> None:
    for name in ["a", "b"]:
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress(ROWS))
    manifest, quarantine = tmp_path / "manifest.json", tmp_path / "odd.jsonl"
    done = filter_jsonl(
        [tmp_path / "*.jsonl.gz"], f"{tmp_path}/kept/", snapshot=snapshot, manifest=manifest, quarantine=quarantine, compression="none"
    )
    assert (tmp_path / "kept/b.jsonl.gz").read_bytes() == KEPT
    assert done.counts.kept == 4 and len(quarantine.read_text().splitlines()) == 2
    assert done.outputs[0].sha256 and json.loads(manifest.read_text())["counts"]["kept"] == 4
    consentry("manifest", "check", manifest)


def test_a_policy_keeps_reserved_rows_out(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(b'{"user_id":"u1","tdm":1}\n{"user_id":"u1","tdm":0}\n')
    policy = tmp_path / "policy.json"
    policy.write_text('{"reservations": {"tdm_reservation": "tdm"}}')
    done = filter_jsonl(tmp_path / "rows", tmp_path / "kept", snapshot=snapshot, policy=policy)
    assert (done.counts.kept, done.counts.reserved) == (1, 1)
    policy.write_text("{}")
    with pytest.raises(ValueError, match="policy"):
        filter_jsonl(tmp_path / "rows", tmp_path / "kept", snapshot=snapshot, policy=policy)


def test_parquet_is_filtered_too(snapshot: Snapshot, tmp_path: Path) -> None:
    pq.write_table(pa.table({"user_id": ["u1", "u2", None, "u3"], "n": range(4)}), tmp_path / "rows")
    filter_jsonl(tmp_path / "rows", tmp_path / "kept", snapshot=snapshot)
    assert pq.read_table(tmp_path / "kept")["n"].to_pylist() == [0, 3]


def test_a_strict_run_ends_at_a_row_that_can_t_be_judged(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(ROWS)
    with pytest.raises(UnjudgeableRow, match="line 3") as raised:
        filter_jsonl(tmp_path / "rows", tmp_path / "kept", snapshot=snapshot, strict=True)
    assert raised.value.code == "no_id" and "--" not in str(raised.value)
    assert not (tmp_path / "kept").exists()


def test_what_fails_has_a_code(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(ROWS)
    for inputs, output, code in [("none", "kept", "input_missing"), ("rows", "rows", "output_is_input")]:
        with pytest.raises(RunFailed) as raised:
            filter_jsonl(tmp_path / inputs, tmp_path / output, snapshot=snapshot)
        assert raised.value.code == code
    with pytest.raises(ConsentUnavailable):
        filter_jsonl(tmp_path / "rows", tmp_path / "kept", snapshot=tmp_path / "none")
    for wrong in [{"compression": "lzma"}, {"user_field": ""}, {"purpose": "analytics"}]:
        with pytest.raises(ValueError, match="=|name that one"):
            filter_jsonl(tmp_path / "rows", tmp_path / "kept", **{"snapshot": snapshot, **wrong})
    assert sorted(file.name for file in tmp_path.iterdir()) == ["rows", "snapshot", "users.jsonl"]


def test_ctrl_c_ends_a_run_and_leaves_nothing_behind(make: Make, tmp_path: Path) -> None:
    path, pipe = make(["u1"]), tmp_path / "pipe"
    os.mkfifo(pipe)
    program = f"import consentry; consentry.filter_jsonl({str(pipe)!r}, {str(tmp_path / 'kept')!r}, snapshot={str(path)!r})"
    run = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    with open(pipe, "wb") as writer:
        writer.write(b'{"user_id":"u1"}\n')
        writer.flush()
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=20)
    assert said.rstrip().endswith("KeyboardInterrupt"), said
    assert sorted(file.name for file in tmp_path.iterdir()) == ["pipe", "snapshot", "users.jsonl"]


def test_other_threads_run_during_a_run(snapshot: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "rows").write_bytes(ROWS * 200_000)
    with another_thread() as steps:
        before = steps()
        filter_jsonl(tmp_path / "rows", tmp_path / "kept", snapshot=snapshot)
        during = steps() - before
    assert during > 20, "the interpreter was held"


def test_the_trap_rows_are_judged_as_every_face_judges_them(snapshot: Snapshot, make: Make, tmp_path: Path) -> None:
    cases = json.loads((ROOT / "tests/vectors/rows.json").read_text(encoding="utf-8"))["rows"]
    source = tmp_path / "rows"
    for case in cases:
        row = base64.b64decode(case["row_base64"]) if "row_base64" in case else case["row"].encode()
        if not row:
            continue
        source.write_bytes(row)
        path = make([case["user_id"]] if "user_id" in case else [])
        done = filter_jsonl(source, tmp_path / "kept", snapshot=path, user_field=case["field"])
        assert (tmp_path / "kept").read_bytes() == (row if "user_id" in case else b""), case
        assert done.counts.reasons == ({case["reason"]: 1} if "reason" in case else {}), case


def test_two_million_rows_come_out_alike_from_every_face(make: Make, tmp_path: Path) -> None:
    """The command, the run and the loader, over the same rows."""
    path = make(f"u{n}" for n in range(0, 1000, 3))
    rows, by_command, by_run, by_loader = (tmp_path / name for name in ["rows", "command", "run", "loader"])
    # 1009 is a prime, so every place of the cycle meets every user.
    cycle = "".join(f'{{"n":{n},"user_id":"u{n * 7919 % 1009}"}}\n' if n % 500 else '{"n":0}\n' for n in range(20_000))
    with rows.open("w") as file:
        for _ in range(100):
            file.write(cycle)
    consentry("filter", "--purpose", "model_training", "--snapshot", path, rows, "-o", by_command, code=3)
    done = filter_jsonl(rows, by_run, snapshot=path)
    assert done.counts.rows == 2_000_000 and done.counts.quarantined == 4000
    with rows.open("rb") as lines, by_loader.open("wb") as kept:
        loader = consent_filtered_loader(({**json.loads(line), "line": line} for line in lines), snapshot=path)
        kept.writelines(row["line"] for row in loader)
    assert loader.counts == done.counts
    assert by_command.read_bytes() == by_run.read_bytes() == by_loader.read_bytes()
