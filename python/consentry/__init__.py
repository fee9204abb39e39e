"""Training data obeys consent: keeps only the rows of people who granted a purpose.

Who granted it is in a snapshot, a file that the command ``consentry snapshot`` makes. Then one of these:

- :func:`consent_filtered_loader` for rows that are dictionaries, from any iterable, kept fresh during long runs;
- :meth:`Snapshot.mask` for whole columns of Arrow, polars, pandas or NumPy;
- :meth:`SiteKey.subjects` for engines that join on a snapshot as Parquet;
- :func:`filter_jsonl` for whole files, at the speed of the command;
- ``consentry.torch`` for PyTorch's ``DataLoader`` with workers.

Unknown means no consent: whoever is not in the snapshot, and whatever can't be judged, stays out and is counted. Where it
can't be told who granted the purpose, :class:`ConsentUnavailable` is raised.

:func:`purge` removes people from the files and stores where their data was kept; :func:`register` tells the edge whose rows a data
set holds and which models were trained on it.
"""

from ._consentry import __version__
from .counts import Counts
from .errors import ConsentryError, ConsentUnavailable, NotRegistered, RunFailed, UnjudgeableRow
from .files import Filtered, Stream, filter_jsonl
from .key import SiteKey
from .loader import ConsentFilteredLoader, consent_filtered_loader
from .purging import PurgeIncomplete, PurgeReport, purge
from .registering import Registered, register
from .snapshot import Snapshot

__all__ = [
    "ConsentFilteredLoader",
    "ConsentUnavailable",
    "ConsentryError",
    "Counts",
    "Filtered",
    "NotRegistered",
    "PurgeIncomplete",
    "PurgeReport",
    "Registered",
    "RunFailed",
    "SiteKey",
    "Snapshot",
    "Stream",
    "UnjudgeableRow",
    "__version__",
    "consent_filtered_loader",
    "filter_jsonl",
    "purge",
    "register",
]
