"""Spark, for rows that one machine can't hold: keeps those of people who granted a purpose. Arguments: rows as JSONL (a file, a
folder, or anything Spark reads), snapshot, output folder for Parquet.

The snapshot goes to every node once, as a file; there it is mapped, and each task masks its own columns. Nothing is shuffled.
On every node: `pip install consentry pyspark pandas pyarrow`.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf

from consentry import Snapshot

rows, path, output = sys.argv[1:]
spark = SparkSession.builder.appName("consent").getOrCreate()
spark.sparkContext.addFile(path)
name = Path(path).name


@pandas_udf("boolean")
def granted(columns: Iterator[pd.Series]) -> Iterator[pd.Series]:
    # Opened once a task, and its age is checked at every batch.
    snapshot = Snapshot.open(SparkFiles.get(name), purpose="model_training")
    for user_ids in columns:
        yield pd.Series(snapshot.mask(user_ids))


frame = spark.read.json(rows)
frame.filter(granted("user_id")).write.mode("overwrite").parquet(output)
