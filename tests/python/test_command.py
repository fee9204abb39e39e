"""The command that comes with the package."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from conftest import Make

COMMAND = str(Path(sys.executable).with_name("consentry"))


def test_the_package_brings_the_command_along(make: Make) -> None:
    words = [COMMAND, "filter", "--purpose", "model_training", "--snapshot", str(make(["u1"]))]
    done = subprocess.run(words, input=b'{"user_id":"u1"}\n{"user_id":"u2"}\n', capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b'{"user_id":"u1"}\n'), done.stderr


def test_its_exit_codes_are_those_of_the_command(make: Make) -> None:
    words = [COMMAND, "filter", "--purpose", "model_training", "--snapshot", str(make(["u1"]))]
    assert subprocess.run(words, input=b"no JSON\n", capture_output=True, check=False).returncode == 3
    assert subprocess.run([COMMAND, "filter"], capture_output=True, check=False).returncode == 2


def test_ctrl_c_ends_it(make: Make) -> None:
    words = [COMMAND, "filter", "--purpose", "model_training", "--snapshot", str(make(["u1"]))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdin is not None and running.stdout is not None
        running.stdin.write(b'{"user_id":"u1"}\n')
        running.stdin.flush()
        running.stdout.readline()
        running.send_signal(signal.SIGINT)
        assert running.wait() == -signal.SIGINT
