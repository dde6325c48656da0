"""Versions of the packages that a sheet may speak of."""

import shlex

from builder.models.site import Host
from builder.survey.question import ABSENT, Question, Reply, Said

_ARCHIVE = ("orthanc", "orthanc-dicomweb", "orthanc-gdcm", "orthanc-postgresql", "postgresql", "nginx", "dcmtk",
            "restic")  # fmt: skip
_THIN_CLIENT = ("chromium", "openbox", "xserver-xorg-core")
_WORKSTATION = ("aeskulap", "dcmtk", "libc6", "libglu1-mesa", "libnss3", "libpulse-dev", "libxcb-xinerama0",
                "nvidia-driver", "nvidia-kernel-dkms", "openbox", "xserver-xorg-core")  # fmt: skip
_OF_CLASS = {"archive": _ARCHIVE, "thin_client": _THIN_CLIENT, "workstation": _WORKSTATION}
_EVERY = ("openssh-server", "chrony", "nftables", "prometheus-node-exporter", "unattended-upgrades")
_FORMAT = r"${Package}\t${Version}\t${db:Status-Status}\n"


def questions(host: Host) -> tuple[Question, ...]:
    """One dpkg-query for all of the class's packages."""
    names = (*_EVERY, *_OF_CLASS.get(host.host_class, ()))
    command = f"dpkg-query -W -f '{_FORMAT}' -- {shlex.join(names)}"
    facts = tuple(f"package.{name}" for name in names)
    return (Question("packages", command, facts, lambda reply: versions(reply, names)),)


def versions(reply: Reply, names: tuple[str, ...]) -> dict[str, Said]:
    """`dpkg-query -W`: installed packages on standard output, unknown ones on standard error with exit code 1."""
    if reply.code not in (0, 1):
        reply.checked()
    said: dict[str, Said] = {}
    for line in reply.text.splitlines():
        fields = line.split("\t")
        if len(fields) == 3 and fields[0] in names:
            said[f"package.{fields[0]}"] = fields[1] if fields[2] == "installed" else ABSENT
    unknown = {line.rpartition("no packages found matching ")[2] for line in reply.errors.splitlines()}
    return {**{f"package.{name}": ABSENT for name in names if name in unknown}, **said}
