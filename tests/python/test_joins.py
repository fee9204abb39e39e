"""The snapshot as Parquet: what is in it, and that every engine that joins on it keeps the rows that the mask keeps."""

from __future__ import annotations

import json
import pickle
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import consentry
from conftest import ended as ended_in_snapshot
from consentry import SiteKey, Snapshot, consent_filtered_loader, filter_jsonl
from test_recipes import recipe

SAID = [("u1", "granted", ""), ("u2", "revoked", ""), ("u3", "granted", "later"), ("u4", "granted", "past"), ("ünï-🦀", "granted", "soon")]
IDS = ["u1", "u2", None, "u3", "", "u4", "ünï-🦀", "x" * 257, "u1"]
NOW = datetime.now(timezone.utc)
ENDS = {"": None, "past": NOW - timedelta(days=1), "soon": NOW + timedelta(hours=1), "later": NOW + timedelta(days=400)}


@pytest.fixture
def built(tmp_path: Path, key_file: Path) -> tuple[Snapshot, Path]:
    """A snapshot, and the same as Parquet."""
    users, snapshot, parquet = (tmp_path / name for name in ("users.csv", "snapshot", "subjects.parquet"))
    ends = {name: end.isoformat() if end else "" for name, end in ENDS.items()}
    users.write_text("user_id,status,expires_at\n" + "".join(f"{user},{status},{ends[end]}\n" for user, status, end in SAID))
    consentry(
        "snapshot", "build", "--purpose", "model_training", "--site", "demo", "--key-file", key_file, users, "-o", snapshot, "--parquet", parquet
    )  # fmt: skip
    return Snapshot.open(snapshot, purpose="model_training", key_file=key_file), parquet


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"user_id": IDS[n % len(IDS)], "n": n}) + "\n" for n in range(900)))
    return path


def masked(rows: Path, snapshot: Snapshot) -> list[int]:
    frame = pl.read_ndjson(rows)
    return frame.filter(snapshot.mask(frame["user_id"]))["n"].to_list()


def test_the_table_has_everybody_whose_yes_stands_and_the_minute_in_which_it_ends(built: tuple[Snapshot, Path], key_file: Path) -> None:
    snapshot, parquet = built
    table = pq.read_table(parquet)
    assert table.schema.names == ["subject", "expires_at"]
    assert table.schema.types == [pa.binary(), pa.timestamp("ms", "UTC")]
    subjects = dict(zip(table["subject"].to_pylist(), table["expires_at"].to_pylist()))
    granted = {user: ENDS[end] for user, status, end in SAID if status == "granted" and end != "past"}
    wanted = {subject: end and end.replace(second=0, microsecond=0) for subject, end in zip(SiteKey.open(key_file).subjects(list(granted)), granted.values())}
    assert subjects == wanted
    about = {name.decode(): value.decode() for name, value in table.schema.metadata.items()}
    assert (about["consentry.site"], about["consentry.purpose"], about["consentry.key_id"]) == ("demo", "model_training", "1")


def test_an_export_has_the_ends_of_the_snapshot(built: tuple[Snapshot, Path], key_file: Path, tmp_path: Path) -> None:
    snapshot, parquet = built
    exported = tmp_path / "exported.parquet"
    consentry("snapshot", "export", "--purpose", "model_training", "--key-file", key_file, "--parquet", exported, snapshot.path)
    assert pq.read_table(exported).equals(pq.read_table(parquet), check_metadata=True)


def test_whose_yes_ended_since_is_out_of_every_mask_loader_and_file(built: tuple[Snapshot, Path], key_file: Path, rows: Path, tmp_path: Path) -> None:
    before, _ = built
    assert "u3" in before and before.mask(IDS).count(True) == 4
    ended_in_snapshot(before.path, before.subjects(["u3"])[0])
    snapshot = Snapshot.open(before.path, purpose="model_training", key_file=key_file)
    assert "u3" not in snapshot and not snapshot.holds("u3") and snapshot.users == before.users
    wanted = [user in ("u1", "ünï-🦀") for user in IDS]
    for column in COLUMNS.values():
        mask = snapshot.mask(column)
        assert (mask.to_pylist() if isinstance(mask, pa.Array | pa.ChunkedArray) else list(mask)) == wanted
    data = [json.loads(line) for line in rows.read_text().splitlines()]
    kept = [row["n"] for row in data if row["user_id"] in ("u1", "ünï-🦀")]
    assert [row["n"] for row in consent_filtered_loader(data, "model_training", snapshot=snapshot)] == kept
    done = filter_jsonl(rows, tmp_path / "kept.jsonl", snapshot=snapshot)
    assert [json.loads(line)["n"] for line in (tmp_path / "kept.jsonl").read_text().splitlines()] == kept
    assert done.counts.kept == len(kept)


COLUMNS: dict[str, Any] = {
    "string": pa.array(IDS),
    "large_string": pa.array(IDS, pa.large_string()),
    "string_view": pa.array(IDS, pa.string_view()),
    "dictionary": pa.array(["y", *IDS]).dictionary_encode().slice(1),
    "chunked": pa.chunked_array([IDS[:3], [], IDS[3:]]),
    "polars": pl.Series("who", IDS),
    "polars, categorical": pl.Series("who", IDS, dtype=pl.Categorical),
    "pandas": pd.Series(IDS, dtype="str"),
    "pandas, object": pd.Series(IDS, dtype=object),
    "pandas, categorical": pd.Series(IDS, dtype="category"),
    "NumPy, object": np.array(IDS, dtype=object),
    "list": IDS,
    "tuple": tuple(IDS),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS.keys())
