"""What the role's steps take away while they run. Figures: see docs/decisions/0016-plan-as-data.md."""

from builder.models.interruption import Interruption

_MEASURED = "measured in the lab, Debian 13, 2 cores, 2026-11-22 (docs/decisions/0016-plan-as-data.md)"
# Orthanc loses its connections with the database and is restarted after it; the web door asks Orthanc.
INTERRUPTIONS = (
    Interruption(step="PostgreSQL runs", stops=("dicom", "web"), until="Orthanc answers", seconds=8, source=_MEASURED),
    Interruption(step="Orthanc runs", stops=("dicom", "web"), until="Orthanc answers", seconds=6, source=_MEASURED),
    Interruption(step="nginx runs", stops=("web",), seconds=1.5, source=_MEASURED),
)
