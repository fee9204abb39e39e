"""What can go wrong. No message ever holds a user id or what stands in a row."""

from __future__ import annotations

__all__ = ["ConsentUnavailable", "ConsentryError", "NotRegistered", "RunFailed", "UnjudgeableRow"]


class ConsentryError(Exception):
    """The root of this package's own exceptions.

    Attributes:
        code: a stable name for what went wrong, such as ``snapshot_too_old``.
    """

    code: str

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code

    def __str__(self) -> str:
        return str(self.args[1])


class ConsentUnavailable(ConsentryError):
    """It can't be told who granted the purpose, so no row may be used.

    Codes: ``snapshot_unreadable``, ``not_a_snapshot``, ``snapshot_version_unknown``, ``snapshot_damaged``,
    ``snapshot_of_other_purpose``, ``snapshot_of_other_site``, ``snapshot_too_old``, ``snapshot_from_the_future``,
    ``site_key_needed``, ``other_site_key``; ``edge_unavailable`` where a snapshot was to be fetched.
    """


class UnjudgeableRow(ConsentryError):
    """It can't be told whose row this is, and the caller wanted to stop then.

    Codes: ``no_id``, ``id_not_a_string``, ``not_an_id``, and where rows are text ``not_json``, ``too_deep``, ``invalid_utf8``,
    ``byte_order_mark``, ``two_ids``, ``too_long``.
    """


class RunFailed(ConsentryError):
    """A run over files did not come to its end; outputs are as they were before.

    Codes: ``input_missing``, ``input_matches_nothing``, ``input_unreadable``, ``inputs_of_one_name``, ``outputs_are_one_file``,
    ``output_is_input``, ``output_not_written``, ``file_not_written``, ``quarantine_not_written`` and others of their kind.
    """


class NotRegistered(ConsentryError):
    """The edge doesn't know of the data set, or not of all of it. What it was sent stays, and the next call goes on from there.

    Codes: ``not_a_manifest``, ``no_index`` (there is none beside the manifest, or another one), ``own_key``, ``edge_refused``,
    ``edge_unavailable``.
    """
