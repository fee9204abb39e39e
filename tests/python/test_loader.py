"""Rows that are dictionaries, one after the other."""

from __future__ import annotations

import base64
import itertools
import json
import os
import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from consentry import ConsentFilteredLoader, ConsentUnavailable, Counts, Snapshot, UnjudgeableRow, consent_filtered_loader
from conftest import ROOT, Make

ROWS: list[dict[str, Any]] = [
    {"user_id": "u1", "n": 0},
    {"user_id": "u2", "n": 1},
    {"n": 2},
    {"user_id": None, "n": 3},
    {"user_id": "", "n": 4},
    {"user_id": "u3", "n": 5},
]


def test_the_rows_of_those_who_granted_come_out_as_they_are_and_in_order(snapshot: Snapshot) -> None:
    loader = consent_filtered_loader(ROWS, snapshot=snapshot)
    assert list(map(id, loader)) == [id(ROWS[0]), id(ROWS[5])]


def test_rows_without_an_id_are_skipped_and_counted(snapshot: Snapshot) -> None:
    loader = consent_filtered_loader(ROWS, snapshot=snapshot)
    list(loader)
    odd = {"no_id": 1, "id_not_a_string": 1, "not_an_id": 1}
    assert loader.counts == Counts(rows=6, kept=2, no_consent=1, quarantined=3, reasons=odd)


def test_a_path_leads_to_the_id(snapshot: Snapshot) -> None:
    rows = [{"meta": {"author": {"id": "u1"}}}, {"meta": {"author": "u1"}}, {"meta.author.id": "u1"}, {"meta": None}]
    loader = consent_filtered_loader(rows, snapshot=snapshot, user_field="meta.author.id")
    assert list(loader) == rows[:1] and loader.counts.reasons == {"no_id": 3}


def test_a_row_that_can_t_be_judged_can_end_the_run(snapshot: Snapshot) -> None:
    rows = iter(consent_filtered_loader(ROWS, snapshot=snapshot, on_unjudgeable="raise"))
    assert next(rows)["n"] == 0
    with pytest.raises(UnjudgeableRow, match="row 2") as raised:
        next(rows)
    assert raised.value.code == "no_id"


def test_rows_are_drawn_one_by_one_from_what_may_be_endless(snapshot: Snapshot) -> None:
    endless = ({"user_id": user} for user in itertools.cycle(["u1", "u2"]))
    loader = consent_filtered_loader(endless, snapshot=snapshot)
    assert len(list(itertools.islice(loader, 10))) == 10 and loader.counts.rows == 19


def test_a_file_is_opened_at_once(make: Make) -> None:
    assert list(consent_filtered_loader(ROWS, snapshot=make(["u2"]))) == [ROWS[1]]
    with pytest.raises(ConsentUnavailable) as raised:
        consent_filtered_loader(ROWS, snapshot="no such file")
    assert raised.value.code == "snapshot_unreadable"


def test_arguments_that_contradict_each_other_are_told(snapshot: Snapshot) -> None:
    wrong: list[dict[str, Any]] = [{"purpose": "analytics"}, {"site": "demo"}, {"user_field": "a..b"}, {"refresh": -1}, {"on_unjudgeable": "keep"}]
    for arguments in wrong:
        with pytest.raises(ValueError, match="name that one|="):
            consent_filtered_loader(ROWS, **{"snapshot": snapshot, **arguments})


def test_who_takes_back_their_consent_leaves_the_run(make: Make) -> None:
    path = make(["u1", "u2"])
    rows = iter(consent_filtered_loader(itertools.repeat({"user_id": "u1"}), snapshot=path, refresh=0))
    assert next(rows)
    os.replace(make(["u2"], name="next"), path)
    loader = consent_filtered_loader([{"user_id": "u1"}, {"user_id": "u2"}], snapshot=path, refresh=0)
    changing = iter(loader)
    os.replace(make(["u1"], name="next"), path)
    assert list(changing) == [{"user_id": "u1"}] and loader.counts.no_consent == 1


def test_a_new_snapshot_that_is_refused_leaves_the_old_one_standing_with_a_warning(make: Make) -> None:
    path = make(["u1"])
    rows = iter(consent_filtered_loader(itertools.repeat({"user_id": "u1"}), snapshot=path, refresh=0))
    path.with_suffix(".bad").write_text("half")
    os.replace(path.with_suffix(".bad"), path)
    with pytest.warns(UserWarning, match="going on with the snapshot"):
        assert next(rows)


def test_a_snapshot_that_grows_too_old_ends_the_run(make: Make) -> None:
    loader = consent_filtered_loader(itertools.repeat({"user_id": "u1"}), snapshot=make(["u1"]), max_age=1)
    with pytest.raises(ConsentUnavailable) as raised:
        for _ in loader:
            time.sleep(0.05)
    assert raised.value.code == "snapshot_too_old" and loader.counts.kept > 0


def test_threads_draw_every_row_once(snapshot: Snapshot) -> None:
    loader = consent_filtered_loader(({"user_id": f"u{n % 4}", "n": n} for n in range(20_000)), snapshot=snapshot)
    rows, drawn = iter(loader), list[int]()

    def draw() -> None:
        drawn.extend(row["n"] for row in rows)

    threads = [threading.Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(drawn) == [n for n in range(20_000) if n % 4 in (1, 3)]
    assert loader.counts == Counts(rows=20_000, kept=10_000, no_consent=10_000)


def kept(loader: ConsentFilteredLoader[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(loader)


@pytest.mark.parametrize("start", ["spawn", "fork"])
def test_another_process_can_take_it(snapshot: Snapshot, start: str) -> None:
    loader = consent_filtered_loader(ROWS, snapshot=snapshot)
    list(loader)
    with ProcessPoolExecutor(1, mp_context=get_context(start)) as pool:
        assert pool.submit(kept, loader).result() == [ROWS[0], ROWS[5]]
    assert pickle.loads(pickle.dumps(loader)).counts == Counts()


def vectors() -> Iterator[Any]:
    for case in json.loads((ROOT / "tests/vectors/rows.json").read_text(encoding="utf-8"))["rows"]:
        if "row_base64" in case:
            case["bytes"] = base64.b64decode(case["row_base64"])
        else:
            case["bytes"] = case["row"].encode()
        yield case


def test_the_trap_rows_are_read_as_every_face_reads_them(make: Make) -> None:
    """Those that `json` reads at all, and reads as everybody does."""
    judged = 0
    for case in vectors():
        try:
            row = json.loads(case["bytes"].decode("utf-8"))
        except ValueError:
            assert "reason" in case
            continue
        if case.get("reason") in ("two_ids", "not_json", "too_deep"):
            continue
        judged += 1
        wanted = case.get("user_id")
        path = make([wanted] if wanted else [])
        loader = consent_filtered_loader([row], snapshot=path, user_field=case["field"])
        assert list(loader) == ([row] if wanted else []), case
        assert loader.counts.reasons == ({} if wanted else {case["reason"]: 1}), case
    assert judged > 20
