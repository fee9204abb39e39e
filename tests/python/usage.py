"""Rightly and wrongly typed use, for `mypy --strict`: what is wrong must be told, or the unused `ignore` is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, assert_type

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from consentry import ConsentUnavailable, Counts, SiteKey, Snapshot, consent_filtered_loader, filter_jsonl, purge, register

snapshot = Snapshot.open("s", purpose="model_training", site="demo", max_age=timedelta(days=1))
assert_type("u1" in snapshot, bool)
assert_type(snapshot.mask(pl.Series(["u1"])), pl.Series)
assert_type(snapshot.mask(np.array(["u1"])), NDArray[np.bool_])
assert_type(snapshot.mask(["u1", None], counts=Counts()), list[bool])
assert_type(snapshot.mask(pd.Series(["u1"])), Any)
assert_type(snapshot.log_position, int | None)

key = SiteKey.open("k")
assert_type(key.subjects(["u1", None]), list[bytes | None])
assert_type(snapshot.subjects(pl.Series(["u1"])), pl.Series)

rows: Iterator[dict[str, int | str]] = iter([])
for row in consent_filtered_loader(rows, snapshot=snapshot, refresh=60, policy={"age": {"age": "age", "minimum": 16}}):
    assert_type(row, dict[str, int | str])

assert_type(filter_jsonl(["a", "b"], "c", snapshot=snapshot).counts.reasons, dict[str, int])
assert_type(purge(["u1"], [{"kind": "jsonl", "path": "a"}]).stores[0].failures, list[tuple[str, str]])
assert_type(register("m", "corpus", api="https://a", api_key_file="k").models, list[str])

try:
    snapshot.holds("u1")
except ConsentUnavailable as error:
    assert_type(error.code, str)

Snapshot.open("s")  # type: ignore[call-arg]
snapshot.mask(7)  # type: ignore[call-overload]
snapshot.holds(None)  # type: ignore[arg-type]
key.subjects(7)  # type: ignore[call-overload]
consent_filtered_loader(["u1"], snapshot=snapshot)  # type: ignore[type-var]
consent_filtered_loader(rows, snapshot=snapshot, on_unjudgeable="keep")  # type: ignore[arg-type]
filter_jsonl("a", "b", snapshot=snapshot, compression="lzma")  # type: ignore[arg-type]
purge("u1")  # type: ignore[call-arg]
register("m", "corpus", models=[7], api="https://a", api_key_file="k")  # type: ignore[list-item]
register("m", "corpus")  # type: ignore[call-arg]
