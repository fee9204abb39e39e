"""Snapshots that come from a real edge, and a run in the middle of which somebody withdraws."""

from __future__ import annotations

import json
import os
import urllib.request
import warnings
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, TypedDict

import pyarrow.parquet as pq
import pytest

from conftest import consentry, ended
from consentry import (
    ConsentUnavailable,
    NotRegistered,
    Registered,
    SiteKey,
    Snapshot,
    consent_filtered_loader,
    filter_jsonl,
    register,
)

URL, SITE, API_KEY, MASTER = (os.environ[f"CONSENTRY_EDGE_{name}"] for name in ("URL", "SITE", "KEY", "MASTER"))


class Edge(TypedDict):
    api: str
    api_key_file: Path
    site: str
    key_file: Path


@pytest.fixture
def edge(tmp_path: Path) -> Edge:
    secret, key, api_key = (tmp_path / name for name in ("secret", "site.key", "api.key"))
    secret.write_text(MASTER)
    api_key.write_text(API_KEY + "\n")
    consentry("key", "derive", "--site", SITE, "--secret-file", secret, "-o", key)
    return Edge(api=URL, api_key_file=api_key, site=SITE, key_file=key)


def says(user: str, verb: str) -> None:
    body = {"user_id": user, "purpose": "model_training"}
    headers = {"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}/consent/{verb}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.status < 300


def test_who_withdraws_in_the_middle_leaves_the_run(edge: Edge, tmp_path: Path) -> None:
    says("python-1", "grant")
    says("python-2", "grant")

    def rows() -> Iterator[dict[str, str]]:
        yield from ({"user_id": "python-1"}, {"user_id": "python-2"}, {"user_id": "python-3"})
        says("python-1", "revoke")
        says("python-3", "grant")
        yield from ({"user_id": "python-1"}, {"user_id": "python-2"}, {"user_id": "python-3"})

    loader = consent_filtered_loader(rows(), snapshot=tmp_path / "snapshot", refresh=0, **edge)
    assert [row["user_id"] for row in loader] == ["python-1", "python-2", "python-2", "python-3"]


def test_a_file_that_another_process_fetched_does_as_well(edge: Edge, tmp_path: Path) -> None:
    says("python-4", "grant")
    own = tmp_path / "own.key"
    own.write_text(API_KEY)
    words = ("--api", URL, "--api-key-file", edge["api_key_file"], "--site", SITE, "--key-file", edge["key_file"])

    def rows() -> Iterator[dict[str, str]]:
        yield {"user_id": "python-4"}
        own.write_text("ck_withdrawn")
        says("python-4", "revoke")
        consentry("snapshot", "pull", *words, "--purpose", "model_training", "-o", tmp_path / "snapshot")
        yield {"user_id": "python-4"}

    options = edge | {"api_key_file": own}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loader = consent_filtered_loader(rows(), snapshot=tmp_path / "snapshot", refresh=0, **options)  # type: ignore[arg-type]
        assert len(list(loader)) == 1


def test_a_pull_knows_the_end_of_each_yes(edge: Edge, tmp_path: Path) -> None:
    says("python-6", "grant")
    words = ("--api", URL, "--api-key-file", edge["api_key_file"], "--site", SITE, "--key-file", edge["key_file"])
    snapshot, pulled, exported = (tmp_path / name for name in ("snapshot", "pulled.parquet", "exported.parquet"))
    purpose = ("--purpose", "model_training")
    consentry("snapshot", "pull", *words, *purpose, "-o", snapshot, "--parquet", pulled)
    consentry("snapshot", "export", "--key-file", edge["key_file"], *purpose, "--parquet", exported, snapshot)
    table = pq.read_table(pulled)
    subject = SiteKey.open(edge["key_file"]).subjects(["python-6"])[0]
    ends = dict(zip(table["subject"].to_pylist(), table["expires_at"].to_pylist()))
    assert ends[subject] > datetime.now(timezone.utc) + timedelta(days=90) and None not in ends.values()
    assert pq.read_table(exported).equals(table, check_metadata=True)
    ended(snapshot, subject)
    assert "python-6" not in Snapshot.open(snapshot, purpose="model_training", key_file=edge["key_file"])


def test_what_can_t_be_refreshed_is_told_and_goes_on(edge: Edge, tmp_path: Path) -> None:
    says("python-5", "grant")
    own = tmp_path / "own.key"
    own.write_text(API_KEY)
    options = edge | {"api_key_file": own}
    loader = consent_filtered_loader(
        [{"user_id": "python-5"}], snapshot=tmp_path / "snapshot", refresh=0, **options  # type: ignore[arg-type]
    )
    own.write_text("ck_withdrawn")
    with pytest.warns(UserWarning, match="401"):
        assert len(list(loader)) == 1


def test_an_edge_that_is_gone_is_no_consent(edge: Edge, tmp_path: Path) -> None:
    gone = edge | {"api": "http://127.0.0.1:9"}
    with pytest.raises(ConsentUnavailable) as raised:
        Snapshot.pull(tmp_path / "snapshot", purpose="model_training", **gone)  # type: ignore[arg-type]
    assert raised.value.code == "edge_unavailable" and not (tmp_path / "snapshot").exists()


def call(method: str, path: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{URL}{path}", method=method, headers={"Authorization": f"Bearer {API_KEY}"})
    with urllib.request.urlopen(request) as answer:
        told: dict[str, Any] = json.load(answer)
        return told


def kept(edge: Edge, tmp_path: Path, *users: str) -> Path:
    """The manifest of a run that kept rows of these users, and of no other."""
    for user in users:
        says(user, "grant")
    rows, manifest = tmp_path / "rows.jsonl", tmp_path / "run.json"
    rows.write_text("".join(json.dumps({"user_id": user}) + "\n" for user in (*users, "python-nobody")))
    snapshot = Snapshot.pull(tmp_path / "snapshot", purpose="model_training", **edge)
    filter_jsonl(rows, tmp_path / "kept.jsonl", snapshot=snapshot, manifest=manifest)
    return manifest


def test_a_registered_data_set_names_its_models_to_whoever_is_erased(edge: Edge, tmp_path: Path) -> None:
    manifest = kept(edge, tmp_path, "python-7", "python-8")
    where = {"api": URL, "api_key_file": edge["api_key_file"]}
    first = register(manifest, "python_corpus", models=["python_ranker"], **where)  # type: ignore[arg-type]
    assert first == Registered("python_corpus", 2, ["python_ranker"])
    again = register(manifest, "python_corpus", models=(name for name in ["python_tagger"]), **where)  # type: ignore[arg-type]
    assert again.models == ["python_ranker", "python_tagger"]
    holding = call("GET", "/lineage/holding/python-7")["datasets"]
    assert holding == [{"dataset": "python_corpus", "models": again.models}]
    assert call("GET", "/lineage/holding/python-nobody")["datasets"] == []
    erasure = call("POST", "/data/delete/python-8")
    assert {entry["model"]: entry["state"] for entry in erasure["lineage"]} == dict.fromkeys(again.models, "to_retrain")


def test_what_can_t_be_registered_is_told_with_a_code(edge: Edge, tmp_path: Path) -> None:
    manifest = kept(edge, tmp_path, "python-9")
    key_file, withdrawn = edge["api_key_file"], tmp_path / "withdrawn.key"
    withdrawn.write_text("ck_withdrawn")

    def code(manifest: Path, api: str = URL, key: Path = key_file) -> str:
        with pytest.raises(NotRegistered) as raised:
            register(manifest, "python_other", api=api, api_key_file=key)
        assert "python-9" not in str(raised.value)
        return raised.value.code

    assert code(manifest, api="http://127.0.0.1:9") == "edge_unavailable"
    assert code(manifest, key=withdrawn) == "edge_refused"
    assert code(tmp_path / "rows.jsonl") == "not_a_manifest"
    with pytest.raises(FileNotFoundError):
        register(tmp_path / "none.json", "python_other", api=URL, api_key_file=key_file)
    names: list[tuple[str, list[str] | str]] = [("Python", []), ("python_other", ["a b"]), ("python_other", "ranker")]
    for dataset, models in names:
        with pytest.raises(ValueError, match="takes"):
            register(manifest, dataset, models=models, api=URL, api_key_file=key_file)
    (tmp_path / "run.json.index").write_bytes(b"another")
    assert code(manifest) == "no_index"


def test_a_key_is_not_sent_in_the_clear(edge: Edge, tmp_path: Path) -> None:
    clear = edge | {"api": "http://consent.example.com"}
    with pytest.raises(ValueError, match="https"):
        Snapshot.pull(tmp_path / "snapshot", purpose="model_training", **clear)  # type: ignore[arg-type]
