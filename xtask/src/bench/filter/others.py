"""What people write or run in place of `consentry filter`. Arguments: tool, users, rows, output.

Without arguments behind the tool its library is only imported, which tells whether it is there.
"""

import csv
import importlib
import os
import sys


def quoted(path):
    return "'" + path.replace("'", "''") + "'"


def loop(loads, users, rows, output):
    """The loop over rows: a dictionary of users, a file."""
    with open(users, newline="") as table:
        granted = {row["user_id"]: row["status"] == "granted" for row in csv.DictReader(table)}
    with open(rows, "rb") as source, open(output, "wb") as target:
        for line in source:
            if granted.get(loads(line).get("user_id")):
                target.write(line)


def duckdb(library, users, rows, output):
    granted = f"SELECT user_id FROM read_csv({quoted(users)}) WHERE status = 'granted'"
    kept = f"SELECT * FROM read_ndjson({quoted(rows)}) SEMI JOIN ({granted}) USING (user_id)"
    library.sql(f"COPY ({kept}) TO {quoted(output)} (FORMAT json)")


def polars(library, users, rows, output):
    granted = library.scan_csv(users).filter(library.col("status") == "granted")
    library.scan_ndjson(rows).join(granted, on="user_id", how="semi").sink_ndjson(output)


def chdb(library, users, rows, output):
    granted = f"SELECT user_id FROM file({quoted(users)}, 'CSVWithNames') WHERE status = 'granted'"
    kept = (
        f"SELECT line FROM file({quoted(rows)}, 'LineAsString', 'line String') "
        f"WHERE JSONExtractString(line, 'user_id') IN ({granted})"
    )
    library.query(f"INSERT INTO FUNCTION file({quoted(output)}, 'TSVRaw', 'line String') {kept}")


tool, *paths = sys.argv[1:]
library = importlib.import_module(tool)
if paths:
    if os.path.exists(paths[-1]):
        os.remove(paths[-1])
    if tool in ("json", "orjson"):
        loop(library.loads, *paths)
    else:
        {"duckdb": duckdb, "polars": polars, "chdb": chdb}[tool](library, *paths)
