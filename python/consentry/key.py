"""A site's key, for engines that join on a snapshot as Parquet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from . import _consentry, columns
from .columns import ArrowArray, ArrowStream, OfPandas

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["SiteKey"]


class SiteKey:
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

    @overload
    def subjects(self, column: pl.Series) -> pl.Series: ...
    @overload
    def subjects(self, column: NDArray[Any] | OfPandas | list[Any] | tuple[Any, ...]) -> list[bytes | None]: ...
    @overload
    def subjects(self, column: ArrowArray | ArrowStream) -> Any: ...
    def subjects(self, column: Any) -> Any:
        """The subject of each place of a column: what stands for the person in a snapshot's column ``subject``, 16 bytes.

        Null or ``None`` where there is no user id, which joins with nobody. All cores hash, and other Python threads run meanwhile.

        ================================================ ==========================================
        one column, ``n`` places                          the subjects, ``n`` places
        ================================================ ==========================================
        ``pyarrow.Array``                                 ``pyarrow.FixedSizeBinaryArray`` of 16 bytes
        ``pyarrow.ChunkedArray``                          ``pyarrow.ChunkedArray`` of these
        ``polars.Series``                                 ``polars.Series`` of ``Binary``, of the same name
        pandas, NumPy, ``list``, ``tuple``                ``list`` of ``bytes`` or ``None``
        anything with ``__arrow_c_array__`` or            an object with
        ``__arrow_c_stream__``                            ``__arrow_c_array__``
        ================================================ ==========================================

        Args:
            column: the ids.

        Raises:
            TypeError: a column of another type, such as numbers; cast it to text first.
            ValueError: a column of more than one dimension.
        """
        return columns.subjects(self._inner, column)

    def __reduce__(self) -> tuple[Any, ...]:
        return (SiteKey, (self._path,))

    def __repr__(self) -> str:
        return f"<consentry.SiteKey {self.key_id}>"
