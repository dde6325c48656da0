"""The pyinfra engine's process: one JSON order on standard input, one JSON event a line on standard output.

`python -m builder.engines.pyinfra_worker`. Nothing else is printed on standard output; pyinfra's own log is dropped.
"""

import logging
import sys

from builder.engines.child import EXIT_BAD_ORDER, begin
from builder.engines.crew import Crew


def main() -> int:
    """Carry out the order; 0 when it was carried through, whatever came of it on the hosts."""
    begun = begin()
    if begun is None:
        return EXIT_BAD_ORDER
    logging.getLogger("pyinfra").addHandler(logging.NullHandler())
    logging.getLogger("pyinfra").propagate = False
    Crew(*begun).work()
    return 0


if __name__ == "__main__":
    sys.exit(main())
