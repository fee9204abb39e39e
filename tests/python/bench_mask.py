"""How fast a column is masked, beside the list comprehension that people write. Arguments: the snapshot's users as CSV, the
snapshot. Prints JSON: a row a kind of column."""

from __future__ import annotations

import csv
import json
import random
import sys
import time
from collections.abc import Callable

import numpy
import pandas
import polars
import pyarrow

from consentry import Snapshot

IDS = 10_000_000
RUNS = 3


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock and of the processors."""
    clock, processors = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processors


def main(users: str, path: str) -> None:
    with open(users, newline="") as table:
        d = {row["user_id"]: row["status"] for row in csv.DictReader(table)}
    known = list(d)
    chance = random.Random(1)
    # As a column that was read from a file: every place is a text of its own.
    arrow = pyarrow.array([known[chance.randrange(len(known))] for _ in range(IDS)])
    ids = arrow.to_pylist()
    snapshot = Snapshot.open(path, purpose="model_training", max_age=10**6)

    columns = {
        "pyarrow, string": arrow,
        "polars, String": polars.Series(arrow),
        "pandas, str": pandas.Series(arrow, dtype="str"),
        "pandas, object": pandas.Series(ids, dtype=object),
        "NumPy, U36": numpy.array(ids, dtype="U36"),
        "pyarrow, dictionary": arrow.dictionary_encode(),
    }
    works: dict[str, Callable[[], object]] = {"[d.get(u) == 'granted' for u in ids]": lambda: [d.get(u) == "granted" for u in ids]}
    for name, column in columns.items():
        works[name] = lambda column=column: snapshot.mask(column)
    best = {name: (float("inf"), float("inf")) for name in works}
    for _ in range(RUNS):
        for name, work in works.items():
            best[name] = tuple(map(min, best[name], timed(work)))
    first = next(iter(best.values()))[0]
    rows = [
        {
            "column": name,
            "seconds": round(clock, 2),
            "CPU_seconds": round(processors, 2),
            "ns_an_id": round(clock / IDS * 1e9),
            "times_faster": round(first / clock, 1),
        }
        for name, (clock, processors) in best.items()
    ]
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
