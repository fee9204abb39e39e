"""What became of rows, counted under the same names as the command and its manifests use."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Counts"]


@dataclass
class Counts:
    """What became of rows. ``rows`` is the sum of the other numbers.

    Attributes:
        rows: how many there were.
        kept: rows of people who granted the purpose.
        no_consent: rows of people who did not.
        reserved: rows of people who did, and that their owners reserved; only a policy says so.
        child: rows of people who did, and are children without a parent's agreement; only a policy says so.
        blank: lines of nothing but spaces; only files of rows have them.
        quarantined: rows that can't be judged, such as those without a user id.
        reasons: these by the code of their reason: ``no_id`` (absent, or null in a column), ``id_not_a_string``, ``not_an_id``
            (a text that can't be an id, such as an empty one), and for rows that are text the others of
            :class:`~consentry.UnjudgeableRow`.
    """

    rows: int = 0
    kept: int = 0
    no_consent: int = 0
    reserved: int = 0
    child: int = 0
    blank: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def of_nobody(self) -> bool:
        """Whether rows named users, and not one of them granted the purpose: what other ids, or another key, look like."""
        return self.no_consent > 0 and self.kept + self.reserved + self.child == 0

    def add(
        self,
        *,
        kept: int = 0,
        no_consent: int = 0,
        reserved: int = 0,
        child: int = 0,
        reasons: Mapping[str, int] | None = None,
    ) -> None:
        """Adds rows. Not to be called from two threads at once for the same counts."""
        odd = {code: n for code, n in (reasons or {}).items() if n}
        quarantined = sum(odd.values())
        self.rows += kept + no_consent + reserved + child + quarantined
        self.kept += kept
        self.no_consent += no_consent
        self.reserved += reserved
        self.child += child
        self.quarantined += quarantined
        for code, n in odd.items():
            self.reasons[code] = self.reasons.get(code, 0) + n


def warn_of_nobody(counts: Counts, users: int, purpose: str, user_field: str, stacklevel: int) -> None:
    """Says so if it looks as if no row's id could ever be found."""
    if counts.of_nobody and users > 0:
        warnings.warn(
            f"of {counts.no_consent} rows with a user not one is of the {users} who granted {purpose}. If you didn't expect that, the "
            f"ids in user_field={user_field!r} are others than those consent was recorded for, or the snapshot was made with another "
            "key than the site's",
            stacklevel=stacklevel + 1,
        )
