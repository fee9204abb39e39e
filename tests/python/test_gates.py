"""Rows that reservations and ages keep out: as the vectors say, and as the command does."""

from __future__ import annotations

import json
import pickle
from collections import ChainMap, UserDict, defaultdict
from collections.abc import Mapping
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import ROOT, Make, consentry
from consentry import Counts, Snapshot, consent_filtered_loader
from consentry._consentry import Gates

VECTORS = json.loads((ROOT / "tests/vectors/gates.json").read_text())
NOW_MS = int(datetime.fromisoformat(VECTORS["now"].replace("Z", "+00:00")).timestamp() * 1000)


class Twice(Exception):
    """A key is there twice, which no dictionary can be."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise Twice
    return dict(pairs)


def as_dictionaries(cases: list[dict[str, Any]]) -> list[tuple[dict[str, Any], str, dict[str, Any]]]:
    """The cases whose rows a dictionary can be: the policy, the row as text and as a dictionary, as far as they are told apart."""
    found = []
    for case in cases:
        try:
            found.append((case, case["row"], json.loads(case["row"], object_pairs_hook=once)))
        except Twice:
            assert case["closed"] is not None, "a key that is there twice closes a gate"
    return found


def test_every_case_is_let_in_or_kept_out_as_written() -> None:
    cases = as_dictionaries(VECTORS["cases"])
    assert len(cases) > 100
    for case, text, row in cases:
        gates = Gates(json.dumps(case["policy"]).encode(), "policy", NOW_MS)
        assert gates.closed(row) == case["closed"], text


def test_the_loader_keeps_the_rows_that_the_command_keeps(make: Make, tmp_path: Path) -> None:
    snapshot = make(["u1"])
    policies: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for case, text, row in as_dictionaries(VECTORS["cases"]):
        policies.setdefault(json.dumps(case["policy"]), []).append((text, row))
    assert len(policies) > 3
    for policy, rows in policies.items():
        named = tmp_path / "policy.json"
        named.write_text(policy)
        (tmp_path / "rows.jsonl").write_text("".join(text + "\n" for text, _ in rows))
        output, manifest = tmp_path / "kept.jsonl", tmp_path / "manifest.json"
        consentry(
            "filter", "--purpose", "model_training", "--snapshot", snapshot, "--policy", named, tmp_path / "rows.jsonl", "-o", output, "--manifest", manifest
        )  # fmt: skip
        kept = [json.loads(line) for line in output.read_text().splitlines()]
        counted = json.loads(manifest.read_text())["counts"]
        for said in (named, json.loads(policy)):
            loader = consent_filtered_loader([row for _, row in rows], snapshot=snapshot, policy=said)
            assert list(loader) == kept
            assert loader.counts == Counts(**counted)


def test_consent_is_asked_first_and_what_can_t_be_judged_stays_so(snapshot: Snapshot) -> None:
    rows: list[dict[str, Any]] = [{"user_id": "u1", "age": 30}, {"user_id": "u1", "age": 3}, {"user_id": "u2", "age": 3}, {"age": 3}]
    loader = consent_filtered_loader(rows, snapshot=snapshot, policy={"age": {"age": "age", "minimum": 16}})
    assert list(loader) == rows[:1]
    assert loader.counts == Counts(rows=4, kept=1, child=1, no_consent=1, quarantined=1, reasons={"no_id": 1})


@pytest.mark.parametrize(
    ("born", "stays"),
    [(date(1990, 1, 1), True), (date(2025, 1, 1), False), (datetime(1990, 1, 1, tzinfo=timezone.utc), True), (np.datetime64("1990-01-01"), True),
     (float("nan"), False), (b"1990-01-01", False), (["1990-01-01"], False), ("\ud800", False), (None, True)],
)  # fmt: skip
def test_a_date_of_birth_may_be_a_date(snapshot: Snapshot, born: Any, stays: bool) -> None:
    loader = consent_filtered_loader([{"user_id": "u1", "born": born}], snapshot=snapshot, policy={"age": {"birth_date": "born", "minimum": 16}})
    assert len(list(loader)) == stays


@pytest.mark.parametrize(
    ("mark", "stays"),
    [(np.int64(0), True), (np.int64(1), False), (np.float32(0), True), (np.bool_(False), True), (np.bool_(True), False), (float("inf"), False),
     (float("nan"), False), (10**400, False), (np.array([0]), False), (np.str_("0"), True), (object(), False)],
)  # fmt: skip
def test_a_mark_may_be_a_number_of_numpy_and_what_is_none_keeps_out(snapshot: Snapshot, mark: Any, stays: bool) -> None:
    loader = consent_filtered_loader([{"user_id": "u1", "tdm": mark}], snapshot=snapshot, policy={"reservations": {"tdm_reservation": "tdm"}})
    assert len(list(loader)) == stays


def test_any_mapping_is_looked_into_and_nothing_is_made_in_it(snapshot: Snapshot) -> None:
    inner: Mapping[str, Any]
    for inner in (UserDict(tdm=1), ChainMap({}, {"tdm": 1}), defaultdict(int, tdm=1)):
        loader = consent_filtered_loader([{"user_id": "u1", "meta": inner}], snapshot=snapshot, policy={"reservations": {"tdm_reservation": "meta.tdm"}})
        assert list(loader) == [] and loader.counts.reserved == 1
    makes: defaultdict[str, int] = defaultdict(int)
    loader = consent_filtered_loader([{"user_id": "u1", "meta": makes}], snapshot=snapshot, policy={"reservations": {"tdm_reservation": "meta.tdm"}})
    assert len(list(loader)) == 1 and not makes


def test_what_is_no_policy_is_refused_at_once(snapshot: Snapshot, tmp_path: Path) -> None:
    for case in VECTORS["refused"]:
        path = tmp_path / "policy.json"
        path.write_text(case["policy"])
        with pytest.raises(ValueError, match="policy.json"):
            consent_filtered_loader([], snapshot=snapshot, policy=path)
    with pytest.raises(ValueError, match="names no field"):
        consent_filtered_loader([], snapshot=snapshot, policy={})
    with pytest.raises(FileNotFoundError):
        consent_filtered_loader([], snapshot=snapshot, policy=tmp_path / "absent.json")


def test_another_process_has_the_same_policy_and_the_same_day() -> None:
    born = {"born": "2010-11-25"}
    gates = Gates(b'{"age": {"birth_date": "born", "minimum": 16}}', "policy", NOW_MS)
    assert gates.closed(born) == "child"
    assert pickle.loads(pickle.dumps(gates)).closed(born) == "child"


def test_a_run_that_finds_nobody_says_so(make: Make, snapshot: Snapshot, tmp_path: Path) -> None:
    rows = [{"user_id": "U1"}, {"user_id": "U3"}]
    with pytest.warns(UserWarning, match="of 2 rows with a user not one is of the 3 who granted model_training"):
        assert list(consent_filtered_loader(rows, snapshot=snapshot)) == []
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = consentry("filter", "--purpose", "model_training", "--snapshot", snapshot.path, path, "-o", tmp_path / "out", code=1)
    assert "WARNING: of 2 rows with a user not one is of the 3 who granted model_training" in done.stderr
    # Where nobody granted anything, and where nobody is named, that is what is to be expected.
    nobody = make([], name="nobody")
    done = consentry("filter", "--purpose", "model_training", "--snapshot", nobody, path, "-o", tmp_path / "out", code=1)
    assert "WARNING" not in done.stderr
