"""DuckDB and polars: keeps the rows of people who granted a purpose. Arguments: rows as JSONL, snapshot, output as Parquet."""

import sys

import duckdb
import polars as pl

from consentry import Snapshot

rows, path, output = sys.argv[1:]
snapshot = Snapshot.open(path, purpose="model_training")

# polars, lazily: the mask is taken batch by batch where the engine streams.
by_polars = pl.scan_ndjson(rows).filter(
    pl.col("user_id").map_batches(snapshot.mask, return_dtype=pl.Boolean, is_elementwise=True)
)
by_polars.sink_parquet(output)

# DuckDB: the different users of the data are few beside its rows, so these are judged and then joined.
users = duckdb.sql("SELECT DISTINCT user_id FROM read_json($rows)", params={"rows": rows}).to_arrow_table()
granted = users.filter(snapshot.mask(users["user_id"]))
by_duckdb = duckdb.sql("SELECT * FROM read_json($rows) SEMI JOIN granted USING (user_id)", params={"rows": rows})
assert len(by_duckdb) == pl.scan_parquet(output).select(pl.len()).collect().item()
