"""Orthanc and PostgreSQL of the Debian release before the host's own: an archive whose system was upgraded alone keeps
them until they are upgraded, too (pure)."""

from shlex import quote

from builder.engines.files import AbsentSpec, FileSpec, Spec
from builder.models.archive import OF_RELEASE

from .variables import EARLIER, Variables

SOURCES, LINES = "/etc/apt/sources.list.d/pacsmith-earlier.sources", "/etc/apt/sources.list.d/pacsmith-earlier.list"
PREFERENCES = "/etc/apt/preferences.d/pacsmith-earlier"
OWN_NAME = {"debian-12": "bookworm", "debian-13": "trixie"}
ORTHANC = ("orthanc", "orthanc-dicomweb", "orthanc-gdcm", "orthanc-postgresql")


def release(variables: Variables) -> str | None:
    """Code name of the release whose packages the host keeps; None for a host that is of one release throughout."""
    return EARLIER.get(variables.os) if kept(variables) else None


def kept(variables: Variables) -> tuple[str, ...]:
    """What of an earlier release it keeps: `orthanc`, `postgresql`."""
    own = OF_RELEASE[variables.os]
    has = {"orthanc": variables.product_version, "postgresql": str(variables.postgresql_version)}
    return tuple(name for name, version in has.items() if version != own[name] and variables.os in EARLIER)


def preferences(variables: Variables) -> Spec:
    """apt takes nothing from the earlier release but Orthanc, and what only that has."""
    text = _preferences(variables)
    return FileSpec(PREFERENCES, text) if text else AbsentSpec(PREFERENCES)


def script(variables: Variables) -> str:
    """Shell text that writes preferences and sources, or removes them where the host keeps nothing of the release
    before."""
    name, text = release(variables), _preferences(variables)
    if name is None:
        return f"rm -f {PREFERENCES} {SOURCES} {LINES}"
    return f"{sources_script(name, OWN_NAME[variables.os])}; printf %s {quote(text)} >{PREFERENCES}"


def _preferences(variables: Variables) -> str:
    name = release(variables)
    if name is None:
        return ""
    text = f"Package: *\nPin: release n={name}*\nPin-Priority: 100\n"
    if "orthanc" in kept(variables):
        text += f"\nPackage: {' '.join(ORTHANC)}\nPin: release n={name}*\nPin-Priority: 1001\n"
    return text


def sources_script(name: str, own: str) -> str:
    """Shell text that writes the host's package sources once more, for the release called `name`."""
    there = "/etc/apt/sources.list.d"
    return (
        f"set -e; cd {there}; for file in *.sources; do case $file in pacsmith-earlier.*|'*.sources') ;; "
        f"*) cat $file; echo;; esac; done | sed 's/\\b{own}\\b/{name}/g' >{SOURCES}.part; mv {SOURCES}.part {SOURCES}; "
        f"for file in ../sources.list *.list; do case $file in pacsmith-earlier.*|'*.list') ;; "
        f"*) [ ! -f $file ] || cat $file;; esac; done | sed 's/\\b{own}\\b/{name}/g' >{LINES}.part; "
        f"mv {LINES}.part {LINES}"
    )
