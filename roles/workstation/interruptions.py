"""What the role's steps take away while they run. Figures: see docs/decisions/0016-plan-as-data.md."""

from builder.models.interruption import Interruption

_MEASURED = "measured in the lab, Debian 12, 2 cores, 2026-11-22 (docs/decisions/0016-plan-as-data.md)"
# The viewer is the station's AE, and it lives in the screen's session.
INTERRUPTIONS = (
    Interruption(step="Restart the screen", stops=("screen",), until="Restart the viewer", seconds=8, source=_MEASURED),
    Interruption(step="Restart the viewer", stops=("screen",), seconds=4, source=_MEASURED),
)
