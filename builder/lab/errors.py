"""What can go wrong in the lab."""

from builder.errors import BadInput, Locked, PacsmithError


class LabError(PacsmithError):
    """A step of the lab failed, or this machine lacks something that the lab needs (exit 1)."""


class LabConflict(BadInput):
    """The site clashes with another lab or with this machine's networks (exit 2)."""


class LabBusy(Locked):
    """Another pacsmith command works on this lab (exit 4)."""
