"""What is compiled. Use what `consentry` itself offers; this may change at any time."""

import os
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__version__: str

Counted = tuple[int, int, int, int, int]
"""Granted, refused, no id, no string, no id by the rules of user ids."""

def main(arguments: list[str]) -> int: ...

def is_user_id(text: str) -> bool: ...

def pull(
    file: str | os.PathLike[str],
    edge: tuple[str, str | os.PathLike[str]],
    site: tuple[str, str | os.PathLike[str]],
    purpose: str,
    wait_ms: int,
) -> int: ...

def register(
    manifest: str | os.PathLike[str],
    edge: tuple[str, str | os.PathLike[str]],
    dataset: str,
    models: list[str],
) -> tuple[int, list[str]]: ...

def filter(
    snapshot: Snapshot,
    sources: list[str | os.PathLike[str]],
    output: str | os.PathLike[str],
    user_field: str,
    quarantine: str | os.PathLike[str] | None,
    manifest: str | os.PathLike[str] | None,
    policy: str | os.PathLike[str] | None,
    strict: bool,
    compression: str | None,
) -> str: ...
def purge(plan: str, dry_run: bool, key_file: str | os.PathLike[str] | None) -> str: ...

class Gates:
    def __new__(cls, policy: bytes, name: str, now_ms: int | None = None) -> Gates: ...
    def closed(self, row: object) -> Literal["reserved", "child"] | None: ...

class Made:
    def __len__(self) -> int: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class SiteKey:
    key_id: int
    def __new__(cls, path: str | os.PathLike[str]) -> SiteKey: ...
    def arrow(self, column: Any) -> Made: ...
    def list(self, column: Sequence[Any] | NDArray[Any]) -> list[bytes | None]: ...

class Snapshot:
    site: str
    purpose: str
    created_at_ms: int
    log_position: int | None
    key_id: int
    users: int
    digest: str
    def __new__(
        cls,
        path: str | os.PathLike[str],
        purpose: str,
        site: str | None,
        key_file: str | os.PathLike[str] | None,
        max_age_ms: int,
    ) -> Snapshot: ...
    def key(self) -> SiteKey: ...
    def holds(self, user: str) -> bool: ...
    def arrow(self, column: Any) -> tuple[Made, Counted]: ...
    def utf32(self, matrix: NDArray[np.uint32]) -> tuple[NDArray[np.bool_], Counted]: ...
    def utf8(self, matrix: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], Counted]: ...
    def list(self, list: Sequence[Any]) -> tuple[list[bool], Counted]: ...
    def objects(self, array: NDArray[Any]) -> tuple[NDArray[np.bool_], Counted]: ...
    def verdicts(self, list: Sequence[Any]) -> NDArray[np.uint8]: ...
