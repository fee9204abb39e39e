"""Removing people from where their data was kept: the run of ``consentry purge``, called from Python."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import _consentry
from .errors import ConsentryError

__all__ = ["PurgeIncomplete", "PurgeReport", "StoreReport", "purge"]


@dataclass(frozen=True)
class StoreReport:
    """What became of one store.

    Attributes:
        kind: ``jsonl``, ``folder``, ``chroma`` and others, as in the plan.
        place: where it is.
        erasure: ``physical`` if its files no longer hold what was removed, ``logical`` if it only no longer answers with it.
        found: how many rows, records or entries of the users there were.
        removed: how many of them were removed.
        verified: whether all of it was read again and none of the users was there.
        unjudged: how many rows stay because it can't be said whose they are.
        failures: what failed, as pairs of place and reason.
        notes: what is good to know and no failure.
    """

    kind: str
    place: str
    erasure: str
    found: int
    removed: int
    verified: bool
    unjudged: int
    failures: list[tuple[str, str]]
    notes: list[str]


@dataclass(frozen=True)
class PurgeReport:
    """What a purge did. It never holds a user id: users are called by their place in the list that was given.

    Attributes:
        outcome: ``done`` or ``dry_run``; in the report of a :class:`PurgeIncomplete` ``partial`` or ``dry_run_partial``.
        users: how many there were to be removed.
        stores: the stores, in the order in which they were given.
        started_at: when it began.
        ended_at: when it ended.
        json: the whole report as ``consentry purge`` writes it.
    """

    outcome: str
    users: int
    stores: list[StoreReport]
    started_at: datetime
    ended_at: datetime
    json: str


class PurgeIncomplete(ConsentryError):
    """Some of what was to be removed may still be there. Mend what ``report`` names and purge again.

    Its code is ``purge_incomplete``.
    """

    def __init__(self, report: PurgeReport) -> None:
        failures = [f"{place}: {reason}" for store in report.stores for place, reason in store.failures]
        super().__init__("purge_incomplete", "not all is removed; " + "; ".join(failures))
        self.report = report

    def __reduce__(self) -> tuple[Any, ...]:
        return (PurgeIncomplete, (self.report,))


def purge(
    users: Iterable[str],
    stores: Iterable[Mapping[str, Any]],
    *,
    dry_run: bool = False,
    key_file: str | os.PathLike[str] | None = None,
) -> PurgeReport:
    """Removes people from the files and stores where their data was kept, and reads these again to see that they are gone.

    >>> purge(["user-1"], [{"kind": "jsonl", "path": "data/*.jsonl"}, {"kind": "folder", "path": "embeddings/{user_id}.npy"}]).outcome
    'done'

    Args:
        users: their ids; everybody once.
        stores: as in a plan of ``consentry purge``: ``{"kind": "jsonl", "path": PATTERN, "user_field": "user_id"}``,
            ``{"kind": "folder", "path": "DIR/{user_id}"}`` and the others that ``consentry purge --help`` names.
        dry_run: whether only to look and count.
        key_file: the file with the site's key, to name users in the report by their keyed hash.

    Raises:
        PurgeIncomplete: something failed; its ``report`` says what was done all the same.
        ValueError: a user or a store that is none. No message repeats an id.
    """
    plan = json.dumps({"users": list(users), "stores": [dict(store) for store in stores]})
    report = _report(_consentry.purge(plan, dry_run, key_file))
    if report.outcome not in ("done", "dry_run"):
        raise PurgeIncomplete(report)
    return report


def _report(text: str) -> PurgeReport:
    report: dict[str, Any] = json.loads(text)
    stores = [
        StoreReport(
            kind=store["kind"],
            place=store["place"],
            erasure=store["erasure"],
            found=store["found"],
            removed=store["removed"],
            verified=store["verified"],
            unjudged=store["unjudged"],
            failures=[(failure["place"], failure["reason"]) for failure in store["failures"]],
            notes=store.get("notes", []),
        )
        for store in report["stores"]
    ]
    started_at, ended_at = (_time(report[name]) for name in ("started_at", "ended_at"))
    return PurgeReport(report["outcome"], report["users"], stores, started_at, ended_at, text)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
