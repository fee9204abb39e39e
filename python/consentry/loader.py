"""Rows for training, of people who granted it: any iterable of dictionaries in, the rows that may be used out."""

from __future__ import annotations

import json
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from . import _consentry
from .counts import Counts, warn_of_nobody
from .errors import ConsentUnavailable, UnjudgeableRow
from .snapshot import DAY, Snapshot, opened

__all__ = ["ConsentFilteredLoader", "consent_filtered_loader"]

Row = TypeVar("Row", bound=Mapping[str, Any])


def consent_filtered_loader(
    rows: Iterable[Row],
    purpose: str = "model_training",
    *,
    snapshot: Snapshot | str | os.PathLike[str],
    api: str | None = None,
    api_key_file: str | os.PathLike[str] | None = None,
    user_field: str = "user_id",
    refresh: timedelta | float = 300,
    policy: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    on_unjudgeable: Literal["skip", "raise"] = "skip",
    site: str | None = None,
    key_file: str | os.PathLike[str] | None = None,
    max_age: timedelta | float = DAY,
) -> ConsentFilteredLoader[Row]:
    """Goes over ``rows`` and yields, unchanged and in order, those of people who granted ``purpose``.

    >>> rows = consent_filtered_loader(dataset, snapshot="model_training.snapshot")
    >>> for row in rows:
    ...     train_on(row)
    >>> rows.counts
    Counts(rows=1000, kept=612, no_consent=385, reserved=0, child=0, blank=0, quarantined=3, reasons={'no_id': 3})

    Rows without a user id, or with one that is no text, are skipped and counted. During a run that takes long, the snapshot's
    file is looked at every ``refresh`` seconds and opened again if it was replaced, so that who took back their consent
    leaves the run too. A new file that is refused leaves the old one standing, with a warning, until that has become too old.
    With ``api`` the loader fetches the snapshot itself, and every ``refresh`` seconds what changed since.

    Several threads may draw from one iterator. The loader can be pickled if ``rows`` can be.

    Args:
        rows: dictionaries; it may be endless. Each ``iter()`` of the loader goes over it anew.
        purpose: what the rows are to be used for.
        snapshot: a file of ``consentry snapshot``, or one that was opened; with ``api``, where to keep what is fetched.
        api: the address of the edge to fetch it from, as in :meth:`Snapshot.pull`; then ``api_key_file``, ``site`` and
            ``key_file`` must be said too.
        api_key_file: a file with an API key that has the scope ``snapshot:read``.
        user_field: where a row names its user: a key, or a path of keys with dots between them.
        refresh: how often to look whether the snapshot was replaced, in seconds or as a ``timedelta``.
        policy: which rows stay out although their people granted the purpose: reserved ones, and those of children. A file or a dictionary,
            as for ``consentry filter --policy``, with the same outcome; ages are those on the day on which the loader is made. Beside what JSON
            has, a date may be a ``datetime.date``, and numbers may be NumPy's; whatever else a named field holds, such as NaN, keeps
            its row out.
        on_unjudgeable: ``"skip"``, or ``"raise"`` to stop at the first row that can't be judged.
        site: as in :meth:`Snapshot.open`, which see for the next two as well; not to be said with a snapshot that was opened.
        key_file: the file with the site's key.
        max_age: the oldest snapshot to trust.

    Raises:
        ConsentUnavailable: at once if the snapshot can't be used, or in the middle of the run if it has become too old.
        UnjudgeableRow: with ``on_unjudgeable="raise"``, while iterating; the message names the number of the row from 0 on.
        OSError: the policy, the key file or the API key's file can't be read.
        ValueError: an argument, a key file or a policy that is none.
    """
    return ConsentFilteredLoader(
        rows,
        purpose,
        snapshot=snapshot,
        api=api,
        api_key_file=api_key_file,
        user_field=user_field,
        refresh=refresh,
        policy=policy,
        on_unjudgeable=on_unjudgeable,
        site=site,
        key_file=key_file,
        max_age=max_age,
    )


