"""What became of rows, counted under the same names as the command and its manifests use."""

from __future__ import annotations

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

    def add(self, *, kept: int = 0, no_consent: int = 0, reasons: Mapping[str, int] | None = None) -> None:
        """Adds rows. Not to be called from two threads at once for the same counts."""
        odd = {code: n for code, n in (reasons or {}).items() if n}
        quarantined = sum(odd.values())
        self.rows += kept + no_consent + quarantined
        self.kept += kept
        self.no_consent += no_consent
        self.quarantined += quarantined
        for code, n in odd.items():
            self.reasons[code] = self.reasons.get(code, 0) + n