def test_every_kind_of_column_has_the_same_subjects(built: tuple[Snapshot, Path], key_file: Path, column: Any) -> None:
    snapshot, parquet = built
    key = SiteKey.open(key_file)
    made = key.subjects(column)
    subjects = made if isinstance(made, list) else (made.to_list() if isinstance(made, pl.Series) else made.to_pylist())
    assert [subject is None for subject in subjects] == [user is None or not 0 < len(user) < 257 for user in IDS]
    assert all(len(subject) == 16 for subject in subjects if subject)
    granted = set(pq.read_table(parquet)["subject"].to_pylist())
    assert [subject in granted for subject in subjects] == snapshot.mask(IDS)
    if isinstance(made, pa.Array | pa.ChunkedArray):
        assert made.type == pa.binary(16) and isinstance(made, pa.ChunkedArray) == isinstance(column, pa.ChunkedArray)
    if isinstance(made, pl.Series):
        assert (made.name, made.dtype) == ("who", pl.Binary)


def test_long_columns_have_the_subjects_of_their_places(key_file: Path) -> None:
    """Long enough for several shares a thread."""
    key = SiteKey.open(key_file)
    ids = [f"u{n % 1000}" for n in range(100_000)]
    each = dict(zip(ids[:1000], key.subjects(ids[:1000])))
    wanted = [each[user] for user in ids]
    assert key.subjects(ids) == wanted
    assert key.subjects(pa.array(ids)).to_pylist() == wanted


def test_a_snapshot_with_its_key_inside_gives_subjects_too(tmp_path: Path) -> None:
    users, path, parquet = (tmp_path / name for name in ("users.csv", "snapshot", "subjects.parquet"))
    users.write_text("user_id,status\nu1,granted\n")
    consentry("snapshot", "build", "--purpose", "model_training", "--site", "demo", users, "-o", path, "--parquet", parquet)
    snapshot = Snapshot.open(path, purpose="model_training")
    assert snapshot.subjects(pa.array(["u1"])).to_pylist() == pq.read_table(parquet)["subject"].to_pylist()


def test_a_column_of_no_texts_has_no_subjects(key_file: Path) -> None:
    key = SiteKey.open(key_file)
    for column in [pa.array([1]), pl.Series([1]), np.array([1]), np.array([b"u1"]), pd.Series([1.5]).to_numpy(), "u1", np.array([["u1"]])]:
        with pytest.raises((TypeError, ValueError), match="takes"):
            key.subjects(column)


def test_a_pickled_key_is_its_file(key_file: Path) -> None:
    key = SiteKey.open(key_file)
    pickled = pickle.dumps(key)
    assert key_file.read_text()[2:34].encode() not in pickled
    assert pickle.loads(pickled).subjects(["u1"]) == key.subjects(["u1"])


def test_duckdb_and_polars_join_to_what_the_mask_keeps(built: tuple[Snapshot, Path], key_file: Path, rows: Path, tmp_path: Path) -> None:
    snapshot, parquet = built
    outputs = [tmp_path / "duckdb.parquet", tmp_path / "polars.parquet"]
    recipe("duckdb_polars_join.py", rows, key_file, parquet, *outputs, cache=tmp_path)
    wanted = masked(rows, snapshot)
    assert len(wanted) == 400
    for output in outputs:
        assert sorted(pl.read_parquet(output)["n"]) == wanted
    # What ended since is out, though the snapshot had it.
    ended(parquet, snapshot.subjects(["u1"])[0])
    recipe("duckdb_polars_join.py", rows, key_file, parquet, *outputs, cache=tmp_path)
    for output in outputs:
        assert sorted(pl.read_parquet(output)["n"]) == [n for n in wanted if IDS[n % len(IDS)] != "u1"]


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark_joins_to_what_the_mask_keeps(built: tuple[Snapshot, Path], key_file: Path, rows: Path, tmp_path: Path) -> None:
    snapshot, parquet = built
    ended(parquet, snapshot.subjects(["u3"])[0])
    recipe("spark_join.py", rows, key_file, parquet, tmp_path / "out", cache=tmp_path)
    kept = sorted(pl.read_parquet(f"{tmp_path}/out/*.parquet")["n"])
    assert kept == [n for n in masked(rows, snapshot) if IDS[n % len(IDS)] != "u3"]


def ended(parquet: Path, subject: bytes | None) -> None:
    """Writes the table again as if a minute had passed since this person's yes ended."""
    table = pq.read_table(parquet)
    ends = [NOW - timedelta(minutes=1) if one == subject else end for one, end in zip(*(column.to_pylist() for column in table.columns))]
    assert ends != table["expires_at"].to_pylist()
    pq.write_table(table.set_column(1, table.schema.field(1), [pa.array(ends, table.schema.field(1).type)]), parquet)
