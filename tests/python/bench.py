"""How fast a column is masked, beside the list comprehension that people write. Arguments: the command, a folder for the snapshot.
Prints JSON: a row a kind of column."""

from __future__ import annotations

import functools
import json
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import numpy
import pandas
import polars
import pyarrow

from consentry import Snapshot

IDS = 10_000_000
USERS = 1_000_000
RUNS = 3


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock and of the processors."""
    clock, processors = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processors


def main(command: str, folder: Path) -> None:
    chance = random.Random(1)
    known = [str(uuid.UUID(int=chance.getrandbits(128), version=4)) for _ in range(USERS)]
    d = {user: "granted" if chance.random() < 0.6 else "revoked" for user in known}
    table, path = folder / "users.csv", folder / "snapshot"
    table.write_text("user_id,status\n" + "".join(f"{user},{status}\n" for user, status in d.items()))
    build = [command, "snapshot", "build", "--purpose", "model_training", "--site", "bench", "-o", path, table]
    subprocess.run(build, check=True, capture_output=True)

    # As a column that was read from a file: every place is a text of its own.
    arrow = pyarrow.array([known[chance.randrange(len(known))] for _ in range(IDS)])
    ids = arrow.to_pylist()
    snapshot = Snapshot.open(path, purpose="model_training")

    columns = {
        "pyarrow, string": arrow,
        "polars, String": polars.Series(arrow),
        "pandas, str": pandas.Series(arrow, dtype="str"),
        "pandas, object": pandas.Series(ids, dtype=object),
        "NumPy, U36": numpy.array(ids, dtype="U36"),
        "pyarrow, dictionary": arrow.dictionary_encode(),
    }
    works: dict[str, Callable[[], object]] = {"[d.get(u) == 'granted' for u in ids]": lambda: [d.get(u) == "granted" for u in ids]}
    works |= {name: functools.partial(snapshot.mask, column) for name, column in columns.items()}
    best = {name: (float("inf"), float("inf")) for name in works}
    # In turn, so that a busy minute hits all of them.
    for _ in range(RUNS):
        for name, work in works.items():
            clock, processors = timed(work)
            best[name] = min(best[name][0], clock), min(best[name][1], processors)
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
    main(sys.argv[1], Path(sys.argv[2]))
