"""What a step said: the one record that both engines print, a JSON line each."""

from datetime import datetime
from typing import Literal

from builder.models.base import Model

StepStatus = Literal["planned", "started", "ok", "changed", "failed", "skipped", "unreachable", "note"]

REBOOT_DUE = "a reboot is due"
"""The step of a note that says that a host must be booted anew; its `error` says why, one reason a line."""


class Event(Model):
    """`changed` is None while unknown; `previewable` is False for a step whose effect no plan can show.

    `duration` is in seconds. `diff` is unified-diff text, already without secrets. Role and step are empty for
    events of a whole host or run.
    """

    run: str
    at: datetime
    host: str
    role: str = ""
    step: str = ""
    status: StepStatus
    changed: bool | None = None
    previewable: bool = True
    duration: float | None = None
    diff: str | None = None
    error: str | None = None
