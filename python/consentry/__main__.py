"""The command ``consentry``, as the package brings it along; also ``python -m consentry``."""

from __future__ import annotations

import signal
import sys

from . import _consentry

__all__ = ["main"]


def main() -> int:
    """Runs the command with the arguments of this process; its exit code."""
    # Python would only take a note of Ctrl-C, and the command runs to its end without looking at it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _consentry.main(["consentry", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
