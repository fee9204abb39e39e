"""A site's key, for engines that join on a snapshot as Parquet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from . import _consentry
from .subjects import Subjects

__all__ = ["SiteKey"]


class SiteKey(Subjects):
    """The key by which a site's users are hashed, from its file.

    For engines that join their rows with a snapshot as Parquet (``consentry snapshot pull --parquet``), where no mask is taken:

    >>> key = SiteKey.open("demo.key")
    >>> table = table.append_column("subject", key.subjects(table["user_id"]))

    Whoever has the key can try out who is in a snapshot, so keep its file like a password. A pickled ``SiteKey`` holds the path of
    the file and not the key: the other process reads it again.
    """

    __slots__ = ("_inner", "_path")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """As :meth:`open`."""
        self._path = Path(path).absolute()
        self._inner = _consentry.SiteKey(self._path)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> SiteKey:
        """Reads a key file.

        Args:
            path: the file, one line ``KEY_ID:64_HEX_DIGITS``, as ``consentry key derive`` writes it.

        Raises:
            OSError: it can't be read.
            ValueError: it holds no key.
        """
        return cls(path)

    @property
    def key_id(self) -> int:
        """Which key of the site it is; a snapshot as Parquet says the same under ``consentry.key_id`` in its metadata."""
        return self._inner.key_id

    def _key(self) -> _consentry.SiteKey:
        return self._inner

    def __reduce__(self) -> tuple[Any, ...]:
        return (SiteKey, (self._path,))

    def __repr__(self) -> str:
        return f"<consentry.SiteKey {self.key_id}>"
