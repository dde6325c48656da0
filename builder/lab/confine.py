"""`python -m builder.lab.confine CGROUP -- COMMAND...`: become COMMAND inside a control group.

Whatever the command leaves behind can then be found and ended.
"""

import os
import sys

from builder.lab import cgroups


def confined(cgroup: str, command: list[str]) -> list[str]:
    """The command line that runs `command` in `cgroup`. Pure."""
    return [sys.executable, "-m", "builder.lab.confine", cgroup, "--", *command]


def main(arguments: list[str]) -> None:
    """Enter the group and become the command."""
    cgroup, _, *command = arguments
    cgroups.join(cgroup)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
