"""What the role's steps take away while they run. Figures: see docs/decisions/0016-plan-as-data.md."""

from builder.models.interruption import Interruption

# The kiosk's own figure is not measured yet: a site asks for the first image within this time unless it says otherwise.
_BOUND = "the time within which a first image must be shown (thin_client.first_image_seconds, by default); not measured"
_SHOWN = "The browser shows the archive's viewer"
INTERRUPTIONS = (
    Interruption(step="X server runs", stops=("screen",), until=_SHOWN, seconds=30, source=_BOUND),
    Interruption(step=_SHOWN, stops=("screen",), seconds=30, source=_BOUND),
)
