"""Close a host's doors to those who send and ask, while nobody may change what is being proved.

A closed door refuses a connection (TCP reset), as a host does whose service is stopped: a modality keeps its images and
tries again. It stays closed when the host boots anew. Connections that stand are ended, too: what was not acknowledged
by then is sent again, and what comes by the clock (backups, apt) waits until the doors are open.
"""

from collections.abc import Sequence

from builder.errors import PacsmithError
from builder.survey.remote import Remote

UNIT = "pacsmith-closed.service"
CLOSED = "/etc/pacsmith/closed.nft"
"""On a host; there as long as its doors are closed."""
_DROP_INS = "/etc/systemd/system/$unit.service.d"
_WAITS = f"{_DROP_INS}/pacsmith-closed.conf"
_WAITING = f"[Service]\nTimeoutStartSec=infinity\nExecStartPre=/bin/sh -c 'while [ -e {CLOSED} ]; do sleep 2; done'\n"
_APT = ("apt-daily", "apt-daily-upgrade")
_APART = " ".join(f"/run/systemd/system/{unit}.service.d/pacsmith-apart.conf" for unit in _APT)
CLOCKED = ("pacsmith-backup", "pacsmith-restore-test", *_APT)
"""What would begin by the clock and must not meanwhile: it waits until the doors are open."""
_TABLE = "inet pacsmith_closed"


class DoorError(PacsmithError):
    """A door that did not do what it was told."""


def rules(ports: Sequence[int]) -> str:
    """nftables' text: before the host's own rules, and beside them, so that neither can undo the other; a host without
    such ports has no door. Pure."""
    wanted = ", ".join(map(str, sorted(set(ports))))
    refused = f'    iifname != "lo" tcp dport {{ {wanted} }} reject with tcp reset\n' if wanted else ""
    return (
        f"table {_TABLE}\ndelete table {_TABLE}\n"
        f"table {_TABLE} {{\n  chain input {{\n    type filter hook input priority filter - 5; policy accept;\n"
        f"{refused}  }}\n}}\n"
    )


def apart_script(lock: str) -> str:
    """Shell text by which apt's own timers pass this host over as long as somebody holds the file `lock`: what they
    would install would be neither in the copy nor in the next system. Gone with the next boot. Pure."""
    condition = f"[Service]\\nExecCondition=/usr/bin/flock --shared --nonblock {lock} true\\n"
    return (
        f"set -e\nfor at in {_APART}; do mkdir -p ${{at%/*}}; printf '{condition}' >$at; done\nsystemctl daemon-reload"
    )


def together_script() -> str:
    """Shell text that ends that. Pure."""
    return f"rm -f {_APART}\nsystemctl daemon-reload"


def close_script(ports: Sequence[int]) -> str:
    """Shell text that closes the doors at these TCP ports, now and at every boot. Pure."""
    unit = (
        "[Unit]\nDescription=No new connections while pacsmith upgrades this host\nDefaultDependencies=no\n"
        "After=local-fs.target\nBefore=network-pre.target\nWants=network-pre.target\n"
        f"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/sbin/nft -f {CLOSED}\n"
        f"ExecStop=-/usr/sbin/nft delete table {_TABLE}\n[Install]\nWantedBy=sysinit.target\n"
    )
    return (
        f"set -e\nmkdir -p /etc/pacsmith\ncat >{CLOSED} <<'RULES'\n{rules(ports)}RULES\n"
        f"cat >/etc/systemd/system/{UNIT} <<'UNIT'\n{unit}UNIT\n"
        f"for unit in {' '.join(CLOCKED)}; do mkdir -p {_DROP_INS}; cat >{_WAITS} <<'WAITS'\n{_WAITING}WAITS\ndone\n"
        "systemctl daemon-reload\n"
        f"systemctl --quiet enable {UNIT}\nsystemctl restart {UNIT}\n"
        f"nft list table {_TABLE} >/dev/null"
    )


def open_script() -> str:
    """Shell text that opens them again and leaves nothing behind. Pure."""
    return (
        f"set -e\n[ ! -e /etc/systemd/system/{UNIT} ] || systemctl --quiet disable --now {UNIT}\n"
        f"rm -f /etc/systemd/system/{UNIT} {CLOSED}\n"
        f"for unit in {' '.join(CLOCKED)}; do rm -f {_WAITS}; rmdir {_DROP_INS} 2>/dev/null || true; done\n"
        f"{together_script()}\n"
        f"! nft list table {_TABLE} >/dev/null 2>&1"
    )


def close(remote: Remote, ports: Sequence[int]) -> None:
    """Close the doors. Raises DoorError when they stay open, Unreachable as `Remote.run` does."""
    _do(remote, close_script(ports), "its doors could not be closed")


def open_again(remote: Remote) -> None:
    """Open the doors; also those that were never closed. Raises DoorError when they stay closed."""
    _do(remote, open_script(), "its doors could not be opened")


def _do(remote: Remote, script: str, failed: str) -> None:
    answer = remote.run("sh -s", stdin=script.encode(), sudo=True)
    if answer.code != 0:
        raise DoorError(f"{remote.connection.host}: {failed}: {answer.text.strip()[-300:] or f'exit {answer.code}'}")
