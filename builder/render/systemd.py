"""A timer that looks for drift every hour, as systemd units (pure)."""

from collections.abc import Sequence
from typing import NamedTuple

from builder.models.base import Model


class Watch(Model):
    """Who looks at which site, from where: `command` is the argument vector, `folder` the project folder, `metrics`
    the file that Prometheus is to find, `environment` the variables from which the site takes secrets."""

    site: str
    user: str
    folder: str
    command: tuple[str, ...]
    metrics: str
    environment: tuple[str, ...] = ()


class Unit(NamedTuple):
    """A file's name and its text."""

    name: str
    text: str


def drift_units(watch: Watch) -> tuple[Unit, Unit]:
    """The service and its timer."""
    name = f"pacsmith-drift-{watch.site}"
    return Unit(f"{name}.service", _service(watch)), Unit(f"{name}.timer", _timer(watch))


def _service(watch: Watch) -> str:
    secret = (
        ["# Secrets that the site takes from the environment: a file for root alone, with the lines "
         + " and ".join(f"{name}=..." for name in watch.environment),
         f"EnvironmentFile={environment_file(watch.site)}"]
        if watch.environment else []
    )  # fmt: skip
    return _file(
        "# Made by: pacsmith drift --systemd. Settings of your own go into a drop-in.",
        "[Unit]",
        f"Description=Look for drift of the hosts of {watch.site} (pacsmith)",
        "Wants=network-online.target",
        "After=network-online.target",
        "",
        "[Service]",
        "Type=oneshot",
        f"User={watch.user}",
        f"WorkingDirectory={_specifiers(watch.folder)}",
        *secret,
        f"ExecStart={command_line(watch.command)}",
        "# 1: something differs or is unknown, 3: a host was not reached. The metrics say so; without this line",
        "# the unit has then failed, for whoever is told by OnFailure=.",
        "SuccessExitStatus=1 3",
        "TimeoutStartSec=50min",
        "Nice=10",
        "NoNewPrivileges=true",
        "PrivateTmp=true",
        "PrivateDevices=true",
        "ProtectClock=true",
        "ProtectControlGroups=true",
        "ProtectHostname=true",
        "ProtectKernelLogs=true",
        "ProtectKernelModules=true",
        "ProtectKernelTunables=true",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "RestrictRealtime=true",
        "RestrictSUIDSGID=true",
        "LockPersonality=true",
        "SystemCallArchitectures=native",
        "ProtectSystem=strict",
        f"ReadWritePaths={' '.join(map(_quoted, written_to(watch)))}",
    )


def written_to(watch: Watch) -> tuple[str, str]:
    """The folders that the service writes to, and nowhere else; they must be there before it can start."""
    return f"{watch.folder}/.pacsmith", watch.metrics.rpartition("/")[0] or "/"


def environment_file(site: str) -> str:
    """Where the service finds secrets that the site takes from the environment."""
    return f"/etc/pacsmith/{site}.env"


def _timer(watch: Watch) -> str:
    return _file(
        "# Made by: pacsmith drift --systemd.",
        "[Unit]",
        f"Description=Look for drift of the hosts of {watch.site} every hour (pacsmith)",
        "",
        "[Timer]",
        "OnCalendar=hourly",
        "RandomizedDelaySec=5min",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    )


def command_line(command: Sequence[str]) -> str:
    """An argument vector as ExecStart= wants it: quoted, without specifiers or variables (systemd.service(5))."""
    return " ".join(_quoted(word.replace("$", "$$")) for word in command)


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(word: str) -> str:
    escaped = _specifiers(word).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if not escaped or any(letter in escaped for letter in " \t'\"\\;") else escaped


def _file(*lines: str) -> str:
    return "\n".join(lines) + "\n"
