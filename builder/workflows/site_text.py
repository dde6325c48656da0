"""The site file as an upgrade or its way back changes it: single values of one host, every other character kept."""

from collections.abc import Mapping
from pathlib import Path

from builder.durable import write_whole
from builder.errors import BadInput
from builder.load.edit import edited
from builder.load.problem import FieldPath
from builder.load.site import load_site
from builder.load.text import read_text

Values = Mapping[tuple[str, ...], str | int]


def with_values(file: Path, host: str, values: Values) -> tuple[str, str]:
    """The text of the site file, and the same with these values in the entry of `host`. Raises BadInput for a host that
    it does not have, LoadErrors when it cannot be read."""
    text, _ = read_text(file)
    loaded = load_site(file, text)
    place = next((at for at, one in enumerate(loaded.value.hosts) if one.name == host), None)
    if place is None:
        raise BadInput(f"{host}: site {loaded.value.name} has no such host")
    wanted: dict[FieldPath, str | int] = {("hosts", place, *field): value for field, value in values.items()}
    return text, edited(text, loaded.place, wanted)


def write_values(file: Path, host: str, values: Values) -> None:
    """Write them into the file as it is by now. Raises as `with_values` does, OSError when the disk refuses."""
    write_whole(file, with_values(file, host, values)[1].encode(), file.stat().st_mode & 0o777)
