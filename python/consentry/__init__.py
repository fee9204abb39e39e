"""Training data obeys consent: keeps only the rows of people who granted a purpose.

Who granted it is in a snapshot, a file that the command ``consentry snapshot`` makes. Then one of these:

- :func:`consent_filtered_loader` for rows that are dictionaries, from any iterable, kept fresh during long runs;
- :meth:`Snapshot.mask` for whole columns of Arrow, polars, pandas or NumPy;
- ``consentry.torch`` for PyTorch's ``DataLoader`` with workers.

Unknown means no consent: whoever is not in the snapshot, and whatever can't be judged, stays out and is counted. Where it
can't be told who granted the purpose, :class:`ConsentUnavailable` is raised.
"""

from ._consentry import __version__
from .counts import Counts
from .errors import ConsentryError, ConsentUnavailable, UnjudgeableRow
from .loader import ConsentFilteredLoader, consent_filtered_loader
from .snapshot import Snapshot

__all__ = [
    "ConsentFilteredLoader",
    "ConsentUnavailable",
    "ConsentryError",
    "Counts",
    "Snapshot",
    "UnjudgeableRow",
    "__version__",
    "consent_filtered_loader",
]
