"""Spark, by a join: keeps the rows of those who granted a purpose, where the snapshot is too large to be on every node. Arguments:
rows as JSONL (or anything Spark reads), the site's key, the snapshot as Parquet, output folder for Parquet.

Each task hashes its own ids, and Spark joins on the hash; it broadcasts the snapshot if that is small, and shuffles if not. Every node
gets the key: whoever has it can try out who is in the snapshot. On every node: `pip install consentry pyspark pandas pyarrow`.
"""

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql.types import BinaryType, StructField, StructType

from consentry import SiteKey

rows, key_file, parquet, output = sys.argv[1:]
spark = SparkSession.builder.appName("consent").getOrCreate()
spark.sparkContext.addFile(key_file)
name = Path(key_file).name

# Nobody else checks the age of a Parquet file. Who took back their consent since is still in it.
made = pq.read_schema(parquet).metadata[b"consentry.created_at"].decode()
if datetime.now(timezone.utc) - datetime.fromisoformat(made.replace("Z", "+00:00")) > timedelta(days=1):
    sys.exit(f"{parquet} is from {made}; make it again with `consentry snapshot pull --parquet`")


def with_subject(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    key = SiteKey.open(SparkFiles.get(name))
    for batch in batches:
        subject = key.subjects(batch.column("user_id")).cast(pa.binary())  # Spark knows no binary of fixed length
        yield pa.RecordBatch.from_arrays([*batch.columns, subject], names=[*batch.schema.names, "subject"])


frame = spark.read.json(rows)
hashed = frame.mapInArrow(with_subject, StructType([*frame.schema.fields, StructField("subject", BinaryType())]))
granted = spark.read.parquet(parquet).where("expires_at IS NULL OR expires_at > current_timestamp()")
hashed.join(granted, "subject", "left_semi").drop("subject").write.mode("overwrite").parquet(output)
