"""DuckDB and polars, by a join on the snapshot as Parquet, and no snapshot is opened. Arguments: rows as JSONL, the site's key, the
snapshot as Parquet, and two outputs as Parquet: DuckDB's and polars'."""

import sys
from datetime import datetime, timedelta, timezone

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from consentry import SiteKey

rows, key_file, parquet, by_duckdb, by_polars = sys.argv[1:]
key = SiteKey.open(key_file)

# Nobody else checks the age of a Parquet file. Who took back their consent since is still in it.
made = pq.read_schema(parquet).metadata[b"consentry.created_at"].decode()
if datetime.now(timezone.utc) - datetime.fromisoformat(made.replace("Z", "+00:00")) > timedelta(days=1):
    sys.exit(f"{parquet} is from {made}; make it again with `consentry snapshot pull --parquet`")

# DuckDB: a function of Arrow columns. What is no id has no subject, so it gives null, also for what is not null: "special".
duckdb.create_function(
    "subject_of",
    lambda ids: key.subjects(ids).cast(pa.binary()),
    ["VARCHAR"],
    "BLOB",
    type="arrow",
    null_handling="special",
)
duckdb.sql(
    """
    SELECT * FROM read_json($rows) AS row
    WHERE EXISTS (
        FROM read_parquet($parquet) AS granted
        WHERE granted.subject = subject_of(row.user_id) AND (expires_at IS NULL OR expires_at > now())
    )
    """,
    params={"rows": rows, "parquet": parquet},
).write_parquet(by_duckdb)

# polars, lazily: ids are hashed batch by batch where the engine streams.
granted = pl.scan_parquet(parquet).filter(
    pl.col("expires_at").is_null() | (pl.col("expires_at") > datetime.now(timezone.utc))
)
subject = pl.col("user_id").map_batches(key.subjects, return_dtype=pl.Binary, is_elementwise=True)
hashed = pl.scan_ndjson(rows).with_columns(subject=subject)
hashed.join(granted, on="subject", how="semi", maintain_order="left").drop("subject").sink_parquet(by_polars)
