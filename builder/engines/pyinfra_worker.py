"""The pyinfra engine's process: one JSON order on standard input, one JSON event a line on standard output.

`python -m builder.engines.pyinfra_worker`. Nothing else is printed on standard output; pyinfra's own log is dropped.
"""

import ctypes
import json
import logging
import os
import signal
import sys
from typing import TextIO

from pydantic import ValidationError

from builder.engines.crew import Crew
from builder.engines.job import Order, cleaned, redactor
from builder.models.event import Event

EXIT_BAD_ORDER = 2
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """A killed pacsmith must not leave an engine behind; Ctrl-C is our parent's to handle."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def main() -> int:
    """Carry out the order; 0 when it was carried through, whatever came of it on the hosts."""
    parent = os.getppid()
    _die_with_parent()
    try:
        order = Order.model_validate(json.loads(sys.stdin.read()))
    except (ValueError, ValidationError) as fault:
        sys.stderr.write(f"the order is not understood ({type(fault).__name__})\n")  # its text may hold secrets
        return EXIT_BAD_ORDER
    if os.getppid() != parent:
        return EXIT_BAD_ORDER
    events, sys.stdout = sys.stdout, sys.stderr
    hidden = redactor(order.materials)
    logging.getLogger("pyinfra").addHandler(logging.NullHandler())
    logging.getLogger("pyinfra").propagate = False

    Crew(order, lambda event: _print(cleaned(event, hidden), events)).work()
    return 0


def _print(event: Event, events: TextIO) -> None:
    events.write(event.model_dump_json() + "\n")
    events.flush()


if __name__ == "__main__":
    sys.exit(main())
