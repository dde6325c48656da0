"""What every model shares: frozen, nothing unknown accepted, and the field's own kinds of text."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


class Model(BaseModel):
    """A frozen record; an unknown field is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class PlacedError(ValueError):
    """A validator's complaint about a place below the model that it validates, as ("requirements", 3, "id")."""

    def __init__(self, sentence: str, *path: str | int) -> None:
        self.path = path
        super().__init__(sentence)


def whole(value: Any) -> Any:
    """A site file's scalars come as text, and Pydantic reads no number out of it where only some are possible."""
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value


_AE_REPERTOIRE = re.compile(r"[\x20-\x5b\x5d-\x7e]+")


def _ae_title(text: str) -> str:
    """Check the AE value representation (DICOM PS3.5, 6.2: at most 16 characters, no backslash, no control
    characters, not only spaces; leading and trailing spaces carry no meaning, so they are refused here)."""
    if not 1 <= len(text) <= 16:
        raise ValueError(f"an AE title has 1 to 16 characters, this one has {len(text)}")
    if not _AE_REPERTOIRE.fullmatch(text):
        raise ValueError("an AE title uses printable ASCII without a backslash")
    if text != text.strip():
        raise ValueError("an AE title has no space at its ends")
    return text


AeTitle = Annotated[str, AfterValidator(_ae_title), Field(description="DICOM AE title, 1 to 16 characters, case kept")]
Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$"),
    Field(description="short name of lower-case letters, digits and hyphens, beginning with a letter, 31 at most"),
]
DnsName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", max_length=253),
    Field(description="DNS name in lower case"),
]
Port = Annotated[int, Field(ge=1, le=65535, description="TCP port, 1 to 65535")]
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", min_length=1, max_length=500)]
AbsolutePath = Annotated[
    str,
    StringConstraints(pattern=r"^/[A-Za-z0-9._/-]*[A-Za-z0-9_-]$"),
    Field(description="absolute path on a host, without spaces or special characters"),
]
