"""Parquet through the filter, beside what pyarrow itself keeps of the same table."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from consentry import Counts, Snapshot, filter_jsonl

ROWS = 3000
USERS = ["u1", "u2", None, "u3", "", "ünï-🦀"]


def some(n: int, value: Any) -> Any:
    """Every third is null."""
    return None if n % 3 == 0 else value


def table() -> pa.Table:
    """A table of all that Arrow can put into Parquet, more or less."""
    each = range(ROWS)
    start = datetime(2026, 1, 1)
    columns: dict[str, pa.Array[Any]] = {
        "user_id": pa.array([USERS[n % len(USERS)] for n in each]),
        "n": pa.array(each, pa.int64()),
        "int8": pa.array([some(n, n % 100 - 50) for n in each], pa.int8()),
        "uint32": pa.array([some(n, 2**32 - 1 - n) for n in each], pa.uint32()),
        "uint64": pa.array([some(n, 2**64 - 1 - n) for n in each], pa.uint64()),
        "float16": pa.array([some(n, n / 8) for n in each], pa.float16()),
        "float32": pa.array([some(n, n / 7) for n in each], pa.float32()),
        "double": pa.array([some(n, float("inf") if n % 5 == 0 else -n / 7) for n in each]),
        "bool": pa.array([some(n, n % 2 == 0) for n in each]),
        "nulls": pa.nulls(ROWS),
        "binary": pa.array([some(n, bytes([n % 256]) * (n % 7)) for n in each]),
        "fixed": pa.array([some(n, n.to_bytes(5, "big")) for n in each], pa.binary(5)),
        "large": pa.array([some(n, f"text {n % 11}") for n in each], pa.large_string()),
        "view": pa.array([some(n, f"a text too long to be inside a view {n}") for n in each], pa.string_view()),
        "dictionary": pa.array([some(n, f"kind {n % 11}") for n in each]).dictionary_encode(),
        "date": pa.array([some(n, date(1970, 1, 1) + timedelta(days=n * 10)) for n in each]),
        "time": pa.array([some(n, time(n % 24, n % 60)) for n in each], pa.time64("us")),
        "timestamp": pa.array([some(n, start + timedelta(seconds=n)) for n in each], pa.timestamp("ns")),
        "zoned": pa.array([some(n, start.replace(tzinfo=timezone.utc)) for n in each], pa.timestamp("ms", "Europe/Vienna")),
        "duration": pa.array([some(n, timedelta(seconds=n)) for n in each]),
        "decimal": pa.array([some(n, Decimal(n) / 100) for n in each], pa.decimal128(20, 2)),
        "wide": pa.array([some(n, Decimal(n) / 100) for n in each], pa.decimal256(60, 2)),
        "list": pa.array([some(n, [some(m, m) for m in range(n % 4)]) for n in each], pa.list_(pa.int32())),
        "lists": pa.array([some(n, [[m] * m for m in range(n % 4)]) for n in each], pa.list_(pa.list_(pa.int16()))),
        "fixed_list": pa.array([some(n, [n / 2, None, n]) for n in each], pa.list_(pa.float32(), 3)),
        "struct": pa.array([some(n, {"a": some(n + 1, n), "b": {"c": [str(n)] * (n % 3)}}) for n in each]),
        "map": pa.array([some(n, [(f"k{m}", some(m, m)) for m in range(n % 3)]) for n in each], pa.map_(pa.string(), pa.int32())),
    }
    made = pa.table(columns)
    required = made.schema.field("n").with_nullable(False).with_metadata({"PARQUET:field_id": "7", "about": "row"})
    schema = made.schema.set(1, required).with_metadata({"ours": "kept"})
    return made.cast(schema)


TABLE = table()


def plain(table: pa.Table) -> pa.Table:
    """With views and dictionaries of texts as texts: pyarrow can't filter the one, and calls dictionaries of another order different."""
    for name in ("view", "dictionary"):
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.string()))
    return table


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "none"},
        {"compression": "snappy", "row_group_size": 700},
        {"compression": "gzip", "use_dictionary": False, "data_page_size": 500},
        {"compression": "zstd", "version": "2.4", "data_page_version": "2.0"},
        {"compression": "lz4", "write_statistics": False},
        {"compression": "brotli", "write_page_index": True, "write_page_checksum": True, "row_group_size": 1000},
        {"compression": {"list.list.element": "zstd", "user_id": "snappy"}, "column_encoding": {"n": "DELTA_BINARY_PACKED", "double": "BYTE_STREAM_SPLIT"}, "use_dictionary": ["user_id", "dictionary"]},
    ],
    ids=lambda options: str(options["compression"]),
)  # fmt: skip
def test_what_pyarrow_reads_is_what_pyarrow_would_have_kept(snapshot: Snapshot, tmp_path: Path, options: dict[str, Any]) -> None:
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(TABLE, source, **options)
    counts = Counts()
    # What pyarrow makes of the source, not what it was made of: some types come back as others.
    before = pq.read_table(source)
    wanted = plain(before).filter(snapshot.mask(before["user_id"], counts=counts))
    assert wanted.num_rows == ROWS / 2
    assert filter_jsonl(source, output, snapshot=snapshot).counts == counts

    after = pq.read_table(output)
    after.validate(full=True)
    assert after.schema.equals(before.schema, check_metadata=True)
    assert plain(after).equals(wanted, check_metadata=True)
    for name in after.column_names:
        assert after[name].null_count == wanted[name].null_count, name

    old, new = pq.ParquetFile(source), pq.ParquetFile(output)
    assert new.schema.equals(old.schema)
    # The schema of Arrow in it is written with other bytes, perhaps, and says the same: that was compared above.
    assert new.metadata.metadata[b"ours"] == b"kept"
    for column in range(new.metadata.row_group(0).num_columns):
        assert new.metadata.row_group(0).column(column).compression == old.metadata.row_group(0).column(column).compression


def test_rows_of_nobody_leave_a_table_with_the_same_schema(snapshot: Snapshot, tmp_path: Path) -> None:
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pq.write_table(TABLE.set_column(0, TABLE.schema.field(0), pa.array(["u9"] * ROWS)), source)
    with pytest.warns(UserWarning, match="not one is of the 3"):
        filter_jsonl(source, output, snapshot=snapshot)
    after = pq.read_table(output)
    assert after.num_rows == 0
    assert after.schema.equals(pq.read_schema(source), check_metadata=True)
