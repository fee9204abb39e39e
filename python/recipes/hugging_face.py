"""Hugging Face `datasets`: keeps the rows of people who granted a purpose. Arguments: rows as JSONL, snapshot, output."""

import sys

from datasets import load_dataset

from consentry import Counts, Snapshot, consent_filtered_loader

rows, path, output = sys.argv[1:]
snapshot = Snapshot.open(path, purpose="model_training")

# A data set on the disk: columns are masked batch by batch. What `datasets` keeps of this call is forgotten by itself when the
# snapshot was replaced.
dataset = load_dataset("json", data_files=rows, split="train")
kept = dataset.filter(snapshot.mask, batched=True, input_columns="user_id", batch_size=10_000)
kept.to_json(output)

# One that is streamed, endless or not: row by row, and fresh for as long as it takes.
stream = load_dataset("json", data_files=rows, split="train", streaming=True)
loader = consent_filtered_loader(stream, snapshot=snapshot)
assert sum(1 for _ in loader) == len(kept)
print(loader.counts)

# Masking the whole column says how many rows could not be judged.
counts = Counts()
snapshot.mask(dataset.data["user_id"], counts=counts)
assert counts.kept == len(kept)
