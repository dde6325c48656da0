"""41 operations of stock pyinfra, as a small server's roles are made of: accounts, packages, folders, files, lines."""

import io
import os

from pyinfra.operations import apt, files, server, systemd

ROOT = "/srv/noop"
GROUPS = ("noop-a", "noop-b", "noop-c", "noop-d")
USERS = ("noop-1", "noop-2", "noop-3", "noop-4", "noop-5")
PACKAGES = (("openssh-server",), ("perl-base", "sed"), ("coreutils", "util-linux"), ("sudo",), ("grep", "gzip", "tar"))
FOLDERS = 8
FILES = 8
TEMPLATES = 3
UNITS = ("ssh", "systemd-journald", "systemd-networkd")
COUNT = 41


def content(number: int) -> str:
    """What the file of that number holds: a few kilobytes, as a configuration file has."""
    return "".join(f"setting_{line} = value of file {number}, line {line}\n" for line in range(60))


def operations() -> None:
    """Call them all; NOOP_BOOTED=1 says that the host runs systemd, so three of them are services."""
    made = 0
    for group in GROUPS:
        server.group(name=f"Group {group}", group=group)
    for user in USERS:
        server.user(name=f"User {user}", user=user, home=f"/home/{user}", shell="/bin/sh", groups=[GROUPS[0]])
    for wanted in PACKAGES:
        apt.packages(name=f"Packages {' '.join(wanted)}", packages=list(wanted))
    for number in range(FOLDERS):
        files.directory(name=f"Folder {number}", path=f"{ROOT}/folder{number}", mode="755", user="root", group="root")
    for number in range(FILES):
        files.put(
            name=f"File {number}", src=io.StringIO(content(number)), dest=f"{ROOT}/folder0/file{number}", mode="644",
            user="root", group="root",
        )  # fmt: skip
    for number in range(TEMPLATES):
        files.template(
            name=f"Template {number}", src=io.StringIO("for {{ who }}\n" + content(number)),
            dest=f"{ROOT}/folder1/template{number}", mode="640", who="noop",
        )  # fmt: skip
    for number in range(3):
        files.line(
            name=f"Line {number}",
            path=f"{ROOT}/folder0/file{number}",
            line=f"setting_{number} = value of file {number}, line {number}",
        )
    files.file(name="Empty file", path=f"{ROOT}/folder2/empty", mode="600")
    files.file(name="No such file", path=f"{ROOT}/folder2/none", present=False)
    made = len(GROUPS) + len(USERS) + len(PACKAGES) + FOLDERS + FILES + TEMPLATES + 3 + 2
    for place in range(COUNT - made):
        if os.environ.get("NOOP_BOOTED") == "1":
            systemd.service(name=f"Service {UNITS[place]}", service=UNITS[place], running=True, enabled=None)
        else:
            files.link(name=f"Link {place}", path=f"{ROOT}/folder3/link{place}", target=f"{ROOT}/folder0/file{place}")
