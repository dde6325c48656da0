"""What every engine's process does first, before it loads much: not outlive its parent, read its order."""

import ctypes
import json
import os
import signal
import sys
from typing import Any

EXIT_BAD_ORDER = 2
_PR_SET_PDEATHSIG = 1


def read_order() -> Any:
    """The JSON document from standard input; None when it is none or nobody waits for it any more."""
    parent = os.getppid()
    _die_with_parent()
    try:
        order = json.loads(sys.stdin.read())
    except ValueError as fault:
        sys.stderr.write(f"the order is not understood ({type(fault).__name__})\n")  # its text may hold secrets
        return None
    return order if os.getppid() == parent else None


def _die_with_parent() -> None:
    """A killed pacsmith must not leave an engine behind; Ctrl-C is our parent's to handle."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
