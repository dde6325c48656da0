"""What a site says of a host's work: the figures from which sheets with formulas and sizing tables compute."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from builder.models.base import Model, Name
from builder.models.quantity import Kind, amount


def _amount_of(kind: Kind) -> AfterValidator:
    def checked(text: str) -> str:
        amount(text, kind)
        return text

    return AfterValidator(checked)


def _modality(text: str) -> str:
    if not _CODE.fullmatch(text):
        raise ValueError(f'"{text}" is no DICOM modality; write its code in capital letters, as CT')
    return text


_CODE = re.compile(r"[A-Z]{2,16}")
Modality = Annotated[str, AfterValidator(_modality), Field(description="DICOM modality, as CT")]
_Count = Annotated[int, Field(ge=0, le=10**12)]


class Workload(Model):
    """The work that a host must carry. What is left out is unknown, and so is what a sheet computes from it."""

    studies_per_year: _Count | None = None
    studies: Mapping[Modality, _Count] = Field({}, description="studies a year by modality, as {CT: 9000, MR: 4000}")
    modalities: tuple[Modality, ...] = Field((), description="modalities that are read here, as [CT, MG]")
    uses: tuple[Name, ...] = Field(
        (),
        description="what is done there: words of its sheets' `when`, as volume-rendering; a station may name them "
        "below workstation: as well",
    )
    concurrent_users: _Count | None = None
    instances: _Count | None = Field(None, description="images that the archive holds or will hold")
    largest_data_set: Annotated[str, _amount_of("bytes")] | None = Field(
        None, description="what is opened at once, uncompressed, as 2 GiB"
    )
    slices: _Count | None = Field(None, description="slices of the largest volume")
    columns: _Count | None = Field(None, description="columns of the largest volume's slices, as 512")
    rows: _Count | None = Field(None, description="rows of the largest volume's slices, as 512")
    growth: Annotated[str, _amount_of("per cent")] | None = Field(None, description="more studies each year, as 5 %")
    years: Annotated[int, Field(ge=0, le=50)] | None = Field(None, description="years of the contract")
    high_availability: bool | None = Field(None, description="whether a second machine takes over")

    @model_validator(mode="after")
    def _agrees(self) -> "Workload":
        mixed = sum(self.studies.values())
        if self.studies_per_year is not None and mixed > self.studies_per_year:
            raise ValueError(f"the studies by modality come to {mixed} a year, and studies_per_year is "
                             f"{self.studies_per_year}; correct one of the two")  # fmt: skip
        return self
