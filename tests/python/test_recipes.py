"""The recipes, as somebody would run them, and PyTorch's loader."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from datasets import load_dataset

import consentry
from consentry import Snapshot
from conftest import ROOT, Make

USERS = ["u1", "u2", None, "u3"]
KEPT = [n for n in range(1000) if n % 4 in (0, 3)]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps({"user_id": USERS[n % 4], "n": n}) + "\n" for n in range(1000)))
    return path


def recipe(name: str, *words: Path, cache: Path) -> str:
    home = {"HF_HOME": str(cache), "HF_HUB_OFFLINE": "1", "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    command = [sys.executable, ROOT / "python/recipes" / name, *words]
    done = subprocess.run(command, env=os.environ | home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_hugging_face(make: Make, rows: Path, tmp_path: Path) -> None:
    output = tmp_path / "kept.jsonl"
    said = recipe("hugging_face.py", rows, make(["u1", "u3"]), output, cache=tmp_path)
    assert [json.loads(line)["n"] for line in output.read_text().splitlines()] == KEPT
    assert "rows=1000, kept=500, no_consent=250," in said


def test_hugging_face_forgets_what_it_kept_when_the_snapshot_was_replaced(make: Make, rows: Path, tmp_path: Path) -> None:
    dataset = load_dataset("json", data_files=str(rows), split="train", cache_dir=str(tmp_path / "cache"))

    def kept() -> int:
        snapshot = Snapshot.open(tmp_path / "snapshot", purpose="model_training")
        return len(dataset.filter(snapshot.mask, batched=True, input_columns="user_id"))

    make(["u1", "u3"])
    assert kept() == 500
    make(["u1"])
    assert kept() == 250


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
def test_spark(make: Make, rows: Path, tmp_path: Path) -> None:
    output = tmp_path / "kept"
    recipe("spark.py", rows, make(["u1", "u3"]), output, cache=tmp_path)
    assert sorted(pl.read_parquet(f"{output}/*.parquet")["n"]) == KEPT


def test_duckdb_and_polars(make: Make, rows: Path, tmp_path: Path) -> None:
    output = tmp_path / "kept.parquet"
    recipe("duckdb_polars.py", rows, make(["u1", "u3"]), output, cache=tmp_path)
    assert pl.read_parquet(output)["n"].to_list() == KEPT


def with_torch() -> str | None:
    """A Python that has PyTorch. From PyPI it comes with gigabytes for graphics cards, so it isn't among what the tests install;
    Debian's `python3-torch` does, and the stage has it installed where it may."""
    for python in [sys.executable, "/usr/bin/python3"]:
        if Path(python).exists() and subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0:
            return python
    return None


@pytest.mark.parametrize("workers", [0, 2])
def test_pytorch(make: Make, rows: Path, tmp_path: Path, workers: int) -> None:
    python = with_torch()
    if python is None:
        pytest.skip("no Python here has PyTorch; Debian's is the package python3-torch")
    # Nothing else of this Python's packages, which may be of another version.
    (tmp_path / "consentry").symlink_to(Path(consentry.__file__).parent)
    program = f"""
import json
from torch.utils.data import DataLoader
from consentry.torch import ConsentFilteredDataset
rows = [json.loads(line) for line in open({str(rows)!r})]
dataset = ConsentFilteredDataset(rows, snapshot={str(make(["u1", "u3"]))!r})
drawn = [row["n"] for row in DataLoader(dataset, batch_size=None, num_workers={workers})]
print(json.dumps([drawn, dataset.counts.kept]))
"""
    done = subprocess.run([python, "-c", program], env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    drawn, kept = json.loads(done.stdout)
    assert sorted(drawn) == KEPT
    # Workers count for themselves.
    assert kept == (0 if workers else 500)
