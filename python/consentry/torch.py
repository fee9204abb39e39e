"""PyTorch: a data set of the rows of people who granted a purpose, for a ``DataLoader`` with any number of workers.

Needs ``torch``, which ``import consentry`` does not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from torch.utils.data import IterableDataset, get_worker_info

from .counts import Counts
from .loader import consent_filtered_loader

__all__ = ["ConsentFilteredDataset"]

Row = TypeVar("Row", bound=Mapping[str, Any])


class ConsentFilteredDataset(IterableDataset[Row]):
    """The rows of people who granted a purpose, as an ``IterableDataset``.

    >>> dataset = ConsentFilteredDataset(rows, snapshot="model_training.snapshot")
    >>> for batch in DataLoader(dataset, batch_size=32, num_workers=4):
    ...     train_on(batch)

    With workers each row is yielded once: worker ``k`` of ``n`` takes the rows ``k``, ``k + n``, ``k + 2n`` and so on of ``rows``,
    which every worker goes over. Each worker opens the snapshot itself, keeps it fresh, and raises ``ConsentUnavailable`` when
    it has become too old.
    """

    def __init__(
        self, rows: Iterable[Row], purpose: str = "model_training", *, deal: bool = True, **options: Any
    ) -> None:
        """Takes what :func:`consentry.consent_filtered_loader` takes, and:

        Args:
            deal: whether to deal the rows out among workers; ``False`` if ``rows`` does so itself, by ``get_worker_info()``.
        """
        self._rows = rows
        self._deal = deal
        self._loader = consent_filtered_loader(rows, purpose, **options)

    @property
    def counts(self) -> Counts:
        """What became of the rows so far, in this process: a worker counts its own."""
        return self._loader.counts

    def __iter__(self) -> Iterator[Row]:
        worker = get_worker_info()
        if worker is None or not self._deal:
            return iter(self._loader)
        return self._loader.through(itertools.islice(self._rows, worker.id, None, worker.num_workers))
