"""Files of rows: the run of ``consentry filter``, called from Python."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from . import _consentry
from .counts import Counts, warn_of_nobody
from .snapshot import DAY, Snapshot, opened

__all__ = ["Filtered", "Stream", "filter_jsonl"]

Path = str | os.PathLike[str]


@dataclass(frozen=True)
class Stream:
    """A file that was read or written.

    Attributes:
        file: its path.
        bytes: how many, as they are in the file.
        sha256: of these bytes, in hexadecimal, if a manifest was asked for.
    """

    file: str
    bytes: int
    sha256: str | None = None


@dataclass(frozen=True)
class Filtered:
    """What a run did.

    Attributes:
        counts: what became of the rows.
        inputs: what was read, in its order.
        outputs: what was written.
        quarantine: where the rows are that can't be judged, if they were to be kept.
    """

    counts: Counts
    inputs: list[Stream]
    outputs: list[Stream]
    quarantine: Stream | None


def filter_jsonl(
    inputs: Path | Iterable[Path],
    output: Path,
    purpose: str = "model_training",
    *,
    snapshot: Snapshot | Path,
    user_field: str = "user_id",
    quarantine: Path | None = None,
    manifest: Path | None = None,
    policy: Path | None = None,
    strict: bool = False,
    compression: Literal["none", "gzip", "zstd"] | None = None,
    site: str | None = None,
    key_file: Path | None = None,
    max_age: timedelta | float = DAY,
) -> Filtered:
    """Writes the rows of people who granted ``purpose``, byte for byte and in order; the run of ``consentry filter``.

    Reads JSONL, plain, gzip or zstd, and Parquet, told by content; of Parquet, schema and values are kept, not bytes. Outputs are
    whole or not there, whatever stops the run. Uses all cores; other Python threads run meanwhile, and Ctrl-C ends it.

    >>> filter_jsonl("data/*.jsonl.gz", "kept/", snapshot="model_training.snapshot", manifest="manifest.json").counts.kept
    612

    Args:
        inputs: files, patterns such as ``data/*.jsonl.gz``, or folders.
        output: a file; or a folder, which gets a file for each input under its name.
        purpose: what the rows are to be used for.
        snapshot: a file of ``consentry snapshot``, or one that was opened.
        user_field: where a row names its user: a key, or a path of keys with dots between them.
        quarantine: where to write the rows that can't be judged, with file, line and reason, as JSONL. They are only counted if absent.
        manifest: where to write what was done, with SHA-256 of inputs and outputs, as JSON; beside it, with ``.index`` behind its
            name, whose rows stayed.
        policy: a file that says which rows stay out although their people granted the purpose: reserved ones, and those of children; see
            ``consentry filter --help``.
        strict: whether the first row that can't be judged ends the run.
        compression: of the output; as the input is, if not said.
        site: as in :meth:`Snapshot.open`, as are the next two; not to be said with a snapshot that was opened.
        key_file: the file with the site's key.
        max_age: the oldest snapshot to trust.

    Raises:
        ConsentUnavailable: it can't be told who granted the purpose; nothing is written.
        UnjudgeableRow: with ``strict``, at a row that can't be judged; the message names file and line.
        RunFailed: a file can't be read or written; see ``code``.
        OSError: the key file or the policy can't be read.
        ValueError: an argument, a key file or a policy that is none.
    """
    sources = [inputs] if isinstance(inputs, (str, os.PathLike)) else list(inputs)
    if not sources:
        raise ValueError("inputs= names no file")
    standing = opened(snapshot, purpose, site, key_file, max_age)
    done: dict[str, Any] = json.loads(
        _consentry.filter(standing._inner, sources, output, user_field, quarantine, manifest, policy, strict, compression)
    )
    counts = Counts(**done["counts"])
    warn_of_nobody(counts, standing.users, standing.purpose, user_field, stacklevel=2)
    return Filtered(
        counts=counts,
        inputs=[Stream(**stream) for stream in done["inputs"]],
        outputs=[Stream(**stream) for stream in done["outputs"]],
        quarantine=None if done["quarantine"] is None else Stream(**done["quarantine"]),
    )
