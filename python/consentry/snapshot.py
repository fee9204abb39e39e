"""Who granted a purpose, as a file that is ready at once."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from . import _consentry, columns
from .columns import ArrowArray, ArrowStream, OfPandas
from .counts import Counts
from .subjects import Subjects

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["DAY", "Snapshot", "opened"]

DAY = timedelta(hours=24)
"""The oldest snapshot that is trusted if nothing else is said."""


class Snapshot(Subjects):
    """Who granted a purpose: a file of ``consentry snapshot``, mapped into memory and not loaded.

    >>> snapshot = Snapshot.open("model_training.snapshot", purpose="model_training")
    >>> "user-1" in snapshot
    True
    >>> table.filter(snapshot.mask(table["user_id"]))

    It holds no user ids, only the first 16 bytes of a keyed hash of each. Whoever isn't in it didn't grant the purpose.

    Safe to be used by several threads. It can be pickled: the other process opens the same file and checks it again, so
    workers of a ``DataLoader`` need nothing else.

    Every question checks that the snapshot is still young enough: ``ConsentUnavailable`` with the code ``snapshot_too_old`` is
    raised in the middle of a run rather than an answer given that may be wrong by now. A yes that ends counts until that minute, also
    while the snapshot is open.
    """

    __slots__ = ("_inner", "_key_file", "_max_age", "_path", "_site")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        purpose: str,
        site: str | None = None,
        key_file: str | os.PathLike[str] | None = None,
        max_age: timedelta | float = DAY,
    ) -> None:
        # Absolute, so that a worker in another folder opens the same file.
        self._path = Path(path).absolute()
        self._site = site
        self._key_file = None if key_file is None else Path(key_file).absolute()
        self._max_age = max_age if isinstance(max_age, timedelta) else timedelta(seconds=max_age)
        milliseconds = self._max_age // timedelta(milliseconds=1)
        self._inner = _consentry.Snapshot(self._path, purpose, site, self._key_file, milliseconds)

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        purpose: str,
        site: str | None = None,
        key_file: str | os.PathLike[str] | None = None,
        max_age: timedelta | float = DAY,
    ) -> Snapshot:
        """Opens a file and checks all of it: that it is whole, of this purpose, and young enough.

        Args:
            path: a file of ``consentry snapshot build`` or ``pull``.
            purpose: what the rows are to be used for, such as ``model_training``.
            site: the site whose users these are; any if not said.
            key_file: the file with the site's key, one line ``KEY_ID:64_HEX_DIGITS``; needed unless the key is inside the snapshot.
            max_age: the oldest snapshot to trust, in seconds or as a ``timedelta``; 24 hours if not said.

        Raises:
            ConsentUnavailable: it can't be read, is damaged, too old, or of another purpose, site or key; see ``code``.
            OSError: the key file can't be read.
            ValueError: a name that is none, or a key file that holds no key.
        """
        return cls(path, purpose=purpose, site=site, key_file=key_file, max_age=max_age)

    @classmethod
    def pull(
        cls,
        path: str | os.PathLike[str],
        *,
        purpose: str,
        api: str,
        api_key_file: str | os.PathLike[str],
        site: str,
        key_file: str | os.PathLike[str],
        max_age: timedelta | float = DAY,
        wait: timedelta | float = 600,
    ) -> Snapshot:
        """Fetches the file from the edge and opens it; if it is there already, only what changed is fetched.

        As ``consentry snapshot pull``, which may bring the same file up to date from outside. What the next pull goes on from
        lies beside it, in ``PATH.edge``.

        Args:
            path: where to keep it.
            purpose: what the rows are to be used for, such as ``model_training``.
            api: the address of the edge, such as ``https://consent.example.com``.
            api_key_file: a file with an API key of the site that has the scope ``snapshot:read``.
            site: the site whose users these are.
            key_file: the file with the site's key, as ``consentry key derive`` writes it.
            max_age: as in :meth:`open`.
            wait: how long to wait for a snapshot that is still being built, in seconds or as a ``timedelta``.

        Raises:
            ConsentUnavailable: the edge can't be asked (``edge_unavailable``); a file that was there stands as it was.
            OSError: a file can't be read or written.
            ValueError: an address, a name or a key that is none.
        """
        wait = wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
        _consentry.pull(path, (api, api_key_file), (site, key_file), purpose, wait // timedelta(milliseconds=1))
        return cls(path, purpose=purpose, site=site, key_file=key_file, max_age=max_age)

    @property
    def path(self) -> Path:
        """The file, as an absolute path."""
        return self._path

    @property
    def purpose(self) -> str:
        """What its users granted."""
        return self._inner.purpose

    @property
    def site(self) -> str:
        """Whose users these are."""
        return self._inner.site

    @property
    def created_at(self) -> datetime:
        """As of when it is, in UTC."""
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=self._inner.created_at_ms)

    @property
    def log_position(self) -> int | None:
        """The last entry of the log that is in it, if it comes from a log."""
        return self._inner.log_position

    @property
    def key_id(self) -> int:
        """Which key of the site made it; 0 if the key is inside, and then the file is not pseudonymous."""
        return self._inner.key_id

    @property
    def users(self) -> int:
        """How many people's yes to the purpose stood when it was made."""
        return self._inner.users

    @property
    def digest(self) -> str:
        """SHA-256 by which one snapshot is told from another, in hexadecimal."""
        return self._inner.digest

    def holds(self, user_id: str) -> bool:
        """Whether this person granted the purpose and their yes stands now. A text that can't be a user id is nobody's.

        Raises:
            ConsentUnavailable: the snapshot has become too old.
            TypeError: the id is no ``str``.
        """
        return self._inner.holds(user_id)

    def __contains__(self, user_id: object) -> bool:
        """As :meth:`holds`, but nothing else than a ``str`` is ever in it."""
        return isinstance(user_id, str) and self._inner.holds(user_id)

    @overload
    def mask(self, column: pl.Series, *, counts: Counts | None = ...) -> pl.Series: ...
    @overload
    def mask(self, column: NDArray[Any] | OfPandas, *, counts: Counts | None = ...) -> NDArray[np.bool_]: ...
    @overload
    def mask(self, column: list[Any] | tuple[Any, ...], *, counts: Counts | None = ...) -> list[bool]: ...
    @overload
    def mask(self, column: ArrowArray | ArrowStream, *, counts: Counts | None = ...) -> Any: ...
    def mask(self, column: Any, *, counts: Counts | None = None) -> Any:
        """Which places of a column hold the id of someone who granted the purpose, and whose yes stands now.

        The column is read where it is, by all cores, and other Python threads run meanwhile. Nulls, texts that can't be ids
        and things that are no text are ``False``; give ``counts`` to have them counted.

        ============================================= =========================
        one column, ``n`` places                       the mask, ``n`` places
        ============================================= =========================
        ``pyarrow.Array``                              ``pyarrow.BooleanArray``
        ``pyarrow.ChunkedArray``                       ``pyarrow.ChunkedArray`` of ``bool``
        ``polars.Series``                              ``polars.Series`` of the same name
        ``pandas.Series``, ``Index`` or array of it    ``numpy.ndarray``, shape ``(n,)``, ``bool``
        ``numpy.ndarray`` (``U``, ``S``, object)       ``numpy.ndarray``, shape ``(n,)``, ``bool``
        ``list``, ``tuple``                            ``list`` of ``bool``
        anything with ``__arrow_c_array__`` or         an object with
        ``__arrow_c_stream__``                         ``__arrow_c_array__``
        ============================================= =========================

        Arrow columns may be strings of any layout or dictionaries of them (a polars or pandas categorical): each category
        is hashed once.

        Args:
            column: the ids.
            counts: what became of the places is added to it.

        Raises:
            ConsentUnavailable: the snapshot has become too old.
            TypeError: a column of another type, such as numbers; cast it to text first.
            ValueError: a NumPy array of more than one dimension.
        """
        mask, counted = columns.mask(self._inner, column)
        if counts is not None:
            columns.add(counts, counted)
        return mask

    def _key(self) -> _consentry.SiteKey:
        return self._inner.key()

    def __reduce__(self) -> tuple[Any, ...]:
        # The digest opens nothing. It is there for those who tell by the pickled bytes whether a result that they kept still holds
        # (`datasets` does): after the file was replaced it doesn't.
        return (_reopen, (self._path, self.purpose, self._site, self._key_file, self._max_age, self.digest))

    def _again(self) -> Snapshot:
        """The same file, as it is now."""
        return _reopen(self._path, self.purpose, self._site, self._key_file, self._max_age)

    def __repr__(self) -> str:
        return (
            f"<consentry.Snapshot of {self.users} users of {self.site} who granted {self.purpose}, "
            f"as of {self.created_at:%Y-%m-%dT%H:%M:%SZ}>"
        )


def _reopen(
    path: Path, purpose: str, site: str | None, key_file: Path | None, max_age: timedelta, _digest: str = ""
) -> Snapshot:
    return Snapshot(path, purpose=purpose, site=site, key_file=key_file, max_age=max_age)


def opened(
    snapshot: Snapshot | str | os.PathLike[str],
    purpose: str,
    site: str | None,
    key_file: str | os.PathLike[str] | None,
    max_age: timedelta | float,
) -> Snapshot:
    """The snapshot itself, or the file opened, held to the purpose."""
    if not isinstance(snapshot, Snapshot):
        return Snapshot(snapshot, purpose=purpose, site=site, key_file=key_file, max_age=max_age)
    if snapshot.purpose != purpose:
        raise ValueError(f"the snapshot is for the purpose {snapshot.purpose}; name that one, or open another")
    if site is not None or key_file is not None or max_age is not DAY:
        raise ValueError("say site=, key_file= and max_age= to Snapshot.open, as the snapshot is open already")
    return snapshot
