"""A real Chroma for the tests of `consentry purge`: fills a directory, tells what it answers, searches the bytes of its files.

    chroma.py fill DIR          three collections; every tenth record of each is the person's
    chroma.py add DIR           one record more of the person and of another in each
    chroma.py answers DIR       everything it answers about everybody else, as JSON
    chroma.py raw DIR           how often the person's texts and vectors are in the bytes of its files

Opening a directory changes its files, so `answers` belongs on a copy where that matters.
"""

import json
import math
import random
import struct
import sys
from pathlib import Path

PERSON = "ada@example.com"
# Name, distance, how many records, and after how many the index goes to disk: one collection is all in the queue, one is all in
# the index, one is in both.
COLLECTIONS = [("queued", "l2", 150, 1000), ("indexed", "cosine", 200, 50), ("both", "ip", 170, 60)]
# Records of the person that were deleted before anybody thought of purging.
DELETED = ("both", 20)
SIZE = 16


def user(number):
    return PERSON if number % 10 == 3 else f"user{number % 10}@example.com"


def record(name, number):
    rng = random.Random(f"{name} {number}")
    vector = [rng.uniform(-1, 1) for _ in range(SIZE)]
    words = " ".join(2 * rng.choice(["oak", "elm", "ash", "fir", "yew", "box", "bay", "fig"]) for _ in range(8))
    long = words * (200 if number % 50 == 3 else 1)
    return f"{name}-{number}", vector, f"{user(number)} wrote number {number} in {name}: {long}"


def open_client(folder):
    import chromadb
    from chromadb.config import Settings

    return chromadb.PersistentClient(folder, Settings(anonymized_telemetry=False))


def fill(folder):
    client = open_client(folder)
    for name, space, count, threshold in COLLECTIONS:
        hnsw = {"space": space, "sync_threshold": threshold, "batch_size": min(threshold, 100)}
        collection = client.create_collection(
            name, metadata={"about": name}, configuration={"hnsw": hnsw}, embedding_function=None
        )
        for start in range(0, count, 25):
            numbers = range(start, min(start + 25, count))
            ids, vectors, texts = zip(*(record(name, number) for number in numbers))
            metadatas = [{"user_id": user(number), "number": number, "even": number % 2 == 0} for number in numbers]
            collection.add(ids=list(ids), embeddings=list(vectors), documents=list(texts), metadatas=metadatas)
        # Changes that carry a vector and such that carry none, of the person and of another.
        collection.update(ids=[f"{name}-1", f"{name}-13"], metadatas=[{"again": 1}, {"again": 1}])
        collection.update(ids=[f"{name}-2", f"{name}-23"], embeddings=[record(name, n)[1] for n in (1002, 1003)])
    name, count = DELETED
    ids = [f"{name}-{number}" for number in range(count) if user(number) == PERSON]
    client.get_collection(name, embedding_function=None).delete(ids=ids)


def add(folder):
    client = open_client(folder)
    for name, _, _, _ in COLLECTIONS:
        collection = client.get_collection(name, embedding_function=None)
        for number in (2003, 2004):
            id, vector, text = record(name, number)
            metadata = {"user_id": user(number), "number": number}
            collection.add(ids=[id], embeddings=[vector], documents=[text], metadatas=[metadata])


def answers(folder):
    client = open_client(folder)
    others = {"user_id": {"$ne": PERSON}}
    told = {}
    for name, _, _, _ in COLLECTIONS:
        collection = client.get_collection(name, embedding_function=None)
        everything = ["documents", "metadatas", "embeddings"]
        got = collection.get(where=others, include=everything)
        rows = zip(got["ids"], got["documents"], got["metadatas"], got["embeddings"])
        records = sorted([i, d, dict(sorted(m.items())), [float(x) for x in e]] for i, d, m, e in rows)
        queries = [record("query", number)[1] for number in range(10)]
        near = collection.query(query_embeddings=queries, n_results=5, where=others, include=["distances"])
        distances = [[float(d) for d in row] for row in near["distances"]]
        texts = collection.get(where=others, where_document={"$contains": "oakoak elm"}, include=[])
        told[name] = {
            "id": str(collection.id),
            "metadata": collection.metadata,
            "records": records,
            "near": list(zip(near["ids"], distances)),
            "texts": sorted(texts["ids"]),
            "person": len(collection.get(where={"user_id": PERSON}, include=[])["ids"]),
        }
    print(json.dumps(told, sort_keys=True))


def pieces():
    """Bytes that are the person's and nobody else's: pieces of texts, and of vectors as they are and normalised."""
    for name, _, count, _ in COLLECTIONS:
        for number in (n for n in [*range(count), 1003, 2003] if user(n) == PERSON):
            _, vector, text = record(name, number)
            yield text[:45].encode()
            norm = math.sqrt(sum(x * x for x in vector))
            for form in (vector, [x / norm for x in vector]):
                # Any three of the numbers; the last digits of a normalised one depend on who divides.
                yield struct.pack(f"<{SIZE}f", *form)[:12]
                yield struct.pack(f"<{SIZE}f", *form)[24:36]


def raw(folder):
    wanted = set(pieces())
    hits = 0
    for file in Path(folder).rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            hits += sum(piece in data for piece in wanted) + (PERSON.encode() in data)
    print(hits)


if __name__ == "__main__":
    {"fill": fill, "add": add, "answers": answers, "raw": raw}[sys.argv[1]](sys.argv[2])
