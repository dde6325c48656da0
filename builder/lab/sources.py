"""Debian mirrors: the site's word, or this machine's own apt configuration. No address is written down here."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from builder.lab.errors import LabError
from builder.models.site import OperatingSystem, Site

CODENAME: dict[OperatingSystem, str] = {"debian-12": "bookworm", "debian-13": "trixie"}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_RELEASES = frozenset(
    {"buster", "bullseye", "bookworm", "trixie", "forky", "sid", "stable", "testing", "unstable", "oldstable"}
)
_ANYWHERE = ("http://", "https://")
_APT = Path("/etc/apt")
_SECURITY_ENDS = ("-security", "/updates")


@dataclass(frozen=True, slots=True)
class Entry:
    """One source: addresses and suites, as apt reads them."""

    addresses: tuple[str, ...]
    suites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Addresses of Debian's archive and of its security archive; None where this machine knows none."""

    main: str
    security: str | None


def parse_deb822(text: str) -> Iterator[Entry]:
    """Entries of a `*.sources` file that offer binary packages and are not switched off. Pure."""
    for paragraph in _paragraphs(text):
        fields = _fields(paragraph)
        if "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").lower() not in {
            "no",
            "false",
            "0",
        }:
            yield Entry(tuple(fields.get("uris", "").split()), tuple(fields.get("suites", "").split()))


def _paragraphs(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if line.strip():
            lines.append(line)
        elif lines:
            yield lines
            lines = []


def _fields(lines: list[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[0] in " \t" and name:
            fields[name] += " " + line.strip()
        else:
            key, _, value = line.partition(":")
            name = key.strip().lower()
            fields[name] = value.strip()
    return fields


def parse_one_line(text: str) -> Iterator[Entry]:
    """Entries of a `*.list` file. Pure."""
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) < 3 or words[0] != "deb":
            continue
        words = words[1:]
        if words[0].startswith("["):
            while words and not words[0].endswith("]"):
                words = words[1:]
            words = words[1:]
        if len(words) >= 2:
            yield Entry((words[0],), (words[1],))


def choose(entries: list[Entry]) -> tuple[str | None, str | None]:
    """The first address for a Debian release, and the first for its security suite. Pure."""
    main = security = None
    for entry in entries:
        address = next((a.rstrip("/") for a in entry.addresses if a.startswith(_ANYWHERE)), None)
        if address is None:
            continue
        for suite in entry.suites:
            if suite.endswith(_SECURITY_ENDS) and suite.removesuffix("/updates").removesuffix("-security") in _RELEASES:
                security = security or address
            elif suite in _RELEASES:
                main = main or address
    return main, security


def _machine_entries(folder: Path) -> Iterator[Entry]:
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for file in files:
        if not file.is_file():
            continue
        text = file.read_text(errors="replace")
        found = parse_deb822(text) if file.suffix == ".sources" else parse_one_line(text)
        for entry in found:
            yield Entry(tuple(_listed(address) for address in entry.addresses), entry.suites)


def _listed(address: str) -> str:
    """The first address in the list that `mirror+file:/path` points at (cloud images); any other address as it is."""
    scheme, _, path = address.partition(":")
    if scheme not in {"mirror", "mirror+file"}:
        return address
    file = Path("/" + path.lstrip("/"))
    lines = file.read_text(errors="replace").split("\n") if file.is_file() else []
    return next((line.split()[0] for line in lines if line.strip() and not line.startswith("#")), address)


def mirrors_for(site: Site, folder: Path = _APT) -> Mirrors:
    """The mirrors that the lab's hosts use. Raises LabError when neither the site nor this machine names one."""
    return _mirrors(site.packages.mirror, site.packages.security_mirror, folder)


def machine_mirrors(folder: Path = _APT) -> Mirrors:
    """The mirrors that this machine itself uses. Raises LabError when it names none."""
    return _mirrors(None, None, folder)


def _mirrors(own: str | None, own_security: str | None, folder: Path) -> Mirrors:
    main, security = choose(list(_machine_entries(folder)))
    main = own or main
    security = own_security or security
    if main is None:
        raise LabError(
            f"{folder}: this machine's apt names no Debian mirror; "
            "give the hospital's own in the site file: packages: {mirror: ..., security_mirror: ...}"
        )
    return Mirrors(main, security)


def sources_text(mirrors: Mirrors, os: OperatingSystem) -> str:
    """A host's `debian.sources`: release, updates and, where a security mirror is known, security. Pure."""
    code = CODENAME[os]
    text = _paragraph(mirrors.main, f"{code} {code}-updates")
    if mirrors.security is not None:
        text += "\n" + _paragraph(mirrors.security, f"{code}-security")
    return text


def _paragraph(address: str, suites: str) -> str:
    return f"Types: deb\nURIs: {address}\nSuites: {suites}\nComponents: main\nSigned-By: {KEYRING}\n"
