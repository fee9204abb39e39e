"""The loop that people write: json, a dictionary, a file. Arguments: users, rows, output."""

import csv
import json
import sys

users, rows, output = sys.argv[1:]
with open(users, newline="") as table:
    granted = {row["user_id"]: row["status"] == "granted" for row in csv.DictReader(table)}
with open(rows, "rb") as source, open(output, "wb") as target:
    for line in source:
        if granted.get(json.loads(line).get("user_id")):
            target.write(line)
