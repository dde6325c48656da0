"""What every engine's process does with what it has read: check the order, print events."""

import sys
from collections.abc import Callable
from typing import Any, TextIO

from pydantic import ValidationError

from builder.engines.job import Order, cleaned, redactor
from builder.models.event import Event


def begin(read: Any) -> tuple[Order, Callable[[Event], None]] | None:
    """What `read_order` has read as an order, and a printer of events, free of secrets; None when it is no order.
    Whatever else is printed from now on goes to standard error."""
    if read is None:
        return None
    try:
        order = Order.model_validate(read)
    except ValidationError as fault:
        sys.stderr.write(f"the order is not understood ({type(fault).__name__})\n")  # its text may hold secrets
        return None
    events, sys.stdout = sys.stdout, sys.stderr
    hidden = redactor(order.materials)
    return order, lambda event: _print(cleaned(event, hidden), events)


def _print(event: Event, events: TextIO) -> None:
    events.write(event.model_dump_json() + "\n")
    events.flush()