class ConsentFilteredLoader(Generic[Row]):
    """The rows of people who granted a purpose; see :func:`consent_filtered_loader`, which makes one.

    Attributes:
        counts: what became of the rows so far, in this process and over all iterators of this loader.
    """

    counts: Counts

    def __init__(
        self,
        rows: Iterable[Row],
        purpose: str,
        *,
        snapshot: Snapshot | str | os.PathLike[str],
        api: str | None,
        api_key_file: str | os.PathLike[str] | None,
        user_field: str,
        refresh: timedelta | float,
        policy: Mapping[str, Any] | str | os.PathLike[str] | None,
        on_unjudgeable: Literal["skip", "raise"],
        site: str | None,
        key_file: str | os.PathLike[str] | None,
        max_age: timedelta | float,
    ) -> None:
        if on_unjudgeable not in ("skip", "raise"):
            raise ValueError('on_unjudgeable= is "skip" or "raise"')
        self._path = user_field.split(".")
        if not all(self._path):
            raise ValueError("user_field= is a key, or keys with dots between them, such as meta.user_id")
        self._rows = rows
        self._raise = on_unjudgeable == "raise"
        self._gates = _gates(policy)
        edge = None
        if api is not None or api_key_file is not None:
            if isinstance(snapshot, Snapshot) or api is None or api_key_file is None or site is None or key_file is None:
                raise ValueError("with api= say api_key_file=, site=, key_file= and, as snapshot=, where to keep the file")
            # Absolute, so that a worker in another folder keeps the same file fresh.
            edge = partial(
                Snapshot.pull,
                Path(snapshot).absolute(),
                purpose=purpose,
                api=api,
                api_key_file=Path(api_key_file).absolute(),
                site=site,
                key_file=Path(key_file).absolute(),
                max_age=max_age,
            )
        first = edge() if edge else opened(snapshot, purpose, site, key_file, max_age)
        self._standing = _Standing(first, edge, refresh)
        self._start()

    def _start(self) -> None:
        self.counts = Counts()
        self._counting = threading.Lock()

    def __iter__(self) -> Iterator[Row]:
        return self.through(self._rows)

    def through(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Goes over other rows by the same snapshot and into the same counts, such as over one worker's share of them."""
        return _Kept(self, iter(rows))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_counting", "counts")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def _ended(self) -> None:
        snapshot = self._standing.last
        warn_of_nobody(self.counts, snapshot.users, snapshot.purpose, ".".join(self._path), stacklevel=3)

    def _stays(self, row: Row, number: int) -> bool:
        reason = closed = None
        granted = False
        user: object = row
        for key in self._path:
            if not isinstance(user, Mapping) or key not in user:
                reason = "no_id"
                break
            user = user[key]
        else:
            if not isinstance(user, str):
                reason = "id_not_a_string"
            else:
                granted = self._standing.now().holds(user)
                if not granted and not _consentry.is_user_id(user):
                    reason = "not_an_id"
                # Consent is asked first.
                if granted and self._gates is not None:
                    closed = self._gates.closed(row)
        with self._counting:
            if reason is not None:
                self.counts.add(reasons={reason: 1})
            elif closed is not None:
                self.counts.add(reserved=int(closed == "reserved"), child=int(closed == "child"))
            elif granted:
                self.counts.add(kept=1)
            else:
                self.counts.add(no_consent=1)
        if reason is not None and self._raise:
            raise UnjudgeableRow(reason, f"row {number} can't be judged ({reason}); mend it, or skip such rows")
        return granted and closed is None


def _gates(policy: Mapping[str, Any] | str | os.PathLike[str] | None) -> _consentry.Gates | None:
    if policy is None:
        return None
    if isinstance(policy, Mapping):
        return _consentry.Gates(json.dumps(dict(policy)).encode(), "policy=")
    return _consentry.Gates(Path(policy).read_bytes(), os.fspath(policy))


class _Kept(Iterator[Row]):
    """One way through the rows, which threads may share."""

    def __init__(self, loader: ConsentFilteredLoader[Row], rows: Iterator[Row]) -> None:
        self._loader = loader
        self._rows = rows
        self._drawing = threading.Lock()
        self._drawn = 0

    def __next__(self) -> Row:
        while True:
            with self._drawing:
                try:
                    row = next(self._rows)
                except StopIteration:
                    self._loader._ended()
                    raise
                number = self._drawn
                self._drawn += 1
            if self._loader._stays(row, number):
                return row


class _Standing:
    """The snapshot that stands now: looks at its file from time to time. Without a thread, so that a process may fork."""

    def __init__(self, snapshot: Snapshot, edge: Callable[[], Snapshot] | None, refresh: timedelta | float) -> None:
        self._every = refresh.total_seconds() if isinstance(refresh, timedelta) else float(refresh)
        if not self._every >= 0:
            raise ValueError("refresh= is a number of seconds, 0 or more")
        self._snapshot = snapshot
        self._edge = edge
        self._start()

    def _start(self) -> None:
        self._looking = threading.Lock()
        self._file = self._look()
        self._next = time.monotonic() + self._every

    @property
    def last(self) -> Snapshot:
        """The one that was asked last."""
        return self._snapshot

    def now(self) -> Snapshot:
        if time.monotonic() >= self._next and self._looking.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._looking.release()
        return self._snapshot

    def _refresh(self) -> None:
        self._next = time.monotonic() + self._every
        failure: Exception | None = None
        if self._edge is not None:
            try:
                self._snapshot = self._edge()
                self._file = self._look()
                return
            except (ConsentUnavailable, OSError, ValueError) as refused:
                # Another process, such as another worker, may be fetching the same file; what it fetches does as well.
                failure = refused
        file = self._look()
        if file != self._file:
            try:
                self._snapshot = self._snapshot._again()
                self._file = file
                return
            except (ConsentUnavailable, OSError, ValueError) as refused:
                failure = refused
        if failure is not None:
            warnings.warn(f"going on with the snapshot of {self._snapshot.created_at}: {failure}", stacklevel=5)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            file = self._snapshot.path.stat()
        except OSError:
            return None
        return file.st_ino, file.st_mtime_ns, file.st_size

    def __getstate__(self) -> tuple[Snapshot, Callable[[], Snapshot] | None, float]:
        return self._snapshot, self._edge, self._every

    def __setstate__(self, state: tuple[Snapshot, Callable[[], Snapshot] | None, float]) -> None:
        self._snapshot, self._edge, self._every = state
        self._start()
