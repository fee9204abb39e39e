"""Subjects of columns, for engines that join on a snapshot as Parquet: what a key and a snapshot have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from . import columns
from .columns import ArrowArray, ArrowStream, OfPandas

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from . import _consentry

__all__ = ["Subjects"]


class Subjects:
    """Has a site's key."""

    __slots__ = ()

    def _key(self) -> _consentry.SiteKey:
        raise NotImplementedError

    @overload
    def subjects(self, column: pl.Series) -> pl.Series: ...
    @overload
    def subjects(self, column: NDArray[Any] | OfPandas | list[Any] | tuple[Any, ...]) -> list[bytes | None]: ...
    @overload
    def subjects(self, column: ArrowArray | ArrowStream) -> Any: ...
    def subjects(self, column: Any) -> Any:
        """The subject of each place of a column: what stands for the person in a snapshot's column ``subject``, 16 bytes.

        By this key; of a ``Snapshot`` by the one that it was made with, and then whether anybody granted the purpose is not asked.
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
        return columns.subjects(self._key(), column)
