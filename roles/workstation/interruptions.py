"""What the role's steps take away while they run. Figures: see docs/decisions/0016-plan-as-data.md."""

from builder.models.interruption import Interruption

_MEASURED = "measured in the lab, Debian 12, 2 cores, 2026-11-22 (docs/decisions/0016-plan-as-data.md)"
# The viewer is the station's AE, and it lives in the screen's session.
_BACK = "The screen runs and comes back after a boot; without a login screen the session and the viewer, too"
INTERRUPTIONS = (
    Interruption(step="Restart the screen", stops=("dicom", "screen"), until=_BACK, seconds=9, source=_MEASURED),
    Interruption(step="Restart the viewer", stops=("dicom", "screen"), until=_BACK, seconds=7, source=_MEASURED),
)
