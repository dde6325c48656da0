"""What the role's steps take away while they run. Figures: see docs/decisions/0016-plan-as-data.md."""

from builder.models.interruption import Interruption

_MEASURED = "measured in the lab, Debian 13, 2 cores, 2026-11-22 (docs/decisions/0016-plan-as-data.md)"
_SHOWN = "The browser shows the archive's viewer"
INTERRUPTIONS = (
    Interruption(step="X server runs", stops=("screen",), until=_SHOWN, seconds=8, source=_MEASURED),
    Interruption(step=_SHOWN, stops=("screen",), seconds=6, source=_MEASURED),
)
