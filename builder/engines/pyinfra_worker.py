"""The pyinfra engine's process: one JSON order on standard input, one JSON event a line on standard output.

`python -m builder.engines.pyinfra_worker`. Nothing else is printed on standard output; pyinfra's own log is dropped.
"""

import gc
import logging
import sys
from typing import get_type_hints

from builder.engines.ahead import ask_ahead
from builder.engines.order_in import EXIT_BAD_ORDER, read_order


def quicken() -> None:
    """Take work off pyinfra that it does again and again: its arguments' types, written as text, are worked out once
    (it does so for every fact, operation and class of facts, half a millisecond each)."""
    from pyinfra.api import arguments  # noqa: PLC0415

    arguments.AllArguments.__annotations__.update(get_type_hints(arguments.AllArguments))
    every = list(arguments.all_global_arguments())
    arguments.all_global_arguments = lambda: every


def main() -> int:
    """Carry out the order; 0 when it was carried through, whatever came of it on the hosts."""
    gc.disable()  # while modules are loaded there is nothing to collect
    read = read_order()
    asked = ask_ahead(read)
    from builder.engines.child import begin  # noqa: PLC0415  pydantic and our models take long to load, too

    begun = begin(read)
    if begun is None:
        return EXIT_BAD_ORDER
    order, emit = begun
    # paramiko, which pyinfra imports and we do not use, wants it for one word of ssh_config and does without.
    sys.modules.setdefault("invoke", None)  # type: ignore[arg-type]
    quicken()
    from builder.engines.crew import Crew  # noqa: PLC0415  pyinfra takes half a second to load: SSH connects meanwhile

    gc.enable()
    gc.freeze()  # what was loaded stays
    logging.getLogger("pyinfra").addHandler(logging.NullHandler())
    logging.getLogger("pyinfra").propagate = False
    Crew(order, emit, asked).work()
    return 0


if __name__ == "__main__":
    sys.exit(main())
