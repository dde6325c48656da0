"""The site file that `pacsmith init` begins."""

import hashlib
from importlib.resources import files
from ipaddress import IPv4Network
from string import Template

from pydantic import TypeAdapter, ValidationError

from builder.errors import BadInput
from builder.models.base import Name

_LONGEST_TITLE = 16  # DICOM AE title
_NAME: TypeAdapter[str] = TypeAdapter(Name)


def network_of(name: str) -> IPv4Network:
    """A private /24 for a new site, from its name, so that the labs of two sites do not share their addresses."""
    second, third = hashlib.sha256(name.encode()).digest()[:2]
    return IPv4Network((f"10.{128 + second % 120}.{third}.0", 24))


def _title(name: str, machine: str) -> str:
    """An AE title such as ELM_PARK_ARC."""
    return name.upper().replace("-", "_")[: _LONGEST_TITLE - len(machine) - 1].rstrip("_") + f"_{machine}"


def new_site_text(name: str) -> str:
    """A commented site file for a site called `name`. Raises BadInput when that is no name of a site."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        wanted = "lower-case letters, digits and hyphens, beginning with a letter, 31 at most"
        raise BadInput(f"{name!r} is not a name for a site; write {wanted}") from None
    if name == "null":
        raise BadInput("null means nothing in YAML; choose another name for the site")
    network = network_of(name)
    template = files("builder.load").joinpath("templates/site.yml.template").read_text(encoding="utf-8")
    return Template(template).substitute(
        name=name,
        title=" ".join(part.capitalize() for part in name.split("-") if part),
        network=network,
        gateway=network[1],
        archive=network[11],
        modality=network[21],
        workstation=network[31],
        archive_title=_title(name, "ARC"),
        modality_title=_title(name, "CT1"),
        workstation_title=_title(name, "READ1"),
    )
