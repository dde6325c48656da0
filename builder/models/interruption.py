"""Which steps of a role take a service away while they run, as the role itself says it."""

from typing import Literal

from pydantic import Field

from builder.models.base import Model

Service = Literal["dicom", "web", "screen"]
"""What people lose: associations with the AE, the web door, or the picture on the station's screen."""


class Interruption(Model):
    """A step that stops services of its host. They answer again when the step `until` has ended (without one, this
    step). A role lists its own in its `Variables` as `interruptions`, a class variable."""

    step: str = Field(description="the step's name, word for word")
    stops: tuple[Service, ...] = Field(min_length=1)
    until: str | None = None
    seconds: float = Field(gt=0, description="how long it takes where no earlier run of the host tells")
    source: str = Field(description="where `seconds` was measured")

    @property
    def end(self) -> str:
        """The step after which the services answer again."""
        return self.until or self.step
