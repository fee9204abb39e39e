"""Opening a snapshot, and asking it about one person."""

from __future__ import annotations

import os
import pickle
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

import consentry
from consentry import ConsentUnavailable, Snapshot
from conftest import Make


def test_it_says_what_it_is(make: Make) -> None:
    path = make(["u1", "u2"])
    snapshot = Snapshot.open(path, purpose="model_training", site="demo")
    assert (snapshot.purpose, snapshot.site, snapshot.users, snapshot.path) == ("model_training", "demo", 2, path)
    assert datetime.now(timezone.utc) - snapshot.created_at < timedelta(minutes=5)
    assert (snapshot.log_position, snapshot.key_id, len(snapshot.digest)) == (None, 0, 64)


def test_only_who_granted_is_in_it(snapshot: Snapshot) -> None:
    assert [user in snapshot for user in ["u1", "u2", "u3", "ünï-🦀"]] == [True, False, True, True]
    assert snapshot.holds("u1") and not snapshot.holds("u2")


@pytest.mark.parametrize("nobody", [None, 7, b"u1", "", "\ud800", "u1\n", "x" * 257, float("nan")])
def test_what_is_no_id_is_not_in_it(snapshot: Snapshot, nobody: object) -> None:
    assert nobody not in snapshot


def test_asking_for_something_else_than_a_text_is_an_error(snapshot: Snapshot) -> None:
    with pytest.raises(TypeError):
        snapshot.holds(7)


def test_a_site_key_opens_its_snapshot(make: Make, key_file: Path) -> None:
    path = make(["u1"], "--purpose", "model_training", "--key-file", key_file)
    snapshot = Snapshot.open(path, purpose="model_training", key_file=key_file)
    assert "u1" in snapshot and snapshot.key_id == 1


def refused(path: Path, **wanted: object) -> str:
    with pytest.raises(ConsentUnavailable) as raised:
        Snapshot.open(path, **{"purpose": "model_training", **wanted})
    assert str(path) in str(raised.value) and "--" not in str(raised.value)
    return raised.value.code


def test_each_reason_to_refuse_one_has_a_code(make: Make, key_file: Path, tmp_path: Path) -> None:
    path = make(["u1"])
    assert refused(tmp_path / "none") == "snapshot_unreadable"
    assert refused(path, purpose="analytics") == "snapshot_of_other_purpose"
    assert refused(path, site="other") == "snapshot_of_other_site"
    keyed = make(["u1"], "--purpose", "model_training", "--key-file", key_file, name="keyed")
    assert refused(keyed) == "site_key_needed"
    key_file.write_text("1:" + "0" * 64)
    assert refused(keyed, key_file=key_file) == "other_site_key"
    time.sleep(0.02)
    assert refused(path, max_age=0.001) == "snapshot_too_old"
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert refused(path) == "snapshot_damaged"
    path.write_bytes(whole[:300] + bytes([whole[300] ^ 1]) + whole[301:])
    assert refused(path) == "snapshot_damaged"
    path.write_text("user_id,status\n")
    assert refused(path) == "not_a_snapshot"


def test_wrong_names_and_key_files_are_told(make: Make, tmp_path: Path) -> None:
    path = make(["u1"])
    with pytest.raises(ValueError, match="purpose="):
        Snapshot.open(path, purpose="Model Training")
    with pytest.raises(ValueError, match="site="):
        Snapshot.open(path, purpose="model_training", site="A B")
    with pytest.raises(FileNotFoundError):
        Snapshot.open(path, purpose="model_training", key_file=tmp_path / "none")
    (tmp_path / "key").write_text("secret")
    with pytest.raises(ValueError, match="no key file") as raised:
        Snapshot.open(path, purpose="model_training", key_file=tmp_path / "key")
    assert "secret" not in str(raised.value)


def test_one_that_grows_too_old_answers_no_more(make: Make) -> None:
    snapshot = Snapshot.open(make(["u1"]), purpose="model_training", max_age=1.5)
    assert "u1" in snapshot
    time.sleep(1.6)
    for ask in [lambda: "u1" in snapshot, lambda: snapshot.holds("u1"), lambda: snapshot.mask(["u1"])]:
        with pytest.raises(ConsentUnavailable) as raised:
            ask()
        assert raised.value.code == "snapshot_too_old"


def test_a_pickled_one_opens_the_same_file_from_any_folder(make: Make, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(["u1"], "--purpose", "model_training", "--key-file", key_file)
    monkeypatch.chdir(path.parent)
    snapshot = Snapshot.open(path.name, purpose="model_training", key_file=key_file.name, max_age=timedelta(hours=1))
    monkeypatch.chdir("/")
    again = pickle.loads(pickle.dumps(snapshot))
    assert "u1" in again and again.digest == snapshot.digest


def test_an_error_can_be_pickled() -> None:
    error = pickle.loads(pickle.dumps(ConsentUnavailable("snapshot_too_old", "is too old")))
    assert (error.code, str(error)) == ("snapshot_too_old", "is too old")


def test_one_that_was_replaced_still_answers_as_before(make: Make) -> None:
    path = make(["u1"])
    snapshot = Snapshot.open(path, purpose="model_training")
    os.replace(make(["u2"], name="next"), path)
    assert "u1" in snapshot and "u2" not in snapshot


def test_threads_may_share_one(snapshot: Snapshot) -> None:
    wrong: list[int] = []

    def ask() -> None:
        wrong.extend(n for n in range(20_000) if ("u1" in snapshot) is not True or ("u2" in snapshot) is not False)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_no_id_is_in_its_picture(snapshot: Snapshot) -> None:
    assert "u1" not in repr(snapshot) and "model_training" in repr(snapshot)


def test_everything_public_is_documented() -> None:
    for name in consentry.__all__:
        public = getattr(consentry, name)
        assert isinstance(public, str) or (public.__doc__ and len(public.__doc__) > 60), name
