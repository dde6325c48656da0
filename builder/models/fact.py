"""A fact: one thing that a machine said of itself, with the command that it came from."""

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from builder.models.base import Model


class Fact(Model):
    """Exactly one of three: a `value`; `absent` (it was looked for and is not there); an `error` that says why nobody
    can tell. `unit` is the base unit of the fact's kind (B, s, bit/s, Hz, cores, version), None for text and counts.
    `note` warns of a value that speaks of something else, as a container's memory does. A measured value is no further
    than its `uncertainty` from the truth; `at_least`: the truth may be more. `beneath`: it cannot be read here, but at
    the machine beneath a container. `recorded`: the day on which a recording that stands in was made, YYYY-MM-DD.
    """

    name: str
    value: StrictBool | StrictInt | StrictFloat | StrictStr | None = None
    unit: str | None = None
    command: str = Field(description="what was run to read it")
    error: str | None = None
    absent: bool = False
    uncertainty: StrictFloat | None = Field(None, ge=0, description="in the unit of the value")
    at_least: bool | None = None
    beneath: bool | None = None
    recorded: str | None = Field(None, description="day of the recording; a living fact has none")
    note: str | None = None
    raw_sha256: str | None = Field(None, description="SHA-256 of the survey's whole output, hex")

    @model_validator(mode="after")
    def _one_answer(self) -> "Fact":
        if sum((self.value is not None, self.absent, self.error is not None)) != 1:
            raise ValueError(f"{self.name}: a fact has exactly one of a value, absent: true or an error")
        return self
