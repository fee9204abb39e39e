"""Telling the edge of a data set: the run of ``consentry manifest register``, called from Python."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from . import _consentry

__all__ = ["Registered", "register"]

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Registered:
    """What the edge knows now.

    Attributes:
        dataset: the name of the data set.
        users: how many users have rows in it.
        models: every model that was trained on it, by name.
    """

    dataset: str
    users: int
    models: list[str]


def register(manifest: Path, dataset: str, *, models: Iterable[str] = (), api: str, api_key_file: Path) -> Registered:
    """Tells the edge whose rows a data set holds, so that an erasure names the models that were trained on them.

    >>> filter_jsonl("data/*.jsonl.gz", "kept/", snapshot=snapshot, manifest="run.json")
    >>> register("run.json", "corpus_2026_11", models=["ranker_7"], api="https://consent.example.com", api_key_file="api.key")
    Registered(dataset='corpus_2026_11', users=1204, models=['ranker_7'])

    What is sent is what the manifest says, without names of files, and the index beside it: keyed hashes of the users whose rows
    were kept. Calling it again is safe, goes on with what was cut off, and adds models.

    Args:
        manifest: what :func:`filter_jsonl` or ``consentry filter`` wrote with ``manifest``, with its index beside it.
        dataset: the name of the data set, which no other of the site has, such as ``corpus_2026_11``.
        models: the models that were trained on it, as far as they are known.
        api: the address of the edge, such as ``https://consent.example.com``.
        api_key_file: a file with an API key of the site that has the scope ``lineage:write``.

    Raises:
        NotRegistered: the manifest is none or has no index, or the edge refused or can't be asked.
        OSError: a file can't be read.
        ValueError: an address, a name or a key that is none.
    """
    if isinstance(models, str):
        raise ValueError("models= takes a list of names, not one name")
    users, known = _consentry.register(manifest, (api, api_key_file), dataset, list(models))
    return Registered(dataset, users, known)
