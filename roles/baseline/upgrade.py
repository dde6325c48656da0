"""What Debian's packages need to be those of the next release, or the newest of the same: carried out in the next
system, beside the one that serves (pure)."""

from collections.abc import Iterator

from builder.engines import apt

from .variables import Variables

_SOURCES = "$(ls /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v /pacsmith-earlier)"
"""Those of the host's own release."""
_ASIDE = "/var/lib/pacsmith/set-aside"
_BROUGHT = "find /etc -xdev -type f \\( -name '*.dpkg-dist' -o -name '*.dpkg-new' -o -name '*.ucf-dist' \\)"


def configuration(variables: Variables) -> tuple[str, ...]:  # noqa: ARG001 - as every role's
    """The files whose settings an upgrade leaves as they are: the host's name, whom it knows, whom it lets in."""
    return ("/etc/hostname", "/etc/hosts", "/etc/nftables.conf")


def sources(before: Variables, after: Variables) -> Iterator[tuple[str, str]]:
    """Name and shell text of each step that says where packages come from."""
    old, new = before.codename, after.codename
    if old != new:
        yield f"Package sources of {new}", f"for file in {_SOURCES}; do sed -i 's/\\b{old}\\b/{new}/g' $file; done"


def packages(before: Variables, after: Variables, *, updates: bool) -> Iterator[tuple[str, str]]:
    """Name and shell text of each step that changes packages; `updates`: to the newest of the same release."""
    was, shall = before.os.removeprefix("debian-"), after.os.removeprefix("debian-")
    if was != shall:
        yield f"Debian {was} to {shall}", f'{apt.release_script()} && . /etc/os-release && [ "$VERSION_ID" = {shall} ]'
    elif updates:
        yield "Debian's updates", apt.updates_script()


def settle(before: Variables, after: Variables) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as every role's
    """Name and shell text of each step that comes last. The roles' checks want nothing beside our files that a person
    might take for them; what a package brought is kept."""
    yield (
        "Set aside the configuration files that packages brought",
        f"mkdir -p {_ASIDE}; {_BROUGHT} -exec cp --parents --preserve {{}} {_ASIDE} \\; -delete",
    )
