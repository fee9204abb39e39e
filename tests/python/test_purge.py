"""Removing people from files, from Python."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from consentry import PurgeIncomplete, purge

ROWS = '{"user_id":"u1"}\n{"user_id":"u2"}\n{"user_id":"u1","n":2}\n'


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "rows.jsonl").write_text(ROWS)
    (tmp_path / "cache").mkdir()
    for user in ["u1", "u2"]:
        (tmp_path / "cache" / f"{user}.npy").write_text("numbers")
    return tmp_path


def stores(data: Path) -> list[dict[str, str]]:
    return [{"kind": "jsonl", "path": f"{data}/*.jsonl"}, {"kind": "folder", "path": f"{data}/cache/{{user_id}}.npy"}]


def test_people_leave_files_and_folders(data: Path) -> None:
    report = purge(["u1"], stores(data))
    assert (data / "rows.jsonl").read_text() == '{"user_id":"u2"}\n'
    assert [file.name for file in (data / "cache").iterdir()] == ["u2.npy"]
    assert (report.outcome, report.users) == ("done", 1)
    assert [(store.kind, store.found, store.removed, store.verified) for store in report.stores] == [
        ("jsonl", 2, 2, True),
        ("folder", 1, 1, True),
    ]
    assert report.started_at <= report.ended_at and "u1" not in report.json


def test_a_dry_run_only_counts(data: Path) -> None:
    report = purge(["u1"], stores(data), dry_run=True)
    assert report.outcome == "dry_run" and [store.found for store in report.stores] == [2, 1]
    assert (data / "rows.jsonl").read_text() == ROWS


def test_users_are_named_by_their_keyed_hash_if_there_is_a_key(data: Path, key_file: Path) -> None:
    subjects = json.loads(purge(["u1"], stores(data), key_file=key_file).json)["subjects"]
    assert len(subjects) == 1 and len(subjects[0]) == 64


def test_what_may_still_be_there_is_never_called_done(data: Path) -> None:
    (data / "rows.jsonl").write_text('{"user_id":"u1"}\n{"user_id": u1}\n')
    with pytest.raises(PurgeIncomplete) as raised:
        purge(["u1"], stores(data))
    again = pickle.loads(pickle.dumps(raised.value))
    for error in [raised.value, again]:
        assert error.code == "purge_incomplete" and error.report.outcome == "partial"
        assert error.report.stores[1].removed == 1 and "u1" not in str(error)


def test_a_plan_that_is_none_is_told_without_an_id(data: Path) -> None:
    for users, wrong in [([], stores(data)), (["ada\n"], stores(data)), (["ada", "ada"], stores(data)), (["ada"], []), (["ada"], [{"kind": "jsnl"}])]:
        with pytest.raises(ValueError, match=".") as raised:
            purge(users, wrong)
        assert "ada" not in str(raised.value)
