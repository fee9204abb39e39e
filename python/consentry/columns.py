"""Whose column this is: finds the ids in what the libraries of data call a column, and gives a mask of the same kind back.

None of these libraries is imported here unless a column of it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ._consentry import Counted, Made, SiteKey, Snapshot
    from .counts import Counts

PIECE = 1 << 18
"""How many places are handed over at a time where they can't be read where they are."""


class ArrowArray(Protocol):
    """What gives itself away as one Arrow array, such as a ``pyarrow.Array``."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...


class ArrowStream(Protocol):
    """What gives itself away as Arrow arrays, such as a ``pyarrow.ChunkedArray``."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...


class OfPandas(Protocol):
    """A ``pandas.Series`` or ``pandas.Index``."""

    @property
    def array(self) -> Any: ...


def add(counts: Counts, counted: Counted) -> None:
    """Adds what the compiled part counted, under the names of the reasons."""
    kept, no_consent, no_id, not_a_string, not_an_id = counted
    reasons = {"no_id": no_id, "id_not_a_string": not_a_string, "not_an_id": not_an_id}
    counts.add(kept=kept, no_consent=no_consent, reasons=reasons)


def mask(snapshot: Snapshot, column: Any) -> tuple[Any, Counted]:
    """The mask of a column and what was counted."""
    if isinstance(column, (list, tuple)):
        return snapshot.list(column)
    library = type(column).__module__.partition(".")[0]
    if library == "numpy":
        return _numpy(snapshot, column)
    if library == "pandas":
        return _pandas(snapshot, column)
    made, counted = snapshot.arrow(_speaking_arrow(column, "mask"))
    return _of_kind(column, made), counted


def subjects(key: SiteKey, column: Any) -> Any:
    """The subjects of a column."""
    if isinstance(column, (list, tuple)):
        return key.list(column)
    library = type(column).__module__.partition(".")[0]
    if library in ("numpy", "pandas"):
        import numpy

        values = numpy.asarray(column, object) if library == "pandas" else column
        if values.ndim != 1:
            raise ValueError(f"subjects() takes one column; this has {values.ndim} dimensions")
        if values.dtype.kind not in "OTU":
            raise TypeError(f"subjects() takes a column of text, and this one is of the NumPy type {values.dtype}; cast it")
        return key.list(values)
    return _of_kind(column, key.arrow(_speaking_arrow(column, "subjects")))


def _speaking_arrow(column: Any, function: str) -> Any:
    if not hasattr(column, "__arrow_c_array__") and not hasattr(column, "__arrow_c_stream__"):
        raise TypeError(
            f"{function}() takes a column of Arrow, polars, pandas or NumPy, or a list; "
            f"this is a {type(column).__module__}.{type(column).__qualname__}"
        )
    if type(column).__module__.partition(".")[0] == "polars":
        import polars

        if column.dtype == polars.Null:
            # Of these polars gives away an array that Arrow doesn't know.
            return column.cast(polars.String)
    return column


def _of_kind(column: Any, made: Made) -> Any:
    """What was made of a column, of the column's own library."""
    library = type(column).__module__.partition(".")[0]
    if library == "polars":
        import polars

        return polars.Series(made).alias(column.name)
    if library == "pyarrow":
        import pyarrow

        array = pyarrow.array(made)
        return pyarrow.chunked_array([array]) if isinstance(column, pyarrow.ChunkedArray) else array
    return made


def _pandas(snapshot: Snapshot, column: Any) -> tuple[Any, Counted]:
    import numpy
    import pandas

    if isinstance(column, pandas.DataFrame):
        raise TypeError("mask() takes one column; give frame['user_id']")
    values = getattr(column, "array", column)
    if isinstance(values, pandas.Categorical):
        return _categorical(snapshot, values)
    if hasattr(values, "__arrow_array__") and not isinstance(values, pandas.arrays.NumpyExtensionArray):
        # What pandas keeps as Arrow it gives away as it is; of the rest it would make a copy.
        if isinstance(values, pandas.arrays.ArrowExtensionArray | pandas.arrays.ArrowStringArray):
            made, counted = snapshot.arrow(values.__arrow_array__())
            return _unpacked(made), counted
    if values.dtype == object or isinstance(values.dtype, pandas.StringDtype):
        values = numpy.asarray(values, object)
    return _numpy(snapshot, numpy.asarray(values))


def _unpacked(made: Any) -> Any:
    import pyarrow

    return pyarrow.array(made).to_numpy(zero_copy_only=False)


def _categorical(snapshot: Snapshot, values: Any) -> tuple[Any, Counted]:
    """Each category is hashed once."""
    import numpy

    # The code of what is missing is -1, which is the last place here; 2 is no id.
    verdicts = numpy.append(snapshot.verdicts(values.categories.tolist()), numpy.uint8(2))[values.codes]
    refused, kept, no_id, not_a_string, not_an_id = (int(n) for n in numpy.bincount(verdicts, minlength=5))
    return verdicts == 1, (kept, refused, no_id, not_a_string, not_an_id)


def _numpy(snapshot: Snapshot, column: Any) -> tuple[Any, Counted]:
    import numpy

    if column.ndim != 1:
        raise ValueError(f"mask() takes an array of one dimension; this one has {column.ndim}")
    if isinstance(column, numpy.ma.MaskedArray) or column.dtype.kind in "OT":
        return snapshot.objects(column)
    if column.dtype.kind not in "US":
        raise TypeError(f"mask() takes a column of text, and this one is of the NumPy type {column.dtype}; cast it")
    width = numpy.dtype("U1" if column.dtype.kind == "U" else "S1").itemsize
    unit, look = ("u4", snapshot.utf32) if column.dtype.kind == "U" else ("u1", snapshot.utf8)
    if column.dtype.isnative and column.flags.c_contiguous:
        return look(column.view(unit).reshape(len(column), column.itemsize // width))
    masks = [numpy.zeros(0, bool)]
    total = (0, 0, 0, 0, 0)
    for start in range(0, len(column), PIECE):
        piece = numpy.ascontiguousarray(column[start : start + PIECE].astype(column.dtype.newbyteorder("=")))
        made, counted = _numpy(snapshot, piece)
        masks.append(made)
        total = _sum(total, counted)
    return numpy.concatenate(masks), total


def _sum(one: Counted, other: Counted) -> Counted:
    a, b, c, d, e = (x + y for x, y in zip(one, other))
    return a, b, c, d, e
