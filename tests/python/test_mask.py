"""Masks of columns: every kind of column says the same, and what is no id is no."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from consentry import Counts, Snapshot
from conftest import Make, another_thread

IDS = ["u1", "u2", None, "u3", "", "u1", "ünï-🦀", "x" * 257]
WANTED = [True, False, False, True, False, True, True, False]
COUNTED = Counts(rows=8, kept=4, no_consent=1, quarantined=3, reasons={"no_id": 1, "not_an_id": 2})

ARROW = {
    "string": pa.array(IDS),
    "large_string": pa.array(IDS, pa.large_string()),
    "string_view": pa.array(IDS, pa.string_view()),
    "dictionary": pa.array(IDS).dictionary_encode(),
    "dictionary of int8": pa.array(IDS).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())),
    "slice": pa.array(["u1", *IDS, "u1"]).slice(1, 8),
    "slice of a dictionary": pa.array(["y", *IDS, "u9", "u8", "u7"]).dictionary_encode().slice(1, 8),
    "dictionary with a null in it": pa.DictionaryArray.from_arrays(pa.array(range(8)), pa.array(IDS)),
}


@pytest.mark.parametrize("column", ARROW.values(), ids=ARROW.keys())
def test_arrow_gives_arrow(snapshot: Snapshot, column: pa.Array[Any]) -> None:
    counts = Counts()
    mask = snapshot.mask(column, counts=counts)
    assert isinstance(mask, pa.BooleanArray) and mask.null_count == 0
    assert mask.to_pylist() == WANTED
    assert counts == COUNTED
    assert pa.table({"n": range(8)}).filter(mask)["n"].to_pylist() == [0, 3, 5, 6]


def test_a_chunked_column_gives_one_that_a_table_takes(snapshot: Snapshot) -> None:
    table = pa.table({"user_id": pa.chunked_array([IDS[:3], [], IDS[3:]])})
    mask = snapshot.mask(table["user_id"])
    assert isinstance(mask, pa.ChunkedArray) and mask.to_pylist() == WANTED
    assert table.filter(mask).num_rows == 4


def test_polars_gives_polars(snapshot: Snapshot) -> None:
    for series in [pl.Series("who", IDS), pl.Series("who", IDS, dtype=pl.Categorical), pl.Series("who", IDS[:3]).append(pl.Series(IDS[3:]))]:
        counts = Counts()
        mask = snapshot.mask(series, counts=counts)
        assert (mask.name, mask.dtype, mask.to_list(), counts) == ("who", pl.Boolean, WANTED, COUNTED)
        assert series.filter(mask).to_list() == ["u1", "u3", "u1", "ünï-🦀"]


@pytest.mark.parametrize(
    "dtype", ["object", "str", "string[pyarrow]", "string[python]", "category", pd.ArrowDtype(pa.large_string())], ids=str
)
def test_pandas_gives_numpy(snapshot: Snapshot, dtype: Any) -> None:
    series = pd.Series(IDS, dtype=dtype, index=range(10, 18))
    counts = Counts()
    mask = snapshot.mask(series, counts=counts)
    assert isinstance(mask, np.ndarray) and mask.dtype == bool
    assert (mask.tolist(), counts) == (WANTED, COUNTED)
    assert series[mask].tolist() == ["u1", "u3", "u1", "ünï-🦀"]
    assert snapshot.mask(pd.Index(series)).tolist() == WANTED
    assert snapshot.mask(series.array).tolist() == WANTED


TEXTS = [text or "" for text in IDS]
NUMPY: dict[str, Callable[[], np.ndarray[Any, Any]]] = {
    "U": lambda: np.array(TEXTS),
    "U, the other byte order": lambda: np.array(TEXTS).astype(np.dtype("U257").newbyteorder(">")),
    "U, every second": lambda: np.repeat(np.array(TEXTS), 2)[::2],
    "S": lambda: np.array([text.encode() for text in TEXTS]),
    "StringDType": lambda: np.array(TEXTS, dtype=np.dtypes.StringDType()),
    "object": lambda: np.array(TEXTS, dtype=object),
}


@pytest.mark.parametrize("array", NUMPY.values(), ids=NUMPY.keys())
def test_numpy_gives_numpy(snapshot: Snapshot, array: Callable[[], np.ndarray[Any, Any]]) -> None:
    counts = Counts()
    mask = snapshot.mask(array(), counts=counts)
    assert (mask.dtype, mask.tolist()) == (np.dtype(bool), WANTED)
    assert (counts.kept, counts.no_consent, counts.reasons) == (4, 1, {"not_an_id": 3})


def test_a_list_gives_a_list(snapshot: Snapshot) -> None:
    assert snapshot.mask(IDS) == WANTED
    assert snapshot.mask(tuple(IDS)) == WANTED


def test_any_other_library_of_arrow_gives_something_that_speaks_arrow(snapshot: Snapshot) -> None:
    class Foreign:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.chunked_array([IDS]).__arrow_c_stream__(requested_schema)

    assert pa.array(snapshot.mask(Foreign())).to_pylist() == WANTED
    found = duckdb.from_arrow(pa.table({"user_id": IDS})).to_arrow_table()["user_id"]
    assert snapshot.mask(found).to_pylist() == WANTED


def test_objects_that_are_no_texts_are_counted(snapshot: Snapshot) -> None:
    counts = Counts()
    odd = [None, np.nan, pd.NA, pd.NaT, 7, b"u1", ["u1"], "\ud800", "u1"]
    assert snapshot.mask(pd.Series(odd, dtype=object), counts=counts).tolist() == [False] * 8 + [True]
    assert counts.reasons == {"no_id": 4, "id_not_a_string": 3, "not_an_id": 1}


def test_bytes_that_are_no_text_are_no_ids(snapshot: Snapshot) -> None:
    counts = Counts()
    assert snapshot.mask(np.array([b"u1", b"u\xff", b"u1\x00x"]), counts=counts).tolist() == [True, False, False]
    assert counts.reasons == {"not_an_id": 2}


def test_counts_add_up_over_columns(snapshot: Snapshot) -> None:
    counts = Counts()
    snapshot.mask(["u1", None], counts=counts)
    snapshot.mask(pl.Series(["u2"]), counts=counts)
    assert counts == Counts(rows=3, kept=1, no_consent=1, quarantined=1, reasons={"no_id": 1})


@pytest.mark.parametrize(
    "empty",
    [[], pa.array([], pa.string()), pa.chunked_array([], pa.string()), pa.array([], pa.string()).dictionary_encode(), pl.Series([], dtype=pl.String),
     pd.Series([], dtype=str), pd.Series([], dtype="category"), np.array([], "U5"), np.array([], object)],
    ids=lambda column: type(column).__name__,
)  # fmt: skip
def test_nothing_gives_nothing(snapshot: Snapshot, empty: Any) -> None:
    assert len(snapshot.mask(empty)) == 0


@pytest.mark.parametrize(
    "column",
    [pa.array([1, 2]), pl.Series([1.5]), pd.Series([1, 2]), np.array([1, 2]), np.array(["2026-11-24"], "M8[D]"), pl.Series([["u1"]]), pa.array([1]).dictionary_encode()],
    ids=lambda column: type(column).__name__,
)  # fmt: skip
def test_a_column_of_no_texts_is_an_error_that_says_so(snapshot: Snapshot, column: Any) -> None:
    with pytest.raises(TypeError, match="column of text"):
        snapshot.mask(column)


def test_all_nulls_are_no_error(snapshot: Snapshot) -> None:
    assert snapshot.mask(pa.nulls(3)).to_pylist() == [False] * 3
    assert snapshot.mask(pl.Series([None, None])).to_list() == [False] * 2


def test_what_is_no_column_is_an_error(snapshot: Snapshot) -> None:
    for thing in ["u1", {"u1"}, pd.DataFrame({"user_id": ["u1"]}), np.array([["u1"]])]:
        with pytest.raises((TypeError, ValueError), match="takes"):
            snapshot.mask(thing)


def test_long_columns_of_every_kind_agree_with_a_dictionary(make: Make) -> None:
    """Long enough for several shares a thread, of ids of different lengths."""
    chance = random.Random(5)
    users = [f"user-{n}" * (1 + n % 3) for n in range(5000)]
    granted = set(users[::2])
    snapshot = Snapshot.open(make(granted), purpose="model_training")
    ids = [chance.choice(users) for _ in range(300_000)]
    wanted = [user in granted for user in ids]
    for column in [pa.array(ids), pl.Series(ids), np.array(ids), np.array(ids, "S"), pd.Series(ids, dtype=object), pd.Series(ids, dtype="category"), ids]:
        mask: Any = snapshot.mask(column)
        assert list(mask.to_pylist() if isinstance(mask, pa.Array) else mask) == wanted


def test_other_threads_run_while_a_column_is_masked(snapshot: Snapshot) -> None:
    column = pa.array(["u1", "u2"] * 1_000_000)
    with another_thread() as steps:
        before = steps()
        snapshot.mask(column)
        during = steps() - before
    assert during > 20, "the interpreter was held"


def test_nothing_of_the_column_is_copied(snapshot: Snapshot) -> None:
    column = pa.array(["u1" * 40] * 500_000)
    before = pa.total_allocated_bytes()
    snapshot.mask(column)
    assert pa.total_allocated_bytes() - before < column.nbytes / 10
