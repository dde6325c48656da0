"""How pacsmith says that something is wrong: one sentence with place and remedy, and the exit code of the command."""

EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_UNREACHABLE = 3
EXIT_LOCKED = 4
EXIT_INTERRUPTED = 130


class PacsmithError(Exception):
    """A fault that a person can mend. The text is what they read; `exit_code` is what their script sees."""

    exit_code = EXIT_FAILED


class BadInput(PacsmithError):
    """A file, an option or a secret reference is wrong (exit 2)."""

    exit_code = EXIT_BAD_INPUT


class Refused(PacsmithError):
    """What was asked for is not done, since a machine is not fit for it (exit 1)."""


class Unreachable(PacsmithError):
    """A host could not be reached (exit 3)."""

    exit_code = EXIT_UNREACHABLE


class Locked(PacsmithError):
    """Someone else holds the host or site (exit 4)."""

    exit_code = EXIT_LOCKED


class Interrupted(PacsmithError):
    """Someone pressed Ctrl-C (exit 130)."""

    exit_code = EXIT_INTERRUPTED
