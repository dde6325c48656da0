#!/usr/bin/python3
"""Print apt sources for the sections of Debian in which NVIDIA's driver lies, from the mirrors that this host names.

Runs on the station with Python's standard library alone and changes nothing. One argument: Debian's code name. Each
source of the host that offers Debian's main section is repeated with the sections that it lacks; everything else of it
(address, suites, keys) stays, for apt refuses two sources of one archive with different keys.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

OWN = "pacsmith-nvidia.sources"
_WANTED = ("contrib", "non-free", "non-free-firmware")  # nvidia-support; the driver; firmware-nvidia-gsp
_OPTIONS = {"arch": "Architectures", "lang": "Languages", "target": "Targets"}  # sources.list(5): else the same name
_NAMES = {"uris": "URIs"}
_LINE = re.compile(r"deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<address>\S+)\s+(?P<suite>\S+)\s+(?P<sections>[^#]+)")


@dataclass(frozen=True)
class Source:
    """One source: its fields as deb822 writes them, by their names in lower case, values as they stand."""

    fields: Mapping[str, str]

    def words(self, name: str) -> tuple[str, ...]:
        """The words of a field."""
        return tuple(self.fields.get(name, "").split())

    @property
    def places(self) -> frozenset[tuple[str, str]]:
        """Address and suite of every archive that it names."""
        addresses = [address.rstrip("/") for address in self.words("uris")]
        return frozenset((address, suite) for address in addresses for suite in self.words("suites"))


def read_deb822(text: str) -> Iterator[Source]:
    """Sources of a `*.sources` file that offer packages and are not switched off."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for paragraph in re.split(r"\n\s*\n", kept):
        found = re.findall(r"^([A-Za-z-]+):[ \t]*(.*(?:\n[ \t].*)*)", paragraph, re.MULTILINE)
        source = Source({name.lower(): value.rstrip() for name, value in found})
        if "deb" in source.words("types") and source.fields.get("enabled", "yes").lower() not in ("no", "false", "0"):
            yield source


def read_lines(text: str) -> Iterator[Source]:
    """The same of a `*.list` file."""
    for line in text.splitlines():
        match = _LINE.match(line.strip())
        if match is None:
            continue
        pairs = (option.partition("=")[::2] for option in (match["options"] or "").split())
        options = {_OPTIONS.get(name, name).lower(): value.replace(",", " ") for name, value in pairs}
        yield Source({
            "types": "deb", "uris": match["address"], "suites": match["suite"], "components": match["sections"].strip(),
            **options,
        })  # fmt: skip


def more(sources: Iterable[Source], codename: str) -> str:
    """What is to be written beside `sources`, so that the wanted sections of this release are there, too."""
    every = tuple(sources)
    ours = {codename, f"{codename}-updates", f"{codename}-security"}
    said = ["# Written by pacsmith from the host's own sources; changes made here are lost."]
    for source in every:
        if "main" not in source.words("components") or not ours.intersection(source.words("suites")):
            continue
        there = {word for other in every if source.places <= other.places for word in other.words("components")}
        lacking = " ".join(section for section in _WANTED if section not in there)
        if lacking:
            fields = {**source.fields, "types": "deb", "components": lacking}
            said += ["", *(f"{_NAMES.get(name, name.title())}: {value}" for name, value in fields.items())]
    return "\n".join(re.sub(": +$", ":", line, flags=re.MULTILINE) for line in said) + "\n"


def main(codename: str, folder: Path = Path("/etc/apt")) -> int:
    """Print the sources; the exit code is 1 when the host names no mirror of this release."""
    listed = sorted((folder / "sources.list.d").glob("*.list"))
    files = [(file, read_lines) for file in (folder / "sources.list", *listed) if file.is_file()]
    stanzas = sorted((folder / "sources.list.d").glob("*.sources"))
    files += [(file, read_deb822) for file in stanzas if file.name != OWN]
    sources = [source for file, read in files for source in read(file.read_text(errors="replace"))]
    if not any(codename in source.words("suites") for source in sources):
        print(f"{folder}: no source of Debian {codename}; give the host its mirror", file=sys.stderr)
        return 1
    print(more(sources, codename), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
