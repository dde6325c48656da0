"""What every engine's process does first and last: not outlive its parent, read its order, print events."""

import ctypes
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import TextIO

from pydantic import ValidationError

from builder.engines.job import Order, cleaned, redactor
from builder.models.event import Event

EXIT_BAD_ORDER = 2
_PR_SET_PDEATHSIG = 1


def begin() -> tuple[Order, Callable[[Event], None]] | None:
    """The order from standard input and a printer of events, free of secrets; None when the order is no order or
    nobody waits for it any more. Whatever else is printed from now on goes to standard error."""
    parent = os.getppid()
    _die_with_parent()
    try:
        order = Order.model_validate(json.loads(sys.stdin.read()))
    except (ValueError, ValidationError) as fault:
        sys.stderr.write(f"the order is not understood ({type(fault).__name__})\n")  # its text may hold secrets
        return None
    if os.getppid() != parent:
        return None
    events, sys.stdout = sys.stdout, sys.stderr
    hidden = redactor(order.materials)
    return order, lambda event: _print(cleaned(event, hidden), events)


def _die_with_parent() -> None:
    """A killed pacsmith must not leave an engine behind; Ctrl-C is our parent's to handle."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _print(event: Event, events: TextIO) -> None:
    events.write(event.model_dump_json() + "\n")
    events.flush()
