"""Ask a person for a secret on their terminal; nothing is echoed."""

import sys
from collections.abc import Callable
from getpass import getpass


def asker() -> Callable[[str], str] | None:
    """How to ask; None where there is no terminal to ask on."""
    return getpass if sys.stdin.isatty() else None
